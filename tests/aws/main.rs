//! The store on `DynamoDB`: the contract, lost answers, many writers, and whole stories. `.ci/aws` starts stand-ins and
//! runs all of it on each.
#![allow(
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "a test that cannot go on should stop where it is"
)]

mod crowd;
mod deployed;
mod doubt;
mod limits;
mod proxy;
mod tables;

#[path = "../it/story.rs"]
mod story;
#[path = "../it/store_contract/suite.rs"]
mod suite;
#[path = "../it/support/mod.rs"]
#[expect(dead_code, reason = "it serves the other binary too")]
mod support;

use suite::each_case;

macro_rules! contract {
    ($($case:ident),+ $(,)?) => {
        mod contract {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let store = crate::tables::store().await;
                tokio::task::block_in_place(|| crate::suite::$case(&store));
            })+
        }
    };
}

each_case!(contract);

/// The section of the configuration that says where a story is kept: in tables of its own.
async fn store() -> String {
    format!("[store]\nkind = \"dynamodb\"\ntable = \"{}\"\n\n", tables::create().await)
}
