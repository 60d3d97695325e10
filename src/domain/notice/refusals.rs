//! Why there was no card, or no reset.

use super::Notice;
use super::answers::why_not;
use super::build::{again, machine, spans};
use crate::domain::plan::PlanRefusal;
use crate::domain::request::{Refusal, Request, Riddle};

/// A refusal, with the machine and what to do next.
pub(super) fn refusal(why: &Refusal, request: &Request) -> Notice {
    let text = match why {
        Refusal::Plan(why) => plan(why),
        Refusal::NoCard { why } => format!(
            "the card could not be posted in the channel ({why}). Invite the bot there (`/invite @cleanslate`), then ask again."
        ),
        Refusal::CloudSilent { why } => {
            format!("the machine could not be looked up: {why}. Ask again when Tencent Cloud answers.")
        }
        Refusal::Right { who, denial } => {
            format!(
                "{} no longer has the right this needs: {} Ask somebody who has it.",
                who.name,
                why_not(denial)
            )
        }
        Refusal::Lookup { why } => {
            format!(
                "a last look-up failed ({why}), and what cannot be checked is not done. Mend that, then ask again."
            )
        }
        Refusal::Upgraded => "this bot was upgraded meanwhile. Ask again.".to_owned(),
    };
    let mut line = spans!["Nothing was wiped. "];
    line.extend(machine(request));
    line.extend(spans![": ", text]);
    Notice::say(line).line(spans!["You asked: ", again(request)])
}

fn plan(why: &PlanRefusal) -> String {
    match why {
        PlanRefusal::NoSuchInstance { regions } => format!(
            "no such instance in {}. Check the id in the console; a machine elsewhere needs its region in `[cloud] regions`.",
            regions.join(", ")
        ),
        PlanRefusal::NotATarget => {
            "this machine is not one that may be reset from here (`[targets] allow`). Give it the tag that the list names, or ask your admin.".to_owned()
        }
        PlanRefusal::NotIdle { operation } => format!("{operation} is running on it. Find out who is working on it, and ask again when it is done."),
        PlanRefusal::WrongState { state } => format!("it is {state}; a reset needs RUNNING, or STOPPED and still paid for. Start it, then ask again."),
        PlanRefusal::Restricted { restrict } => format!("the account's hold on it is {restrict}. Settle that in the console first."),
        PlanRefusal::DiskShrinks { today_gb, asked_gb } => format!(
            "its system disk has {today_gb} GB and a reset cannot make it {asked_gb} GB: disks only grow. Leave the size out to keep {today_gb} GB. For a smaller disk, build a new machine."
        ),
        PlanRefusal::DiskTooLarge { asked_gb, max_gb } => format!("{asked_gb} GB is over the limit of {max_gb} GB here (`[limits] max_disk`). Ask for less, or ask your admin."),
        PlanRefusal::DiskBelowImage { disk_gb, image_gb } => format!("the new image needs {image_gb} GB and the disk would have {disk_gb} GB. Ask for at least {image_gb}GB."),
        PlanRefusal::LocalDiskGrows { kind } => format!("its system disk is local ({kind}) and cannot grow. Leave the size out."),
        PlanRefusal::NoSuchImage { image, region } => format!("{image} is not visible to this account in {region}: images are regional. Check the id and its sharing."),
        PlanRefusal::ImageNotReady { image, state } => format!("{image} is {state}, not NORMAL. Wait until it is, or choose another image."),
        PlanRefusal::WrongArchitecture { image, machine } => format!("the image is for {image} and the machine is {machine}. Choose an image for {machine}."),
        PlanRefusal::NoKeysToKeep => "it has no key pair that could be kept, and a silent random password helps nobody. Choose `key=skey-…`, `login=image` or `login=random`.".to_owned(),
        PlanRefusal::KeysOnWindows => "key pairs do not work on Windows. Choose `login=image` (for an image of your own) or `login=random`.".to_owned(),
        PlanRefusal::KeepImageOnPublic => "`login=image` works for custom, shared and imported images; this one is public. Choose `login=keep` or `login=random`.".to_owned(),
        PlanRefusal::BadHostName { windows: true } => "a Windows host name has 2 to 15 letters, digits and single hyphens, no dot, and not digits alone.".to_owned(),
        PlanRefusal::BadHostName { windows: false } => "a Linux host name has 2 to 60 letters, digits, single hyphens and dots, none of them first, last or doubled.".to_owned(),
        PlanRefusal::SwitchOnDisk { kind } => format!("a change between Linux and Windows does not work on a {kind} system disk, only on CLOUD_BASIC, CLOUD_PREMIUM, CLOUD_SSD and CLOUD_BSSD."),
        PlanRefusal::NotYet { option } => format!("`{option}` is understood but cannot be carried out by this version. Leave it out."),
    }
}

/// Why it cannot be settled.
pub(super) fn riddle(why: &Riddle) -> String {
    match why {
        Riddle::Overtaken { operation } => format!("another operation ({operation}) hid the trace"),
        Riddle::Gone => "the instance is no longer there".to_owned(),
        Riddle::NoEvidence => "for an hour Tencent Cloud gave no answer that proves anything".to_owned(),
    }
}
