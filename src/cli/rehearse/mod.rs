//! One request through the real code, on simulated platforms: loopback HTTP, real signatures, a clock that jumps.
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]
#![expect(clippy::disallowed_methods, reason = "a shell: it runs the servers it rehearses with")]

pub mod stage;
mod transcript;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::builder::PossibleValue;
use jiff::{SignedDuration, Timestamp};

use self::stage::Stage;
use self::transcript::Transcript;
use super::audit;
use crate::domain::id::Platform;
use crate::sim::cast;
use crate::sim::fault::Fault;
use crate::sim::play::{Heard, Pressable};

/// The example of the API page.
pub const COMMAND: &str = "/reset ins-r8hr2upy img-pmqg1cw7 60GB";

/// What becomes of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Decision {
    Approve,
    Cancel,
    /// Nobody decides, and it expires.
    None,
    /// You decide, at the terminal.
    Ask,
}

impl clap::ValueEnum for Platform {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Slack, Self::Discord]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

/// `cleanslate rehearse`.
#[derive(Debug, clap::Args)]
#[command(after_help = faults())]
pub struct Options {
    #[arg(long, value_enum, default_value = "slack")]
    pub platform: Platform,
    /// What is typed
    #[arg(long, default_value = COMMAND)]
    pub command: String,
    /// Who types it: alice, bob, carol (may approve), or mallory (may nothing)
    #[arg(long, default_value = "alice")]
    pub caller: String,
    /// Who presses the button
    #[arg(long, default_value = "bob")]
    pub approver: String,
    #[arg(long, value_enum, default_value = "approve")]
    pub decision: Decision,
    /// What goes wrong with the reset: see below
    #[arg(long)]
    pub fault: Option<Fault>,
    /// Leave configuration, store and log in this folder
    #[arg(long)]
    pub keep: Option<PathBuf>,
    /// Print one JSON object instead of the transcript
    #[arg(long)]
    pub json: bool,
}

fn faults() -> String {
    let lines: Vec<String> = Fault::ALL.iter().map(|(name, what)| format!("  {name:<18} {what}")).collect();
    format!("Faults:\n{}", lines.join("\n"))
}

/// Plays it; true when the request ended and the log verifies.
///
/// # Errors
/// When the rehearsal itself cannot be set up.
pub async fn run(options: Options, start: Timestamp) -> anyhow::Result<bool> {
    let begun = std::time::Instant::now();
    let platform = options.platform;
    for name in [&options.caller, &options.approver] {
        cast::id(platform, name).with_context(|| {
            format!("there is no `{name}` here; the cast is alice, bob, carol and mallory")
        })?;
    }
    let stage = Stage::build(platform, options.keep.clone(), "", start).await?;
    let mut transcript = Transcript::begin(options.json, platform);
    if let Some(fault) = options.fault.clone() {
        stage.sim.arm("ResetInstance", fault);
    }
    let words = (options.caller.as_str(), options.command.as_str());
    let command = stage.sim.types(platform, words, 1).map_err(anyhow::Error::msg)?;
    transcript.said(stage.now(), &options.caller, &options.command);
    let answer = stage.deliver(&command).await?;
    if let Heard::Words(lines) = answer {
        transcript.private(stage.now(), lines, &options.caller);
    }
    let mut decided = false;
    loop {
        stage.parts.worker.sweep().await?;
        transcript.show(&stage);
        if !decided && stage.sim.button(platform, "wipe").is_some() {
            decided = true;
            decide(&options, &stage, &mut transcript).await?;
            continue;
        }
        let Some(due) = stage.parts.store.next_due().await? else { break };
        stage.jump(due);
    }
    end(&stage, &options, transcript, begun.elapsed()).await
}

async fn decide(options: &Options, stage: &Stage, transcript: &mut Transcript) -> anyhow::Result<()> {
    let decision = if options.decision == Decision::Ask { transcript::ask()? } else { options.decision };
    let action = match decision {
        Decision::Approve => "wipe",
        Decision::Cancel => "cancel",
        Decision::None | Decision::Ask => return Ok(()),
    };
    stage.jump(stage.now() + SignedDuration::from_secs(37));
    let (who, now) = (options.approver.as_str(), stage.now());
    let Some(button) = stage.sim.button(stage.platform, action) else { return Ok(()) };
    let own = options.caller == options.approver && decision == Decision::Approve;
    let typed = button.expect.clone().filter(|_| own);
    let press = stage.sim.presses(stage.platform, (who, action, typed.as_deref()), 2);
    let Some(press) = press else { return Ok(()) };
    let Pressable { label, question, .. } = button;
    transcript.pressed(now, who, (&label, question.as_deref()), typed.as_deref());
    match stage.deliver(&press).await? {
        Heard::Form { lines, expect } => {
            transcript.private(now, lines, who);
            let Some(form) = stage.sim.fills(&press, &expect, 3) else { return Ok(()) };
            transcript.said(now, who, &format!("types {expect}, submits"));
            stage.deliver(&form).await?;
        }
        Heard::Words(_) | Heard::Nothing => {}
    }
    Ok(())
}

async fn end(
    stage: &Stage,
    options: &Options,
    transcript: Transcript,
    took: std::time::Duration,
) -> anyhow::Result<bool> {
    let store = stage.parts.store.as_ref();
    let verdict = audit::verify(store, stage::ORIGIN).await?;
    let over = store.open().await?.is_empty();
    let wipes = stage.sim.wipes().len();
    if options.json {
        println!(
            "{}",
            serde_json::json!({
                "over": over, "wipes": wipes, "verified": verdict.is_ok(),
                "entries": verdict.as_ref().map(|verified| verified.entries).ok(),
                "messages": transcript.lines(),
            })
        );
        return Ok(over && verdict.is_ok() && wipes <= 1);
    }
    println!("\nAudit log");
    audit::list(store, &mut std::io::stdout(), false).await?;
    match &verdict {
        Ok(verified) => {
            let root = data_encoding::HEXLOWER.encode(&verified.root[..4]);
            println!(
                "Verified: {} entries, root {root}\u{2026}. Resets received by the simulated cloud: {wipes}. Took {:.1} s.",
                verified.entries,
                took.as_secs_f32()
            );
        }
        Err(bad) => println!("NOT VERIFIED: {bad}"),
    }
    if let Some(folder) = &options.keep {
        println!(
            "Kept in {0}; look at it: cleanslate audit verify --config {0}/cleanslate.toml",
            folder.display()
        );
    }
    transcript::farewell();
    Ok(over && verdict.is_ok() && wipes <= 1)
}
