//! What AWS hands to a function, as its pages show it.

use cleanslate::sim::play::Delivery;
use data_encoding::BASE64;
use serde_json::{Map, Value, json};

/// Whose envelope an HTTP request comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    FunctionUrl,
    /// API Gateway's HTTP API with a stage of its own, payload 2.0.
    HttpApi,
    /// The same with payload 1.0.
    HttpApi1,
    /// API Gateway's REST API.
    RestApi,
    /// The same without the headers that have several values.
    RestApiPlain,
}

pub(crate) const SHAPES: [Shape; 5] =
    [Shape::FunctionUrl, Shape::HttpApi, Shape::HttpApi1, Shape::RestApi, Shape::RestApiPlain];

/// An HTTP request before it is in an envelope.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) base64: bool,
}

impl Call {
    pub(crate) fn of(delivery: &Delivery) -> Self {
        let headers = delivery.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Self {
            method: "POST",
            path: delivery.path.to_owned(),
            headers: headers.collect(),
            body: delivery.body.clone().into_bytes(),
            base64: false,
        }
    }

    pub(crate) fn post(path: &str, body: &str) -> Self {
        let (path, body) = (path.to_owned(), body.as_bytes().to_vec());
        Self { method: "POST", path, headers: Vec::new(), body, base64: false }
    }

    /// With its headers' names as people write them, `X-Slack-Signature`.
    pub(crate) fn capital(mut self) -> Self {
        for (name, _) in &mut self.headers {
            let words = name.split('-').map(|word| word[..1].to_ascii_uppercase() + &word[1..]);
            *name = words.collect::<Vec<_>>().join("-");
        }
        self
    }

    fn body(&self) -> Value {
        match (self.body.is_empty(), self.base64) {
            (true, _) => Value::Null,
            (_, true) => json!(BASE64.encode(&self.body)),
            (_, false) => json!(String::from_utf8(self.body.clone()).unwrap()),
        }
    }

    pub(crate) fn event(&self, shape: Shape) -> Value {
        match shape {
            Shape::FunctionUrl => self.second("$default", ""),
            Shape::HttpApi => self.second("prod", "/prod"),
            Shape::HttpApi1 => {
                let mut event = self.first(&format!("/prod{}", self.path));
                event["version"] = json!("1.0");
                event
            }
            Shape::RestApi => self.first(&self.path),
            Shape::RestApiPlain => {
                let mut event = self.first(&self.path);
                event["multiValueHeaders"] = Value::Null;
                event
            }
        }
    }

    /// <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>
    fn second(&self, stage: &str, before: &str) -> Value {
        let path = format!("{before}{}", self.path);
        let mut headers = Map::new();
        for (name, value) in &self.headers {
            let before = headers.get(name).and_then(Value::as_str).map(|before| format!("{before},{value}"));
            headers.insert(name.clone(), json!(before.unwrap_or_else(|| value.clone())));
        }
        headers.insert("x-forwarded-for".to_owned(), json!("198.51.100.7"));
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "a=1&a=2",
            "cookies": ["cookie1", "cookie2"], "headers": headers,
            "queryStringParameters": { "a": "1,2" },
            "requestContext": {
                "accountId": "123456789012", "apiId": "api", "authentication": null,
                "domainName": "api.lambda-url.us-west-2.on.aws", "domainPrefix": "api",
                "http": {
                    "method": self.method, "path": path, "protocol": "HTTP/1.1",
                    "sourceIp": "198.51.100.7", "userAgent": "agent",
                },
                "requestId": "id", "routeKey": "$default", "stage": stage,
                "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 1_583_348_638_390_u64,
            },
            "body": self.body(), "pathParameters": null, "isBase64Encoded": self.base64, "stageVariables": null,
        })
    }

    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>
    fn first(&self, path: &str) -> Value {
        let (mut headers, mut several) = (Map::new(), Map::<String, Value>::new());
        for (name, value) in &self.headers {
            headers.insert(name.clone(), json!(value));
            let values = several.entry(name.clone()).or_insert_with(|| json!([]));
            values.as_array_mut().unwrap().push(json!(value));
        }
        json!({
            "resource": "/{proxy+}", "path": path, "httpMethod": self.method,
            "headers": headers, "multiValueHeaders": several,
            "queryStringParameters": null, "multiValueQueryStringParameters": null,
            "pathParameters": { "proxy": self.path.trim_start_matches('/') }, "stageVariables": null,
            "requestContext": {
                "resourceId": "2gxmpl", "resourcePath": "/{proxy+}", "httpMethod": self.method,
                "path": format!("/prod{}", self.path), "accountId": "123456789012", "protocol": "HTTP/1.1",
                "stage": "prod", "requestTimeEpoch": 1_583_348_638_390_u64, "requestId": "id",
                "identity": { "cognitoIdentityPoolId": null, "sourceIp": "198.51.100.7", "userAgent": "agent" },
                "domainName": "70ixmpl4fl.execute-api.us-east-2.amazonaws.com", "apiId": "70ixmpl4fl",
            },
            "body": self.body(), "isBase64Encoded": self.base64,
        })
    }
}

/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html>
pub(crate) fn timer() -> Value {
    json!({
        "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
        "source": "aws.events", "account": "123456789012", "time": "2015-10-08T16:53:06Z", "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"], "detail": {},
    })
}

/// What the front sends to the worker.
pub(crate) fn wake_up() -> Value {
    json!({ "cleanslate": "wake-up" })
}
