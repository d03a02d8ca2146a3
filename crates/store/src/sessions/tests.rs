use std::net::{IpAddr, Ipv6Addr};

use crate::{NewSession, testing::*};

const DAY: u64 = 24 * 3_600;

// covers: AC-3
#[tokio::test]
async fn a_session_is_found_by_its_token_alone() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let session = store.session(&ada, 1).await;
        let found = store.session_by_token(&digest(1), NOW, IDLE).await.unwrap();
        assert_eq!(found, Some((session, ada)));
        assert!(store.session_by_token(&digest(2), NOW, IDLE).await.unwrap().is_none());
    })
    .await;
}

// covers: AC-3
#[tokio::test]
async fn idle_session() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let session = store.session(&ada, 1).await;
        let alive =
            async |now| store.session_by_token(&digest(1), now, IDLE).await.unwrap().is_some();
        assert!(alive(after(7 * DAY - 1)).await);
        assert!(!alive(after(7 * DAY)).await);

        let there = IpAddr::V6(Ipv6Addr::LOCALHOST);
        store.touch_session(session.id, after(6 * DAY), there).await.unwrap();
        store.touch_session(session.id, after(5 * DAY), HERE).await.unwrap();
        assert!(alive(after(13 * DAY - 1)).await);
        assert!(!alive(after(13 * DAY)).await);
        let listed = store.sessions_of(ada.id, after(7 * DAY), IDLE).await.unwrap();
        assert_eq!((listed[0].last_seen, listed[0].address), (after(6 * DAY), there));
    })
    .await;
}

// covers: AC-3
#[tokio::test]
async fn session_kept_busy_past_its_absolute_end() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let session = store.session(&ada, 1).await;
        store.touch_session(session.id, after(30 * DAY - 1), HERE).await.unwrap();
        let alive =
            async |now| store.session_by_token(&digest(1), now, IDLE).await.unwrap().is_some();
        assert!(alive(after(30 * DAY - 1)).await);
        assert!(!alive(after(30 * DAY)).await);
        assert!(store.sessions_of(ada.id, after(30 * DAY), IDLE).await.unwrap().is_empty());
        assert_eq!(store.purge_expired_sessions(after(30 * DAY - 1), IDLE).await.unwrap(), 0);
        assert_eq!(store.purge_expired_sessions(after(30 * DAY), IDLE).await.unwrap(), 1);
    })
    .await;
}

// covers: AC-3
#[tokio::test]
async fn one_session_or_all_others_can_be_ended() {
    each_database(async |store: Fixture| {
        let (ada, eve) = (store.person("ada").await, store.person("eve").await);
        let first = store.session(&ada, 1).await;
        let second = store.session(&ada, 2).await;
        let third = store.session(&ada, 3).await;
        assert!(!store.end_session(eve.id, first.id).await.unwrap(), "somebody else's");
        assert!(store.end_session(ada.id, first.id).await.unwrap());
        assert_eq!(store.end_sessions(ada.id, Some(third.id)).await.unwrap(), [second.id]);
        assert_eq!(store.sessions_of(ada.id, NOW, IDLE).await.unwrap(), [third]);
    })
    .await;
}

#[tokio::test]
async fn device_name_of_a_megabyte_with_escape_codes() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let device = format!("\u{1b}[2J{}", "ü".repeat(1 << 20));
        let new = NewSession { device, ..new_session(&ada, 1) };
        store.create_session(&new, NOW).await.unwrap();
        let stored = store.sessions_of(ada.id, NOW, IDLE).await.unwrap().remove(0).device;
        assert_eq!(stored.chars().count(), NewSession::MAX_DEVICE);
        assert!(stored.starts_with("[2Jü"));
    })
    .await;
}

#[tokio::test]
async fn the_sessions_that_were_used_last_are_kept() {
    each_database(async |store| {
        let (ada, ben) = (store.person("ada").await, store.person("ben").await);
        let others = store.session(&ben, 9).await;
        let (first, second) = (store.session(&ada, 1).await, store.session(&ada, 2).await);
        let third = store.session(&ada, 3).await;
        store.touch_session(first.id, after(60), HERE).await.unwrap();
        store.touch_session(third.id, after(30), HERE).await.unwrap();
        assert_eq!(store.end_oldest_sessions(ada.id, 2).await.unwrap(), [second.id]);
        assert_eq!(store.end_oldest_sessions(ada.id, 2).await.unwrap(), []);
        let left = store.sessions_of(ben.id, NOW, IDLE).await.unwrap();
        assert_eq!(left, [others]);
    })
    .await;
}
