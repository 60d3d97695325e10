//! A store in memory, held to the same contract as the others.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use cleanslate::audit::entry::{About, Entry};
use cleanslate::audit::{Head, Origin, Seal};
use cleanslate::domain::id::{InstanceId, RequestId};
use cleanslate::domain::request::{Card, Event, Request, Sighting};
use cleanslate::store::{Commit, Due, DueTell, Row, Store, StoreError, Tally, Tell};
use jiff::Timestamp;

/// Plain structs behind a lock; needs no runtime.
pub(crate) struct Memory {
    origin: Origin,
    /// Planted: commits whatever the revision is.
    careless: bool,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    head: Head,
    entries: Vec<Vec<u8>>,
    rows: BTreeMap<RequestId, Row>,
    locks: BTreeMap<InstanceId, RequestId>,
    tells: BTreeMap<String, Stored>,
    tallies: BTreeMap<String, (i64, Tally)>,
}

struct Stored {
    tell: Tell,
    due_at: Option<Timestamp>,
    tries: u32,
}

/// Times are kept in whole milliseconds, as a database keeps them.
fn millis(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap()
}

impl Memory {
    pub(crate) fn new(origin: Origin) -> Self {
        Self { origin, tables: Mutex::default(), careless: false }
    }

    /// A store that ignores `before`, to see that it is found out.
    pub(crate) fn careless(origin: Origin) -> Self {
        Self { careless: true, ..Self::new(origin) }
    }

    /// The revision of the one request there is; 0: there is none.
    pub(crate) fn rev(&self) -> u32 {
        self.tables().rows.values().next().map_or(0, |row| row.request.rev())
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap()
    }

    fn rows(&self, wanted: impl Fn(&Row) -> bool) -> Vec<Row> {
        self.tables().rows.values().filter(|row| wanted(row)).cloned().collect()
    }
}

impl Tables {
    fn commit(&mut self, origin: &Origin, commit: Commit) -> Result<(), StoreError> {
        let Commit { before, after, fact, policy, card, tells, quota } = commit;
        let cause = match &after {
            Some(request) => self.at_revision(request, before)?,
            None => None,
        };
        if let Some(quota) = quota
            && self.tally(quota.key, quota.window).count > quota.most
        {
            return Err(StoreError::TooMany);
        }
        if let (Some(request), None) = (&after, before)
            && let Some(holder) = self.locks.get(&request.ask.instance)
        {
            return Err(StoreError::Locked(holder.clone()));
        }
        let at = millis(fact.at);
        if let Event::PolicyChanged { hash, .. } = &fact.event {
            self.head.policy.clone_from(hash);
        }
        let about = About {
            policy,
            request: after.as_ref().map(|request| request.id.clone()),
            instance: after.as_ref().map(|request| request.ask.instance.clone()),
            cause,
        };
        let bytes = Entry::new(self.head.size, origin, about, fact).encode();
        let seal = self.head.append(&bytes);
        self.head.at = Some(at);
        self.entries.push(bytes);
        match (after, before) {
            (Some(request), None) => {
                self.locks.insert(request.ask.instance.clone(), request.id.clone());
                let id = request.id.clone();
                let card = Card::default();
                let row = Row { request, due_at: Some(at), sighting: None, card, card_due_at: None, seal };
                self.rows.insert(id, row);
            }
            (Some(request), Some(_)) => self.update(request, card, seal, at),
            (None, _) => {}
        }
        self.tell(tells, at);
        Ok(())
    }

    /// The seq of the request's newest entry, if the request is at `before`.
    fn at_revision(&self, request: &Request, before: Option<u32>) -> Result<Option<u64>, StoreError> {
        let stored = self.rows.get(&request.id);
        if stored.map(|row| row.request.rev()) != before {
            return Err(StoreError::Conflict);
        }
        Ok(stored.map(|row| row.seal.seq))
    }

    fn tally(&mut self, key: String, window: i64) -> Tally {
        let tally = match self.tallies.get(&key) {
            Some((span, last)) if *span == window => Tally { count: last.count + 1, before: 0 },
            Some((_, last)) => Tally { count: 1, before: last.count },
            None => Tally { count: 1, before: 0 },
        };
        self.tallies.insert(key, (window, tally));
        tally
    }

    fn update(&mut self, request: Request, card: Option<Card>, seal: Seal, at: Timestamp) {
        if request.is_over() {
            self.locks.retain(|_, holder| *holder != request.id);
        }
        let Some(row) = self.rows.get_mut(&request.id) else { return };
        row.due_at = (!request.is_over()).then_some(at);
        row.sighting = None;
        if request.plan.is_some() {
            row.card_due_at = Some(at);
            row.card = card.unwrap_or_else(|| row.card.clone());
        }
        row.request = request;
        row.seal = seal;
    }

    fn tell(&mut self, tells: Vec<Tell>, at: Timestamp) {
        for tell in tells {
            let stored = Stored { tell, due_at: Some(at), tries: 0 };
            self.tells.entry(stored.tell.id.clone()).or_insert(stored);
        }
    }

