use std::{collections::BTreeSet, net::IpAddr};

use http::Method;

use super::*;

fn networks(entries: &[&str]) -> Networks {
    Networks::parse(entries.iter().copied()).unwrap()
}

fn inside() -> Condition {
    Condition::From(networks(&["192.168.1.0/24", "fd00::/64", "10.1.2.3"]))
}

fn known() -> Condition {
    Condition::Authenticated { list: "home".to_owned() }
}

fn ask(when: Condition) -> Rule {
    Rule { action: Action::Ask(Realm::default()), when }
}

/// A password for everyone outside.
fn door() -> Rules {
    let stranger = Condition::All(vec![inside().negated(), known().negated()]);
    let Rules(mut rules) = Rules::everyone();
    rules.insert(0, ask(stranger));
    Rules(rules)
}

fn decide(rules: &Rules, client: &str, doubt: Doubt, password: &Password) -> Option<Action> {
    let client: IpAddr = client.parse().unwrap();
    let passwords = |_: &str| password.clone();
    let method = &Method::GET;
    let facts = Facts {
        client: client.to_canonical(),
        doubt,
        method,
        path: "/webcam/x",
        passwords: &passwords,
    };
    rules.decide(&facts).ok()
}

// covers: GT-1
#[test]
fn a_password_for_everyone_outside_and_nobody_inside() {
    let right = Password::Right(BTreeSet::new());
    for client in ["192.168.1.7", "fd00::7", "::ffff:192.168.1.7"] {
        assert_eq!(decide(&door(), client, Doubt::None, &Password::Unproven), Some(Action::Allow));
    }
    for client in ["203.0.113.9", "2001:db8::1", "192.168.2.7", "::ffff:203.0.113.9"] {
        assert_eq!(decide(&door(), client, Doubt::None, &Password::Unproven), None, "{client}");
        let asked = decide(&door(), client, Doubt::None, &Password::Wrong);
        assert!(matches!(asked, Some(Action::Ask(_))));
        assert_eq!(decide(&door(), client, Doubt::None, &right), Some(Action::Allow));
    }
}

#[test]
fn to_what_no_rule_applies_is_denied() {
    let rules = Rules(vec![Rule { action: Action::Allow, when: inside() }]);
    assert_eq!(decide(&rules, "203.0.113.9", Doubt::None, &Password::Wrong), Some(Action::Deny));
    assert_eq!(
        decide(&Rules::default(), "192.168.1.7", Doubt::None, &Password::Wrong),
        Some(Action::Deny)
    );
}

// covers: GT-4
#[test]
fn gateway_is_inside() {
    let asked = decide(&door(), "192.168.1.1", Doubt::UnlessAlone, &Password::Wrong);
    assert!(matches!(asked, Some(Action::Ask(_))), "{asked:?}");
    let listed_alone = decide(&door(), "10.1.2.3", Doubt::UnlessAlone, &Password::Wrong);
    assert_eq!(listed_alone, Some(Action::Allow));
    let of_a_proxy = decide(&door(), "10.1.2.3", Doubt::Always, &Password::Wrong);
    assert!(matches!(of_a_proxy, Some(Action::Ask(_))));
}

// covers: GT-4
#[test]
fn gateway_evades_a_rule_against_its_network() {
    let deny = Rule { action: Action::Deny, when: inside() };
    let Rules(mut rules) = Rules::everyone();
    rules.insert(0, deny);
    for doubt in [Doubt::None, Doubt::Hidden, Doubt::UnlessAlone, Doubt::Always] {
        let denied = decide(&Rules(rules.clone()), "192.168.1.1", doubt, &Password::Wrong);
        assert_eq!(denied, Some(Action::Deny));
    }
}

#[test]
fn groups_are_of_their_list() {
    let group = |name: &str| BTreeSet::from([name.to_owned()]);
    let admins = Condition::InGroup { list: "home".to_owned(), groups: group("admins") };
    let rules = Rules(vec![Rule { action: Action::Allow, when: admins }]);
    let with = |name| decide(&rules, "203.0.113.9", Doubt::None, &Password::Right(group(name)));
    assert_eq!(with("admins"), Some(Action::Allow));
    assert_eq!(with("guests"), Some(Action::Deny));
}

#[test]
fn a_password_is_looked_at_only_where_it_decides() {
    let camera = Condition::PathBegins(vec!["/webcam/".to_owned()]);
    for condition in [
        Condition::Any(vec![known(), camera.clone()]),
        Condition::All(vec![known(), camera.negated()]),
    ] {
        let rules = Rules(vec![Rule { action: Action::Allow, when: condition }]);
        assert!(decide(&rules, "203.0.113.9", Doubt::None, &Password::Unproven).is_some());
    }
}

// covers: GT-4
#[test]
fn slash_zero_inside() {
    for everyone in [
        "0.0.0.0/0",
        "::/0",
        "0.0.0.0/1",
        "128.0.0.0/1",
        "::ffff:0.0.0.0/96",
        "::ffc0:0:0/90",
        "2000::/3",
        "::/96",
        "0.0.0.0",
        "::",
    ] {
        let refused = Networks::parse([everyone]);
        assert_eq!(refused, Err(InvalidNetwork::Everyone(everyone.to_owned())));
    }
    let halves = Networks::parse(["2.0.0.0/8", "3.0.0.0/8"]);
    assert_eq!(halves, Err(InvalidNetwork::Everyone("2.0.0.0/7".to_owned())));
    assert_eq!(networks(&["::ffff:192.168.1.9/120"]), networks(&["192.168.1.0/24"]));
}

// covers: GT-3, GT-4
#[test]
fn denied_and_outside_whatever_an_ipv4_address_hides_in() {
    let home = Rule { action: Action::Allow, when: inside() };
    let deny = Rule { action: Action::Deny, when: inside() };
    let Rules(everyone) = Rules::everyone();
    let all_but_home = Rules([vec![deny], everyone].concat());
    for hidden in ["2002:c0a8:0107::1", "::192.168.1.7", "64:ff9b::192.168.1.7"] {
        let decide = |rules: &Rules| decide(rules, hidden, Doubt::Hidden, &Password::Wrong);
        assert_eq!(decide(&all_but_home), Some(Action::Deny), "{hidden}");
        assert_eq!(decide(&Rules(vec![home.clone()])), Some(Action::Deny), "{hidden}");
    }
}

// covers: GT-4
#[test]
fn zone_id() {
    assert!(matches!(Networks::parse(["fe80::1%eth0"]), Err(InvalidNetwork::Zone(_))));
    assert!(matches!(Networks::parse(["home"]), Err(InvalidNetwork::Malformed(_))));
}

#[test]
fn a_realm_needs_no_escape() {
    assert!("My printer (2)".parse::<Realm>().is_ok());
    for text in ["", "a\"b", "a\\b", "a\r\nb", "é"] {
        assert_eq!(text.parse::<Realm>(), Err(InvalidRealm), "{text:?}");
    }
}
