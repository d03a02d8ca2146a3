use printer::Level;

use crate::{
    Account, Agent, ClaimResult, Error, GrantScope, LinkOffer, LinkState, ReportedPrinter,
    testing::*,
};

const OLD: u8 = 1;
const NEW: u8 = 2;

/// An offer to replace this agent, claimed by a machine with the new key.
async fn claimed(store: &Fixture, owner: &Account, replaces: Option<&Agent>) {
    let offer = LinkOffer {
        id: "ABCD".to_owned(),
        owner: owner.id,
        code: digest(1),
        expires: after(600),
        wrong_codes: 0,
        state: LinkState::Waiting,
        agent_key: None,
        agent_name: None,
        choices: None,
        replaces: replaces.map(|agent| agent.id),
    };
    store.put_link_offer(&offer, NOW).await.unwrap();
    let (name, code) = ("new-card".parse().unwrap(), digest(1));
    let claim = store.claim_link_offer("ABCD", &code, &[NEW; 44], &name, &[], NOW).await.unwrap();
    assert_eq!(claim, ClaimResult::Claimed);
}

async fn replaced(store: &Fixture, owner: &Account, agent: &Agent) -> Agent {
    claimed(store, owner, Some(agent)).await;
    let new = new_agent(None, NEW);
    store.approve_link_offer(owner.id, "ABCD", &new, after(5)).await.unwrap()
}

// covers: LK-3
#[tokio::test]
async fn a_replacement_keeps_printers_labels_and_grants() {
    each_database(async |store: Fixture| {
        let (ada, ben) = (store.person("ada").await, store.person("ben").await);
        let old = store.agent_of(&ada, OLD).await;
        let (copied, renewed) = (new_printer("copied"), new_printer("renewed"));
        let before = store.report(&old, &[copied.clone(), renewed.clone()]).await;
        for printer in &before {
            store.grant(&ben, GrantScope::Printer(printer.id), Level::View).await;
        }

        let new = replaced(&store, &ada, &old).await;
        assert_eq!((new.id, new.owner, &new.name), (old.id, Some(ada.id), &old.name));
        assert_eq!(new.key, [NEW; 44]);
        let added = ReportedPrinter { id: new_printer("x").id, ..renewed.clone() };
        let after_it = store.report(&new, &[added.clone(), copied]).await;
        assert_eq!((after_it[0].id, after_it[0].at_agent), (before[1].id, added.id));
        assert_eq!(after_it[0].label, before[1].label);
        assert_eq!(after_it[1], before[0]);
        let again = store.report(&new, std::slice::from_ref(&added)).await;
        assert_eq!(again[0], after_it[0], "its new id is remembered");
        for printer in &before {
            let level = store.level_on(ben.id, printer.id, NOW).await.unwrap();
            assert_eq!(level.is_some(), printer.id == before[1].id, "the other is not reported");
        }
    })
    .await;
}

// covers: LK-3, RL-6
#[tokio::test]
async fn old_key_after_replacement() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let old = store.agent_of(&ada, OLD).await;
        let printer = store.one_printer(&old).await;
        let before = store.revision().await.unwrap();
        let new = replaced(&store, &ada, &old).await;

        assert_ne!(store.revision().await.unwrap(), before, "other programs notice");
        assert!(store.agent_by_key(&[OLD; 44]).await.unwrap().is_none());
        assert!(store.is_former_key(&[OLD; 44]).await.unwrap());
        let kept = store.former_keys(new.id).await.unwrap();
        assert_eq!((kept[0].key.as_slice(), kept[0].ended), ([OLD; 44].as_slice(), after(5)));
        // A report that was under way when the agent was replaced.
        let late = store.report_printers(&old, &[], &label, NOW).await.unwrap_err();
        assert!(matches!(late, Error::NotPossible(_)), "{late}");
        assert_eq!(store.printer(printer.id).await.unwrap().unwrap().removed, None);
        assert!(!store.agent_seen(&old, "9", after(9)).await.unwrap(), "it speaks for the new one");
        // Linked again by a code of its own, the old machine is another agent.
        let other = store.agent_of(&ada, OLD).await;
        let claim = ReportedPrinter { id: printer.id, ..new_printer("prusa") };
        let stolen = store.report_printers(&other, &[claim], &label, NOW).await.unwrap_err();
        assert!(matches!(stolen, Error::PrinterOfAnotherAgent(_)), "{stolen}");
    })
    .await;
}

