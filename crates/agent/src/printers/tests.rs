use printer::{OsRandom, SystemClock};
use proptest::prelude::*;

use super::*;

fn new(text: &str) -> NewPrinter {
    text.parse().unwrap()
}

fn with(texts: &[&str]) -> Printers {
    let mut printers = Printers::default();
    for text in texts {
        printers.add(new(text), &SystemClock::new(), &OsRandom).unwrap();
    }
    printers
}

#[test]
fn printers_survive_their_file() {
    let mut octopi = new("octoprint=http://127.0.0.1:5000");
    octopi.routes.push("/webcam/=http://127.0.0.1:8080/".parse().unwrap());
    let mut printers = with(&["Moonraker=http://voron.local/"]);
    printers.add(octopi, &SystemClock::new(), &OsRandom).unwrap();
    let text = printers.to_toml();
    assert!(text.contains("\"/webcam/\" = \"http://127.0.0.1:8080/\""), "{text}");
    assert_eq!(Printers::parse(&text), Ok(printers));
    assert_eq!(Printers::parse(""), Ok(Printers::default()));
}

#[test]
fn unknown_keys_are_refused() {
    let text = with(&["octoprint=http://127.0.0.1:5000"]).to_toml();
    let text = text.replace("kind =", "follow_redirects = true\nkind =");
    let refused = Printers::parse(&text).unwrap_err();
    assert!(refused.contains("follow_redirects"), "{refused}");
}

#[test]
fn duplicates_are_refused_and_names_count_up() {
    let mut printers = with(&["octoprint=http://10.0.0.1", "octoprint=http://10.0.0.2"]);
    let names: Vec<_> = printers.entries().iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["OctoPrint", "OctoPrint 2"]);
    let (clock, random) = (SystemClock::new(), OsRandom);
    let same_url = printers.add(new("moonraker=http://10.0.0.1:80/"), &clock, &random);
    assert!(matches!(same_url, Err(InvalidPrinter::Duplicate(_))));
    let name = Some("OCTOPRINT".parse().unwrap());
    let same_name = NewPrinter { name, ..new("octoprint=http://10.0.0.3") };
    assert!(matches!(printers.add(same_name, &clock, &random), Err(InvalidPrinter::Duplicate(_))));
    let twice = format!("{0}{0}", with(&["octoprint=http://10.0.0.1"]).to_toml());
    assert!(Printers::parse(&twice).is_err());
}

#[test]
fn a_printer_is_removed_by_name_or_id() {
    let mut printers = with(&["octoprint=http://10.0.0.1", "moonraker=http://10.0.0.2"]);
    let id = printers.entries()[1].id.to_string();
    assert_eq!(printers.remove("octoprint").unwrap().url.host(), "10.0.0.1");
    assert_eq!(printers.remove(&id).unwrap().url.host(), "10.0.0.2");
    assert!(printers.remove("octoprint").unwrap_err().to_string().contains("printer list"));
}

#[test]
fn urls_are_read_as_they_are_meant() {
    for (text, expected) in [
        ("http://OctoPi.local", "http://octopi.local/"),
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000/"),
        ("http://[::1]:8080/octoprint", "http://[::1]:8080/octoprint/"),
        (" http://10.0.0.1:80 ", "http://10.0.0.1/"),
    ] {
        assert_eq!(text.parse::<BaseUrl>().unwrap().to_string(), expected);
    }
    for text in [
        "https://10.0.0.1",
        "ftp://10.0.0.1",
        "10.0.0.1",
        "http://",
        "http://:80",
        "http://user:pass@10.0.0.1/",
        "http://10.0.0.1/?a=b",
        "http://10.0.0.1/#a",
        "http://10.0.0.1/a/../b",
        "http://10.0.0.1/%2e%2e/",
        "http://10.0.0.1:0/",
        "http://10.0.0.1:99999/",
        "http://10.0.0.1:/",
    ] {
        assert!(text.parse::<BaseUrl>().is_err(), "{text}");
    }
    let refused = "https://10.0.0.1".parse::<BaseUrl>().unwrap_err();
    assert!(refused.to_string().contains("HTTP only for now"));
}

#[test]
fn prefixes_are_plain() {
    assert!("/webcam/".parse::<Prefix>().is_ok());
    for text in ["/", "//", "webcam/", "/webcam", "/../", "/a//b/", "/%2e/", "/a b/", "/a?/"] {
        assert!(text.parse::<Prefix>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        let _ = Printers::parse(&text);
        let _ = text.parse::<NewPrinter>();
        let _ = text.parse::<Route>();
    }

    #[test]
    fn a_url_survives_text(host in "[a-z]{1,10}(\\.local)?", port in 1u16.., path in "(/[a-z]{1,5}){0,3}") {
        let url: BaseUrl = format!("http://{host}:{port}{path}").parse().unwrap();
        prop_assert_eq!(url.to_string().parse(), Ok(url));
    }
}
