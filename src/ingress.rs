//! From an HTTP request to an HTTP response.
