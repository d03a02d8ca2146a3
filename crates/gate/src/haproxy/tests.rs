use std::{collections::BTreeSet, net::IpAddr};

use http::Method;

use super::*;
use crate::{
    Rewrite,
    rules::{Doubt, Facts, Password},
};

const OCTOPI: &str = include_str!("../../testdata/octopi.cfg");

/// A short file with these lines in its frontend and its backend.
fn file(front: &str, back: &str) -> String {
    format!(
        "defaults\n mode http\nuserlist people\n user ada insecure-password secret-otter\n\
         frontend public\n bind :443 ssl crt x.pem\n default_backend printer\n {front}\n\
         backend printer\n server a 127.0.0.1:5000\n {back}\n"
    )
}

fn refusals(text: &str) -> Vec<String> {
    match read(text, None) {
        Ok(import) => panic!("this was honoured:\n{}", import.report),
        Err(refused) => refused.refusals.iter().map(ToString::to_string).collect(),
    }
}

fn decide(rules: &Rules, client: &str, path: &str, password: &Password) -> Action {
    let client: IpAddr = client.parse().unwrap();
    let passwords = |_: &str| password.clone();
    let facts =
        Facts { client, doubt: Doubt::None, method: &Method::GET, path, passwords: &passwords };
    rules.decide(&facts).unwrap()
}

fn right(groups: &[&str]) -> Password {
    Password::Right(groups.iter().map(|group| (*group).to_owned()).collect::<BTreeSet<_>>())
}

// covers: GT-3
#[test]
fn octopis_file_is_understood() {
    let Import { config, report } = read(OCTOPI, None).unwrap_or_else(|why| panic!("{why}"));
    let listen = config.listen.first().unwrap();
    assert_eq!(listen.https.to_string(), "[::]:443");
    assert_eq!(listen.http.unwrap().to_string(), "[::]:80");
    assert_eq!(config.otherwise.as_deref(), Some("octoprint"));
    let names: Vec<_> = config.routes.iter().map(|route| route.backend.as_str()).collect();
    assert_eq!(names, ["webcam", "webcam_hls"]);
    let webcam = &config.backends["webcam"];
    let rewrite = Rewrite { from: "/webcam/".to_owned(), to: "/".to_owned(), anywhere: true };
    assert_eq!(webcam.rewrite, Some(rewrite));
    assert_eq!(webcam.url.to_string(), "http://127.0.0.1:8080/");
    let grace = &config.lists["people"].0["grace"];
    assert_eq!(grace.groups, BTreeSet::from(["makers".to_owned()]));
    assert!(!config.pass_credentials);
    let realm = |line: &str| report.0.iter().any(|entry| entry.text.contains(line));
    assert!(realm("http-request auth realm OctoPrint if !home !known"), "{report}");
}

// covers: GT-3
#[test]
fn octopis_rules_decide_as_haproxy_does() {
    let Import { config, .. } = read(OCTOPI, None).unwrap();
    let rules = |name: &str| &config.backends[name].rules;
    let asked = |action| matches!(action, Action::Ask(_));
    for home in ["192.168.1.9", "fd00:1234::7", "127.0.0.2"] {
        assert_eq!(decide(rules("octoprint"), home, "/", &Password::Wrong), Action::Allow);
    }
    for away in ["203.0.113.9", "192.168.2.9", "fd00:1235::7", "127.0.0.1"] {
        assert!(asked(decide(rules("octoprint"), away, "/", &Password::Wrong)), "{away}");
        assert_eq!(decide(rules("octoprint"), away, "/", &right(&[])), Action::Allow);
        assert!(asked(decide(rules("webcam"), away, "/webcam/", &right(&["guests"]))));
        assert_eq!(decide(rules("webcam"), away, "/webcam/", &right(&["makers"])), Action::Allow);
        assert_eq!(decide(rules("webcam_hls"), away, "/hls/x", &right(&["makers"])), Action::Deny);
    }
}

// covers: GT-3, SV-9
#[test]
fn passwords_are_not_in_the_report() {
    let report = read(OCTOPI, None).unwrap().report.to_string();
    for secret in ["rear-admiral", "apple#1", "$6$", "saltsalt"] {
        assert!(!report.contains(secret), "{report}");
    }
    assert!(report.contains("user grace ***"), "{report}");
}

