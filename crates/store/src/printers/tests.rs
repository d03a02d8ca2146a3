use printer::{Kind, Level};

use crate::{Error, GrantScope, ReportedPrinter, testing::*};

#[tokio::test]
async fn a_report_is_taken_in_and_a_removed_printer_comes_back_with_its_label() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let agent = store.agent_of(&ada, 1).await;
        let (one, two) = (new_printer("one"), new_printer("two"));
        let both = store.report(&agent, &[two.clone(), one.clone()]).await;
        assert_eq!(both.iter().map(|p| p.id).collect::<Vec<_>>(), [two.id, one.id]);
        assert_ne!(both[0].label, both[1].label);

        store.report(&agent, &[one]).await;
        assert_eq!(store.printers_of(agent.id).await.unwrap(), [both[1].clone()]);
        assert_eq!(store.printer(two.id).await.unwrap().unwrap().removed, Some(NOW));
        assert!(store.printer_by_label(&both[0].label).await.unwrap().is_none());

        let renamed =
            ReportedPrinter { name: "new name".parse().unwrap(), kind: Kind::Moonraker, ..two };
        let back = store.report(&agent, &[renamed]).await.remove(0);
        assert_eq!((back.label.as_str(), back.kind), (both[0].label.as_str(), Kind::Moonraker));
        assert_eq!(store.printer_by_label(&back.label).await.unwrap(), Some(back));
    })
    .await;
}

// covers: PM-2, RL-2
#[tokio::test]
async fn agent_reports_a_printer_of_another_agent() {
    each_database(async |store: Fixture| {
        let (ada, eve) = (store.person("ada").await, store.person("eve").await);
        let victim = store.one_printer(&store.agent_of(&ada, 1).await).await;
        let attacker = store.agent_of(&eve, 2).await;
        let own = store.one_printer(&attacker).await;

        let stolen = ReportedPrinter { id: victim.id, ..new_printer("stolen") };
        let report = [new_printer("decoy"), stolen];
        let error = store.report_printers(&attacker, &report, &label, NOW).await.unwrap_err();
        assert!(matches!(error, Error::PrinterOfAnotherAgent(id) if id == victim.id), "{error}");
        assert_eq!(store.printer(victim.id).await.unwrap(), Some(victim));
        assert_eq!(store.printers_of(attacker.id).await.unwrap(), [own], "nothing is written");
    })
    .await;
}

// covers: RL-2
#[tokio::test]
async fn label_of_a_removed_printer_is_given_to_another() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let agent = store.agent_of(&ada, 1).await;
        let old = store.one_printer(&agent).await;
        store.report(&agent, &[]).await;

        let new = [new_printer("new")];
        let same = || old.label.clone();
        let error = store.report_printers(&agent, &new, &same, NOW).await.unwrap_err();
        assert!(matches!(error, Error::NotPossible(_)), "{error}");
        assert!(store.printers_of(agent.id).await.unwrap().is_empty());

        let tries = std::sync::atomic::AtomicU32::new(0);
        let second = || match tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => old.label.clone(),
            _ => label(),
        };
        let made = store.report_printers(&agent, &new, &second, NOW).await.unwrap();
        assert_ne!(made[0].label, old.label);
    })
    .await;
}

#[tokio::test]
async fn unlinked_agent_reports_printers() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let agent = store.agent_of(&ada, 1).await;
        let printer = store.one_printer(&agent).await;
        store.revoke_agent(ada.id, agent.id, NOW).await.unwrap();
        let error = store.report_printers(&agent, &[], &label, NOW).await.unwrap_err();
        assert!(matches!(error, Error::NotPossible(_)), "{error}");
        assert!(store.printer_by_label(&printer.label).await.unwrap().is_none());
        assert!(store.printers_for(ada.id, NOW).await.unwrap().is_empty());
    })
    .await;
}

// covers: RL-2, PM-2
#[tokio::test]
async fn printer_whose_agent_was_linked_to_somebody_else() {
    each_database(async |store: Fixture| {
        let (ada, eve) = (store.person("ada").await, store.person("eve").await);
        let friend = store.person("friend").await;
        let first = store.agent_of(&ada, 1).await;
        let prusa = new_printer("prusa");
        let before = store.report(&first, std::slice::from_ref(&prusa)).await.remove(0);
        store.grant(&friend, GrantScope::Printer(before.id), Level::Print).await;

        store.revoke_agent(ada.id, first.id, NOW).await.unwrap();
        let again = store.agent_of(&ada, 1).await;
        let same = store.report(&again, std::slice::from_ref(&prusa)).await.remove(0);
        assert_eq!(same.label, before.label, "its owner keeps everything");
        assert_eq!(store.level_on(friend.id, same.id, NOW).await.unwrap(), Some(Level::Print));

        store.revoke_agent(ada.id, again.id, NOW).await.unwrap();
        let sold = store.agent_of(&eve, 1).await;
        let theirs = store.report(&sold, &[prusa]).await.remove(0);
        assert_ne!(theirs.label, before.label);
        assert_eq!(store.level_on(friend.id, theirs.id, NOW).await.unwrap(), None);
        assert_eq!(store.level_on(ada.id, theirs.id, NOW).await.unwrap(), None);
        assert_eq!(store.level_on(eve.id, theirs.id, NOW).await.unwrap(), Some(Level::Admin));
    })
    .await;
}

// covers: RL-6
#[tokio::test]
async fn agent_reports_new_printers_without_end() {
    each_database(async |store| {
        let ada = store.person("ada").await;
        let agent = store.agent_of(&ada, 1).await;
        let many = |count| (0..count).map(|_| new_printer("prusa")).collect::<Vec<_>>();
        let hour = 3_600;
        let mut last = Vec::new();
        for n in 0..4 {
            last = many(256);
            store.report_printers(&agent, &last, &label, after(n * hour)).await.unwrap();
            let again = store.report_printers(&agent, &many(1), &label, after(n * hour)).await;
            assert!(matches!(again, Err(Error::NotPossible(_))), "{again:?}");
        }
        let more = store.report_printers(&agent, &many(1), &label, after(9 * hour)).await;
        assert!(matches!(more, Err(Error::NotPossible(_))), "{more:?}");
        let same = store.report_printers(&agent, &last, &label, after(9 * hour)).await;
        assert_eq!(same.unwrap().len(), 256);
    })
    .await;
}
