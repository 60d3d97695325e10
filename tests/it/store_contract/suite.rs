//! What is promised in `Store`, case by case.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use cleanslate::audit::verify::Verifier;
use cleanslate::domain::ask::Login;
use cleanslate::domain::id::MessageRef;
use cleanslate::domain::notice::Notice;
use cleanslate::domain::plan::{Findings, Known, Means, Plan};
use cleanslate::domain::policy::Denial;
use cleanslate::domain::request::{Card, Event, Fact, Request, Sighting, Speech, Terms};
use cleanslate::store::{Commit, Due, Quota, Store, StoreError, Tally, Tell};
use jiff::{SignedDuration, Timestamp};

use crate::support::sample::{self, INSTANCE, caller, id, origin, policy, request, start};

const OTHER: &str = "ins-aaaaaaaa";

/// Names every case to a macro.
macro_rules! each_case {
    ($run:ident) => {
        $run! {
            a_request_is_stored_with_its_bookkeeping,
            a_commit_holds_only_at_its_revision,
            an_instance_is_locked_until_the_end,
            a_lease_goes_to_one,
            a_deferral_holds_only_at_its_revision,
            a_card_that_two_showed_counts_as_not_shown,
            a_mark_does_not_lose_the_wake_up_of_a_commit,
            what_is_due_comes_in_order_and_bounded,
            a_tell_is_stored_once_and_settled,
            a_window_hands_its_count_to_the_next,
            a_quota_bounds_what_is_stored_in_a_window,
            requests_are_found_by_prefix_and_in_pages,
        }
    };
}

pub(crate) use each_case;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

