//! Lost requests and lost answers: nothing is stored twice, and what is said of it is true.

use std::time::Duration;

use cleanslate::domain::request::Event;
use cleanslate::store::dynamo::{Dynamo, WORKER};
use cleanslate::store::{Commit, Store as _, StoreError};
use tokio::task::block_in_place;

use crate::proxy::{Fate, Losses, losing};
use crate::suite::{after, denied, later, opened, put_policy, verify};
use crate::support::sample::{INSTANCE, origin, policy, start};
use crate::tables;

/// A store on a sound road, and the same tables on a road with these fates.
async fn two_roads(fates: &[Fate], patience: Duration) -> (Dynamo, Dynamo, Losses) {
    let table = tables::create().await;
    let direct = tables::open(&tables::aws().await, &table);
    block_in_place(|| put_policy(&direct));
    let (road, losses) = losing(fates).await;
    let losing = Dynamo::new(&road, &table, origin(), patience).unwrap();
    (direct, losing, losses)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_lost_on_the_way_is_stored_once() {
    for fates in [
        &[Fate::AnswerLost][..],
        &[Fate::RequestLost],
        &[Fate::RequestLost, Fate::RequestLost, Fate::AnswerLost],
    ] {
        let (direct, losing, losses) = two_roads(fates, WORKER).await;
        drop(losses);
        losing.commit(denied(1)).await.unwrap();
        let request = block_in_place(|| opened(&losing, "one", INSTANCE, start()));
        assert_eq!(direct.load(&request.id).await.unwrap().unwrap().request, request);
        assert_eq!(block_in_place(|| verify(&direct)), 3, "{fates:?}");
    }
}

/// Another process writes while the answer is on its way; then the answer is lost.
async fn overtaken(fate: Fate) -> (Result<(), StoreError>, u64) {
    let (direct, losing, mut losses) = two_roads(&[fate], WORKER).await;
    let request = block_in_place(|| opened(&direct, "one", INSTANCE, start()));
    let over =
        |second| Commit::advance(&request, after(&request, Event::Cancelled, later(second)), &policy().hash);
    let meanwhile = async {
        let broken = losses.recv().await.unwrap();
        let other = direct.commit(over(2)).await;
        assert_eq!(other.is_ok(), fate == Fate::RequestLost, "{other:?}");
        direct.commit(denied(1)).await.unwrap();
        broken.send(()).unwrap();
    };
    let (outcome, ()) = tokio::join!(losing.commit(over(1)), meanwhile);
    (outcome, block_in_place(|| verify(&direct)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_fact_it_was_is_found_out() {
    let (outcome, entries) = overtaken(Fate::AnswerLost).await;
    assert!(outcome.is_ok(), "it was stored: {outcome:?}");
    assert_eq!(entries, 4);
    let (outcome, entries) = overtaken(Fate::RequestLost).await;
    assert!(matches!(outcome, Err(StoreError::Conflict)), "somebody else was first: {outcome:?}");
    assert_eq!(entries, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_found_out_is_not_claimed() {
    let (direct, losing, losses) = two_roads(&[Fate::RequestLost; 99], Duration::from_millis(300)).await;
    drop(losses);
    let outcome = losing.commit(denied(1)).await;
    assert!(matches!(outcome, Err(StoreError::Unclear(_))), "{outcome:?}");
    assert_eq!(block_in_place(|| verify(&direct)), 1);
}