// covers: LK-3
#[tokio::test]
async fn replacement_by_another_account() {
    each_database(async |store: Fixture| {
        let (ada, eve) = (store.person("ada").await, store.person("eve").await);
        let old = store.agent_of(&ada, OLD).await;
        claimed(&store, &eve, Some(&old)).await;
        let new = new_agent(None, NEW);
        let error = store.approve_link_offer(eve.id, "ABCD", &new, NOW).await.unwrap_err();
        assert!(matches!(error, Error::NotPossible(_)), "{error}");
        assert_eq!(store.agent(old.id).await.unwrap(), Some(old));
        assert!(!store.is_former_key(&[OLD; 44]).await.unwrap());
    })
    .await;
}

// covers: LK-3
#[tokio::test]
async fn replacement_takes_names_of_other_agents_printers() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let (old, neighbour) = (store.agent_of(&ada, OLD).await, store.agent_of(&ada, 3).await);
        let theirs = store.report(&neighbour, &[new_printer("mk4")]).await.remove(0);
        store.report(&old, &[new_printer("mini")]).await;
        let new = replaced(&store, &ada, &old).await;
        let made = store.report(&new, &[new_printer("mk4")]).await.remove(0);
        assert_ne!(made.id, theirs.id);
        assert_eq!(store.printer(theirs.id).await.unwrap(), Some(theirs));
    })
    .await;
}

// covers: LK-3
#[tokio::test]
async fn names_find_printers_only_after_a_replacement_and_only_when_they_are_clear() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let agent = store.agent_of(&ada, OLD).await;
        let first = store.one_printer(&agent).await;
        store.report(&agent, &[]).await;
        let second = store.one_printer(&agent).await;
        assert_ne!(first.id, second.id, "nobody replaced anything");

        let new = replaced(&store, &ada, &agent).await;
        let twins = [new_printer("prusa"), new_printer("prusa")];
        let made = store.report(&new, &twins).await;
        assert!(made.iter().all(|printer| printer.id == printer.at_agent), "which is which?");
        let late = [new_printer("prusa")];
        let month = after(5 + 31 * 24 * 3_600);
        let made = store.report_printers(&new, &late, &label, month).await.unwrap();
        assert_eq!(made[0].id, late[0].id, "too late");
    })
    .await;
}

// covers: LK-3
#[tokio::test]
async fn an_unlinked_agent_is_replaced_and_a_taken_key_is_refused() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let old = store.agent_of(&ada, OLD).await;
        assert!(store.unlinked_agents_of(ada.id).await.unwrap().is_empty());
        store.one_printer(&old).await;
        store.revoke_agent(ada.id, old.id, NOW).await.unwrap();
        let unlinked = store.unlinked_agents_of(ada.id).await.unwrap();
        assert_eq!(unlinked[0].id, old.id);

        let other = store.agent_of(&ada, NEW).await;
        claimed(&store, &ada, Some(&old)).await;
        let new = new_agent(None, NEW);
        let taken = store.approve_link_offer(ada.id, "ABCD", &new, NOW).await.unwrap_err();
        assert!(matches!(taken, Error::KeyTaken), "{taken}");
        store.revoke_agent(ada.id, other.id, NOW).await.unwrap();
        let agent = store.approve_link_offer(ada.id, "ABCD", &new, NOW).await.unwrap();
        assert_eq!((agent.id, agent.revoked), (old.id, None));
        assert!(store.unlinked_agents_of(ada.id).await.unwrap().is_empty());
    })
    .await;
}
