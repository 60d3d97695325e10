//! Tables of their own for each test.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, LocalSecondaryIndex, Projection,
    ProjectionType, ScalarAttributeType,
};
use cleanslate::store::dynamo::tables::{Attribute, LOG, STATE, Table};
use cleanslate::store::dynamo::{Dynamo, WORKER};

use crate::support::sample::origin;

const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";

/// How the stand-in is reached; a real account is not for tests.
pub(crate) async fn aws() -> SdkConfig {
    endpoint();
    cleanslate::aws::config().await.unwrap()
}

#[expect(clippy::disallowed_methods, reason = "what `.ci/aws` started is known to nobody else")]
pub(crate) fn endpoint() -> String {
    let endpoint = std::env::var(ENDPOINT).ok().filter(|endpoint| endpoint.starts_with("http://127.0.0.1:"));
    endpoint.unwrap_or_else(|| {
        panic!("{ENDPOINT} names no stand-in on this machine: run .ci/aws, which starts them")
    })
}

/// Makes both tables; gives the name of the first.
pub(crate) async fn create() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let client = Client::new(&aws().await);
    for table in [STATE, LOG] {
        make(&client, &name, &table).await;
    }
    name
}

async fn make(client: &Client, name: &str, table: &Table) {
    let attributes =
        [table.partition, table.sort].into_iter().chain(table.indexes.iter().map(|index| index.1));
    let indexes: Vec<_> = table.indexes.iter().map(|index| local(table, *index)).collect();
    client
        .create_table()
        .table_name(format!("{name}{}", table.suffix))
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(keys(table.partition, table.sort)))
        .set_attribute_definitions(Some(attributes.map(definition).collect()))
        .set_local_secondary_indexes(Some(indexes).filter(|indexes| !indexes.is_empty()))
        .send()
        .await
        .unwrap();
}

fn keys(partition: Attribute, sort: Attribute) -> Vec<KeySchemaElement> {
    [(partition, KeyType::Hash), (sort, KeyType::Range)]
        .map(|((name, _), role)| {
            KeySchemaElement::builder().attribute_name(name).key_type(role).build().unwrap()
        })
        .into()
}

fn definition((name, kind): Attribute) -> AttributeDefinition {
    let kind = ScalarAttributeType::from(kind);
    AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
}

fn local(table: &Table, (name, sort): (&str, Attribute)) -> LocalSecondaryIndex {
    LocalSecondaryIndex::builder()
        .index_name(name)
        .set_key_schema(Some(keys(table.partition, sort)))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .unwrap()
}

/// A store on tables of its own.
pub(crate) async fn store() -> Dynamo {
    open(&aws().await, &create().await)
}

pub(crate) fn open(aws: &SdkConfig, table: &str) -> Dynamo {
    Dynamo::new(aws, table, origin(), WORKER).unwrap()
}
