use futures_util::future::join_all;
use printer::Timestamp;

use crate::{
    Account, ClaimResult, Error, LinkOffer, LinkState, MAX_WRONG_CODES, Store, testing::*,
};

const RIGHT: u8 = 1;
const WRONG: u8 = 2;

fn offer(owner: &Account) -> LinkOffer {
    LinkOffer {
        id: "ABCD".to_owned(),
        owner: owner.id,
        code: digest(RIGHT),
        expires: after(600),
        wrong_codes: 0,
        state: LinkState::Waiting,
        agent_key: None,
        agent_name: None,
        choices: None,
        replaces: None,
    }
}

fn choices() -> Vec<String> {
    ["one two three four", "five six seven eight", "nine ten zoo abandon"]
        .map(str::to_owned)
        .to_vec()
}

async fn claim(store: &Store, code: u8, key: u8, now: Timestamp) -> ClaimResult {
    let name = "octopi".parse().unwrap();
    store.claim_link_offer("ABCD", &digest(code), &[key; 44], &name, &choices(), now).await.unwrap()
}

// covers: LK-1
#[tokio::test]
async fn an_offer_is_claimed_approved_and_used_up() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        store.put_link_offer(&offer(&ada), NOW).await.unwrap();
        assert_eq!(store.link_offer("ABCD").await.unwrap(), Some(offer(&ada)));
        assert_eq!(claim(&store, RIGHT, 7, NOW).await, ClaimResult::Claimed);
        assert_eq!(claim(&store, RIGHT, 7, NOW).await, ClaimResult::AlreadyYours);

        let claimed = store.link_offer("ABCD").await.unwrap().unwrap();
        assert_eq!(claimed.state, LinkState::Claimed);
        assert_eq!((claimed.agent_key, claimed.choices), (Some(vec![7; 44]), Some(choices())));

        let new = new_agent(None, 7);
        let agent = store.approve_link_offer(ada.id, "ABCD", &new, NOW).await.unwrap();
        assert_eq!((agent.owner, agent.key), (Some(ada.id), vec![7; 44]));
        assert_eq!(claim(&store, RIGHT, 7, NOW).await, ClaimResult::AlreadyYours);
        assert_eq!(claim(&store, RIGHT, 8, NOW).await, ClaimResult::Gone);
        let again = store.approve_link_offer(ada.id, "ABCD", &new, NOW).await.unwrap_err();
        assert!(matches!(again, Error::NotPossible(_)), "{again}");
    })
    .await;
}

// covers: LK-1
#[tokio::test]
async fn one_code_claimed_by_twenty_agents_at_once() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        store.put_link_offer(&offer(&ada), NOW).await.unwrap();
        let results = join_all((0..20).map(|key| claim(&store, RIGHT, key, NOW))).await;
        let claimed = results.iter().filter(|result| **result == ClaimResult::Claimed).count();
        let gone = results.iter().filter(|result| **result == ClaimResult::Gone).count();
        assert_eq!((claimed, gone), (1, 19));
    })
    .await;
}

// covers: LK-1
#[tokio::test]
async fn right_code_after_five_wrong_ones() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        store.put_link_offer(&offer(&ada), NOW).await.unwrap();
        for _ in 0..MAX_WRONG_CODES {
            assert_eq!(claim(&store, WRONG, 7, NOW).await, ClaimResult::Wrong);
        }
        assert_eq!(claim(&store, RIGHT, 7, NOW).await, ClaimResult::Gone);
        let ended = store.link_offer("ABCD").await.unwrap().unwrap();
        assert_eq!((ended.state, ended.wrong_codes), (LinkState::Ended, 5));
    })
    .await;
}

// covers: LK-1
#[tokio::test]
async fn hundred_guesses_at_once() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        store.put_link_offer(&offer(&ada), NOW).await.unwrap();
        let results = join_all((0..100).map(|_| claim(&store, WRONG, 7, NOW))).await;
        let judged = results.iter().filter(|result| **result == ClaimResult::Wrong).count();
        assert_eq!(judged, 5, "no guess beyond the fifth is judged");
        assert_eq!(claim(&store, RIGHT, 7, NOW).await, ClaimResult::Gone);
    })
    .await;
}

