use super::*;
use crate::relay::cookies::session_name;

const LABEL: &str = "abcdefgh234567ij";

/// A printer's answers to one browser.
#[derive(Default)]
struct Printer(Vec<PrinterCookie>);

impl Printer {
    /// What the browser gets of these fields.
    fn says(&mut self, fields: &[&str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(SET_COOKIE, field.parse().unwrap());
        }
        let changes = Changes::take(&mut headers, &self.0, LABEL, "/login");
        self.0.retain(|cookie| !changes.forgotten.contains(&cookie.name));
        for cookie in &changes.set {
            self.0.retain(|old| old.name != cookie.name);
            self.0.push(cookie.clone());
        }
        changes.apply(&mut headers, &self.0);
        let got = headers.get_all(SET_COOKIE).iter();
        got.map(|value| value.to_str().unwrap().replace(LABEL, "X")).collect()
    }

    fn knows(&self) -> Vec<(&str, &str, bool)> {
        self.0.iter().map(|c| (c.name.as_str(), c.path.as_str(), c.hidden)).collect()
    }
}

// covers: RL-5
#[test]
fn hidden_cookies_are_renamed_and_their_path_is_kept_here() {
    let mut printer = Printer::default();
    let expires = "Expires=Sun, 22 Nov 2027 10:00:00 GMT";
    let fields = [
        format!("remember_token_P3443=u|1; {expires}; HttpOnly; Path=/octo; SameSite=Lax"),
        "session_P3443=.eJ|x==; HttpOnly; Path=/".to_owned(),
        "csrf_token_P3443=\"a|b\"; Path=/; SameSite=Strict; Max-Age=60".to_owned(),
    ];
    let fields: Vec<_> = fields.iter().map(String::as_str).collect();
    assert_eq!(
        printer.says(&fields),
        [
            format!(
                "__Host-pX-remember_token_P3443=u|1; Path=/; Secure; HttpOnly; SameSite=Lax; \
                 {expires}"
            ),
            "__Host-pX-session_P3443=.eJ|x==; Path=/; Secure; HttpOnly".to_owned(),
            "csrf_token_P3443=\"a|b\"; Path=/; Secure; SameSite=Strict; Max-Age=60".to_owned(),
        ]
    );
    let mut known = printer.knows();
    known.sort_unstable();
    assert_eq!(
        known,
        [
            ("csrf_token_P3443", "/", false),
            ("remember_token_P3443", "/octo", true),
            ("session_P3443", "/", true)
        ]
    );
    assert!(!again(&printer).is_news(), "nothing is written down twice");
}

fn again(printer: &Printer) -> Changes {
    let field = "session_P3443=other; HttpOnly; Path=/".parse().unwrap();
    let mut headers = HeaderMap::from_iter([(SET_COOKIE, field)]);
    Changes::take(&mut headers, &printer.0, LABEL, "/login")
}

// covers: RL-5
#[test]
fn printer_sets_the_hubs_session() {
    let attacks = [
        &format!("{}=x; Path=/; Secure", session_name(LABEL)),
        "__Host-layerlock=x; Secure; Path=/",
        "__HOST-LL-x=y; Secure",
        " __Host-ll-x =y; HttpOnly",
        "=__Host-ll-x=y",
        "__Host-ll-x",
    ];
    assert_eq!(Printer::default().says(&attacks), [""; 0]);
}

// covers: RL-5
#[test]
fn printer_a_sets_the_login_of_printer_b() {
    let mut printer = Printer::default();
    assert_eq!(printer.says(&["__Host-pzyxwvuts234567ij-session=a; Path=/; Secure"]), [""; 0]);
    assert_eq!(printer.says(&["__HOST-PZYXWVUTS234567IJ-session=; Max-Age=0"]), [""; 0]);
    assert!(printer.knows().is_empty());
}

// covers: RL-5
#[test]
fn domain_cookie_tossed_by_printer() {
    let tossed = [
        "a=1; Domain=localhost",
        "a=1; path=/; domain = localhost; HttpOnly",
        "a=1;DOMAIN",
        "a=; Domain=localhost; Max-Age=0",
    ];
    assert_eq!(Printer::default().says(&tossed), [""; 0]);
}

// covers: RL-5
#[test]
fn cookies_that_are_removed_are_forgotten_in_both_forms() {
    let mut printer = Printer::default();
    printer.says(&["token=1; HttpOnly", "theme=dark; Path=/"]);
    // As Flask removes it: without HttpOnly.
    let gone = "token=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/";
    assert_eq!(
        printer.says(&[gone]),
        ["token=; Path=/; Secure; Max-Age=0", "__Host-pX-token=; Path=/; Secure; Max-Age=0"]
    );
    assert_eq!(printer.knows(), [("theme", "/", false)]);
    assert_eq!(printer.says(&["theme=; Max-Age=0; Path=/elsewhere"]).len(), 1);
    assert_eq!(printer.knows(), [("theme", "/", false)]);
    printer.says(&["theme=; Max-Age=0"]);
    assert!(printer.knows().is_empty());
}

// covers: RL-5
#[test]
fn a_cookie_that_becomes_hidden_exists_once() {
    let mut printer = Printer::default();
    printer.says(&["a=1; Path=/x"]);
    assert_eq!(
        printer.says(&["a=2; HttpOnly; Path=/x"]),
        ["a=; Path=/x; Secure; Max-Age=0", "__Host-pX-a=2; Path=/; Secure; HttpOnly"]
    );
    assert_eq!(
        printer.says(&["a=3; Path=/x"]),
        ["__Host-pX-a=; Path=/; Secure; Max-Age=0", "a=3; Path=/x; Secure"]
    );
    assert_eq!(printer.knows(), [("a", "/x", false)]);
}

// covers: RL-5
#[test]
fn what_can_not_be_remembered_is_not_passed_on() {
    let mut headers = HeaderMap::new();
    headers.append(SET_COOKIE, "a=1; HttpOnly".parse().unwrap());
    headers.append(SET_COOKIE, "b=; Max-Age=0".parse().unwrap());
    let changes = Changes::take(&mut headers, &[], LABEL, "/");
    assert!(changes.is_news());
    changes.apply(&mut headers, &[]);
    assert!(headers.get_all(SET_COOKIE).iter().all(|value| value.to_str().unwrap().contains("b=")));
}
