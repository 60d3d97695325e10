//! The Web API methods that are used.
