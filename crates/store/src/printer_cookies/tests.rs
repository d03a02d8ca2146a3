use super::*;
use crate::testing::*;

fn cookie(name: &str, path: &str, hidden: bool) -> PrinterCookie {
    PrinterCookie { name: name.to_owned(), path: path.to_owned(), hidden }
}

// covers: RL-5
#[tokio::test]
async fn cookies_of_another_printer_or_session_are_unknown() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let (first, second) = (store.session(&ada, 1).await.id, store.session(&ada, 2).await.id);
        let agent = store.agent_of(&ada, 1).await;
        let both = store.report(&agent, &[new_printer("one"), new_printer("two")]).await;
        let set = [cookie("session_P3443", "/", true), cookie("csrf|x", "/a", false)];
        let known = store.change_printer_cookies(first, both[0].id, &[], &set).await.unwrap();
        assert_eq!(known, set);

        let mut found = store.printer_cookies(first, both[0].id).await.unwrap();
        found.sort_by_key(|cookie| !cookie.hidden);
        assert_eq!(found, set);
        assert_eq!(store.printer_cookies(first, both[1].id).await.unwrap(), []);
        assert_eq!(store.printer_cookies(second, both[0].id).await.unwrap(), []);
    })
    .await;
}

// covers: RL-5
#[tokio::test]
async fn a_cookie_that_is_set_again_moves_and_one_that_is_removed_is_forgotten() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let session = store.session(&ada, 1).await.id;
        let printer = store.one_printer(&store.agent_of(&ada, 1).await).await.id;
        let change = async |forgotten: &[String], set: &[PrinterCookie]| {
            store.change_printer_cookies(session, printer, forgotten, set).await.unwrap()
        };
        change(&[], &[cookie("a", "/", false), cookie("b", "/", false)]).await;
        change(&[], &[cookie("a", "/x", true)]).await;
        let known = change(&["b".to_owned(), "never".to_owned()], &[]).await;
        assert_eq!(known, [cookie("a", "/x", true)]);
        assert_eq!(store.printer_cookies(session, printer).await.unwrap(), known);
    })
    .await;
}

// covers: RL-5
#[tokio::test]
async fn cookie_jar_flood_replaces_session() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let session = store.session(&ada, 1).await.id;
        let printer = store.one_printer(&store.agent_of(&ada, 1).await).await.id;
        let login = [cookie("login", "/", true)];
        store.change_printer_cookies(session, printer, &[], &login).await.unwrap();
        let flood: Vec<_> = (0..400).map(|n| cookie(&format!("f{n}"), "/", false)).collect();
        let known = store.change_printer_cookies(session, printer, &[], &flood).await.unwrap();
        assert_eq!(known.len(), PrinterCookie::MAX_COUNT);
        let found = store.printer_cookies(session, printer).await.unwrap();
        assert_eq!(found.len(), PrinterCookie::MAX_COUNT);
        assert!(found.contains(&login[0]));
    })
    .await;
}

// covers: RL-5, AC-3
#[tokio::test]
async fn a_session_that_ends_takes_its_printers_cookies_with_it() {
    each_database(async |store: Fixture| {
        let ada = store.person("ada").await;
        let session = store.session(&ada, 1).await.id;
        let printer = store.one_printer(&store.agent_of(&ada, 1).await).await.id;
        let set = [cookie("a", "/", true)];
        store.change_printer_cookies(session, printer, &[], &set).await.unwrap();
        store.end_session(ada.id, session).await.unwrap();
        assert_eq!(store.printer_cookies(session, printer).await.unwrap(), []);
        let late = store.change_printer_cookies(session, printer, &[], &set).await;
        assert!(matches!(late, Err(Error::NotPossible(_))));
    })
    .await;
}
