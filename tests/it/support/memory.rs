//! A store in memory, held to the same contract as the others.
