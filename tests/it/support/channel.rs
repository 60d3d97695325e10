//! A chat in memory that forgets nothing it was ever shown.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use cleanslate::chat::{Chat, ChatError};
use cleanslate::domain::Clock;
use cleanslate::domain::id::{MessageRef, Place, Principal};
use cleanslate::domain::notice::{Notice, plain};
use cleanslate::domain::policy::Caller;
use jiff::Timestamp;

/// Every text, in the order in which it appeared.
pub(crate) struct Channel {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    shown: Vec<String>,
    posts: usize,
    down_until: Option<Timestamp>,
    /// Nobody holds a role any more.
    roleless: bool,
}

impl Channel {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, state: Mutex::default() }
    }

    /// The platform answers nothing until then.
    pub(crate) fn fail_until(&self, until: Timestamp) {
        self.state.lock().unwrap().down_until = Some(until);
    }

    /// Takes every role away.
    pub(crate) fn takes_roles(&self) {
        self.state.lock().unwrap().roleless = true;
    }

    pub(crate) fn shown(&self) -> Vec<String> {
        self.state.lock().unwrap().shown.clone()
    }

    fn show(&self, how: &str, notice: &Notice) -> Result<MutexGuard<'_, State>, ChatError> {
        let mut state = self.state.lock().unwrap();
        if state.down_until.is_some_and(|until| (self.clock)() < until) {
            return Err(ChatError::Unclear("down".to_owned()));
        }
        state.shown.push(format!("{how}: {}", plain(notice).join("\n")));
        Ok(state)
    }
}

#[async_trait]
impl Chat for Channel {
    async fn post(
        &self,
        _: &Place,
        notice: &Notice,
        _: Option<&MessageRef>,
        _: &str,
    ) -> Result<MessageRef, ChatError> {
        let mut state = self.show("post", notice)?;
        state.posts += 1;
        Ok(MessageRef(format!("m{}", state.posts)))
    }

    async fn update(&self, _: &Place, message: &MessageRef, notice: &Notice) -> Result<(), ChatError> {
        self.show(&format!("edit {}", message.0), notice).map(drop)
    }

    async fn tell(&self, _: &Place, user: &str, notice: &Notice, _: &str) -> Result<(), ChatError> {
        self.show(&format!("tell {user}"), notice).map(drop)
    }

    async fn proven(&self, caller: &Caller) -> Result<Vec<Principal>, ChatError> {
        let roleless = self.state.lock().unwrap().roleless;
        Ok(if roleless { Vec::new() } else { caller.proven.clone() })
    }
}

/// Whether a text says that the disk was wiped; `None`: it says neither.
pub(crate) fn verdict(text: &str) -> Option<bool> {
    // "Nothing was wiped by this button" is about the button: another one may have wiped.
    let about_a_press = ["by this button", "by your click"].iter().any(|press| text.contains(press));
    if text.contains("Nothing was wiped") && !about_a_press {
        return Some(false);
    }
    ["was wiped and reinstalled", "failed after it began", "It was wiped"]
        .iter()
        .any(|words| text.contains(words))
        .then_some(true)
}
