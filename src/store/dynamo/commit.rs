//! The one transaction of a fact: head, entry, request, lock, count, tells.
//!
//! What the fact needs is read, judged, and sent on the condition that nothing of it has moved. The SDK does not repeat
//! a transaction by itself: an answer that was lost is resolved here. Whoever wrote the entry at our place in the log
//! won, and the log is only ever added to.

use std::collections::BTreeMap;

use anyhow::anyhow;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::types::CancellationReason;

use super::super::{Commit, StoreError, Tell};
use super::draft::{Draft, ENTRY_AT, HEAD_AT};
use super::item::{self, HEAD, LOCK, REQUEST, TALLY, TELL, key};
use super::patience::Patience;
use super::write::Tallied;
use super::{Dynamo, busy};
use crate::audit::Head;
use crate::domain::id::RequestId;

/// What a commit needs of its items to be judged.
const JUDGED: [&str; 12] =
    ["kind", "id", "rev", "seq", "request", "span", "count", "schema", "size", "range", "policy", "at"];

/// What is stored of all that a commit touches.
pub(super) struct Seen {
    pub(super) head: Head,
    /// The request's revision and the seq of its newest entry.
    pub(super) request: Option<(u32, u64)>,
    /// Who holds the instance's lock.
    pub(super) holder: Option<RequestId>,
    pub(super) tallied: Tallied,
    /// Without those that are stored already, each once.
    pub(super) tells: BTreeMap<String, Tell>,
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
            let Some(seen) = patience.wait(self.see(commit)).await else { return Err(busy()) };
            let seen = seen?;
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
