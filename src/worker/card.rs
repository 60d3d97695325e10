//! What the channel is shown. Progress edits the card; what must be heard is a message of its own.

use jiff::{SignedDuration, Timestamp};

use super::{LEASE, Worker};
use crate::chat::ChatError;
use crate::domain::id::{MessageRef, RequestId};
use crate::domain::notice::{self, Notice, Tail};
use crate::domain::request::{Card, Event, Refusal, Speech, State};
use crate::store::{Commit, DueTell, Row, StoreError};

/// Longest wait between two attempts at a message.
const BACKOFF_MAX: SignedDuration = SignedDuration::from_secs(60);
/// A private answer is given up after so many attempts: by then nobody waits for it.
const TELL_TRIES: u32 = 30;

impl Worker {
    pub(super) async fn attend_card(&self, id: &RequestId) -> anyhow::Result<()> {
        let now = (self.clock)();
        let Some(row) = self.store.load(id).await? else { return Ok(()) };
        if row.card_due_at.is_none_or(|at| at > now)
            || !self.store.lease_card(id, row.card_due_at, now + LEASE).await?
        {
            return Ok(());
        }
        match self.show(&row, now).await {
            Ok(()) => Ok(()),
            Err(Hitch::Chat(why)) => self.show_later(&row, &why).await,
            Err(Hitch::Store(why)) => Err(why.into()),
        }
    }

    async fn show(&self, row: &Row, now: Timestamp) -> Result<(), Hitch> {
        let request = &row.request;
        let behind = row.card.shown_rev < request.rev();
        match (&row.card.message, notice::card(request, now)) {
            (None, Some(card)) if matches!(request.state, State::AwaitingDecision { until: None }) => {
                self.post_card(row, &card, now).await
            }
            (Some(message), Some(card)) if behind => self.update_card(row, message, &card, now).await,
            (Some(message), _) => match request.speeches(&row.card, now).first() {
                Some(speech) => self.say(row, message, *speech, now).await,
                None => self.mark(row, row.card.clone(), request.next_speech_at(now)).await,
            },
            // It ended before it had a card; the requester is told by other means.
            (None, _) => self.mark(row, row.card.clone(), None).await,
        }
    }

    /// The first posting is a fact: the time to decide runs from it.
    async fn post_card(&self, row: &Row, card: &Notice, now: Timestamp) -> Result<(), Hitch> {
        let request = &row.request;
        let key = format!("{} card", request.id);
        let message = self.chat.post(&request.caller.place, card, None, &key).await?;
        let expires = request.terms.as_ref().map_or(SignedDuration::ZERO, |terms| terms.expires);
        let posted = Event::Posted { message: message.clone(), until: now + expires };
        let shown = Card { message: Some(message.clone()), shown_at: Some(now), ..Card::default() };
        let Ok(after) = super::decided(request, posted, now) else { return self.orphan(row, message).await };
        let policy = self.policy_hash().await?;
        let card = Card { shown_rev: after.rev(), ..shown };
        let commit = Commit { card: Some(card), ..Commit::advance(request, after, &policy) };
        match self.store.commit(commit).await {
            Ok(()) => Ok(()),
            Err(StoreError::Conflict) => self.orphan(row, message).await,
            Err(why) => Err(why.into()),
        }
    }

    /// The request moved on while its card was being posted: a card with live buttons stands in the channel. It
    /// becomes the request's card, to be brought up to date at once, or points to the one there is.
    async fn orphan(&self, row: &Row, message: MessageRef) -> Result<(), Hitch> {
        let Some(now_stored) = self.store.load(&row.request.id).await? else { return Ok(()) };
        let place = &now_stored.request.caller.place;
        match &now_stored.card.message {
            Some(card) if *card == message => Ok(()),
            Some(card) => {
                let words = notice::use_this_card(&now_stored.request, Some(card));
                Ok(self.chat.update(place, &message, &words).await?)
            }
            None => {
                let adopted = Card { message: Some(message), ..now_stored.card.clone() };
                self.mark(&now_stored, adopted, Some((self.clock)())).await
            }
        }
    }

