use crate::rig::{PASSWORD, Rig, status};

// covers: GT-1, GT-5
#[tokio::test]
async fn outside_needs_the_password_and_inside_none() {
    let (outside, inside) = (Rig::outside().await, Rig::inside().await);
    let asked = outside.get("/").send().await.unwrap();
    assert_eq!(asked.status(), 401);
    assert_eq!(
        asked.headers()["www-authenticate"],
        "Basic realm=\"3D printer\", charset=\"UTF-8\""
    );
    assert_eq!(status(outside.get("/").basic_auth("ada", Some(PASSWORD))).await, 200);
    assert_eq!(status(outside.get("/").basic_auth("ada", Some("wrong"))).await, 401);
    assert_eq!(status(outside.get("/").basic_auth("bob", Some(PASSWORD))).await, 401);
    assert_eq!(status(inside.get("/")).await, 200);
    assert_eq!(status(inside.get("/").basic_auth("ada", Some("wrong"))).await, 200);
}

// covers: GT-1
#[tokio::test]
async fn the_printer_never_sees_the_gates_password() {
    for rig in [Rig::outside().await, Rig::inside().await] {
        let request = rig.get("/a?b=c").basic_auth("ada", Some(PASSWORD));
        let seen = request.send().await.unwrap().text().await.unwrap();
        assert!(seen.starts_with("GET /a?b=c\n") && !seen.contains("authorization"), "{seen}");
    }
    let passing = Rig::with(|settings| settings.pass_credentials = true).await;
    let request = passing.get("/").basic_auth("ada", Some(PASSWORD));
    assert!(request.send().await.unwrap().text().await.unwrap().contains("authorization: Basic"));
}

// covers: GT-5
#[tokio::test]
async fn guessing_is_limited_and_never_locks_out_the_inside() {
    let rig = Rig::outside().await;
    for _ in 0..5 {
        assert_eq!(status(rig.get("/").basic_auth("ada", Some("wrong"))).await, 401);
    }
    let refused = rig.get("/").basic_auth("ada", Some(PASSWORD)).send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    let mut inside = rig.settings.clone();
    inside.inside.push("127.0.0.1".to_owned());
    rig.gate.reload(inside.config().unwrap()).await.unwrap();
    assert_eq!(status(rig.get("/")).await, 200);
}

// covers: GT-5
#[tokio::test]
async fn a_page_full_of_requests_at_once_is_one_attempt() {
    let rig = Rig::outside().await;
    let all = (0..30).map(|_| status(rig.get("/").basic_auth("ada", Some(PASSWORD))));
    let answers = futures_util::future::join_all(all).await;
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
}

// covers: GT-5
#[tokio::test]
async fn uploads_and_apps_with_a_key_pass() {
    let rig = Rig::inside().await;
    let upload = || rig.post("/api/files/local").body(vec![0; 8 << 20]);
    assert_eq!(status(upload()).await, 403, "neither a page of its own nor an app");
    let seen = upload().header("x-api-key", "k").send().await.unwrap().text().await.unwrap();
    assert!(seen.ends_with("8388608 bytes\n"), "{seen}");
    assert_eq!(status(upload().header("origin", rig.origin())).await, 200);
}
