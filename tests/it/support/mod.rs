//! What the tests share.

pub(crate) mod channel;
pub(crate) mod fleet;
pub(crate) mod front;
pub(crate) mod log;
pub(crate) mod memory;
pub(crate) mod port;
pub(crate) mod sample;
pub(crate) mod world;

use cleanslate::cli::audit;
use cleanslate::cli::rehearse::stage::{ORIGIN, Stage};
use cleanslate::sim::cast;
use cleanslate::sim::slack::deliver::{Delivery, Press, slash_command};
use jiff::SignedDuration;

/// `text` without the `length` bytes after each `mark`.
fn cut(text: &str, mark: &str, length: usize) -> String {
    let mut parts = text.split(mark);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + mark + "\u{2026}" + part.get(length..).unwrap_or_default())
}

/// The real program on loopback, with a clock of its own; people of the cast talk to it.
pub(crate) struct Bot {
    pub(crate) stage: Stage,
    deliveries: u32,
}

impl Bot {
    pub(crate) async fn start() -> Self {
        let stage = Stage::build(None, "2026-01-05T03:12:04Z".parse().unwrap()).await.unwrap();
        Self { stage, deliveries: 0 }
    }

    fn trigger(&mut self) -> String {
        self.deliveries += 1;
        format!("{}.7.test", self.deliveries)
    }

    pub(crate) fn command(&mut self, who: &str, text: &str) -> Delivery {
        let trigger = self.trigger();
        slash_command(cast::user_id(who).unwrap(), text, &trigger, self.stage.now())
    }

    /// Types a command; gives the answer that the caller alone sees.
    pub(crate) async fn types(&mut self, who: &str, text: &str) -> String {
        let command = self.command(who, text);
        let answer = self.stage.deliver(command).await.unwrap();
        cleanslate::sim::slack::screen::lines_of(&answer).join("\n")
    }

    /// Lets the worker do what is due now.
    pub(crate) async fn works(&self) {
        self.stage.parts.worker.sweep().await.unwrap();
    }

    pub(crate) fn click(&mut self, who: &str, action: &str, typed: Option<&str>) -> Delivery {
        let trigger = self.trigger();
        let now = self.stage.now();
        let press = Press { user: cast::user_id(who).unwrap(), action, typed, trigger: &trigger };
        self.stage.sim.slack(|slack| slack.press(press, now)).unwrap()
    }

    /// Presses the newest button of that action, half a minute later.
    pub(crate) async fn presses(&mut self, who: &str, action: &str, typed: Option<&str>) {
        self.stage.jump(self.stage.now() + SignedDuration::from_secs(3));
        let click = self.click(who, action, typed);
        self.stage.deliver(click).await.unwrap();
        self.works().await;
    }

    /// Works until nothing is left, checks the log, and gives what the channel reads.
    pub(crate) async fn ends(&self) -> String {
        self.stage.settle().await.unwrap();
        let store = self.stage.parts.store.as_ref();
        audit::verify(store, ORIGIN).await.unwrap().unwrap();
        assert!(store.open().await.unwrap().is_empty(), "nothing stays locked");
        self.channel()
    }

    /// Everything on the screen, oldest first.
    pub(crate) fn channel(&self) -> String {
        let lines = |slack: &mut cleanslate::sim::slack::SlackWorld| -> Vec<String> {
            let shown = slack.messages.iter().map(|message| {
                let only = message.only.as_ref().map(|id| format!("(only {}) ", cast::user_name(id)));
                format!("{}{}", only.unwrap_or_default(), message.lines().join("\n"))
            });
            shown.collect()
        };
        let shown = self.stage.sim.slack(lines).join("\n--\n");
        // The root changes with every byte of the log; that it is right is for `audit verify`. The simulated cloud numbers
        // its calls, and regions that are asked at once make one or two of them.
        let marks = [("root ", 8), ("-846c-", 12), ("-8000-", 12)];
        marks.into_iter().fold(shown, |text, (mark, length)| cut(&text, mark, length))
    }

    pub(crate) fn wipes(&self) -> usize {
        self.stage.sim.wipes().len()
    }
}
