//! Who may name whom; pure modules stay pure.
