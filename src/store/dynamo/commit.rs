//! The one transaction of a fact: head, entry, request, lock, count, tells.
//!
//! What the fact needs is read, judged, and sent on the condition that nothing of it has moved. The SDK does not repeat
//! a transaction by itself: an answer that was lost is resolved here. Whoever wrote the entry at our place in the log
//! won, and the log is only ever added to.

use std::collections::BTreeMap;

use anyhow::anyhow;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::types::{CancellationReason, Delete, Put, TransactWriteItem};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::super::{Commit, StoreError, Tell, record};
use super::change::Change;
use super::item::{self, HEAD, LOCK, REQUEST, SCHEMA, TALLY, TELL, bytes, key, millis, number, text};
use super::patience::Patience;
use super::write::{Tallied, new_tell};
use super::{Dynamo, busy};
use crate::audit::{Head, Seal};
use crate::domain::id::RequestId;
use crate::domain::request::{Card, Request};

/// An item holds 400 KB, names included.
const ITEM_MAX: usize = 390_000;

/// What a commit needs of its items to be judged.
const JUDGED: [&str; 12] =
    ["kind", "id", "rev", "seq", "request", "span", "count", "schema", "size", "range", "policy", "at"];

/// Where the head and the entry stand in the transaction.
const HEAD_AT: usize = 0;
const ENTRY_AT: usize = 1;

/// What is stored of all that a commit touches.
struct Seen {
    head: Head,
    /// The request's revision and the seq of its newest entry.
    request: Option<(u32, u64)>,
    /// Who holds the instance's lock.
    holder: Option<RequestId>,
    tallied: Tallied,
    /// Without those that are stored already, each once.
    tells: BTreeMap<String, Tell>,
}

/// A transaction, ready to be sent.
struct Draft {
    parts: Vec<TransactWriteItem>,
    token: String,
    seq: u64,
    entry: Vec<u8>,
}

/// What became of a transaction.
enum Answer {
    Stored,
    /// It was not stored, because something had moved or was in somebody else's hands.
    Moved,
    /// It was not stored, and would not be if it were sent again.
    Refused(anyhow::Error),
    Unclear(anyhow::Error),
}

impl Dynamo {
    pub(super) async fn append(&self, commit: &Commit) -> Result<(), StoreError> {
        let mut patience = self.patience();
        // Within one process they queue here, not at the head row.
        let Some(_turn) = patience.wait(self.turn.lock()).await else { return Err(busy()) };
        let mut attempt = 0;
        loop {
            let seen = self.see(commit).await?;
            self.judge(commit, &seen).await?;
            let draft = self.draft(commit, seen, attempt)?;
            if self.send(&draft, &mut patience).await? {
                return Ok(());
            }
            attempt += 1;
            if !patience.pause().await {
                return Err(busy());
            }
        }
    }

    async fn see(&self, commit: &Commit) -> Result<Seen, StoreError> {
        let mut keys = vec![key(HEAD, HEAD)];
        if let Some(request) = &commit.after {
            keys.push(key(REQUEST, request.id.as_str()));
            keys.push(key(LOCK, request.ask.instance.as_str()));
        }
        keys.extend(commit.quota.iter().map(|quota| key(TALLY, &quota.key)));
        let mut tells: BTreeMap<String, Tell> =
            commit.tells.iter().map(|tell| (tell.id.clone(), tell.clone())).collect();
        keys.extend(tells.keys().map(|id| key(TELL, id)));
        let items = self.get(keys, &JUDGED).await?;
        let of =
            |kind| items.iter().find(|item| item::text_of(item, "kind").is_ok_and(|found| found == kind));
        for item in items.iter().filter(|item| item::text_of(item, "kind").is_ok_and(|kind| kind == TELL)) {
            tells.remove(item::text_of(item, "id")?);
        }
        let request = match of(REQUEST) {
            Some(row) => Some((item::number_of(row, "rev")?, item::number_of(row, "seq")?)),
            None => None,
        };
        Ok(Seen {
            head: item::head(of(HEAD))?,
            request,
            holder: of(LOCK).map(|lock| item::id_of(lock, "request")).transpose()?,
            tallied: Tallied::of(of(TALLY))?,
            tells,
        })
    }

