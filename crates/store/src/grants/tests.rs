use printer::Level;

use crate::{Error, Grant, GrantScope, testing::*};

// covers: PM-2
#[tokio::test]
async fn no_grant_means_no_access() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let printer = store.one_printer(&store.agent_of(&ada, 1).await).await;
        let stranger = store.person("stranger").await;
        assert_eq!(store.level_on(stranger.id, printer.id, NOW).await.unwrap(), None);
        assert!(store.printers_for(stranger.id, NOW).await.unwrap().is_empty());
        assert_eq!(store.level_on(ada.id, printer.id, NOW).await.unwrap(), Some(Level::Admin));
        let unknown = new_printer("unknown").id;
        assert_eq!(store.level_on(ada.id, unknown, NOW).await.unwrap(), None);
    })
    .await;
}

// covers: PM-2
#[tokio::test]
async fn the_highest_live_grant_counts_until_it_ends_or_is_removed() {
    each_database(async |store: Fixture| {
        let (ada, bob) = (store.person("ada").await, store.person("bob").await);
        let agent = store.agent_of(&ada, 1).await;
        let printer = store.one_printer(&agent).await;
        let view = store.grant(&bob, GrantScope::AllOf(ada.id), Level::View).await;
        let controls = Grant {
            until: Some(after(60)),
            ..new_grant(&bob, GrantScope::Printer(printer.id), Level::Controls)
        };
        store.add_grant(&controls).await.unwrap();

        let level = async |now| store.level_on(bob.id, printer.id, now).await.unwrap();
        assert_eq!(level(after(59)).await, Some(Level::Controls));
        assert_eq!(level(after(60)).await, Some(Level::View));
        let listed = store.printers_for(bob.id, NOW).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(
            (&listed[0].0, listed[0].1.id, listed[0].2),
            (&printer, agent.id, Level::Controls)
        );

        assert_eq!(store.grants_of(bob.id).await.unwrap().len(), 2);
        assert_eq!(store.remove_grant(view.id).await.unwrap(), Some(view.clone()));
        assert_eq!(store.remove_grant(view.id).await.unwrap(), None);
        assert_eq!(level(after(60)).await, None);
        assert_eq!(store.grants().await.unwrap(), [controls]);
    })
    .await;
}

// covers: PM-2
#[tokio::test]
async fn grant_on_all_of_one_owner_used_on_printers_of_another() {
    each_database(async |store: Fixture| {
        let (ada, eve) = (store.person("ada").await, store.person("eve").await);
        let bob = store.person("bob").await;
        let of_ada = store.one_printer(&store.agent_of(&ada, 1).await).await;
        let of_eve = store.one_printer(&store.agent_of(&eve, 2).await).await;
        let nobodys = store.link_agent(&new_agent(None, 3), NOW).await.unwrap();
        let of_nobody = store.one_printer(&nobodys).await;
        store.grant(&bob, GrantScope::AllOf(ada.id), Level::Print).await;
        assert_eq!(store.level_on(bob.id, of_ada.id, NOW).await.unwrap(), Some(Level::Print));
        for printer in [&of_eve, &of_nobody] {
            assert_eq!(store.level_on(bob.id, printer.id, NOW).await.unwrap(), None);
        }
        let listed = store.printers_for(bob.id, NOW).await.unwrap();
        assert_eq!(listed.iter().map(|row| row.0.id).collect::<Vec<_>>(), [of_ada.id]);
    })
    .await;
}

// covers: PM-2
#[tokio::test]
async fn disabled_account_has_no_level() {
    each_database(async |store: Fixture| {
        let (ada, bob) = (store.person("ada").await, store.person("bob").await);
        let printer = store.one_printer(&store.agent_of(&ada, 1).await).await;
        store.grant(&bob, GrantScope::Printer(printer.id), Level::View).await;
        for account in [&ada, &bob] {
            store.set_disabled(account.id, true).await.unwrap();
            assert_eq!(store.level_on(account.id, printer.id, NOW).await.unwrap(), None);
            assert!(store.printers_for(account.id, NOW).await.unwrap().is_empty());
        }
        store.set_disabled(ada.id, false).await.unwrap();
        assert_eq!(store.level_on(ada.id, printer.id, NOW).await.unwrap(), Some(Level::Admin));
    })
    .await;
}

#[tokio::test]
async fn grant_on_a_printer_that_does_not_exist() {
    each_database(async |store: Fixture| {
        let bob = store.person("bob").await;
        let scope = GrantScope::Printer(new_printer("ghost").id);
        let error = store.add_grant(&new_grant(&bob, scope, Level::Admin)).await.unwrap_err();
        assert!(matches!(error, Error::NotPossible(_)), "{error}");
    })
    .await;
}
