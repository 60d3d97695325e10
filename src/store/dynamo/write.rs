//! Writes of one item. A condition that fails is read again and judged anew.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use jiff::{SignedDuration, Timestamp};

use super::super::{StoreError, Tally, Tell, record};
use super::change::Change;
use super::item::{self, Item, REQUEST, TALLY, TELL, key, millis, number, text};
use super::{Dynamo, busy};
use crate::domain::id::RequestId;
use crate::domain::request::{Card, Sighting};

/// How long a tell is kept after it was last due, so that the same click repeated is not answered twice.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

impl Dynamo {
    /// Changes one item. False: its condition does not hold.
    pub(super) async fn change(&self, key: Item, change: Change) -> Result<bool, StoreError> {
        let mut patience = self.patience();
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(change.expression())
            .set_condition_expression(change.condition())
            .set_expression_attribute_names(Some(change.names))
            .set_expression_attribute_values(Some(change.values));
        loop {
            let Err(why) = update.clone().send().await else { return Ok(true) };
            match why.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => return Ok(false),
                // A transaction holds the item for a moment.
                Some(UpdateItemError::TransactionConflictException(_)) => {}
                _ => return Err(doubtful(why)),
            }
            if !patience.pause().await {
                return Err(busy());
            }
        }
    }

    /// Moves a due time, if it is still the one that was seen.
    pub(super) async fn take(
        &self,
        (id, name): (&RequestId, &str),
        seen: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let change =
            Change::default().set(name, millis(until)).only_if(name, seen.map(millis)).only_if_stored();
        self.change(key(REQUEST, id.as_str()), change).await
    }

    pub(super) async fn put_off(
        &self,
        (id, rev): (&RequestId, u32),
        due_at: Option<Timestamp>,
        sighting: Option<&Sighting>,
    ) -> Result<(), StoreError> {
        let sighting = sighting.map(|seen| serde_json::to_string(seen).expect("a sighting has string keys"));
        let change = Change::default()
            .set("due_at", due_at.map(millis))
            .set("sighting", sighting.as_deref().map(text))
            .only_if("rev", number(rev));
        self.change(key(REQUEST, id.as_str()), change).await.map(drop)
    }

    pub(super) async fn mark(
        &self,
        id: &RequestId,
        (was, card): (&Card, &Card),
        due_at: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let mut patience = self.patience();
        loop {
            let Some(item) = self.one(key(REQUEST, id.as_str())).await? else { return Ok(false) };
            let row = item::row(&item)?;
            let (rev, ours) = (row.request.rev(), row.card == *was);
            // A commit since the card was rendered made it due; the mark must not lose that.
            let behind = card.message.is_some() && card.tries == 0 && card.shown_rev < rev;
            let due_at = if behind { Some(Timestamp::UNIX_EPOCH) } else { due_at };
            // Two processes showed it at once and nobody knows whose words stand there: it counts as not shown.
            let (card, due_at) = if ours {
                (card.clone(), due_at)
            } else {
                (Card { shown_rev: 0, ..row.card.clone() }, Some(Timestamp::UNIX_EPOCH))
            };
            let change = Change::default()
                .set("card", text(&record::card(&card)))
                .set("card_due_at", due_at.map(millis))
                .only_if("card", text(item::text_of(&item, "card")?))
                .only_if("rev", number(rev));
            if self.change(key(REQUEST, id.as_str()), change).await? {
                return Ok(ours);
            }
            if !patience.pause().await {
                return Err(busy());
            }
        }
    }

    /// A tell that was delivered stays for a while, without a due time.
    pub(super) async fn settle(&self, id: &str, again_at: Option<Timestamp>) -> Result<(), StoreError> {
        let change = Change::default().set("due_at", again_at.map(millis)).count("tries").only_if_stored();
        let change = match again_at {
            Some(at) => change.set("expires", number((at + KEPT).as_second())),
            None => change,
        };
        self.change(key(TELL, id), change).await.map(drop)
    }

    /// Counts once more.
    pub(super) async fn count(&self, name: &str, window: i64) -> Result<Tally, StoreError> {
        let mut patience = self.patience();
        loop {
            let seen = self.one(key(TALLY, name)).await?;
            let (tally, change) = Tallied::of(seen.as_ref())?.next(window);
            if self.change(key(TALLY, name), change).await? {
                return Ok(tally);
            }
            if !patience.pause().await {
                return Err(busy());
            }
        }
    }
}

/// A write that failed; without a clear refusal it may be done all the same.
fn doubtful(why: SdkError<UpdateItemError>) -> StoreError {
    let refused = why.raw_response().is_some_and(|response| response.status().is_client_error());
    if refused || matches!(why, SdkError::ConstructionFailure(_)) {
        StoreError::Broken(why.into())
    } else {
        StoreError::Unclear(why.into())
    }
}

/// A tell that is due from `now` on, if there is none of its id.
pub(super) fn new_tell(tell: &Tell, now: Timestamp) -> Change {
    let value = serde_json::to_string(tell).expect("a tell has string keys");
    Change::default()
        .set("value", text(&value))
        .set("due_at", millis(now))
        .set("tries", number(0))
        .set("expires", number((now + KEPT).as_second()))
        .only_if("id", None)
}

/// A count as it is stored: its window, and how many. There is one row for each key, so they do not pile up.
pub(super) struct Tallied(Option<(i64, u32)>);

impl Tallied {
    pub(super) fn of(item: Option<&Item>) -> Result<Self, StoreError> {
        let Some(item) = item else { return Ok(Self(None)) };
        Ok(Self(Some((item::number_of(item, "span")?, item::number_of(item, "count")?))))
    }

    /// One more in `window`, and how that is stored if nobody else counts meanwhile.
    pub(super) fn next(&self, window: i64) -> (Tally, Change) {
        let tally = match self.0 {
            Some((span, count)) if span == window => Tally { count: count + 1, before: 0 },
            Some((_, count)) => Tally { count: 1, before: count },
            None => Tally { count: 1, before: 0 },
        };
        let change = Change::default()
            .set("span", number(window))
            .set("count", number(tally.count))
            .only_if("span", self.0.map(|(span, _)| number(span)))
            .only_if("count", self.0.map(|(_, count)| number(count)));
        (tally, change)
    }
}
