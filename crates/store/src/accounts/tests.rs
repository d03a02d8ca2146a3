use crate::{Error, testing::*};

#[tokio::test]
async fn an_account_is_found_by_id_and_by_address() {
    each_database(async |store: Fixture| {
        assert!(!store.has_accounts().await.unwrap());
        let ada = store.person("ada").await;
        let bob = store.person("bob").await;
        assert!(store.has_accounts().await.unwrap());
        assert_eq!(store.account(ada.id).await.unwrap().as_ref(), Some(&ada));
        let (found, password) = store.account_by_email(&bob.email).await.unwrap().unwrap();
        assert_eq!((&found, password), (&bob, hash(1)));
        assert_eq!(store.accounts().await.unwrap().len(), 2);

        let nobody = "nobody@example.org".parse().unwrap();
        assert!(store.account_by_email(&nobody).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn second_account_with_the_same_address() {
    each_database(async |store: Fixture| {
        store.person("ada").await;
        let error = store.create_account(&new_account("ADA"), NOW).await.unwrap_err();
        assert!(matches!(error, Error::EmailTaken), "{error}");
        assert_eq!(store.accounts().await.unwrap().len(), 1);
    })
    .await;
}

// covers: AC-2
#[tokio::test]
async fn a_changed_password_ends_every_session_but_this_one() {
    each_database(async |store: Fixture| {
        let (ada, bob) = (store.person("ada").await, store.person("bob").await);
        let (here, thief) = (store.session(&ada, 1).await, store.session(&ada, 2).await);
        store.session(&bob, 3).await;
        let ended = store.set_password(ada.id, &hash(2), Some(here.id)).await.unwrap();
        assert_eq!(ended, [thief.id]);
        assert_eq!(store.password_of(ada.id).await.unwrap(), Some(hash(2)));
        assert!(store.session_by_token(&digest(1), NOW, IDLE).await.unwrap().is_some());
        assert!(store.session_by_token(&digest(2), NOW, IDLE).await.unwrap().is_none());
        assert!(store.session_by_token(&digest(3), NOW, IDLE).await.unwrap().is_some());
    })
    .await;
}

// covers: AC-2
#[tokio::test]
async fn upgrading_a_hash_never_brings_an_old_password_back() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        assert!(store.upgrade_password_hash(ada.id, &hash(1), &hash(2)).await.unwrap());
        store.set_password(ada.id, &hash(3), None).await.unwrap();
        assert!(!store.upgrade_password_hash(ada.id, &hash(2), &hash(4)).await.unwrap());
        assert_eq!(store.password_of(ada.id).await.unwrap(), Some(hash(3)));
    })
    .await;
}

// covers: AC-3
#[tokio::test]
async fn disabled_account_has_no_session() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let session = store.session(&ada, 1).await;
        assert_eq!(store.set_disabled(ada.id, true).await.unwrap(), [session.id]);
        // One that was made in the same moment, after the others had been ended.
        store.session(&ada, 2).await;
        for token in [1, 2] {
            let found = store.session_by_token(&digest(token), NOW, IDLE).await.unwrap();
            assert!(found.is_none(), "{token}");
        }
        assert!(store.sessions_of(ada.id, NOW, IDLE).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn two_processes_write_at_once() {
    each_database(async |store: Fixture| {
        let other = crate::Store::open(&store.url).await.unwrap();
        let accounts: Vec<_> = (0..40).map(|n| new_account(&format!("person{n}"))).collect();
        let writes = accounts.iter().enumerate().map(|(n, account)| {
            let through = if n % 2 == 0 { &*store } else { &other };
            through.create_account(account, NOW)
        });
        for outcome in futures_util::future::join_all(writes).await {
            outcome.unwrap();
        }
        assert_eq!(other.accounts().await.unwrap().len(), 40);
        other.close().await;
    })
    .await;
}
