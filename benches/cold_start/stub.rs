//! AWS, as far as the front calls it: Secrets Manager, `DynamoDB` and Lambda over HTTP. Of the store it keeps the log's
//! head, and each transaction is on the disk before it is acknowledged.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use super::emulator::Marks;

/// One call, so that it can be sent again.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) target: String,
    pub(crate) path: String,
    pub(crate) body: Bytes,
}

pub(crate) struct Stub {
    pub(crate) url: String,
    pub(crate) marks: Marks,
    pub(crate) calls: Arc<Mutex<Vec<Call>>>,
}

struct Kept {
    config: String,
    verify: String,
    marks: Marks,
    calls: Arc<Mutex<Vec<Call>>>,
    store: Mutex<(Map<String, Value>, File)>,
}

impl Stub {
    /// `config` and `verify` are the texts of the two secrets that it knows.
    pub(crate) async fn start(folder: &Path, config: String, verify: String) -> Self {
        let (marks, calls) = (Marks::default(), Arc::<Mutex<Vec<Call>>>::default());
        let disk = File::create(folder.join("transactions")).unwrap();
        let store = Mutex::new((Map::new(), disk));
        let kept = Kept { config, verify, marks: Arc::clone(&marks), calls: Arc::clone(&calls), store };
        let routes = Router::new().fallback(serve).with_state(Arc::new(kept));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, marks, calls }
    }
}

async fn serve(State(kept): State<Arc<Kept>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").map_or("", |target| target.to_str().unwrap());
    let operation = target.rsplit('.').next().unwrap();
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let name = if operation.is_empty() { "Invoke" } else { operation };
    kept.marks.lock().unwrap().push((Instant::now(), format!("is asked: {name}")));
    kept.calls.lock().unwrap().push(Call {
        target: target.to_owned(),
        path: uri.path().to_owned(),
        body: body.clone(),
    });
    let mut store = kept.store.lock().unwrap();
    let (head, disk) = &mut *store;
    let answer = match operation {
        "" => return StatusCode::ACCEPTED.into_response(),
        "GetSecretValue" => {
            let text = if asked["SecretId"] == "config" { &kept.config } else { &kept.verify };
            json!({ "Name": asked["SecretId"], "SecretString": text })
        }
        "GetItem" if asked["Key"]["kind"]["S"] == "head" && !head.is_empty() => json!({ "Item": head }),
        "GetItem" => json!({}),
        "BatchGetItem" => {
            let table = asked["RequestItems"].as_object().unwrap().keys().next().unwrap();
            let items: Vec<_> = (!head.is_empty()).then_some(&*head).into_iter().collect();
            json!({ "Responses": { table: items }, "UnprocessedKeys": {} })
        }
        "Query" => json!({ "Items": [], "Count": 0, "ScannedCount": 0 }),
        "TransactWriteItems" => {
            disk.write_all(&body).unwrap();
            disk.sync_data().unwrap();
            move_head(head, &asked);
            json!({})
        }
        other => panic!("the front calls {other}"),
    };
    ([("content-type", "application/x-amz-json-1.0")], answer.to_string()).into_response()
}

/// Every transaction sets all of the head's attributes.
fn move_head(head: &mut Map<String, Value>, transaction: &Value) {
    let updates = transaction["TransactItems"].as_array().unwrap().iter().map(|part| &part["Update"]);
    for update in updates.filter(|update| update["Key"]["kind"]["S"] == "head") {
        head.clone_from(update["Key"].as_object().unwrap());
        for (name, value) in update["ExpressionAttributeValues"].as_object().unwrap() {
            if !name.starts_with(":was_") {
                head.insert(name[1..].to_owned(), value.clone());
            }
        }
    }
}
