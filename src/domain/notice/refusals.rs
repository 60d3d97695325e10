//! Why there was no card, or no reset.

use super::build::{code, command, machine, short, spans};
use super::denials::why_not;
use super::{Notice, Span};
use crate::domain::ask::Ask;
use crate::domain::plan::PlanRefusal;
use crate::domain::policy::Denial;
use crate::domain::request::{Refusal, Request, Riddle};

/// Longest piece of the cloud's or the platform's own words.
const WORDS: usize = 300;

/// What happened to `to`'s request, and what to do next.
pub(super) fn refusal(why: &Refusal, request: &Request, to: Vec<Span>) -> Notice {
    let command = match why {
        Refusal::Plan(why) => match better(why, &request.ask) {
            Some(ask) => spans!["Ask for this instead: ", command(&ask)],
            None => spans!["You asked: ", command(&request.ask)],
        },
        Refusal::NoCard { .. }
        | Refusal::CloudSilent { .. }
        | Refusal::Right { .. }
        | Refusal::Lookup { .. }
        | Refusal::Upgraded => spans!["To try again: ", command(&request.ask)],
    };
    Notice::say(spans![to, "Nothing was wiped. ", machine(request), ": ", reason(why), " ", next(why)])
        .line(command)
}

/// What happened.
pub(super) fn reason(why: &Refusal) -> Vec<Span> {
    match why {
        Refusal::Plan(why) => plan(why),
        Refusal::NoCard { why } => spans![format!("the card could not be posted ({}).", short(why, WORDS))],
        Refusal::CloudSilent { why } => {
            spans![format!("the machine could not be looked up ({}).", short(why, WORDS))]
        }
        Refusal::Right { who, denial } => {
            spans!["a right was checked once more just before the wipe. About ", who, ": ", why_not(denial)]
        }
        Refusal::Lookup { why } => spans![format!("a look-up failed ({}).", short(why, WORDS))],
        Refusal::Upgraded => spans!["this program was upgraded meanwhile."],
    }
}

/// What to do about it.
fn next(why: &Refusal) -> Vec<Span> {
    spans![match why {
        // What the code means says it already.
        Refusal::Plan(PlanRefusal::WouldRefuse { advice, .. }) => return spans![advice.clone()],
        Refusal::Plan(why) => plan_next(why),
        Refusal::NoCard { .. } => "Let the bot into the channel (`/invite @cleanslate`), then ask again.",
        Refusal::CloudSilent { .. } => "Ask again when Tencent Cloud answers; the log has the details.",
        Refusal::Right { denial: Denial::LookupFailed, .. } => "Ask again in a minute.",
        Refusal::Right { .. } => "Ask somebody who has the right.",
        Refusal::Lookup { .. } => "What cannot be checked is not done. Have it mended, then ask again.",
        Refusal::Upgraded => "Ask again.",
    }]
}

/// Why there can be no plan, for an admin who looks for it beforehand.
pub fn no_plan(why: &PlanRefusal) -> Notice {
    Notice::say(plan(why))
}

