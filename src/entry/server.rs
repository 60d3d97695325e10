//! The self-hosted server: HTTP in, the worker on a wake-up and a timer.