// covers: GT-3, SV-9
#[test]
fn passwords_are_not_in_refusals() {
    let text = file("stats auth admin:hunter2", "http-request set-header X-Api-Key hunter2")
        .replace("secret-otter", "hunter2 hunter2");
    for refusal in refusals(&text) {
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
}

/// Of lines that the gate doesn't do as they say, the report names the directive only.
// covers: GT-3, SV-9
#[test]
fn lines_that_are_not_honoured_are_not_repeated() {
    let lines = [
        "acl key hdr(X-Token) -m str hunter2",
        "option httpchk GET /?key=hunter2",
        "log hunter2@10.0.0.9:514 local0",
        "http-request set-header X-Forwarded-For %[src] if { hdr(X-Token) hunter2 }",
        "errorfile 503 /etc/haproxy/hunter2.http",
    ];
    for line in lines {
        let report = read(&file(line, line), None).unwrap_or_else(|why| panic!("{why}")).report;
        let report = report.to_string();
        assert!(!report.contains("hunter2"), "{report}");
        let about = line.split(' ').next().unwrap();
        assert!(report.contains(&format!("no    {about}")), "{report}");
    }
    for front in [
        "http-request deny hunter2",
        "use_backend printer hunter2",
        "http-request set-header X-Forwarded-For hunter2",
    ] {
        let refused = refusals(&file(front, ""));
        assert!(refused.iter().all(|why| !why.contains("hunter2")), "{refused:?}");
    }
}

/// Lines that keep people out of haproxy, or that change who it believes them to be, and that the
/// gate can't honour: each of them, ignored, would make the gate more open than the file.
// covers: GT-3
#[test]
fn file_that_keeps_out_more_than_the_gate_could() {
    let lines = [
        "tcp-request connection reject if !{ src 10.0.0.0/8 }",
        "tcp-request content reject unless { src 10.0.0.0/8 }",
        "http-request deny if { hdr(User-Agent) -i bad }",
        "http-request deny unless { src -f /etc/haproxy/home.lst }",
        "http-request deny if { path_beg -i /api }",
        "http-request deny if { path_reg ^/api }",
        "http-request deny if { url_beg /api }",
        "http-request deny if { src_conn_rate gt 10 }",
        "http-request deny if !{ src 10.0.0.0/8 } nobody_defined_this",
        "http-request tarpit if { src 10.0.0.0/8 }",
        "http-request use-service lua.login",
        "http-request lua.check",
        "http-request set-src hdr(X-Forwarded-For)",
        "http-request set-path /x",
        "http-request set-var(txn.a) src",
        "http-response deny if { status 200 }",
        "http-response set-header X-Frame-Options DENY",
        "http-after-response set-header A b",
        "filter spoe engine x",
        "stick-table type ip size 1m expire 1h store conn_cur",
        "rate-limit sessions 5",
        "block if { src 203.0.113.0/24 }",
        "reqdeny ^GET",
        "reqrep ^Host Host",
        "http-request replace-path (.*) /foo\\1",
        "option http-use-proxy-header",
        "option transparent",
        "default-server disabled",
        "default-server weight 0",
        "acl TRUE src 10.0.0.1",
        "acl METH_GET path /",
        "acl home src 10.0.0.1 \"\" 10.0.0.2",
        "http-request deny if { path_beg /a '' /b }",
        "http-request set-header X-Forwarded-For 8.8.8.8",
        "http-request add-header X-Real-IP %[hdr(X-Client)]",
        "http-request set-header X-Forwarded-Proto http if { path_beg /x }",
        "http-request set-header X-Scheme http unless { hdr(A) b } { hdr(C) d }",
        "http-request set-header X-Forwarded-Host evil.example",
        "http-request set-header Forwarded for=%[src]",
        "option forwardfor header X-Client",
        "unheard-of",
    ];
    for line in lines {
        for text in [file(line, ""), file("", line)] {
            let number = text.lines().position(|other| other.trim() == line).unwrap() + 1;
            let refused = refusals(&text);
            let here = format!("line {number}: ");
            assert!(refused.iter().any(|why| why.starts_with(&here)), "{line}: {refused:?}");
        }
    }
}

/// Those who come with TLS and are redirected never see the printer behind haproxy.
// covers: GT-3
#[test]
fn redirect_that_keeps_out_who_comes_with_tls() {
    for harmless in [
        "if !{ ssl_fc }",
        "unless { ssl_fc }",
        "code 301 if !secure",
        "if !secure home",
        "if !{ hdr(Host) -i 127.0.0.1 } !{ ssl_fc }",
    ] {
        for first in ["", "http-request "] {
            let line = format!("{first}redirect scheme https {harmless}");
            let text = file(&format!("acl secure ssl_fc\n acl home src 10.0.0.0/8\n {line}"), "");
            assert!(read(&text, None).is_ok(), "{line}");
        }
    }
    for keeps_out in [
        "scheme https",
        "scheme https code 301",
        "scheme https if { path_beg /admin }",
        "scheme https if { ssl_fc }",
        "scheme https unless !{ ssl_fc }",
        "scheme https if !{ ssl_fc } or { path_beg /admin }",
        "scheme https unless { ssl_fc } { src 10.0.0.0/8 }",
        "scheme https if !{ hdr(X-Forwarded-Proto) https }",
        "scheme https drop-query if !{ ssl_fc }",
        "scheme http if !{ ssl_fc }",
        "location /login if !{ http_auth(people) }",
    ] {
        for first in ["", "http-request "] {
            let line = format!("{first}redirect {keeps_out}");
            for text in [file(&line, ""), file("", &line)] {
                let number = text.lines().position(|other| other.trim() == line).unwrap() + 1;
                let refused = refusals(&text);
                let here = format!("line {number}: ");
                assert!(refused.iter().any(|why| why.starts_with(&here)), "{line}: {refused:?}");
            }
        }
    }
}

// covers: GT-3
#[test]
fn binds_that_let_fewer_in() {
    for bind in [
        "bind :443 ssl crt x.pem ca-file c.pem verify required",
        "bind :443 accept-proxy ssl crt x.pem",
        "bind :443 interface eth0",
        "bind :::443 v6only ssl crt x.pem",
        "bind /run/haproxy.sock",
        "bind :8000-8010",
        "bind",
    ] {
        assert!(!refusals(&file(bind, "")).is_empty(), "{bind}");
    }
}

/// Nobody ever comes to it with TLS, so that haproxy shows no printer there; the gate would to all.
// covers: GT-3
#[test]
fn frontend_that_only_redirects_becomes_an_open_printer() {
    for (front, back) in [
        ("redirect scheme https if !{ ssl_fc }", ""),
        ("http-request redirect scheme https code 301 unless { ssl_fc }", ""),
        ("acl tls ssl_fc\n http-request deny if !tls", ""),
        ("use_backend shut unless { ssl_fc }", ""),
        ("", "http-request deny if !{ ssl_fc }"),
    ] {
        let with_tls = file(front, back).replace("use_backend shut", "use_backend printer");
        assert!(read(&with_tls, None).is_ok(), "{front} {back}");
        let without = file(front, back).replace(" ssl crt x.pem", "");
        // A port that is only called `ssl` isn't encrypted either.
        for without in [without.clone(), without.replace("bind :443", "bind :443 name ssl")] {
            let refused = refusals(&without);
            assert!(refused.iter().any(|why| why.contains("ssl_fc")), "{without}: {refused:?}");
        }
    }
}

/// haproxy sees no user name and password behind such a line, and lets nobody in.
// covers: GT-3
#[test]
fn password_that_was_removed_opens_still() {
    let (forget, ask) =
        ("http-request del-header authorization", "http-request auth if !{ http_auth(people) }");
    for (front, back) in [
        (format!("{ask}\n {forget}"), String::new()),
        (String::new(), format!("{ask}\n {forget}")),
        (ask.to_owned(), forget.to_owned()),
    ] {
        assert!(read(&file(&front, &back), None).is_ok(), "{front} {back}");
    }
    let route = "use_backend printer if { http_auth_group(people) all }";
    for (front, back) in [
        (format!("{forget}\n {ask}"), String::new()),
        (String::new(), format!("{forget}\n {ask}")),
        (forget.to_owned(), ask.to_owned()),
        (format!("{route}\n {forget}"), String::new()),
    ] {
        let refused = refusals(&file(&front, &back));
        assert!(refused.iter().any(|why| why.contains("removed above")), "{front} {back}");
    }
}

// covers: GT-3
#[test]
fn headers_that_say_what_the_gate_says_need_nothing() {
    for line in [
        "option forwardfor except 127.0.0.0/8 header X-Real-IP if-none",
        "http-request set-header X-Forwarded-For %[src]",
        "http-request set-header X-Forwarded-Proto https if { ssl_fc } { hdr(A) b }",
        "http-request set-header X-Forwarded-Proto http if { hdr(A) b } !{ ssl_fc }",
        "http-request set-header X-Forwarded-Host %[req.hdr(Host)]",
        "http-request set-header X-Forwarded-Port %[dst_port]",
        "http-request del-header Forwarded",
    ] {
        assert!(read(&file(line, line), None).is_ok(), "{line}");
    }
}

// covers: GT-3
#[test]
fn tls_that_the_file_keeps_stricter_is_said() {
    let said = |options: &str| {
        let text = file("", "").replace("crt x.pem", &format!("crt x.pem {options}"));
        read(&text, None).unwrap_or_else(|why| panic!("{why}")).report.to_string()
    };
    assert!(said("ssl-min-ver TLSv1.3").contains("also takes TLS 1.2"));
    for option in ["ciphers AES128-SHA", "ciphersuites TLS_AES_128_GCM_SHA256", "curves X25519"] {
        assert!(said(option).contains("as the gate chooses them"), "{option}");
    }
    let as_strict = said("no-sslv3 ssl-min-ver TLSv1.2 alpn h2,http/1.1");
    assert!(!as_strict.contains("TLS 1.2") && !as_strict.contains("chooses"), "{as_strict}");
    let text = file("", "").replace("crt x.pem", "crt x.pem ssl-min-ver TLSv9");
    assert!(!refusals(&text).is_empty());
}

#[test]
fn what_was_understood_is_told_of_a_refused_file_too() {
    let refused = read(&file("unheard-of", ""), None).unwrap_err();
    let report = refused.report.to_string();
    assert!(report.contains("user ada ***") && report.contains("default_backend"), "{report}");
    assert!(!report.contains("unheard-of"), "{report}");
}

// covers: GT-3
#[test]
fn backends_are_not_led_on_by_what_defaults_say() {
    let text = file("", "").replace(" mode http\n", " mode http\n default_backend printer\n");
    let config = read(&text, None).unwrap_or_else(|why| panic!("{why}")).config;
    assert_eq!(config.otherwise.as_deref(), Some("printer"));
    let inherited = text.replacen("x.pem\n default_backend printer\n", "x.pem\n", 1);
    let config = read(&inherited, None).unwrap_or_else(|why| panic!("{why}")).config;
    assert_eq!(config.otherwise.as_deref(), Some("printer"));
}

// covers: GT-3
#[test]
fn rule_on_a_path_that_was_rewritten() {
    let rewrite = "http-request replace-path /webcam/(.*) /\\1";
    let deny = "http-request deny if { path_beg /admin }";
    assert!(read(&file("", &format!("{deny}\n {rewrite}")), None).is_ok());
    assert!(!refusals(&file("", &format!("{rewrite}\n {deny}"))).is_empty());
    assert!(!refusals(&file(rewrite, "")).is_empty());
}

// covers: GT-3
#[test]
fn name_of_those_to_refuse_is_defined_again_below_the_rule() {
    let text = file("", "acl bad src 10.0.0.1\n http-request deny if bad\n acl bad src 10.0.0.2");
    let config = read(&text, None).unwrap_or_else(|why| panic!("{why}")).config;
    for bad in ["10.0.0.1", "10.0.0.2"] {
        let rules = &config.backends["printer"].rules;
        assert_eq!(decide(rules, bad, "/", &Password::Wrong), Action::Deny, "{bad}");
    }
}

// covers: GT-3
#[test]
fn everyone_is_inside() {
    let open = "http-request auth if !{ src 0.0.0.0/0 }";
    assert!(refusals(&file("", open)).iter().any(|why| why.contains("every address")));
}

// covers: GT-3
#[test]
fn passwords_that_nobody_can_check_are_refused() {
    for user in [
        "user ada password $1$salt$gXzOTtFQGVqvuzrUZ0Y9Y0",
        "user ada password rZQxBt1v2Pa2k",
        "user ada password $6$rounds=999999999$salt$x",
        // Good ones, which haproxy's crypt(3) never takes.
        "user ada password $argon2id$v=19$m=16384,t=2,p=2$c2FsdHNhbHRzYWx0$sB7sFNl7g2z5SsbbP/hdjleNDkBVizgbjCRDibTV50s",
        "user ada password $scrypt$ln=14,r=8,p=1$GgMg5Bzj3Ls3JqTU2hvj3A$hAw0ZTd7INBm6fJE38Kq6sE5CMEvJ5ek8O4uqwkfilE",
        "user ada insecure-password",
        "user ada",
        "user ada insecure-password a groups nobody",
        "user ada insecure-password a unheard-of",
        "group g users nobody",
        "shell ada",
    ] {
        let text = file("", "").replace("user ada insecure-password secret-otter", user);
        assert!(!refusals(&text).is_empty(), "{user}");
    }
}

// covers: GT-3
#[test]
fn files_that_lead_nowhere_are_refused() {
    for text in [
        "",
        "bind :80\n",
        "frontend a\n mode http\n bind :443 ssl crt x\n",
        "frontend a\n mode http\n bind :443 ssl crt x\n default_backend b\n",
        "frontend a\n mode http\n bind :443 ssl crt x\n default_backend b\nbackend b\n mode http\n",
        "frontend a\n bind :443 ssl crt x\n default_backend b\nbackend b\n server a 127.0.0.1:1\n",
    ] {
        assert!(!refusals(text).is_empty(), "{text}");
    }
}

// covers: GT-3
#[test]
fn defaults_that_take_over_what_keeps_people_out() {
    let rest = "frontend f\n bind :443 ssl crt x\n default_backend b\n\
                backend b\n server a 127.0.0.1:1\n";
    let alone = format!("defaults a\n mode http\n{rest}");
    assert!(read(&alone, None).is_ok());
    let over = format!("defaults b\n disabled\ndefaults a from b\n mode http\n{rest}");
    assert!(refusals(&over).iter().any(|why| why.starts_with("line 3: ")), "{:?}", refusals(&over));
}

// covers: GT-3, SV-9
#[test]
fn a_criterion_that_is_not_understood_is_not_repeated() {
    let text = file("acl key hdr(X-Token) -m str hunter2\n http-request deny if !key", "");
    let refused = refusals(&text);
    assert!(!refused.is_empty());
    assert!(refused.iter().all(|why| !why.contains("hunter2")), "{refused:?}");
    for (text, with) in [
        ("server a 127.0.0.1:5000", "server a 127.0.0.1:5000 ssl verify none"),
        ("server a 127.0.0.1:5000", "server a 127.0.0.1:5000\n server b 127.0.0.1:5001"),
        ("server a 127.0.0.1:5000", "server a 127.0.0.1:5000 send-proxy"),
        ("server a 127.0.0.1:5000", "server a /run/x.sock"),
        ("server a 127.0.0.1:5000", "server a 127.0.0.1:5000 weight 0"),
        ("server a 127.0.0.1:5000", "server a 127.0.0.1:5000 check weight 00"),
        ("mode http", "mode tcp"),
        ("frontend public", "frontend public\n bind :1 ssl crt x\nfrontend other\n mode http"),
        ("backend printer", "backend printer\n server b 127.0.0.1:1\nbackend printer"),
        ("defaults", "defaults\n http-request deny if TRUE"),
        ("people", "others"),
    ] {
        let front = "http-request auth unless { http_auth(people) }";
        let text = file(front, "").replacen(text, with, 1);
        assert!(!refusals(&text).is_empty(), "{with}");
    }
}

// covers: GT-3
#[test]
fn one_of_several_frontends_is_chosen() {
    let text = file("", "") + "frontend other\n bind :8443 ssl crt x\n default_backend printer\n";
    assert!(refusals(&text)[0].contains("public, other"));
    let chosen = read(&text, Some("other")).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(chosen.config.listen[0].https.port(), 8443);
    assert!(chosen.report.to_string().contains("doesn't concern the gate"));
    assert!(read(&text, Some("third")).is_err());
}

// covers: GT-3
#[test]
fn a_listen_section_is_both() {
    let text = "listen web\n mode http\n bind :443 ssl crt x\n http-request deny if \
                { path_beg /admin }\n use_backend cam if { path_beg /webcam/ }\n \
                server a 127.0.0.1:5000\nbackend cam\n mode http\n server c 127.0.0.1:8080\n";
    let config = read(text, None).unwrap_or_else(|why| panic!("{why}")).config;
    assert_eq!(config.otherwise.as_deref(), Some("web"));
    assert_eq!(config.backends.len(), 2);
    let denied = decide(&config.rules, "192.168.1.2", "/admin", &Password::Wrong);
    assert_eq!(denied, Action::Deny);
}

proptest::proptest! {
    /// Whatever stands in a file, it is read or refused.
    // covers: GT-3
    #[test]
    fn any_text_is_read_or_refused(
        lines in proptest::collection::vec("[ a-z!{}()$'\"\\\\#:/0-9_.-]{0,40}", 0..12),
    ) {
        let _ = read(&file(&lines.join("\n "), &lines.join("\n ")), None);
        let _ = read(&lines.join("\n"), None);
    }
}