    async fn update_card(
        &self,
        row: &Row,
        message: &MessageRef,
        card: &Notice,
        now: Timestamp,
    ) -> Result<(), Hitch> {
        let request = &row.request;
        let place = &request.caller.place;
        let message = match self.chat.update(place, message, card).await {
            Ok(()) => message.clone(),
            Err(ChatError::NotEditable(_)) => {
                self.chat
                    .post(place, card, Some(message), &format!("{} card {}", request.id, request.rev()))
                    .await?
            }
            Err(why) => return Err(why.into()),
        };
        let shown = Card {
            message: Some(message),
            shown_rev: request.rev(),
            shown_at: Some(now),
            tries: 0,
            ..row.card.clone()
        };
        self.mark(row, shown, Some(now)).await?;
        if let State::Approved { grace, .. } = &request.state {
            self.store.defer(&request.id, request.rev(), Some(now + *grace), row.sighting.clone()).await?;
        }
        Ok(())
    }

    async fn say(
        &self,
        row: &Row,
        message: &MessageRef,
        speech: Speech,
        now: Timestamp,
    ) -> Result<(), Hitch> {
        let request = &row.request;
        let root = data_encoding::HEXLOWER.encode(&row.seal.root[..4]);
        let words = notice::speech(request, speech, &Tail { seq: row.seal.seq, root }, now);
        let key = format!("{} {speech:?}", request.id);
        self.chat.post(&request.caller.place, &words, Some(message), &key).await?;
        let mut said = row.card.clone();
        said.said.push(speech);
        said.tries = 0;
        self.mark(row, said, Some(now)).await
    }

    async fn mark(&self, row: &Row, card: Card, due_at: Option<Timestamp>) -> Result<(), Hitch> {
        self.store.mark_card(&row.request.id, &row.card, &card, due_at).await?;
        Ok(())
    }

    async fn show_later(&self, row: &Row, why: &ChatError) -> anyhow::Result<()> {
        tracing::warn!(request.id = %row.request.id, error = %why, "The channel could not be told");
        if let ChatError::NoAccess(reason) = why
            && matches!(row.request.state, State::AwaitingDecision { until: None })
        {
            let refusal = Refusal::NoCard { why: reason.clone() };
            return self.record(row, Event::Refused { why: refusal }).await;
        }
        let later = (self.clock)() + backoff(why, row.card.tries);
        let card = Card { tries: row.card.tries.saturating_add(1), ..row.card.clone() };
        self.store.mark_card(&row.request.id, &row.card, &card, Some(later)).await?;
        Ok(())
    }

    pub(super) async fn attend_tell(&self, due: &DueTell) -> anyhow::Result<()> {
        let tell = &due.tell;
        let Err(why) = self.chat.tell(&tell.place, &tell.user, &tell.words, &tell.id).await else {
            return Ok(self.store.settle_tell(&tell.id, None).await?);
        };
        tracing::warn!(tell.id = %tell.id, error = %why, "A private answer could not be delivered");
        let again = (due.tries < TELL_TRIES).then(|| (self.clock)() + backoff(&why, due.tries));
        Ok(self.store.settle_tell(&tell.id, again).await?)
    }
}

/// What kept a card from being shown.
enum Hitch {
    Chat(ChatError),
    Store(StoreError),
}

impl From<ChatError> for Hitch {
    fn from(why: ChatError) -> Self {
        Self::Chat(why)
    }
}

impl From<StoreError> for Hitch {
    fn from(why: StoreError) -> Self {
        Self::Store(why)
    }
}

/// One second, two, four, …, a minute; or as long as the platform asks for.
fn backoff(why: &ChatError, tries: u32) -> SignedDuration {
    let doubled = SignedDuration::from_secs(1_i64 << tries.min(6));
    match why {
        ChatError::RateLimited(seconds) => {
            SignedDuration::from_secs(i64::try_from(*seconds).unwrap_or(60).max(1))
        }
        ChatError::NotEditable(_) | ChatError::NoAccess(_) | ChatError::Unclear(_) => {
            doubled.min(BACKOFF_MAX)
        }
    }
}
