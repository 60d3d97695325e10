//! What the tests share.

pub(crate) mod channel;
pub(crate) mod fleet;
pub(crate) mod front;
pub(crate) mod lambda;
pub(crate) mod log;
pub(crate) mod memory;
pub(crate) mod port;
pub(crate) mod process;
pub(crate) mod sample;
pub(crate) mod scenario;
pub(crate) mod search;
pub(crate) mod trouble;
pub(crate) mod vault;
pub(crate) mod world;

use cleanslate::cli::audit;
use cleanslate::cli::rehearse::stage::{ORIGIN, Stage};
use cleanslate::domain::id::Platform;
use cleanslate::sim::play::{Delivery, Heard};
use front::Folder;
use jiff::SignedDuration;

pub(crate) const PLATFORMS: [Platform; 2] = [Platform::Slack, Platform::Discord];

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
    pub(crate) async fn on(platform: Platform) -> Self {
        let start = "2026-01-05T03:12:04Z".parse().unwrap();
        Self {
            stage: Stage::build_with(&crate::store().await, platform, None, start).await.unwrap(),
            deliveries: 0,
        }
    }

    /// One with more configuration, in a folder that the caller keeps.
    pub(crate) async fn within(folder: &Folder, platform: Platform, more: &str) -> Self {
        let start = "2026-01-05T03:12:04Z".parse().unwrap();
        let keep = Some(folder.0.clone());
        Self { stage: Stage::build_with(more, platform, keep, start).await.unwrap(), deliveries: 0 }
    }

    /// One on each platform: what holds here must hold there.
    pub(crate) async fn both() -> [Self; 2] {
        [Self::on(Platform::Slack).await, Self::on(Platform::Discord).await]
    }

    fn number(&mut self) -> u32 {
        self.deliveries += 1;
        self.deliveries
    }

    pub(crate) fn command(&mut self, who: &str, text: &str) -> Delivery {
        let number = self.number();
        self.stage.sim.types(self.stage.platform, (who, text), number).unwrap()
    }

    /// Types a command; gives the answer that the caller alone sees.
    pub(crate) async fn types(&mut self, who: &str, text: &str) -> String {
        let command = self.command(who, text);
        match self.stage.deliver(&command).await.unwrap() {
            Heard::Words(lines) => lines.join("\n"),
            other => panic!("{text}: {other:?}"),
        }
    }

    /// Lets the worker do what is due now.
    pub(crate) async fn works(&self) {
        self.stage.parts.worker.sweep().await.unwrap();
    }

    /// A command, and its card.
    pub(crate) async fn asks(&mut self, who: &str, text: &str) {
        self.types(who, text).await;
        self.works().await;
    }

    /// One press of the newest button of that action, and nothing typed.
    pub(crate) fn press(&mut self, who: &str, action: &str) -> Delivery {
        let number = self.number();
        self.stage.sim.presses(self.stage.platform, (who, action, None), number).unwrap()
    }

    /// The press that decides: where a form asks for the name, its submission. `typed` is what is typed, `None` what
    /// the platform makes easiest.
    pub(crate) async fn click(&mut self, who: &str, action: &str, typed: Option<&str>) -> Delivery {
        let (platform, number) = (self.stage.platform, self.number());
        let press = self.stage.sim.presses(platform, (who, action, typed), number).unwrap();
        if (platform, action) != (Platform::Discord, "wipe") {
            return press;
        }
        let Heard::Form { expect, .. } = self.stage.deliver(&press).await.unwrap() else { return press };
        let number = self.number();
        self.stage.sim.fills(&press, typed.unwrap_or(&expect), number).unwrap()
    }

    /// Presses the newest button of that action, a few seconds later.
    pub(crate) async fn presses(&mut self, who: &str, action: &str, typed: Option<&str>) {
        self.stage.jump(self.stage.now() + SignedDuration::from_secs(3));
        let click = self.click(who, action, typed).await;
        // A press that was refused at once has had its answer.
        if !self.stage.sim.is_answered(self.stage.platform, &click) {
            self.stage.deliver(&click).await.unwrap();
        }
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
        let shown = self.stage.sim.screen(self.stage.platform).into_iter().map(|message| {
            let only = message.only.map(|name| format!("(only {name}) "));
            format!("{}{}", only.unwrap_or_default(), message.lines.join("\n"))
        });
        let shown = shown.collect::<Vec<_>>().join("\n--\n");
        // The root changes with every byte of the log; that it is right is for `audit verify`. The simulated cloud numbers
        // its calls, and regions that are asked at once make one or two of them.
        let marks = [("root ", 8), ("-846c-", 12), ("-8000-", 12)];
        marks.into_iter().fold(shown, |text, (mark, length)| cut(&text, mark, length))
    }

    pub(crate) fn wipes(&self) -> usize {
        self.stage.sim.wipes().len()
    }

    /// The bot may no longer write in the channel.
    pub(crate) fn is_shut_out(&self) {
        match self.stage.platform {
            Platform::Slack => self.stage.sim.slack(|slack| slack.member = false),
            Platform::Discord => self.stage.sim.discord(|discord| discord.permissions = 0),
        }
    }

    /// The next edit is refused for good.
    pub(crate) fn cannot_edit(&self) {
        match self.stage.platform {
            Platform::Slack => self.stage.sim.slack(|slack| slack.arm("cant_update_message", 1)),
            Platform::Discord => {
                self.stage.sim.discord(|discord| discord.arm_route("PATCH /channels", "10008", 1)).unwrap();
            }
        }
    }

    /// The platform answers the next calls with trouble of its own.
    pub(crate) fn platform_fails(&self, times: usize) {
        match self.stage.platform {
            Platform::Slack => self.stage.sim.slack(|slack| slack.arm("internal_error", times)),
            Platform::Discord => self.stage.sim.discord(|discord| discord.arm("500", times)).unwrap(),
        }
    }
}
