//! The commands that a person types at a terminal.

pub mod audit;
pub mod check;
pub mod rehearse;
