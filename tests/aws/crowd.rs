//! Many processes write at once.

use cleanslate::domain::request::Event;
use cleanslate::store::dynamo::Dynamo;
use cleanslate::store::{Commit, Store as _, StoreError};
use futures_util::future::join_all;
use tokio::task::block_in_place;

use crate::suite::{after, denied, later, opened, put_policy, verify};
use crate::support::sample::{INSTANCE, policy, start};
use crate::tables;

const WRITERS: usize = 8;
const APPENDS: usize = 50;

/// Each is a process of its own, as far as the store can tell.
async fn processes(table: &str) -> Vec<Dynamo> {
    join_all((0..WRITERS).map(async |_| tables::open(&tables::aws().await, table))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_of_many_processes_leave_no_gap() {
    let stores = processes(&tables::create().await).await;
    block_in_place(|| put_policy(&stores[0]));
    let appends = stores.iter().enumerate().map(async |(user, store)| {
        for _ in 0..APPENDS {
            store.commit(denied(user)).await.unwrap();
        }
    });
    join_all(appends).await;
    let entries = block_in_place(|| verify(&stores[0]));
    assert_eq!(usize::try_from(entries).unwrap(), 1 + WRITERS * APPENDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_deciders_one_wins() {
    let stores = processes(&tables::create().await).await;
    let request = block_in_place(|| {
        put_policy(&stores[0]);
        opened(&stores[0], "one", INSTANCE, start())
    });
    let decided = stores.iter().zip(1..).map(async |(store, second)| {
        let over = after(&request, Event::Cancelled, later(second));
        store.commit(Commit::advance(&request, over, &policy().hash)).await
    });
    let outcomes = join_all(decided).await;
    let won: Vec<_> = outcomes.iter().zip(1..).filter(|(outcome, _)| outcome.is_ok()).collect();
    let lost = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::Conflict))).count();
    assert_eq!((won.len(), lost), (1, WRITERS - 1), "{outcomes:?}");
    let row = stores[0].load(&request.id).await.unwrap().unwrap();
    assert_eq!(row.request.last().at, later(won[0].1), "the winner's fact is stored");
    assert_eq!(block_in_place(|| verify(&stores[0])), 3);
}
