//! A notice as a terminal shows it.

use super::{Line, Notice, Span, Tone, visible};
use crate::domain::ask;

/// Plain lines, buttons last.
pub fn plain(notice: &Notice) -> Vec<String> {
    let mut lines: Vec<String> = notice.lines.iter().map(line).collect();
    lines.extend(notice.field.iter().map(|field| format!("{} [________]", visible(&field.label))));
    let buttons: Vec<String> =
        notice.buttons.iter().map(|button| format!("[ {} ]", visible(&button.label))).collect();
    if !buttons.is_empty() {
        lines.push(buttons.join("  "));
    }
    lines
}

fn line(line: &Line) -> String {
    let text = spoken(&line.spans);
    match (line.tone, &line.label) {
        (Tone::Warning, _) => format!("! {text}"),
        (Tone::Field, Some(label)) => format!("{label:<8} {text}"),
        (Tone::Title | Tone::Plain | Tone::Field, _) => text,
    }
}

/// A command as one line: `/reset ins-…`, `/resets status`. `name` is the first one's, with its slash.
pub fn typed(name: &str, words: &str) -> String {
    let plural = if ask::is_subcommand(words) { "s" } else { "" };
    format!("{name}{plural} {words}").trim_end().to_owned()
}

/// Spans without markup, with nothing hidden in them.
pub(super) fn spoken(spans: &[Span]) -> String {
    spans.iter().map(span).collect::<String>().trim_end().to_owned()
}

fn span(span: &Span) -> String {
    match span {
        Span::Text(text) | Span::Strong(text) | Span::Code(text) => visible(text),
        Span::Person(actor) => visible(&actor.name),
        Span::Principal(principal) => principal.to_string(),
        Span::Time(at) => at.strftime("%H:%M:%S").to_string(),
        Span::Command(words) => visible(&typed("/reset", words)),
        Span::Invite => "/invite @cleanslate".to_owned(),
        Span::Message { message, .. } => format!("the card ({})", visible(&message.0)),
    }
}