fn plan(why: &PlanRefusal) -> Vec<Span> {
    spans![match why {
        PlanRefusal::NoSuchInstance { regions } => format!("no such instance in {}.", regions.join(", ")),
        PlanRefusal::NotATarget => "not one that may be reset from here.".to_owned(),
        PlanRefusal::NotIdle { operation } => format!("{operation} is running on it."),
        PlanRefusal::WrongState { state } => {
            format!("it is {state}; a reset needs it running, or stopped and still paid for.")
        }
        PlanRefusal::Restricted { restrict } => format!("Tencent Cloud restricts it: {restrict}."),
        PlanRefusal::DiskShrinks { today_gb, asked_gb } => format!(
            "its system disk has {today_gb} GB and a reset cannot make it {asked_gb} GB: disks only grow."
        ),
        PlanRefusal::DiskTooLarge { asked_gb, max_gb } => {
            format!("{asked_gb} GB is over the limit of {max_gb} GB here.")
        }
        PlanRefusal::DiskBelowImage { disk_gb, image_gb } => {
            format!("the new image needs {image_gb} GB and the disk would have {disk_gb} GB.")
        }
        PlanRefusal::LocalDiskGrows { kind } => format!("its system disk is local ({kind}) and cannot grow."),
        PlanRefusal::NoSuchImage { image, region } =>
            format!("{image} is not visible to this account in {region}."),
        PlanRefusal::ImageNotReady { image, state } => format!("{image} is {state}, not NORMAL."),
        PlanRefusal::WrongArchitecture { image, machine } => {
            format!("the image is for {image} and the machine is {machine}.")
        }
        PlanRefusal::NoKeysToKeep => "it has no key pair that could be kept.".to_owned(),
        PlanRefusal::KeysOnWindows => "key pairs do not work on Windows.".to_owned(),
        PlanRefusal::KeepImageOnPublic =>
            return spans![
                "`login=image` works for custom, shared and imported images, and this one is none of them."
            ],
        PlanRefusal::BadHostName { .. } => "the new system does not take this host name.".to_owned(),
        PlanRefusal::SwitchOnDisk { kind } => {
            format!("no change between Linux and Windows works on a {kind} system disk.")
        }
        PlanRefusal::WouldRefuse { code: name, .. } =>
            return spans!["asked for the price of this reset, Tencent Cloud refused it: ", code(name), "."],
        PlanRefusal::NoVault { why } => {
            format!("its new password could not be kept in the secret store ({}).", short(why, WORDS))
        }
        PlanRefusal::NoSuchText { known } if known.is_empty() =>
            return spans!["there is no text in `[userdata]` here."],
        PlanRefusal::NoSuchText { known } => format!(
            "there is no userdata text of this name here; there is {}.",
            short(&known.join(", "), WORDS)
        ),
        PlanRefusal::TextUnreadable { why } => {
            format!("its userdata text could not be read ({}).", short(why, WORDS))
        }
        PlanRefusal::TextSize { bytes: 0, .. } => "its userdata text is empty.".to_owned(),
        PlanRefusal::TextSize { bytes, max } => {
            format!("its userdata text has {bytes} bytes, and Tencent Cloud takes {max}.")
        }
        PlanRefusal::NoCloudInit { image } => {
            format!("{image} has no cloud-init, so that it would not run the userdata text.")
        }
    }]
}

