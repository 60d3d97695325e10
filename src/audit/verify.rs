//! What an outsider checks: bytes, tree, replay. Pure: it is fed with entries, then with rows.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::Entry;
use super::{Head, Seal};
use crate::domain::id::RequestId;
use crate::domain::request::{Event, Fact, Request};

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {seq}: {what}")]
pub struct Bad {
    pub seq: u64,
    pub what: String,
}

/// What holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub entries: u64,
    pub requests: usize,
    pub root: [u8; 32],
}

/// Reads a log from its first entry on.
#[derive(Debug)]
pub struct Verifier {
    log: String,
    head: Head,
    /// Policies whose text is in the log.
    policies: BTreeSet<String>,
    requests: BTreeMap<RequestId, (Vec<Fact>, Seal)>,
}

impl Verifier {
    pub fn new(log: &str) -> Self {
        Self {
            log: log.to_owned(),
            head: Head::default(),
            policies: BTreeSet::new(),
            requests: BTreeMap::new(),
        }
    }

    /// The next entry, as stored.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn entry(&mut self, seq: u64, bytes: &[u8]) -> Result<(), Bad> {
        let bad = |what: String| Bad { seq, what };
        if seq != self.head.size {
            return Err(Bad { seq: self.head.size, what: format!("missing: the next one stored is {seq}") });
        }
        let entry = Entry::decode(bytes).map_err(|why| bad(why.to_string()))?;
        if entry.seq != seq {
            return Err(bad(format!("reordered: it says that it is entry {}", entry.seq)));
        }
        if entry.log != self.log {
            return Err(bad(format!("it belongs to another log, {:?}", entry.log)));
        }
        let seal = self.head.append(bytes);
        if let Event::PolicyChanged { hash, text } = &entry.fact.event {
            if *hash != crate::domain::policy::hash(text) {
                return Err(bad("the policy's text does not have the hash it is stored under".to_owned()));
            }
            self.policies.insert(hash.clone());
        }
        if !self.policies.contains(&entry.policy) {
            return Err(bad("it names a policy whose text is not in the log".to_owned()));
        }
        match entry.request.clone() {
            Some(id) => self.fact(id, entry, seal).map_err(bad),
            None => Ok(()),
        }
    }

    fn fact(&mut self, id: RequestId, entry: Entry, seal: Seal) -> Result<(), String> {
        let known = self.requests.get(&id);
        if entry.cause != known.map(|(_, seal)| seal.seq) {
            return Err("it does not follow the entry before it of the same request".to_owned());
        }
        let mut facts = known.map(|(facts, _)| facts.clone()).unwrap_or_default();
        facts.push(entry.fact);
        Request::replay(id.clone(), facts.clone()).map_err(|illegal| illegal.to_string())?;
        self.requests.insert(id, (facts, seal));
        Ok(())
    }

    /// A stored request: its row must say what its entries say.
    ///
    /// # Errors
    /// Where they differ.
    pub fn row(&self, request: &Request, seal: &Seal) -> Result<(), Bad> {
        let Some((facts, logged)) = self.requests.get(&request.id) else {
            return Err(Bad { seq: seal.seq, what: format!("request {} is not in the log", request.id) });
        };
        if *facts != request.facts || logged != seal {
            return Err(Bad {
                seq: logged.seq,
                what: format!("the row of request {} differs from the log", request.id),
            });
        }
        Ok(())
    }

    /// The end: the head must be the tree's, and each logged request must have had its row.
    ///
    /// # Errors
    /// Where they differ.
    pub fn finish(self, head: &Head, rows: usize) -> Result<Verified, Bad> {
        let bad = |what: String| Bad { seq: self.head.size, what };
        if head.size != self.head.size {
            return Err(bad(format!("missing: the head counts {} entries", head.size)));
        }
        if head.range != self.head.range {
            return Err(bad("edited: the entries do not give the root in the head".to_owned()));
        }
        if rows != self.requests.len() {
            return Err(bad(format!(
                "{} requests are in the log and {rows} in the store",
                self.requests.len()
            )));
        }
        Ok(Verified { entries: head.size, requests: rows, root: head.root() })
    }
}
