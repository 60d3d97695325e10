//! What is refused, and says why.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use cleanslate::domain::request::{Event, Fact};
use cleanslate::store::{Commit, Store as _, StoreError};
use tokio::task::block_in_place;

use crate::suite::{denied, put_policy, verify};
use crate::support::sample::start;
use crate::tables;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_a_newer_version_is_refused_and_left_alone() {
    let (aws, table) = (tables::aws().await, tables::create().await);
    let store = tables::open(&aws, &table);
    block_in_place(|| put_policy(&store));
    let text = |value: &str| AttributeValue::S(value.to_owned());
    Client::new(&aws)
        .update_item()
        .table_name(&table)
        .key("kind", text("head"))
        .key("id", text("head"))
        .update_expression("SET #schema = :newer")
        .expression_attribute_names("#schema", "schema")
        .expression_attribute_values(":newer", AttributeValue::N("2".to_owned()))
        .send()
        .await
        .unwrap();
    let again = tables::open(&aws, &table).head().await.err();
    assert!(matches!(again, Some(StoreError::Newer { found: 2, known: 1 })), "{again:?}");
    let running = store.commit(denied(1)).await;
    assert!(matches!(running, Err(StoreError::Newer { .. })), "{running:?}");
    assert_eq!(store.entries(0, 9).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_for_an_item_is_refused_with_words() {
    let store = tables::store().await;
    block_in_place(|| put_policy(&store));
    let event = Event::PolicyChanged { hash: "h".to_owned(), text: "x".repeat(400_000) };
    let refused = store.commit(Commit::note(Fact { at: start(), by: None, event }, "h")).await;
    let Err(StoreError::Broken(why)) = refused else { panic!("{refused:?}") };
    insta::assert_snapshot!(why, @"it would take 400211 bytes, and DynamoDB holds 390000 in one item; nothing was stored");
    assert_eq!(block_in_place(|| verify(&store)), 1);
}

#[tokio::test]
async fn a_table_that_is_not_there_is_named() {
    let head = tables::open(&tables::aws().await, "no-such-table").head().await;
    let Err(StoreError::Broken(why)) = head else { panic!("it was read: {head:?}") };
    assert!(why.to_string().contains("no-such-table"), "{why:#}");
}
