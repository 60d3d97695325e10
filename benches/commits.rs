//! Commits per second to one audit log in `DynamoDB`, by the number of processes that write at once, beside the limit:
//! what one writer alone gets. `AWS_ENDPOINT_URL_DYNAMODB` says where; the tables are the benchmark's own.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::allow_attributes,
    reason = "a benchmark measures time, prints it, and stops where it cannot go on"
)]

#[path = "../tests/it/store_contract/suite.rs"]
#[expect(dead_code, unused_macros, unused_imports, reason = "it serves the tests")]
mod suite;
#[path = "../tests/it/support/mod.rs"]
#[expect(dead_code, reason = "it serves the tests")]
mod support;
#[path = "../tests/aws/tables.rs"]
#[expect(dead_code, reason = "it serves the tests")]
mod tables;

use std::time::{Duration, Instant};

use cleanslate::store::Store as _;
use futures_util::future::join_all;
use tokio::task::block_in_place;

/// How long each number of writers writes.
const SPAN: Duration = Duration::from_secs(8);

/// A story's section of the configuration; none is told here.
fn store() -> std::future::Ready<String> {
    std::future::ready(String::new())
}

#[tokio::main]
async fn main() {
    let mut alone = 0.0;
    for writers in [1, 2, 4, 8, 16, 32, 64_usize] {
        let (commits, failed) = write(writers).await;
        let rate = f64::from(commits) / SPAN.as_secs_f64();
        if writers == 1 {
            alone = rate;
        }
        println!(
            "{writers:2} writers: {rate:5.0} commits/s, {:4.2} of one alone; {failed} gave up",
            rate / alone
        );
    }
}

/// Commits that were stored, and that were given up after twenty seconds.
async fn write(writers: usize) -> (u32, u32) {
    let table = tables::create().await;
    let aws = tables::aws().await;
    let stores: Vec<_> = (0..writers).map(|_| tables::open(&aws, &table)).collect();
    block_in_place(|| suite::put_policy(&stores[0]));
    let end = Instant::now() + SPAN;
    let counts = join_all(stores.iter().enumerate().map(async |(user, store)| {
        let (mut done, mut gone) = (0, 0);
        while Instant::now() < end {
            match store.commit(suite::denied(user)).await {
                Ok(()) => done += 1,
                Err(_) => gone += 1,
            }
        }
        (done, gone)
    }))
    .await;
    counts.into_iter().fold((0, 0), |(all, lost), (done, gone)| (all + done, lost + gone))
}
