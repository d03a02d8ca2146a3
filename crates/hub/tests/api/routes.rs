//! The route table, walked.

use axum::body::Body;
use http::Method;
use serde_json::Value;

use crate::house::{ADA, House};

/// What anyone may call.
const OPEN: [(&str, &str); 6] = [
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/api/v1/hub"),
    ("get", "/api/v1/openapi.json"),
    ("post", "/api/v1/session"),
    ("post", "/api/v1/setup"),
];

fn routes() -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&hub::openapi_json()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(|method| (method.clone(), path.clone()))
    });
    operations.collect()
}

// covers: PM-3
#[tokio::test]
async fn nothing_but_the_way_in_answers_a_stranger() {
    let house = House::new().await;
    let browser = house.stranger();
    let mut open = Vec::new();
    for (method, path) in routes() {
        let request = browser.request(method.to_uppercase().parse().unwrap(), &path);
        let answer = browser.send(request.body(Body::empty()).unwrap()).await;
        match answer.status.as_u16() {
            401 => assert_eq!(answer.code(), "signed-out", "{method} {path}"),
            _ => open.push((method, path)),
        }
    }
    open.sort();
    let mut expected = OPEN.map(|(method, path)| (method.to_owned(), path.to_owned()));
    expected.sort();
    assert_eq!(open, expected);
}

// covers: PM-4
#[tokio::test]
async fn what_belongs_to_nobody_is_not_found() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    for (method, path) in routes().into_iter().filter(|(_, path)| path.contains("{id}")) {
        for id in ["018f0000-0000-7000-8000-000000000000", "ABCD", "..%2f", "%00"] {
            let path = path.replace("{id}", id);
            let method: Method = method.to_uppercase().parse().unwrap();
            let body = serde_json::json!({ "words": "one two three four" });
            let answer = browser.send(browser.with_json(method, &path, &body)).await;
            assert_eq!(answer.status, 404, "{path}");
        }
    }
}