    /// Conflict, too many, locked, in this order; the last two are counted.
    async fn judge(&self, commit: &Commit, seen: &Seen) -> Result<(), StoreError> {
        let Commit { before, after, quota, .. } = commit;
        if after.is_some() && seen.request.map(|(rev, _)| rev) != *before {
            return Err(StoreError::Conflict);
        }
        let holder = seen.holder.as_ref().filter(|_| after.is_some() && before.is_none());
        let over = |count: u32| quota.as_ref().is_some_and(|quota| count > quota.most);
        let mut too_many = quota.as_ref().is_some_and(|quota| over(seen.tallied.next(quota.window).0.count));
        if !too_many && holder.is_none() {
            return Ok(());
        }
        if let Some(quota) = quota {
            too_many |= over(self.count(&quota.key, quota.window).await?.count);
        }
        match holder {
            Some(holder) if !too_many => Err(StoreError::Locked(holder.clone())),
            Some(_) | None => Err(StoreError::TooMany),
        }
    }

    fn draft(&self, commit: &Commit, seen: Seen, attempt: u32) -> Result<Draft, StoreError> {
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

    /// True: it is stored. False: it is not, and never will be; look again.
    async fn send(&self, draft: &Draft, patience: &mut Patience) -> Result<bool, StoreError> {
        let mut doubt = None;
        loop {
            let call = self.once.transact_write_items().client_request_token(&draft.token);
            match (answer(call.set_transact_items(Some(draft.parts.clone())).send().await), &doubt) {
                (Answer::Stored, _) => return Ok(true),
                (Answer::Moved, None) => return Ok(false),
                (Answer::Refused(why), None) => return Err(StoreError::Broken(why)),
                (Answer::Moved | Answer::Refused(_), Some(_)) => {}
                (Answer::Unclear(why), _) => doubt = Some(why),
            }
            // It may be stored, now or a little later, until somebody's entry stands at its place.
            if let Ok(Some(entry)) = self.entry(draft.seq).await {
                return Ok(entry == draft.entry);
            }
            if !patience.pause().await {
                return Err(doubt.map_or_else(busy, StoreError::Unclear));
            }
        }
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

fn answer(sent: Result<TransactWriteItemsOutput, SdkError<TransactWriteItemsError>>) -> Answer {
    use TransactWriteItemsError as E;
    let Err(why) = sent else { return Answer::Stored };
    match why.as_service_error() {
        Some(E::TransactionCanceledException(cancelled)) => reasons(cancelled.cancellation_reasons()),
        // The token belongs to somebody's transaction that is not quite this one; or there is too much going on.
        Some(
            E::IdempotentParameterMismatchException(_)
            | E::ProvisionedThroughputExceededException(_)
            | E::RequestLimitExceeded(_)
            | E::ThrottlingException(_),
        ) => Answer::Moved,
        Some(E::InternalServerError(_) | E::TransactionInProgressException(_)) | None => {
            Answer::Unclear(why.into())
        }
        Some(_) if why.raw_response().is_some_and(|response| response.status().is_client_error()) => {
            Answer::Refused(why.into())
        }
        Some(_) => Answer::Unclear(why.into()),
    }
}

/// Why a transaction was cancelled, part by part.
fn reasons(reasons: &[CancellationReason]) -> Answer {
    let failed =
        |at: usize| reasons.get(at).and_then(CancellationReason::code) == Some("ConditionalCheckFailed");
    if failed(ENTRY_AT) && !failed(HEAD_AT) {
        return Answer::Refused(anyhow!("the audit log holds an entry that its head does not know of"));
    }
    let passing = [
        "None",
        "ConditionalCheckFailed",
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
    ];
    let refused = reasons.iter().find(|reason| reason.code().is_some_and(|code| !passing.contains(&code)));
    match refused {
        Some(reason) => {
            let code = reason.code().unwrap_or_default();
            Answer::Refused(anyhow!("DynamoDB refused it: {code}: {}", reason.message().unwrap_or_default()))
        }
        None => Answer::Moved,
    }
}
