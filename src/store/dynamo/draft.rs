//! What a commit sends: one part for each item.

use anyhow::anyhow;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::super::{Commit, StoreError, record};
use super::Dynamo;
use super::change::Change;
use super::commit::Seen;
use super::item::{self, HEAD, LOCK, REQUEST, SCHEMA, TALLY, TELL, bytes, key, millis, number, text};
use super::write::new_tell;
use crate::audit::{Head, Seal};
use crate::domain::id::RequestId;
use crate::domain::request::{Card, Request};

/// An item holds 400 KB, names included.
const ITEM_MAX: usize = 390_000;

/// Where the head and the entry stand in the transaction.
pub(super) const HEAD_AT: usize = 0;
pub(super) const ENTRY_AT: usize = 1;

/// A transaction, ready to be sent.
pub(super) struct Draft {
    pub(super) parts: Vec<TransactWriteItem>,
    pub(super) token: String,
    pub(super) seq: u64,
    pub(super) entry: Vec<u8>,
}

impl Dynamo {
    pub(super) fn draft(&self, commit: &Commit, seen: Seen, attempt: u32) -> Result<Draft, StoreError> {
        let Seen { mut head, request, holder, tallied, tells } = seen;
        let cause = request.map(|(_, seq)| seq);
        let size = head.size;
        let (entry, seal) = record::append(&mut head, &self.origin, commit, cause);
        let at = commit.fact.at;
        let build = || -> Result<Vec<TransactWriteItem>, BuildError> {
            let mut parts = vec![
                head_part(size, &head).part(&self.table, key(HEAD, HEAD))?,
                self.entry_part(&seal, &entry)?,
            ];
            if let Some(request) = &commit.after {
                let id = key(REQUEST, request.id.as_str());
                let change = match commit.before {
                    None => inserted(request, &seal, at),
                    Some(before) => updated(request, &seal, (at, before), commit.card.as_ref()),
                };
                parts.push(change.part(&self.table, id)?);
                parts.extend(self.lock_part(request, commit.before, holder.as_ref())?);
            }
            if let Some(quota) = &commit.quota {
                let change = tallied.next(quota.window).1;
                parts.push(change.part(&self.table, key(TALLY, &quota.key))?);
            }
            for (id, tell) in &tells {
                parts.push(new_tell(tell, at).part(&self.table, key(TELL, id))?);
            }
            Ok(parts)
        };
        fits(commit, &entry)?;
        Ok(Draft {
            parts: build().map_err(item::broken)?,
            token: self.token(commit, attempt, &seal),
            seq: seal.seq,
            entry,
        })
    }

    fn entry_part(&self, seal: &Seal, entry: &[u8]) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder()
            .table_name(&self.log)
            .item("origin", text(&self.origin.log))
            .item("seq", number(seal.seq))
            .item("bytes", bytes(entry))
            .condition_expression("attribute_not_exists(#seq)")
            .expression_attribute_names("#seq", "seq")
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Taken by a new request, given back by one that is over.
    fn lock_part(
        &self,
        request: &Request,
        before: Option<u32>,
        holder: Option<&RequestId>,
    ) -> Result<Option<TransactWriteItem>, BuildError> {
        let id = key(LOCK, request.ask.instance.as_str());
        let owner = text(request.id.as_str());
        if before.is_none() {
            let change = Change::default().set("request", owner).only_if("id", None);
            return change.part(&self.table, id).map(Some);
        }
        if !request.is_over() || holder != Some(&request.id) {
            return Ok(None);
        }
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(id))
            .condition_expression("#request = :owner")
            .expression_attribute_names("#request", "request")
            .expression_attribute_values(":owner", owner)
            .build()?;
        Ok(Some(TransactWriteItem::builder().delete(delete).build()))
    }

    /// The first 32 hex digits of a hash of what is stored where: the same for a transaction that is sent again, and
    /// another one for each that is built. Tokens are the account's, not the table's.
    fn token(&self, commit: &Commit, attempt: u32, seal: &Seal) -> String {
        let (id, rev) = commit.after.as_ref().map_or(("", 0), |request| (request.id.as_str(), request.rev()));
        let root = HEXLOWER.encode(&seal.root);
        let text = format!("{}\n{id}\n{rev}\n{attempt}\n{root}", self.table);
        HEXLOWER.encode(&Sha256::digest(text)[..16])
    }
}

fn fits(commit: &Commit, entry: &[u8]) -> Result<(), StoreError> {
    let record = commit.after.as_ref().map(|request| record::encode(request).len()).unwrap_or_default();
    let largest = record.max(entry.len());
    if largest <= ITEM_MAX {
        return Ok(());
    }
    let why = anyhow!(
        "it would take {largest} bytes, and DynamoDB holds {ITEM_MAX} in one item; nothing was stored"
    );
    Err(StoreError::Broken(why))
}

fn head_part(was: u64, head: &Head) -> Change {
    Change::default()
        .set("schema", number(SCHEMA))
        .set("size", number(head.size))
        .set("range", bytes(&head.range.concat()))
        .set("policy", text(&head.policy))
        .set("at", head.at.map(millis))
        .only_if("size", (was > 0).then(|| number(was)))
}

fn inserted(request: &Request, seal: &Seal, at: Timestamp) -> Change {
    sealed(request, seal)
        .set("instance", text(request.ask.instance.as_str()))
        .set("card", text(&record::card(&Card::default())))
        .set("due_at", millis(at))
        .only_if("rev", None)
}

fn updated(request: &Request, seal: &Seal, (at, before): (Timestamp, u32), card: Option<&Card>) -> Change {
    let mut change = sealed(request, seal)
        .set("due_at", (!request.is_over()).then(|| millis(at)))
        .set("sighting", None)
        .only_if("rev", number(before));
    if request.plan.is_some() {
        change = change.set("card_due_at", millis(at));
        if let Some(card) = card {
            change = change.set("card", text(&record::card(card)));
        }
    }
    change
}

fn sealed(request: &Request, seal: &Seal) -> Change {
    Change::default()
        .set("rev", number(request.rev()))
        .set("state", text(request.state.name()))
        .set("record", text(&record::encode(request)))
        .set("seq", number(seal.seq))
        .set("root", bytes(&seal.root))
}
