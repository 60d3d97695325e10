//! The client against the simulator.
