//! The app manifest for a configuration.
