use futures_util::future::join_all;

use crate::{Error, testing::*};

// covers: AC-12
#[tokio::test]
async fn the_first_account_administers_the_hub_and_owns_the_waiting_agents() {
    each_database(async |store: Fixture| {
        let waiting = store.link_agent(&new_agent(None, 1), NOW).await.unwrap();
        store.put_setup_token(&digest(1), after(1_800)).await.unwrap();
        let ada = store.create_first_account(&new_account("ada"), &digest(1), NOW).await.unwrap();
        assert!(ada.administrator);
        assert_eq!(store.agents_of(ada.id).await.unwrap()[0].id, waiting.id);
    })
    .await;
}

// covers: AC-12
#[tokio::test]
async fn setup_token_that_is_wrong_replaced_or_expired() {
    each_database(async |store: Fixture| {
        let ada = new_account("ada");
        store.put_setup_token(&digest(1), after(1_800)).await.unwrap();
        store.put_setup_token(&digest(2), after(1_800)).await.unwrap();
        for (token, now) in [(1, NOW), (3, NOW), (2, after(1_800))] {
            let error = store.create_first_account(&ada, &digest(token), now).await.unwrap_err();
            assert!(matches!(error, Error::SetupTokenInvalid), "{token}: {error}");
        }
        assert!(!store.has_accounts().await.unwrap());
        store.create_first_account(&ada, &digest(2), after(1_799)).await.unwrap();
    })
    .await;
}

// covers: AC-12
#[tokio::test]
async fn twenty_people_open_the_setup_link_at_once() {
    each_database(async |store: Fixture| {
        store.put_setup_token(&digest(1), after(1_800)).await.unwrap();
        let people: Vec<_> = (0..20).map(|n| new_account(&format!("person{n}"))).collect();
        let token = digest(1);
        let attempts = people.iter().map(|person| store.create_first_account(person, &token, NOW));
        let outcomes = join_all(attempts).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
        assert!(refused.clone().all(|error| matches!(error, Error::SetupClosed)));
        assert_eq!(store.accounts().await.unwrap().len(), 1);
    })
    .await;
}

// covers: AC-12
#[tokio::test]
async fn setup_link_after_setup() {
    each_database(async |store: Fixture| {
        store.put_setup_token(&digest(1), after(1_800)).await.unwrap();
        store.person("ada").await;
        let again = store.put_setup_token(&digest(2), after(1_800)).await.unwrap_err();
        assert!(matches!(again, Error::SetupClosed), "{again}");
        for token in [1, 2] {
            let eve = new_account("eve");
            let error = store.create_first_account(&eve, &digest(token), NOW).await.unwrap_err();
            assert!(matches!(error, Error::SetupClosed), "{error}");
        }
    })
    .await;
}