// covers: LK-1
#[tokio::test]
async fn code_after_ten_minutes() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        store.put_link_offer(&offer(&ada), NOW).await.unwrap();
        assert_eq!(claim(&store, RIGHT, 7, after(600)).await, ClaimResult::Gone);
        assert_eq!(claim(&store, RIGHT, 7, after(599)).await, ClaimResult::Claimed);
        let new = new_agent(None, 7);
        let late = store.approve_link_offer(ada.id, "ABCD", &new, after(600)).await.unwrap_err();
        assert!(matches!(late, Error::NotPossible(_)), "{late}");
        assert!(store.agent_by_key(&[7; 44]).await.unwrap().is_none());
    })
    .await;
}

// covers: LK-1
#[tokio::test]
async fn stranger_approves_or_another_agent_is_slipped_in() {
    each_database(async |store: Fixture| {
        let (ada, eve) = (store.person("ada").await, store.person("eve").await);
        store.put_link_offer(&offer(&ada), NOW).await.unwrap();
        assert_eq!(claim(&store, RIGHT, 7, NOW).await, ClaimResult::Claimed);
        for (owner, key) in [(&eve, 7), (&ada, 8)] {
            let agent = new_agent(Some(&eve), key);
            let error = store.approve_link_offer(owner.id, "ABCD", &agent, NOW).await.unwrap_err();
            assert!(matches!(error, Error::NotPossible(_)), "{error}");
        }
        assert!(!store.decline_link_offer(eve.id, "ABCD").await.unwrap());
        assert!(store.decline_link_offer(ada.id, "ABCD").await.unwrap());
        assert_eq!(claim(&store, RIGHT, 7, NOW).await, ClaimResult::Gone);
    })
    .await;
}

#[tokio::test]
async fn an_approval_that_fails_leaves_the_offer_as_it_was() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        store.put_link_offer(&offer(&ada), NOW).await.unwrap();
        assert_eq!(claim(&store, RIGHT, 7, NOW).await, ClaimResult::Claimed);
        store.agent_of(&ada, 7).await;
        let new = new_agent(None, 7);
        let error = store.approve_link_offer(ada.id, "ABCD", &new, NOW).await.unwrap_err();
        assert!(matches!(error, Error::KeyTaken), "{error}");
        let offer = store.link_offer("ABCD").await.unwrap().unwrap();
        assert_eq!(offer.state, LinkState::Claimed);
    })
    .await;
}

#[tokio::test]
async fn an_id_is_free_again_when_its_offer_has_expired() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        store.put_link_offer(&offer(&ada), NOW).await.unwrap();
        let error = store.put_link_offer(&offer(&ada), NOW).await.unwrap_err();
        assert!(matches!(error, Error::NotPossible(_)), "{error}");
        let next = LinkOffer { expires: after(1_200), ..offer(&ada) };
        store.put_link_offer(&next, after(600)).await.unwrap();
        assert_eq!(store.purge_link_offers(after(1_200 + 3_599)).await.unwrap(), 0);
        assert_eq!(store.purge_link_offers(after(1_200 + 3_600)).await.unwrap(), 1);
    })
    .await;
}

// covers: LK-1
#[tokio::test]
async fn one_account_makes_offers_without_end() {
    each_database(async |store: Fixture| {
        let (ada, ben) = (store.person("ada").await, store.person("ben").await);
        let named = |owner: &Account, n: u64| {
            let (id, expires) = (format!("{n:04}"), after(600 + n));
            LinkOffer { id, expires, ..offer(owner) }
        };
        store.put_link_offer(&named(&ben, 0), NOW).await.unwrap();
        let mut ended = Vec::new();
        for n in 1..=30 {
            ended.extend(store.put_link_offer(&named(&ada, n), NOW).await.unwrap());
        }
        assert_eq!(ended, (1..=25).map(|n| format!("{n:04}")).collect::<Vec<_>>());
        let mut states = Vec::new();
        for n in 0..=30 {
            let offer = store.link_offer(&format!("{n:04}")).await.unwrap();
            states.push(offer.map(|offer| offer.state));
        }
        assert_eq!(states[0], Some(LinkState::Waiting), "others lose nothing");
        assert!(states[1..=10].iter().all(Option::is_none));
        assert!(states[11..=25].iter().all(|state| *state == Some(LinkState::Ended)));
        assert!(states[26..].iter().all(|state| *state == Some(LinkState::Waiting)));
    })
    .await;
}