    fn due(&self, now: Timestamp, limit: usize) -> Vec<Due> {
        let requests = self.rows.values().map(|row| (row.due_at, Due::Request(row.request.id.clone())));
        let cards = self.rows.values().map(|row| (row.card_due_at, Due::Card(row.request.id.clone())));
        let tells = self.tells.values().filter_map(|Stored { tell, due_at, tries }| {
            let due = DueTell { tell: tell.clone(), due_at: (*due_at)?, tries: *tries };
            Some((*due_at, Due::Tell(Box::new(due))))
        });
        let mut due = first(requests, now, limit);
        due.extend(first(cards, now, limit));
        due.extend(first(tells, now, limit));
        due
    }

    fn next_due(&self) -> Option<Timestamp> {
        let rows = self.rows.values().flat_map(|row| [row.due_at, row.card_due_at]);
        rows.chain(self.tells.values().map(|stored| stored.due_at)).flatten().min()
    }
}

/// What is due by `now`, longest due first.
fn first(all: impl Iterator<Item = (Option<Timestamp>, Due)>, now: Timestamp, limit: usize) -> Vec<Due> {
    let mut due: Vec<_> = all.filter(|(at, _)| at.is_some_and(|at| at <= millis(now))).collect();
    due.sort_by_key(|(at, _)| *at);
    due.into_iter().take(limit).map(|(_, due)| due).collect()
}

/// Moves a due time, if it is still the one that was seen.
fn take(due_at: Option<&mut Option<Timestamp>>, seen: Option<Timestamp>, until: Timestamp) -> bool {
    let Some(due_at) = due_at.filter(|due_at| **due_at == seen.map(millis)) else { return false };
    *due_at = Some(millis(until));
    true
}

#[async_trait]
impl Store for Memory {
    async fn commit(&self, mut commit: Commit) -> Result<(), StoreError> {
        if self.careless
            && let Some(after) = &commit.after
        {
            commit.before = self.tables().rows.get(&after.id).map(|row| row.request.rev());
        }
        self.tables().commit(&self.origin, commit)
    }

    async fn load(&self, id: &RequestId) -> Result<Option<Row>, StoreError> {
        Ok(self.tables().rows.get(id).cloned())
    }

    async fn by_prefix(&self, prefix: &str) -> Result<Vec<Row>, StoreError> {
        let mut rows = self.rows(|row| row.request.id.as_str().starts_with(prefix));
        rows.truncate(2);
        Ok(rows)
    }

    async fn by_instance(&self, instance: &InstanceId) -> Result<Option<Row>, StoreError> {
        let tables = self.tables();
        Ok(tables.locks.get(instance).and_then(|id| tables.rows.get(id)).cloned())
    }

    async fn open(&self) -> Result<Vec<Row>, StoreError> {
        let mut open = self.rows(|row| !row.request.is_over());
        open.sort_by_key(|row| row.request.opened());
        Ok(open)
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        Ok(self.tables().due(now, limit))
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.tables().next_due())
    }

    async fn lease(
        &self,
        id: &RequestId,
        seen: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(take(self.tables().rows.get_mut(id).map(|row| &mut row.due_at), seen, until))
    }

    async fn lease_card(
        &self,
        id: &RequestId,
        seen: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(take(self.tables().rows.get_mut(id).map(|row| &mut row.card_due_at), seen, until))
    }

    async fn defer(
        &self,
        id: &RequestId,
        rev: u32,
        due_at: Option<Timestamp>,
        sighting: Option<Sighting>,
    ) -> Result<(), StoreError> {
        if let Some(row) = self.tables().rows.get_mut(id).filter(|row| row.request.rev() == rev) {
            row.due_at = due_at.map(millis);
            row.sighting = sighting;
        }
        Ok(())
    }

    async fn mark_card(
        &self,
        id: &RequestId,
        was: &Card,
        card: &Card,
        due_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let Some(row) = tables.rows.get_mut(id) else { return Ok(false) };
        if row.card == *was {
            row.card = card.clone();
            let behind = card.message.is_some() && card.tries == 0 && card.shown_rev < row.request.rev();
            row.card_due_at = if behind { Some(Timestamp::UNIX_EPOCH) } else { due_at.map(millis) };
            return Ok(true);
        }
        row.card.shown_rev = 0;
        row.card_due_at = Some(Timestamp::UNIX_EPOCH);
        Ok(false)
    }

    async fn settle_tell(&self, id: &str, again_at: Option<Timestamp>) -> Result<(), StoreError> {
        if let Some(stored) = self.tables().tells.get_mut(id) {
            stored.due_at = again_at.map(millis);
            stored.tries += 1;
        }
        Ok(())
    }

    async fn add_tells(&self, tells: Vec<Tell>, now: Timestamp) -> Result<(), StoreError> {
        self.tables().tell(tells, millis(now));
        Ok(())
    }

    async fn tally(&self, key: &str, window: i64) -> Result<Tally, StoreError> {
        Ok(self.tables().tally(key.to_owned(), window))
    }

    async fn head(&self) -> Result<Head, StoreError> {
        Ok(self.tables().head.clone())
    }

    async fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let tables = self.tables();
        let all = (0..).zip(&tables.entries).filter(|(seq, _)| *seq >= from);
        Ok(all.take(limit).map(|(seq, bytes)| (seq, bytes.clone())).collect())
    }

    async fn requests(&self, after: Option<&RequestId>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let mut rows = self.rows(|row| after.is_none_or(|after| row.request.id > *after));
        rows.truncate(limit);
        Ok(rows)
    }
}
