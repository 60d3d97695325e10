//! What is said of the disk is never false.

use super::*;

/// Everything that anybody can read about a request in this state.
fn all_about(request: &Request) -> Vec<(String, String)> {
    let now = request.last().at;
    let mut all = vec![
        ("status".to_owned(), text(&status_one(request, now))),
        ("already open".to_owned(), text(&already_open(request, None, now))),
        ("counted".to_owned(), text(&counted(request))),
    ];
    all.extend(card(request, now).map(|card| ("card".to_owned(), text(&card))));
    let speeches = request.speeches(&shown(request), at(100_000));
    all.extend(speeches.into_iter().map(|what| (format!("{what:?}"), said(request, what))));
    all.extend(objections().iter().map(|why| (format!("{why:?}"), text(&objection(why, request)))));
    for why in denials() {
        all.push((format!("{why:?}"), text(&denied(&caller("mallory"), &why, Some(request)))));
    }
    all
}

fn shown(request: &Request) -> crate::domain::request::Card {
    let message = Some(MessageRef("1732417925.000100".to_owned()));
    crate::domain::request::Card { message, shown_rev: request.rev(), ..Default::default() }
}

fn claims_harmless(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("nothing was wiped") || text.contains("nothing has been wiped")
}

#[test]
fn nothing_was_wiped_is_said_at_every_harmless_end() {
    for (name, request) in harmless() {
        for (where_, text) in [
            ("card", text(&card(&request, request.last().at).unwrap())),
            ("end", said(&request, Speech::End)),
            ("status", text(&status_one(&request, request.last().at))),
        ] {
            assert!(claims_harmless(&text), "{name}, {where_}: {text}");
        }
    }
}

#[test]
fn nothing_was_wiped_is_never_said_once_the_reset_may_have_left() {
    for (name, request) in late().into_iter().chain(harmed()) {
        for (where_, text) in all_about(&request) {
            assert!(!claims_harmless(&text), "{name}, {where_}: {text}");
        }
    }
}

#[test]
fn every_text_about_an_open_doubt_or_a_wipe_says_what_it_means_for_the_disk() {
    let words = ["treat", "wiped", "know"];
    for (name, request) in late().into_iter().chain(harmed()) {
        let texts = all_about(&request);
        assert!(texts.len() > 20, "{name}");
        for (where_, text) in texts.iter().filter(|(where_, _)| where_ != "Slow") {
            assert!(words.iter().any(|word| text.to_lowercase().contains(word)), "{name}, {where_}: {text}");
        }
    }
}

#[test]
fn every_refusal_says_that_nothing_was_wiped_and_what_to_type() {
    for why in refusals().into_iter().chain(logins::refusals()) {
        for request in [asked(RESET), planned(), posted(), approved()] {
            let refused = then(&request, 48, None, Event::Refused { why: why.clone() });
            for text in [text(&ended_before_card(&refused)), said(&refused, Speech::End)] {
                assert!(text.contains("Nothing was wiped. "), "{why:?}: {text}");
                assert!(text.contains("/reset ins-r8hr2upy"), "{why:?}: {text}");
            }
        }
    }
}

#[test]
fn every_denied_command_says_that_nothing_was_started() {
    for why in denials() {
        let text = text(&denied(&caller("mallory"), &why, None));
        assert!(text.starts_with("Nothing was wiped and nothing was started: "), "{why:?}: {text}");
        assert!(text.contains("slack:U0MALLORY"), "{why:?}: {text}");
    }
}

#[test]
fn is_back_is_said_only_when_all_was_checked() {
    for bits in 0..16_u8 {
        let check = Check {
            image_ok: bits & 1 == 0,
            disk_ok: bits & 2 == 0,
            confirmed: bits & 4 == 0,
            state: if bits & 8 == 0 { "RUNNING" } else { "STOPPED" }.to_owned(),
            ..good_check()
        };
        let text = said(&completed(check), Speech::End);
        assert_eq!(text.contains("is back"), bits == 0, "{text}");
        assert!(text.contains("Not checked"), "{text}");
    }
}

#[test]
fn the_machine_is_always_named_by_name_and_id() {
    let all = early().into_iter().skip(1).chain(late()).chain(harmless()).chain(harmed());
    for (name, request) in all {
        for (where_, text) in all_about(&request) {
            assert!(text.contains("web-7") && text.contains("ins-r8hr2upy"), "{name}, {where_}: {text}");
        }
    }
}

#[test]
fn every_end_mentions_requester_and_deciders_once() {
    let people = |request: &Request| {
        let notice = speech(request, Speech::End, &tail(), request.last().at);
        let first = notice.lines.into_iter().next().unwrap();
        let live = first
            .spans
            .into_iter()
            .filter_map(|span| if let Span::Person(actor) = span { Some(actor.name) } else { None });
        live.collect::<Vec<_>>()
    };
    assert_eq!(people(&completed(good_check())), ["alice", "bob"]);
    assert_eq!(people(&then(&posted(), 1801, None, Event::Expired)), ["alice"]);
    assert_eq!(people(&then(&posted(), 60, Some("carol"), Event::Cancelled)), ["alice", "carol"]);
    let own = Vote { named: true, ..vote("alice") };
    let grace = SignedDuration::from_secs(10);
    let own = then(&posted(), 37, Some("alice"), Event::Approved { vote: own, exec_by: at(337), grace });
    assert_eq!(people(&then(&own, 337, None, Event::Lapsed { why: Lapse::Down })), ["alice"]);
}
