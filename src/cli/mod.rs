//! The commands that a person types at a terminal.

pub mod args;
pub mod audit;
pub mod check;
pub mod register;
pub mod rehearse;
