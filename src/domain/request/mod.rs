//! One ask on its way. Facts are the only way its state changes, and they are what the audit log holds:
//! [`Request::open`] and [`Request::decide`] make a fact, [`Request::apply`] carries it out, [`Request::next`] says
//! what is to be done.

mod apply;
mod decide;
mod next;
mod reconcile;

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::id::{Actor, MessageRef, Principal, RequestId};
use super::plan::{Drift, Operation, Plan, PlanRefusal};
use super::policy::{Caller, Denial};
pub use apply::IllegalFact;
pub use decide::{Command, Objection};
pub use next::{Card, Speech, Work};
pub use reconcile::{Look, Sighting, Verdict, Wire};

/// No card within this time after the command: the request is refused.
pub const CARD_DEADLINE: SignedDuration = SignedDuration::from_mins(5);
/// An approval is good for this long.
pub const EXEC_WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// A claim holder that has not sent by now does not send.
pub const SEND_WINDOW: SignedDuration = SignedDuration::from_secs(20);
/// After this time without an outcome, whoever holds the claim is taken to have died.
pub const HOLDER_LIFE: SignedDuration = SignedDuration::from_secs(30);
/// A reset that is not done by now is worth a word.
pub const SLOW_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// A reset that is not done by now needs a person.
pub const OVERDUE_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// How long an overdue reset is still asked about, hourly.
pub const OVERDUE_WATCH: SignedDuration = SignedDuration::from_hours(24);

/// The right to send one `ResetInstance`, and what is needed to find out later whether it was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Names the process that won; after an ambiguous commit it recognises its own.
    pub token: String,
    /// The timestamp that the call is signed with, whenever it leaves.
    pub signed_at: Timestamp,
    /// The instance's last operation, read just before.
    pub baseline: Option<Operation>,
    /// What it leaves over. An entry that does not say is of the first wire there was.
    #[serde(default, skip_serializing_if = "Wire::is_first")]
    pub wire: Wire,
}

/// One person's yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    pub caller: Caller,
    /// Whether the machine's name was typed, and right.
    pub named: bool,
}

/// What the card says about deciding; fixed when the card is made, so that the card follows from the facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub quorum: usize,
    pub approvers: Vec<Principal>,
    /// Whether the requester may approve, by typing the name.
    pub requester_may: bool,
    /// Whether everybody must type the name.
    pub all_type: bool,
    pub expires: SignedDuration,
}

/// Why a request ended before anybody could wipe anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    Plan(PlanRefusal),
    /// The card could not be posted; what the platform said.
    NoCard {
        why: String,
    },
    /// The cloud did not answer the preflight.
    CloudSilent {
        why: String,
    },
    /// Somebody's right was gone at the re-check.
    Right {
        who: Actor,
        denial: Denial,
    },
    /// The policy could not be read, or credentials could not be fetched, at the re-check.
    Lookup {
        why: String,
    },
    /// The request was made by another version of this program.
    Upgraded,
}

/// Why an approval was not used in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lapse {
    /// The channel could not be told.
    NotAnnounced,
    /// Another operation was running on the machine.
    Busy,
    /// The cloud could not be asked for a second look.
    CloudSilent,
    /// Nobody looked at it in time: this program was down.
    Down,
}

/// A definite no from the cloud, or a definite not-sent from us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The cloud's error code, or `NotSent`.
    pub code: String,
    /// The cloud's own words.
    pub message: String,
    /// What to do next, where the code tells.
    pub advice: String,
    pub request_id: Option<String>,
}

impl Failure {
    /// We ourselves did not send.
    pub fn not_sent(why: &str) -> Self {
        Self { code: "NotSent".to_owned(), message: why.to_owned(), advice: String::new(), request_id: None }
    }
}

/// Why it cannot be settled whether the disk was wiped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Riddle {
    /// Another operation took the place of the trace.
    Overtaken { operation: String },
    /// The instance is no longer there.
    Gone,
    /// The cloud gave no answer that proves anything, for an hour.
    NoEvidence,
}

