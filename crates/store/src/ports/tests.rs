use crate::testing::{NOW, after, each_database};

// covers: RL-2
#[tokio::test]
async fn a_printer_keeps_its_port() {
    each_database(async |store| {
        let agent = store.agent_of(&store.person("ada").await, 1).await;
        let label = store.one_printer(&agent).await.label;
        let port = store.port_of(&label, 4000..=4009, NOW).await.unwrap();
        assert_eq!(port, Some(4000));
        assert_eq!(store.port_of(&label, 4000..=4009, after(1)).await.unwrap(), port);
        let elsewhere = store.port_of(&label, 5000..=5009, after(1)).await.unwrap();
        assert_eq!(elsewhere, Some(5000), "the operator chose others");
        assert_eq!(store.port_of(&label, 4000..=4009, after(2)).await.unwrap(), port);
    })
    .await;
}

// covers: RL-2, RL-5
#[tokio::test]
async fn port_of_a_removed_printer() {
    each_database(async |store| {
        let agent = store.agent_of(&store.person("ada").await, 1).await;
        let first = store.one_printer(&agent).await.label;
        assert_eq!(store.port_of(&first, 4000..=4001, NOW).await.unwrap(), Some(4000));
        let none = || unreachable!("no new printer");
        store.report_printers(&agent, &[], &none, after(1)).await.unwrap();
        let other = store.agent_of(&store.person("ben").await, 2).await;
        let second = store.one_printer(&other).await.label;
        assert_eq!(store.port_of(&second, 4000..=4001, after(2)).await.unwrap(), Some(4001));
        let third = store.agent_of(&store.person("cleo").await, 3).await;
        let third = store.one_printer(&third).await.label;
        assert_eq!(store.port_of(&third, 4000..=4001, after(3)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn no_label_has_no_port() {
    each_database(async |store| {
        assert!(store.port_of("abcdefghijklmnop", 4000..=4001, NOW).await.is_err());
    })
    .await;
}
