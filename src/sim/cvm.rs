//! The CVM API over HTTP, as documented.
