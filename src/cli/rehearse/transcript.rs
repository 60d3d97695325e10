//! What the channel reads, line by line, as it comes.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

use jiff::Timestamp;

use super::Decision;
use super::stage::Stage;
use crate::domain::id::Platform;
use crate::sim::cast;

/// The lines so far; printed as they come, unless they are wanted as JSON.
pub(super) struct Transcript {
    quiet: bool,
    lines: Vec<String>,
    /// How often each message was edited when it was printed.
    seen: BTreeMap<String, u32>,
}

impl Transcript {
    pub(super) fn begin(quiet: bool, platform: Platform) -> Self {
        let name = platform.name();
        let mut transcript = Self { quiet, lines: Vec::new(), seen: BTreeMap::new() };
        transcript.print(format!(
            "A rehearsal: the real program, with a simulated {name} and Tencent Cloud on 127.0.0.1."
        ));
        transcript.print("No account is used, no real machine is touched. The clock runs fast.".to_owned());
        transcript.print(format!("\n#{}", cast::SLACK_CHANNEL));
        transcript
    }

    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }

    fn print(&mut self, line: String) {
        if !self.quiet {
            println!("{line}");
        }
        self.lines.push(line);
    }

    pub(super) fn said(&mut self, at: Timestamp, who: &str, text: &str) {
        self.print(format!("{} {who:<11} {text}", at.strftime("%H:%M:%S")));
    }

    fn block(&mut self, at: Timestamp, lines: Vec<String>) {
        for (index, line) in lines.into_iter().enumerate() {
            if index == 0 {
                self.said(at, "cleanslate", &line);
            } else {
                self.print(format!("{:21}{line}", ""));
            }
        }
    }

    /// What only `reader` sees.
    pub(super) fn private(&mut self, at: Timestamp, mut lines: Vec<String>, reader: &str) {
        if let Some(last) = lines.last_mut() {
            last.extend([" (only ", reader, " sees this)"]);
        }
        self.block(at, lines);
    }

    pub(super) fn pressed(
        &mut self,
        at: Timestamp,
        who: &str,
        (label, question): (&str, Option<&str>),
        typed: Option<&str>,
    ) {
        let mut line = format!("presses [ {label} ]");
        if let Some(name) = typed {
            line = format!("types {name}, {line}");
        }
        if let Some(question) = question {
            line = format!("{line}, confirms \u{201c}{question}\u{201d}");
        }
        self.said(at, who, &line);
    }

    /// Prints what is new or was edited.
    pub(super) fn show(&mut self, stage: &Stage) {
        for message in stage.sim.screen(stage.platform) {
            if self.seen.get(&message.id) == Some(&message.edits) {
                continue;
            }
            let at = if message.edits == 0 { message.at } else { stage.now() };
            self.seen.insert(message.id, message.edits);
            match message.only {
                Some(reader) => self.private(at, message.lines, &reader),
                None => self.block(at, message.lines),
            }
        }
    }
}

/// Asks at the terminal.
pub(super) fn ask() -> anyhow::Result<Decision> {
    print!("Press [w]ipe, [c]ancel, or nothing and see it expire: ");
    std::io::stdout().flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(match line.trim().to_ascii_lowercase().as_str() {
        "w" | "wipe" => Decision::Approve,
        "c" | "cancel" => Decision::Cancel,
        _ => Decision::None,
    })
}

/// What to try next; only where a person reads it.
pub(super) fn farewell() {
    if std::io::stdout().is_terminal() {
        println!(
            "\nBad nights:  cleanslate rehearse --fault accept-then-drop   the answer is lost: wiped or not?"
        );
        println!("             cleanslate rehearse --approver mallory         someone who may not");
        println!("             cleanslate rehearse --decision none            everybody is asleep");
        println!(
            "For real:    cleanslate manifest --url https://\u{2026}            (README: Slack in ten minutes)"
        );
    }
}
