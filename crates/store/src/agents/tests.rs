use futures_util::future::join_all;

use crate::{Error, testing::*};

// covers: LK-1
#[tokio::test]
async fn a_linked_agent_is_found_by_its_key() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let agent = store.agent_of(&ada, 1).await;
        assert_eq!(store.agent_by_key(&[1; 44]).await.unwrap().as_ref(), Some(&agent));
        assert!(store.agent_by_key(&[2; 44]).await.unwrap().is_none());
        assert!(store.agent_seen(&agent, &"9".repeat(1 << 20), after(5)).await.unwrap());
        let seen = store.agent(agent.id).await.unwrap().unwrap();
        assert_eq!((seen.last_seen, seen.version), (Some(after(5)), Some("9".repeat(64))));
    })
    .await;
}

#[tokio::test]
async fn key_that_is_linked_twice_at_once() {
    each_database(async |store: Fixture| {
        let (ada, eve) = (store.person("ada").await, store.person("eve").await);
        let agents: Vec<_> =
            (0..10).map(|n| new_agent(Some(if n % 2 == 0 { &ada } else { &eve }), 1)).collect();
        let outcomes = join_all(agents.iter().map(|agent| store.link_agent(agent, NOW))).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let mut refused = outcomes.into_iter().filter_map(Result::err);
        assert!(refused.all(|error| matches!(error, Error::KeyTaken)));
    })
    .await;
}

#[tokio::test]
async fn an_unlinked_key_stays_known_and_can_be_linked_again() {
    each_database(async |store: Fixture| {
        let (ada, eve) = (store.person("ada").await, store.person("eve").await);
        let first = store.agent_of(&ada, 1).await;
        assert!(!store.revoke_agent(eve.id, first.id, NOW).await.unwrap(), "somebody else's");
        assert!(store.revoke_agent(ada.id, first.id, after(1)).await.unwrap());
        assert!(!store.revoke_agent(ada.id, first.id, after(2)).await.unwrap());
        assert!(!store.agent_seen(&first, "1", after(3)).await.unwrap());
        assert!(store.agents_of(ada.id).await.unwrap().is_empty());
        let known = store.agent_by_key(&[1; 44]).await.unwrap().unwrap();
        assert_eq!((known.id, known.revoked), (first.id, Some(after(1))));

        let second = store.link_agent(&new_agent(Some(&eve), 1), NOW).await.unwrap();
        assert_eq!(store.agent_by_key(&[1; 44]).await.unwrap().unwrap().id, second.id);
    })
    .await;
}

// covers: RL-7
#[tokio::test]
async fn one_account_links_agents_without_end() {
    each_database(async |store| {
        let (ada, ben) = (store.person("ada").await, store.person("ben").await);
        let mut agents = Vec::new();
        for key in 0..32 {
            agents.push(store.agent_of(&ada, key).await);
        }
        let more = new_agent(Some(&ada), 32);
        let refused = store.link_agent(&more, NOW).await;
        assert!(matches!(refused, Err(Error::NotPossible(_))), "{refused:?}");
        store.agent_of(&ben, 33).await;
        store.revoke_agent(ada.id, agents[0].id, NOW).await.unwrap();
        store.link_agent(&more, NOW).await.unwrap();
    })
    .await;
}
