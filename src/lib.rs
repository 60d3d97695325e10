//! `cleanslate` gives a cloud server a clean slate, on request, from chat, safely.
//!
//! One `/reset`, from bytes to the posted result:
//!
//! ```text
//! POST ─▶ entry ─▶ ingress ─▶ verify ─▶ parse ─▶ app.receive ─▶ decide ─▶ store.commit (state, audit entry, lock: one transaction)
//!                                                     │ bell                              ▲
//! worker.sweep ─▶ next(request, now) ─▶ plan · show the card · claim ─▶ reset, once · look ┘
//! ```
//!
//! Read in this order: [`domain`] (what a reset is and every word about it), [`store`] and [`audit`] (how a fact is
//! kept), [`app`] and [`worker`] (the two loops), [`chat`] and [`cloud`] (the outside), [`entry`] and [`assemble`]
//! (the shells), [`sim`] and [`cli`] (rehearsing it all).
//!
//! **Invariants.** At most one `ResetInstance` leaves for an approved request: the claim is a compare-and-set, and
//! nothing is ever sent again. State, audit entry and lock are one transaction. Nothing is wiped before the channel
//! has been told. `domain`, `audit`, signing, parsing and rendering do no I/O and read no clock. Only
//! the rehearsal, `main` and the tests know that a simulator exists.

pub mod app;
pub mod assemble;
pub mod audit;
pub mod aws;
pub mod chat;
pub mod cli;
pub mod cloud;
pub mod config;
pub mod domain;
pub mod entry;
pub mod ingress;
pub mod outbound;
pub mod secrets;
pub mod sim;
pub mod store;
pub mod telemetry;
pub mod worker;