fn plan_next(why: &PlanRefusal) -> &'static str {
    match why {
        PlanRefusal::NoSuchInstance { .. } => {
            "Check the id in the console; a machine elsewhere needs its region in `[cloud] regions`."
        }
        PlanRefusal::NotATarget => {
            "Give it the tag that `[targets] allow` names, or ask your admin to add it there."
        }
        PlanRefusal::NotIdle { .. } => "Find out who is working on it, and ask again when that is done.",
        PlanRefusal::WrongState { .. } => "Start it in the console, then ask again.",
        PlanRefusal::Restricted { .. } => "Settle that in the console first.",
        PlanRefusal::DiskShrinks { .. } => {
            "Leave the size out to keep it as it is; for a smaller disk, build a new machine."
        }
        PlanRefusal::DiskTooLarge { .. } => {
            "Leave the size out or ask for less, or have your admin raise `[limits] max_disk`."
        }
        PlanRefusal::DiskBelowImage { .. } => "Ask for at least the size that the image needs.",
        PlanRefusal::LocalDiskGrows { .. } => "Leave the size out.",
        PlanRefusal::NoSuchImage { .. } => "Images are regional: check the id, the region and the sharing.",
        PlanRefusal::ImageNotReady { .. } => "Wait until it is, or choose another image.",
        PlanRefusal::WrongArchitecture { .. } => "Choose an image for the machine's architecture.",
        PlanRefusal::NoKeysToKeep => {
            "Choose `key=skey-…`, `login=vault`, `login=random` or, for an image of your own, `login=image`."
        }
        PlanRefusal::KeysOnWindows => {
            "Choose `login=vault`, `login=random` or, for an image of your own, `login=image`."
        }
        PlanRefusal::KeepImageOnPublic => {
            "Choose `login=keep`, `key=skey-…`, `login=vault` or `login=random`."
        }
        PlanRefusal::BadHostName { windows: true } => {
            "On Windows: 2 to 15 letters, digits and single hyphens, no dot, not digits alone."
        }
        PlanRefusal::BadHostName { windows: false } => {
            "On Linux: 2 to 60 letters, digits, single hyphens and dots, none of them first, last or doubled."
        }
        PlanRefusal::SwitchOnDisk { .. } => {
            "It works on CLOUD_BASIC, CLOUD_PREMIUM, CLOUD_SSD and CLOUD_BSSD; choose an image of the same kind."
        }
        PlanRefusal::WouldRefuse { .. } => "Change the command.",
        PlanRefusal::NoVault { .. } => {
            "Choose another login, or have your admin give the secret store a place to write to (`[secrets]`)."
        }
        PlanRefusal::NoSuchText { known } if known.is_empty() => "Leave it out; your admin adds texts there.",
        PlanRefusal::NoSuchText { .. } => "Name one of those, or leave it out; your admin adds texts there.",
        PlanRefusal::TextUnreadable { .. } => "Have your admin mend `[userdata]`, or leave it out.",
        PlanRefusal::TextSize { .. } => "Have your admin put the text right, or leave it out.",
        PlanRefusal::NoCloudInit { .. } => "Leave it out, or choose an image that supports cloud-init.",
    }
}

/// What would have been accepted, as far as this rule goes.
fn better(why: &PlanRefusal, ask: &Ask) -> Option<Ask> {
    let ask = ask.clone();
    match why {
        PlanRefusal::DiskShrinks { .. }
        | PlanRefusal::DiskTooLarge { .. }
        | PlanRefusal::LocalDiskGrows { .. } => Some(Ask { disk_gb: None, ..ask }),
        PlanRefusal::DiskBelowImage { image_gb, .. } => Some(Ask { disk_gb: Some(*image_gb), ..ask }),
        PlanRefusal::BadHostName { .. } => Some(Ask { hostname: None, ..ask }),
        PlanRefusal::NoSuchText { .. }
        | PlanRefusal::TextUnreadable { .. }
        | PlanRefusal::TextSize { .. }
        | PlanRefusal::NoCloudInit { .. } => Some(Ask { userdata: None, ..ask }),
        PlanRefusal::NoSuchInstance { .. }
        | PlanRefusal::NotATarget
        | PlanRefusal::NotIdle { .. }
        | PlanRefusal::WrongState { .. }
        | PlanRefusal::Restricted { .. }
        | PlanRefusal::NoSuchImage { .. }
        | PlanRefusal::ImageNotReady { .. }
        | PlanRefusal::WrongArchitecture { .. }
        | PlanRefusal::NoKeysToKeep
        | PlanRefusal::KeysOnWindows
        | PlanRefusal::KeepImageOnPublic
        | PlanRefusal::SwitchOnDisk { .. }
        | PlanRefusal::WouldRefuse { .. }
        | PlanRefusal::NoVault { .. } => None,
    }
}

/// Why it cannot be settled.
pub(super) fn riddle(why: &Riddle) -> Vec<Span> {
    match why {
        Riddle::Overtaken { operation } => {
            spans![format!("another operation ({}) hid the trace", short(operation, WORDS))]
        }
        Riddle::Gone => spans!["the instance is no longer there"],
        Riddle::NoEvidence => spans!["Tencent Cloud has given no answer that proves anything"],
    }
}
