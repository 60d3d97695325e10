//! What fits a phone and a platform, and what hostile names cannot do.

use super::*;

/// The worst that a machine, its people and its tags may be called.
const HOSTILE: &str =
    "\u{202e}7-bew`*<!channel>\u{200b}_a_very_long_name_that_does_not_end_anywhere_soon_at_all_0123456789";

fn hostile() -> Request {
    let tags = vec![(HOSTILE.to_owned(), HOSTILE.repeat(3)); 50];
    let worst = Machine { name: HOSTILE.to_owned(), os_name: HOSTILE.to_owned(), tags, ..machine() };
    let terms = Terms { requester_may: true, quorum: 3, ..terms() };
    let text = "ins-r8hr2upy img-pmqg1cw7 150GB login=random hostname=web-7 security=off monitor=on \
                automation=on -- why\u{202e}";
    let target = Known::Found(image("img-pmqg1cw7", HOSTILE, Family::Windows));
    planned_with(text, worst, target, terms)
}

#[test]
fn no_card_has_more_than_twelve_lines() {
    let all = early().into_iter().chain(late()).chain(harmless()).chain(harmed());
    for (name, request) in all.chain([("hostile", hostile()), ("hostile, posted", post(&hostile()))]) {
        if let Some(card) = card(&request, at(1)) {
            assert!(card.lines.len() <= 12, "{name}: {} lines", card.lines.len());
        }
    }
    assert_eq!(card(&hostile(), at(1)).unwrap().lines.len(), 12);
}

#[test]
fn labels_and_dialogs_show_everything_and_fit() {
    let card = card(&hostile(), at(1)).unwrap();
    let fits = |text: &str, max: usize| {
        assert!(text.chars().count() <= max, "{text}");
        assert_eq!(visible(text), text);
    };
    for button in &card.buttons {
        fits(&button.label, 75);
        if let Some(Confirm { title, body, yes, no }) = &button.confirm {
            fits(title, 100);
            fits(body, 300);
            fits(yes, 30);
            fits(no, 30);
        }
    }
    let field = card.field.unwrap();
    fits(&field.label, 300);
    fits(&field.expect, 150);
    assert_eq!(card.buttons[0].label, "Wipe ins-r8hr2upy", "a name that is not what it seems is no label");
}

#[test]
fn free_text_is_never_code_and_never_unbounded() {
    for request in [hostile(), post(&hostile())] {
        let card = card(&request, at(1)).unwrap();
        for line in &card.lines {
            let length: usize =
                plain(&Notice { lines: vec![line.clone()], ..Notice::default() })[0].chars().count();
            assert!(length <= 600, "{length}");
            for span in &line.spans {
                if let Span::Code(code) = span {
                    assert!(code.is_ascii(), "{code}");
                }
            }
        }
    }
}

#[test]
fn long_words_of_others_are_cut() {
    let long = "x".repeat(5000);
    let ends = [
        then(&accepted(), 209, None, Event::FailedAsync { message: long.clone() }),
        then(&claimed(), 48, None, Event::Failed { failure: failure("Code", &long, "") }),
        then(&asked(RESET), 5, None, Event::Refused { why: Refusal::NoCard { why: long.clone() } }),
    ];
    for request in ends {
        let text = said(&request, Speech::End);
        assert!(text.chars().count() < 1200, "{text}");
    }
}

#[test]
fn an_address_that_is_none_is_in_no_command() {
    let request = completed(good_check());
    let mut plan = request.plan.clone().unwrap();
    plan.machine.public_ips = vec!["; rm -rf /".to_owned()];
    let hostile = Request { plan: Some(plan.clone()), ..request.clone() };
    assert!(said(&hostile, Speech::End).contains("ssh-keygen -R 10.0.0.7"));
    plan.machine.private_ips.clear();
    let none = Request { plan: Some(plan), ..request };
    assert!(!said(&none, Speech::End).contains("ssh-keygen"));
}

#[test]
fn only_the_card_to_decide_on_has_a_wipe_button_and_it_is_bound_to_the_plan() {
    for (name, request) in early().into_iter().chain(late()).chain(harmless()).chain(harmed()) {
        let Some(card) = card(&request, at(1)) else { continue };
        let actions: Vec<&str> = card.buttons.iter().map(|button| button.action.as_str()).collect();
        let expected: &[&str] = match name {
            "planned" | "posted" => &["wipe", "cancel"],
            "approved" => &["stop"],
            _ => &[],
        };
        assert_eq!(actions, expected, "{name}");
        for button in &card.buttons {
            let press: crate::domain::request::Press = button.value.parse().unwrap();
            assert_eq!(
                (press.request, press.digest),
                (request.id.clone(), request.digest_prefix()),
                "{name}"
            );
        }
    }
}

#[test]
fn durations_and_lists_read_well() {
    use super::super::build::{duration, listed};
    let durations = [0, 41, 60, 161, 3600, 5000].map(|s| duration(SignedDuration::from_secs(s)));
    assert_eq!(durations, ["0 s", "41 s", "1 min", "2 min 41 s", "1 h 0 min", "1 h 23 min"]);
    let list = |names: &[&str]| {
        let spans = listed(names.iter().map(|name| Span::Text((*name).to_owned())).collect());
        text(&Notice::say(spans))
    };
    assert_eq!(
        [list(&[]), list(&["a"]), list(&["a", "b"]), list(&["a", "b", "c"])],
        ["", "a", "a and b", "a, b and c"]
    );
}
