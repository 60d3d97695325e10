//! The red lines of the loss sheet.

use jiff::Timestamp;

use super::Span;
use super::build::{age, short, spans};
use crate::domain::plan::{Known, Plan};

/// Longest reason for which something could not be looked up.
const REASON: usize = 100;
/// Most lines of warnings; with more the sheet would have more than twelve lines.
const WARNINGS: usize = 3;

/// The red lines: what is worse than a plain reinstall, and what nobody could check.
pub(super) fn warnings(plan: &Plan, now: Timestamp) -> Vec<Vec<Span>> {
    let mut lines = vec![snapshot(plan, now)];
    lines.extend(growth(plan));
    lines.extend(switch(plan));
    lines.extend(unseen(plan).map(|line| spans![line]));
    if let (0, Known::Unasked(why)) = (plan.growth_gb(), &plan.price) {
        lines.push(spans![format!("The price could not be looked up: {}.", reason(why))]);
    }
    fitted(lines)
}

/// The same warnings in fewer lines: the last one takes what is over.
fn fitted(mut lines: Vec<Vec<Span>>) -> Vec<Vec<Span>> {
    let over = lines.split_off(WARNINGS.min(lines.len()));
    if let Some(last) = lines.last_mut() {
        last.extend(over.into_iter().flat_map(|line| spans![" \u{26a0} ", line]));
    }
    lines
}

fn reason(why: &str) -> String {
    if why.is_empty() { "not asked".to_owned() } else { short(why, REASON) }
}

fn snapshot(plan: &Plan, now: Timestamp) -> Vec<Span> {
    spans![match &plan.snapshot {
        Known::Found(made) => format!("Newest snapshot is {} old.", age(now.duration_since(*made))),
        Known::Missing => "No snapshot of this disk.".to_owned(),
        Known::Unasked(why) => format!("Snapshots could not be looked up: {}.", reason(why)),
    }]
}

/// What growing the disk means; without growth, what the reset costs all the same.
fn growth(plan: &Plan) -> Option<Vec<Span>> {
    let (today, after) = (plan.machine.disk.size_gb, plan.disk_after());
    let price = match &plan.price {
        Known::Found(price) => format!("Tencent Cloud's price, in the account's currency: {price}."),
        Known::Missing => "Price not known.".to_owned(),
        Known::Unasked(why) => format!("Price not known: {}.", reason(why)),
    };
    if plan.growth_gb() == 0 {
        return plan.price.found().filter(|price| !price.is_free()).map(|_| spans![price]);
    }
    let double = if after > today * 2 { ", more than twice its size," } else { "" };
    Some(spans![format!(
        "The disk grows {today} \u{2192} {after} GB{double} and cannot shrink again. {price}"
    )])
}

fn switch(plan: &Plan) -> Option<Vec<Span>> {
    let (old, new) = plan.switch()?;
    let abroad = if plan.is_in_mainland() {
        String::new()
    } else {
        format!(" {} is outside mainland China: Tencent Cloud may refuse.", plan.machine.region)
    };
    Some(spans![
        format!("{} \u{2192} {}: ", old.name(), new.name()),
        "the disk id changes, and old snapshots can no longer be rolled back.",
        abroad
    ])
}

/// What was not checked because an image could not be looked at.
fn unseen(plan: &Plan) -> Option<String> {
    let why = plan.image_unasked.as_deref().map(reason);
    match (&plan.current, &plan.target, why) {
        (_, None, Some(why)) => Some(format!(
            "The new image could not be looked up: {why}. Its system and size were not checked."
        )),
        (_, None, None) => {
            Some("Its image is no longer listed: system and size of the new one were not checked.".to_owned())
        }
        (None, Some(_), Some(why)) => Some(format!(
            "Today's image could not be looked up: {why}. Whether the new one fits the machine was not checked."
        )),
        (None, Some(_), None) => Some(
            "Today's image is no longer listed: whether the new one fits the machine was not checked."
                .to_owned(),
        ),
        (Some(_), Some(_), _) => None,
    }
}
