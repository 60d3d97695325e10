//! One suite over every store: what is promised in `Store` holds in each.

pub(crate) mod suite;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use cleanslate::app::App;
use cleanslate::audit::Head;
use cleanslate::audit::verify::Verifier;
use cleanslate::chat::{Inbound, Reply};
use cleanslate::domain::ask::Order;
use cleanslate::domain::notice::plain;
use cleanslate::domain::policy::{Limits, Policies, Policy};
use cleanslate::domain::request::Event;
use cleanslate::store::rules::Rules;
use cleanslate::store::sqlite::Sqlite;
use cleanslate::store::{Commit, Store, StoreError};
use futures_util::FutureExt as _;

use self::suite::{
    advanced, after, denied, each_case, later, opened, planned, put, put_policy, verify, wait,
};
use super::support::memory::Memory;
use super::support::sample::{self, INSTANCE, caller, id, origin, policy, start};

const THREADS: usize = 32;
const APPENDS: usize = 1000;

/// A folder of its own, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("cleanslate-store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("store.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

macro_rules! contract {
    ($($case:ident),+ $(,)?) => {
        mod in_memory {
            $(#[test]
            fn $case() {
                super::suite::$case(&super::Memory::new(super::origin()));
            })+
        }

        mod in_sqlite {
            $(#[test]
            fn $case() {
                let folder = super::Folder::new();
                super::suite::$case(&super::Sqlite::open(&folder.file(), super::origin()).unwrap());
            })+
        }
    };
}

each_case!(contract);

/// Appends from many threads at once.
fn appends_of_many_threads_leave_no_gap(store: &dyn Store) {
    put_policy(store);
    thread::scope(|scope| {
        for user in 0..THREADS {
            scope.spawn(move || (0..APPENDS).for_each(|_| put(store, denied(user))));
        }
    });
    assert_eq!(usize::try_from(verify(store)).unwrap(), 1 + THREADS * APPENDS);
}

#[test]
fn appends_leave_no_gap_in_memory() {
    appends_of_many_threads_leave_no_gap(&Memory::new(origin()));
}

#[test]
fn appends_leave_no_gap_in_sqlite() {
    let folder = Folder::new();
    appends_of_many_threads_leave_no_gap(&Sqlite::open(&folder.file(), origin()).unwrap());
}

#[test]
fn a_flipped_byte_is_found() {
    let store = Memory::new(origin());
    put_policy(&store);
    opened(&store, "one", INSTANCE, start());
    let head: Head = wait(store.head()).unwrap();
    let stored = wait(store.entries(0, 9)).unwrap();
    for (at, length) in stored.iter().map(|(_, bytes)| bytes.len()).enumerate() {
        for byte in 0..length {
            let mut entries = stored.clone();
            entries[at].1[byte] ^= 1;
            let mut verifier = Verifier::new(&origin().log);
            let read = entries.iter().try_for_each(|(seq, bytes)| verifier.entry(*seq, bytes));
            let found = read.and_then(|()| verifier.finish(&head, 1).map(drop));
            assert!(found.is_err(), "byte {byte} of entry {at}");
        }
    }
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let folder = Folder::new();
    drop(Sqlite::open(&folder.file(), origin()).unwrap());
    let connection = rusqlite::Connection::open(folder.file()).unwrap();
    connection.pragma_update(None, "user_version", 2).unwrap();
    let refused = Sqlite::open(&folder.file(), origin()).err();
    assert!(matches!(refused, Some(StoreError::Newer { found: 2, known: 1 })), "{refused:?}");
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 2);
}

/// As two functions that start together do, or a server and a look at its log.
#[test]
fn many_open_a_new_file_at_once() {
    for _ in 0..20 {
        let folder = Folder::new();
        let file = folder.file();
        thread::scope(|scope| {
            let all: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Sqlite::open(&file, origin()).map(drop))).collect();
            for one in all {
                one.join().unwrap().unwrap();
            }
        });
    }
}

#[test]
fn two_processes_share_a_file() {
    let folder = Folder::new();
    let [one, other] = [(); 2].map(|()| Sqlite::open(&folder.file(), origin()).unwrap());
    put_policy(&one);
    let request = opened(&one, "one", INSTANCE, start());
    advanced(&other, &request, planned(&request), start());
    let late = Commit::advance(&request, after(&request, Event::Cancelled, start()), &policy().hash);
    assert!(matches!(wait(one.commit(late)), Err(StoreError::Conflict)));
    assert_eq!(verify(&one), 3);
}

/// A front with room for two asks a minute and three open requests.
fn narrow_front(store: Arc<dyn Store>) -> App {
    let limits = Limits { open_per_channel: 3, asks_per_minute: 2, max_disk_gb: 500 };
    let policy = Arc::new(Policy { limits, ..policy() });
    let policies: Policies = Arc::new(move |_| std::future::ready(Ok(Arc::clone(&policy))).boxed());
    let rules = Arc::new(Rules::new(Arc::clone(&store), policies));
    App { store, rules, bell: Arc::new(|| std::future::ready(()).boxed()) }
}

#[test]
fn who_asks_too_often_is_denied_and_what_was_opened_stands() {
    let store = Arc::new(Memory::new(origin()));
    let front = narrow_front(store.clone());
    let says = |number: u32, at| {
        let order = Order::Reset(Box::new(sample::ask(&format!("ins-0000000{number}"))));
        let id = id(&number.to_string());
        let inbound = Inbound::Order { caller: caller("UALICE"), id, order: Ok(order) };
        match wait(front.receive(inbound, at)) {
            Reply::Private(words) => plain(&words).join("\n"),
            other => panic!("{other:?}"),
        }
    };
    let open = |words: &str| words.contains("Nothing has been wiped");
    assert!(says(1, start()).contains("Checking ins-00000001"));
    assert!(says(2, start()).contains("Checking ins-00000002"));
    for _ in 0..2 {
        assert!(says(3, start()).contains("too many requests from you within a minute"));
    }
    let again = says(1, start());
    assert!(open(&again), "the same delivery again: {again}");
    assert!(says(3, later(60)).contains("Checking ins-00000003"));
    assert!(says(4, later(60)).contains("too many requests are open in this channel"));
    let again = says(1, later(60));
    assert!(open(&again), "the same delivery again: {again}");
    assert_eq!(verify(&*store), 6, "the policy, three requests, each denial once");
}
