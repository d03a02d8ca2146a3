use crate::{Error, testing::*};

// covers: RL-2
#[tokio::test]
async fn cookie_of_one_printer_shown_to_another() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let session = store.session(&ada, 1).await;
        let agent = store.agent_of(&ada, 1).await;
        let both = store.report(&agent, &[new_printer("one"), new_printer("two")]).await;
        store.create_origin_session(session.id, both[0].id, &digest(9), NOW).await.unwrap();

        let found = store.origin_session(&digest(9), both[0].id, NOW, IDLE).await.unwrap();
        assert_eq!(found, Some((session, ada)));
        assert!(store.origin_session(&digest(9), both[1].id, NOW, IDLE).await.unwrap().is_none());
        assert!(store.session_by_token(&digest(9), NOW, IDLE).await.unwrap().is_none());
    })
    .await;
}

// covers: RL-2, AC-3
#[tokio::test]
async fn cookie_of_a_printer_after_its_parent_session_ended() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let session = store.session(&ada, 1).await;
        let printer = store.one_printer(&store.agent_of(&ada, 1).await).await;
        store.create_origin_session(session.id, printer.id, &digest(9), NOW).await.unwrap();
        let alive = async |now| {
            store.origin_session(&digest(9), printer.id, now, IDLE).await.unwrap().is_some()
        };
        assert!(alive(NOW).await);
        assert!(!alive(session.last_seen.plus(IDLE)).await, "idle");

        store.end_session(ada.id, session.id).await.unwrap();
        assert!(!alive(NOW).await);
        let error =
            store.create_origin_session(session.id, printer.id, &digest(8), NOW).await.unwrap_err();
        assert!(matches!(error, Error::NotPossible(_)), "{error}");
    })
    .await;
}

#[tokio::test]
async fn printer_opened_a_hundred_times() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let session = store.session(&ada, 1).await;
        let printer = store.one_printer(&store.agent_of(&ada, 1).await).await;
        for n in 0..100 {
            let now = after(n.into());
            store.create_origin_session(session.id, printer.id, &digest(n), now).await.unwrap();
        }
        for n in 0..100 {
            let found = store.origin_session(&digest(n), printer.id, NOW, IDLE).await.unwrap();
            assert_eq!(found.is_some(), n >= 92, "{n}");
        }
    })
    .await;
}
