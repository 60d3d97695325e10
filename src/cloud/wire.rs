//! Bodies of the API calls, both ways. Pure.