pub(crate) fn later(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

pub(crate) fn put(store: &dyn Store, commit: Commit) {
    wait(store.commit(commit)).unwrap();
}

/// Makes the policy known to the log, so that entries may name it.
pub(crate) fn put_policy(store: &dyn Store) {
    let policy = policy();
    let event = Event::PolicyChanged { hash: policy.hash.clone(), text: policy.text };
    put(store, Commit::note(Fact { at: start(), by: None, event }, &policy.hash));
}

pub(crate) fn opened(store: &dyn Store, delivery: &str, instance: &str, at: Timestamp) -> Request {
    let request = request(delivery, instance, at);
    put(store, Commit::open(request.clone(), &policy().hash));
    request
}

pub(crate) fn after(request: &Request, event: Event, at: Timestamp) -> Request {
    request.apply(Fact { at, by: None, event }).unwrap()
}

pub(crate) fn advanced(store: &dyn Store, before: &Request, event: Event, at: Timestamp) -> Request {
    let after = after(before, event, at);
    put(store, Commit::advance(before, after.clone(), &policy().hash));
    after
}

pub(crate) fn planned(request: &Request) -> Event {
    let machine = sample::machine(request.ask.instance.as_str());
    let image = Known::Found(sample::image("img-pmqg1cw7"));
    let found = Findings { account: "lab".to_owned(), machine, current: image, target: Known::Missing };
    let means = Means { login: Login::Keep, secret: None, text: None };
    let plan = Plan::draw(&request.ask, found, &policy(), &means).unwrap();
    let terms = Terms {
        quorum: 1,
        approvers: Vec::new(),
        requester_may: false,
        all_type: false,
        expires: SignedDuration::from_mins(30),
    };
    Event::Planned { digest: plan.digest(), plan: Box::new(plan), terms }
}

pub(crate) fn tell(name: &str) -> Tell {
    let caller = caller("UALICE");
    Tell { id: name.to_owned(), place: caller.place, user: caller.actor.user, words: Notice::default() }
}

/// Checks the whole store as an outsider does.
pub(crate) fn verify(store: &dyn Store) -> u64 {
    let mut verifier = Verifier::new(&origin().log);
    for (seq, bytes) in wait(store.entries(0, usize::MAX)).unwrap() {
        verifier.entry(seq, &bytes).unwrap();
    }
    let rows = wait(store.requests(None, usize::MAX)).unwrap();
    for row in &rows {
        verifier.row(&row.request, &row.seal).unwrap();
    }
    verifier.finish(&wait(store.head()).unwrap(), rows.len()).unwrap().entries
}

pub(crate) fn a_request_is_stored_with_its_bookkeeping(store: &dyn Store) {
    put_policy(store);
    let request = opened(store, "one", INSTANCE, start());
    let row = wait(store.load(&request.id)).unwrap().unwrap();
    assert_eq!((&row.request, row.due_at, row.card_due_at), (&request, Some(start()), None));
    assert_eq!((row.seal.seq, &row.card, row.sighting), (1, &Card::default(), None));
    let request = advanced(store, &request, planned(&request), later(1));
    let row = wait(store.load(&request.id)).unwrap().unwrap();
    assert_eq!((&row.request, row.due_at, row.card_due_at), (&request, Some(later(1)), Some(later(1))));

    let card = Card { message: Some(MessageRef("m1".to_owned())), shown_rev: 3, ..Card::default() };
    let posted = Event::Posted { message: MessageRef("m1".to_owned()), until: later(1800) };
    let shown = after(&request, posted, later(2));
    let commit = Commit::advance(&request, shown, &policy().hash);
    put(store, Commit { card: Some(card.clone()), ..commit });
    assert_eq!(wait(store.load(&request.id)).unwrap().unwrap().card, card);
    assert_eq!(wait(store.load(&id("none"))).unwrap(), None);
    assert_eq!(wait(store.head()).unwrap().at, Some(later(2)));
    assert_eq!(verify(store), 4);
}

pub(crate) fn a_commit_holds_only_at_its_revision(store: &dyn Store) {
    put_policy(store);
    let first = opened(store, "one", INSTANCE, start());
    let again = wait(store.commit(Commit::open(first.clone(), &policy().hash)));
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
    let second = advanced(store, &first, planned(&first), start());
    let cancelled = Commit::advance(&first, after(&first, Event::Cancelled, start()), &policy().hash);
    let late = wait(store.commit(Commit { tells: vec![tell("late")], ..cancelled }));
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    let missing = request("two", OTHER, start());
    let missing = Commit::advance(&missing, after(&missing, Event::Cancelled, start()), &policy().hash);
    assert!(matches!(wait(store.commit(missing)), Err(StoreError::Conflict)));
    assert_eq!(wait(store.load(&first.id)).unwrap().unwrap().request, second);
    assert_eq!(verify(store), 3, "what was refused left an entry");
    let due = wait(store.due(later(9), 9)).unwrap();
    assert!(!due.iter().any(|due| matches!(due, Due::Tell(_))), "what was refused left a tell");
}

pub(crate) fn an_instance_is_locked_until_the_end(store: &dyn Store) {
    put_policy(store);
    let holder = opened(store, "one", INSTANCE, start());
    let rival = request("two", INSTANCE, start());
    match wait(store.commit(Commit::open(rival.clone(), &policy().hash))) {
        Err(StoreError::Locked(by)) => assert_eq!(by, holder.id),
        other => panic!("{other:?}"),
    }
    let instance = INSTANCE.parse().unwrap();
    assert_eq!(wait(store.by_instance(&instance)).unwrap().unwrap().request, holder);
    advanced(store, &holder, Event::Cancelled, later(1));
    assert_eq!(wait(store.by_instance(&instance)).unwrap(), None);
    assert_eq!(wait(store.open()).unwrap(), []);
    assert_eq!(wait(store.next_due()).unwrap(), None, "it is over and had no card");
    put(store, Commit::open(rival.clone(), &policy().hash));
    let open = wait(store.open()).unwrap();
    assert_eq!(open.iter().map(|row| &row.request).collect::<Vec<_>>(), [&rival]);
    assert_eq!(verify(store), 4);
}

pub(crate) fn a_lease_goes_to_one(store: &dyn Store) {
    let request = opened(store, "one", INSTANCE, start());
    let take = |seen, until| wait(store.lease(&request.id, seen, until)).unwrap();
    assert!(take(Some(start()), later(30)));
    assert!(!take(Some(start()), later(40)));
    assert!(!wait(store.lease(&id("none"), None, start())).unwrap());
    assert_eq!(wait(store.load(&request.id)).unwrap().unwrap().due_at, Some(later(30)));
    assert!(take(Some(later(30)), later(60)));
    assert!(wait(store.lease_card(&request.id, None, later(5))).unwrap());
    assert!(!wait(store.lease_card(&request.id, None, later(6))).unwrap());
    assert_eq!(wait(store.load(&request.id)).unwrap().unwrap().card_due_at, Some(later(5)));
}

pub(crate) fn a_deferral_holds_only_at_its_revision(store: &dyn Store) {
    let request = opened(store, "one", INSTANCE, start());
    let sighting = Sighting { at: later(3), operation: sample::machine(INSTANCE).last };
    wait(store.defer(&request.id, 7, Some(later(99)), None)).unwrap();
    assert_eq!(wait(store.load(&request.id)).unwrap().unwrap().due_at, Some(start()));
    wait(store.defer(&request.id, 1, Some(later(9)), Some(sighting.clone()))).unwrap();
    let row = wait(store.load(&request.id)).unwrap().unwrap();
    assert_eq!((row.due_at, row.sighting), (Some(later(9)), Some(sighting)));
    advanced(store, &request, planned(&request), later(10));
    assert_eq!(wait(store.load(&request.id)).unwrap().unwrap().sighting, None, "it was about the old state");
}

pub(crate) fn a_card_that_two_showed_counts_as_not_shown(store: &dyn Store) {
    let request = opened(store, "one", INSTANCE, start());
    let was = Card::default();
    let shown = Card { shown_rev: 1, shown_at: Some(start()), said: vec![Speech::Doubt], ..Card::default() };
    assert!(wait(store.mark_card(&request.id, &was, &shown, Some(later(5)))).unwrap());
    let row = wait(store.load(&request.id)).unwrap().unwrap();
    assert_eq!((&row.card, row.card_due_at), (&shown, Some(later(5))));
    assert!(!wait(store.mark_card(&request.id, &was, &shown, None)).unwrap());
    let row = wait(store.load(&request.id)).unwrap().unwrap();
    assert_eq!(row.card, Card { shown_rev: 0, ..shown });
    assert!(row.card_due_at.is_some_and(|at| at <= start()), "it is due at once");
    assert!(!wait(store.mark_card(&id("none"), &was, &was, None)).unwrap());
}

pub(crate) fn a_mark_does_not_lose_the_wake_up_of_a_commit(store: &dyn Store) {
    let request = opened(store, "one", INSTANCE, start());
    let behind = Card { message: Some(MessageRef("1.2".to_owned())), ..Card::default() };
    assert!(wait(store.mark_card(&request.id, &Card::default(), &behind, None)).unwrap());
    let due = |store: &dyn Store| wait(store.load(&request.id)).unwrap().unwrap().card_due_at;
    assert!(due(store).is_some_and(|at| at <= start()), "the card shows less than there is");
    let failing = Card { tries: 1, ..behind.clone() };
    assert!(wait(store.mark_card(&request.id, &behind, &failing, Some(later(9)))).unwrap());
    assert_eq!(due(store), Some(later(9)), "a failure waits as long as it asked for");
    let shown = Card { shown_rev: 1, ..behind };
    assert!(wait(store.mark_card(&request.id, &failing, &shown, None)).unwrap());
    assert_eq!(due(store), None);
}

pub(crate) fn what_is_due_comes_in_order_and_bounded(store: &dyn Store) {
    let instances = ["ins-00000001", "ins-00000002", "ins-00000003"];
    let ids: Vec<_> = instances
        .iter()
        .zip([20, 10, 30])
        .map(|(instance, at)| opened(store, instance, instance, later(at)).id)
        .collect();
    let due = |now, limit| wait(store.due(now, limit)).unwrap();
    let of = |index: usize| Due::Request(ids[index].clone());
    assert_eq!(due(later(9), 9), []);
    assert_eq!(due(later(20), 9), [of(1), of(0)]);
    assert_eq!(due(later(30), 2), [of(1), of(0)]);
    assert_eq!(due(later(30), 3), [of(1), of(0), of(2)]);
    assert_eq!(wait(store.next_due()).unwrap(), Some(later(10)));
    wait(store.lease_card(&ids[2], None, later(2))).unwrap();
    assert_eq!(wait(store.next_due()).unwrap(), Some(later(2)));
    wait(store.add_tells(vec![tell("t")], later(1))).unwrap();
    assert_eq!(wait(store.next_due()).unwrap(), Some(later(1)));
    assert!(matches!(due(later(2), 9)[..], [Due::Card(_), Due::Tell(_)]));
    let oldest: Vec<_> = wait(store.open()).unwrap().into_iter().map(|row| row.request.id).collect();
    assert_eq!(oldest, [ids[1].clone(), ids[0].clone(), ids[2].clone()]);
}

pub(crate) fn a_tell_is_stored_once_and_settled(store: &dyn Store) {
    let waiting = |now| {
        let due = wait(store.due(now, 9)).unwrap();
        due.into_iter()
            .filter_map(|due| match due {
                Due::Tell(due) => Some((due.tell.id.clone(), due.due_at, due.tries)),
                Due::Request(_) | Due::Card(_) => None,
            })
            .collect::<Vec<_>>()
    };
    wait(store.add_tells(vec![tell("a")], start())).unwrap();
    wait(store.add_tells(vec![tell("a")], later(1))).unwrap();
    assert_eq!(waiting(later(2)), [("a".to_owned(), start(), 0)]);
    wait(store.settle_tell("a", Some(later(5)))).unwrap();
    assert_eq!(waiting(later(2)), []);
    assert_eq!(waiting(later(5)), [("a".to_owned(), later(5), 1)]);
    wait(store.settle_tell("a", None)).unwrap();
    wait(store.add_tells(vec![tell("a")], later(6))).unwrap();
    assert_eq!(waiting(later(9)), [], "the same answer is not given twice");
    let request = opened(store, "one", INSTANCE, later(7));
    let over = after(&request, Event::Cancelled, later(8));
    let told = Tell::ending(&over);
    put(store, Commit { tells: vec![told.clone()], ..Commit::advance(&request, over, &policy().hash) });
    assert_eq!(waiting(later(8)), [(told.id, later(8), 0)]);
}

pub(crate) fn a_window_hands_its_count_to_the_next(store: &dyn Store) {
    let tally = |key: &str, window| {
        let Tally { count, before } = wait(store.tally(key, window)).unwrap();
        (count, before)
    };
    assert_eq!(tally("a", 1), (1, 0));
    assert_eq!(tally("a", 1), (2, 0));
    assert_eq!(tally("b", 1), (1, 0));
    assert_eq!(tally("a", 4), (1, 2));
    assert_eq!(tally("a", 4), (2, 0), "it is handed over once");
    assert_eq!(tally("a", 5), (1, 2));
}

pub(crate) fn a_quota_bounds_what_is_stored_in_a_window(store: &dyn Store) {
    put_policy(store);
    let ask = |delivery: &str, instance: &str, window| {
        let quota = Quota { key: "ask".to_owned(), window, most: 3 };
        let request = request(delivery, instance, start());
        wait(store.commit(Commit::open(request, &policy().hash).within(quota)))
    };
    let instances = ["ins-00000001", "ins-00000002", "ins-00000003"];
    assert!(ask("one", instances[0], 1).is_ok());
    let again = ask("one", instances[0], 1);
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
    let locked = ask("two", instances[0], 1);
    assert!(matches!(locked, Err(StoreError::Locked(_))), "{locked:?}");
    assert!(ask("three", instances[1], 1).is_ok(), "the same delivery again was counted");
    for instance in [instances[0], instances[2]] {
        let over = ask("four", instance, 1);
        assert!(matches!(over, Err(StoreError::TooMany)), "the lock's refusal was not counted: {over:?}");
    }
    assert_eq!(wait(store.load(&id("four"))).unwrap(), None);
    assert_eq!(wait(store.by_instance(&instances[2].parse().unwrap())).unwrap(), None);
    assert!(
        matches!(ask("three", instances[1], 1), Err(StoreError::Conflict)),
        "it is stored, whoever is too fast"
    );
    assert!(ask("four", instances[2], 2).is_ok(), "another window begins afresh");
    assert_eq!(wait(store.tally("ask", 2)).unwrap().count, 2);
    assert_eq!(verify(store), 4, "what was refused left an entry");
}

pub(crate) fn requests_are_found_by_prefix_and_in_pages(store: &dyn Store) {
    let mut ids: Vec<_> =
        (0..5).map(|n| opened(store, &format!("d{n}"), &format!("ins-0000000{n}"), start()).id).collect();
    ids.sort();
    let by = |prefix: &str| {
        wait(store.by_prefix(prefix)).unwrap().into_iter().map(|row| row.request.id).collect::<Vec<_>>()
    };
    for id in &ids {
        assert_eq!(by(&id.as_str()[..8]), std::slice::from_ref(id));
    }
    assert_eq!(by(""), ids[..2]);
    assert_eq!(by("zzzzzzzz"), []);
    let page = |after, limit| {
        let rows = wait(store.requests(after, limit)).unwrap();
        rows.into_iter().map(|row| row.request.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 2), ids[..2]);
    assert_eq!(page(Some(&ids[1]), 2), ids[2..4]);
    assert_eq!(page(Some(&ids[3]), 2), ids[4..]);
    assert_eq!(page(Some(&ids[4]), 2), []);
    let seqs: Vec<u64> = wait(store.entries(3, 9)).unwrap().into_iter().map(|(seq, _)| seq).collect();
    assert_eq!(seqs, [3, 4]);
}

pub(crate) fn denied(user: usize) -> Commit {
    let caller = caller(&format!("U{user}"));
    let event = Event::Denied { caller, act: "ask".to_owned(), denial: Denial::NotARequester, count: 1 };
    Commit::note(Fact { at: start(), by: None, event }, &policy().hash)
}
