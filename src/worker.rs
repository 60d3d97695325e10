//! Does what [`crate::domain::request::Request::next`] says.
