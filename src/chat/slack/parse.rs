//! From a verified body to [`super::super::Inbound`].