/// What was found when the cloud said SUCCESS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub image_ok: bool,
    pub disk_ok: bool,
    pub disk_gb: u32,
    pub state: String,
    /// False where another operation has hidden the cloud's own verdict and image and size alone were compared.
    pub confirmed: bool,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    Requested {
        caller: Caller,
        ask: Ask,
    },
    Planned {
        plan: Box<Plan>,
        terms: Terms,
        digest: String,
    },
    Refused {
        why: Refusal,
    },
    /// The card is in the channel; the time to decide runs from here.
    Posted {
        message: MessageRef,
        until: Timestamp,
    },
    Voted {
        vote: Vote,
    },
    Approved {
        vote: Vote,
        exec_by: Timestamp,
        grace: SignedDuration,
    },
    Cancelled,
    Expired,
    Stale {
        drift: Vec<Drift>,
    },
    Lapsed {
        why: Lapse,
    },
    Claimed {
        claim: Claim,
    },
    Accepted {
        request_id: String,
        inferred: bool,
    },
    Failed {
        failure: Failure,
    },
    Unknown {
        why: String,
    },
    NotExecuted,
    Indeterminate {
        riddle: Riddle,
    },
    Completed {
        check: Check,
    },
    FailedAsync {
        message: String,
    },
    Overdue,
    Closed {
        finding: String,
    },
    /// A refused command or click; `count` with those before it that were not written one by one.
    Denied {
        caller: Caller,
        act: String,
        denial: Denial,
        count: u32,
    },
    PolicyChanged {
        hash: String,
        text: String,
    },
}

/// When, who, what. `by` is `None` for the program itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub at: Timestamp,
    pub by: Option<Actor>,
    pub event: Event,
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Requested,
    /// `until` is `None` while the card is not yet posted.
    AwaitingDecision {
        until: Option<Timestamp>,
    },
    Approved {
        at: Timestamp,
        exec_by: Timestamp,
        grace: SignedDuration,
    },
    Executing(Claim),
    Unknown(Claim),
    Accepted {
        claim: Claim,
        at: Timestamp,
        request_id: String,
        inferred: bool,
    },
    Overdue {
        claim: Claim,
        at: Timestamp,
        request_id: String,
        inferred: bool,
    },
    Indeterminate(Riddle),
    Over(Ending),
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Refused,
    Cancelled,
    Expired,
    Stale,
    Lapsed,
    Failed,
    NotExecuted,
    Completed,
    FailedAsync,
    Closed,
}

/// One request: everything in it follows from `facts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub id: RequestId,
    pub facts: Vec<Fact>,
    pub caller: Caller,
    pub ask: Ask,
    pub plan: Option<Box<Plan>>,
    pub terms: Option<Terms>,
    pub votes: Vec<Vote>,
    pub state: State,
}

impl Request {
    /// How many facts there are: the revision that a commit is conditional on.
    pub fn rev(&self) -> u32 {
        u32::try_from(self.facts.len()).unwrap_or(u32::MAX)
    }

    pub fn opened(&self) -> Timestamp {
        self.facts[0].at
    }

    /// The newest fact.
    pub fn last(&self) -> &Fact {
        &self.facts[self.facts.len() - 1]
    }

    /// Everybody whose right the request rests on.
    pub fn callers_mut(&mut self) -> impl Iterator<Item = &mut Caller> {
        std::iter::once(&mut self.caller).chain(self.votes.iter_mut().map(|vote| &mut vote.caller))
    }

    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over(_))
    }

    /// The first eight digits of the plan's digest as it was when the card was made, by whichever version: what a button
    /// carries.
    pub fn digest_prefix(&self) -> String {
        let digest = self.facts.iter().find_map(|fact| {
            if let Event::Planned { digest, .. } = &fact.event { digest.get(..8) } else { None }
        });
        digest.unwrap_or_default().to_owned()
    }

    /// What a person calls the machine: its name once it is known.
    pub fn title(&self) -> &str {
        self.plan.as_ref().map_or(self.ask.instance.as_str(), |plan| plan.machine.title())
    }
}

/// What a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Wipe,
    Cancel,
    /// Cancel, between approval and claim.
    Stop,
    /// A new request with the same words.
    Again,
}

impl Action {
    pub const ALL: [Self; 4] = [Self::Wipe, Self::Cancel, Self::Stop, Self::Again];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wipe => "wipe",
            Self::Cancel => "cancel",
            Self::Stop => "stop",
            Self::Again => "again",
        }
    }
}

/// What a button carries: `v1.wipe.<request id>.<digest prefix>`. The digest binds it to the card it stood on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    pub action: Action,
    pub request: RequestId,
    pub digest: String,
}

impl fmt::Display for Press {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1.{}.{}.{}", self.action.as_str(), self.request, self.digest)
    }
}

impl FromStr for Press {
    type Err = BadPress;

    fn from_str(text: &str) -> Result<Self, BadPress> {
        let parts: Vec<&str> = text.split('.').collect();
        let ["v1", action, request, digest] = parts[..] else { return Err(BadPress) };
        let action = Action::ALL.into_iter().find(|known| known.as_str() == action).ok_or(BadPress)?;
        let hex = digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !hex || digest.len() > 8 {
            return Err(BadPress);
        }
        Ok(Self { action, request: request.parse().map_err(|_| BadPress)?, digest: digest.to_owned() })
    }
}

/// A button of another version, or of nobody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this button is not one of this version's")]
pub struct BadPress;
