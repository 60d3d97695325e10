//! The machine is back: what was checked, what was not, and what to do now.

use core::net::IpAddr;

use jiff::Timestamp;

use super::build::{code, duration, people, short, spans, strong};
use super::speech::{claimed_at, to_all};
use super::{Notice, Span};
use crate::domain::id::KeyId;
use crate::domain::plan::{LoginOrder, Plan, Secret};
use crate::domain::request::{Check, Request};

/// Longest name of a system.
const NAME: usize = 100;

/// "Is back" only where the cloud said SUCCESS, image and size are as asked, and the machine runs.
pub(super) fn completed(request: &Request, check: &Check, now: Timestamp) -> Notice {
    let Some(plan) = request.plan.as_deref() else {
        return to_all(request, spans!["The disk of "], spans![" was wiped and reinstalled."]);
    };
    let took = duration(now.min(request.last().at).duration_since(claimed_at(request)));
    let as_asked = check.image_ok && check.disk_ok;
    let disk = spans![" The disk of ", short(request.title(), NAME), " was wiped and reinstalled."];
    let how = match (check.confirmed, as_asked, check.state.as_str()) {
        (true, true, "RUNNING") => "is back",
        (true, false, _) => "is not as asked",
        (false, _, _) | (true, true, "") => "was reset",
        (true, true, _) => "does not run",
    };
    let head = spans![strong(format!("{} {how}.", request.ask.instance)), disk];
    let word = if check.confirmed {
        format!(" Tencent Cloud reports SUCCESS after {took}; checked: ")
    } else {
        " Another operation has since hidden Tencent Cloud's last word on it; compared instead: ".to_owned()
    };
    let services = " Not checked: that your services start.";
    Notice::say(spans![people(request), head, word, checked(plan, check), services])
        .line(what_next(plan, check))
}

/// What was compared, and what differs.
fn checked(plan: &Plan, check: &Check) -> String {
    let image = match (check.image_ok, &plan.order.image) {
        (true, Some(_)) => short(&plan.target_name(), NAME),
        // The machine had no image that could be compared with.
        (true, None) => "no image to compare".to_owned(),
        (false, _) => format!("the image is NOT {}", short(&plan.target_name(), NAME)),
    };
    let disk = if check.disk_ok {
        format!("{} GB", check.disk_gb)
    } else {
        format!("the disk has {} GB, NOT {} GB", check.disk_gb, plan.disk_after())
    };
    let state = match check.state.as_str() {
        "RUNNING" => "running".to_owned(),
        "" => "its state is not reported".to_owned(),
        state => format!("it is {}, NOT running", short(&state.to_lowercase(), NAME)),
    };
    format!("{image}, {disk}, {state}.")
}

fn what_next(plan: &Plan, check: &Check) -> Vec<Span> {
    let login = match &plan.order.login {
        LoginOrder::Keys(keys) => {
            spans![format!("log in with {}", keys.iter().map(KeyId::as_str).collect::<Vec<_>>().join(", "))]
        }
        LoginOrder::KeepImage => spans!["log in as the image has it"],
        LoginOrder::Random => spans!["the password is in the account's message centre"],
        LoginOrder::Vault(Secret { read, .. }) => spans!["to read the new password: ", code(read)],
    };
    let disks = match plan.machine.data_disks {
        0 => String::new(),
        1 => "; mount the data disk".to_owned(),
        n => format!("; mount the {n} data disks"),
    };
    let wrong = if check.image_ok && check.disk_ok {
        ""
    } else {
        "see in the console what was installed, and open a ticket with the RequestId; "
    };
    let start = match check.state.as_str() {
        "RUNNING" => "",
        "" => "see in the console whether it runs; ",
        _ => "start it in the console; ",
    };
    spans!["Next: ", wrong, start, host_key(plan), login, disks, "."]
}

/// A new system has a new host key; a Windows one has none. The address goes into a command that people paste.
fn host_key(plan: &Plan) -> Vec<Span> {
    let windows = plan.target_name().to_lowercase().contains("windows");
    let addresses = plan.machine.public_ips.iter().chain(&plan.machine.private_ips);
    match addresses.flat_map(|text| text.parse::<IpAddr>()).next() {
        Some(address) if !windows => {
            spans!["the host key is new, ", code(format!("ssh-keygen -R {address}")), "; "]
        }
        Some(_) | None => Vec::new(),
    }
}
