//! Directives that decide nothing about access, and what the gate does in their place.

use super::{headers, server};

const OWN_LIMITS: &str = "the gate has limits of its own";
const OWN_LOG: &str = "the gate has a log of its own";
const ONE_SERVER: &str = "there is one server, which is asked when somebody asks for it";
const OWN_PAGES: &str = "the gate has pages of its own for errors";
const CONNECTIONS: &str = "the gate keeps and reuses connections by itself";

/// What the gate does in place of a directive; `None` when it isn't known.
pub(super) fn instead(words: &[&str]) -> Option<&'static str> {
    match *words {
        ["log" | "log-format" | "log-tag" | "unique-id-format" | "unique-id-header", ..]
        | ["no", "log"] => Some(OWN_LOG),
        ["timeout" | "maxconn" | "fullconn" | "backlog", ..] => Some(OWN_LIMITS),
        ["retries" | "balance", ..] => Some(ONE_SERVER),
        ["default-server", ref options @ ..] => {
            server::check_options(options).ok().map(|()| ONE_SERVER)
        }
        ["errorfile" | "errorloc" | "errorloc302" | "errorloc303", ..] => Some(OWN_PAGES),
        ["http-reuse" | "compression", ..] => Some(CONNECTIONS),
        ["description" | "id", _, ..] => Some("it says nothing about access"),
        ["option", "forwardfor", ref options @ ..] => headers::forwardfor(options),
        ["option", option, ..] | ["no", "option", option, ..] => option_instead(option),
        _ => None,
    }
}

fn option_instead(option: &str) -> Option<&'static str> {
    match option {
        "httplog"
        | "tcplog"
        | "dontlognull"
        | "dontlog-normal"
        | "logasap"
        | "log-health-checks"
        | "log-separate-errors"
        | "socket-stats" => Some(OWN_LOG),
        "forwardfor" => Some(headers::FORWARDED),
        "redispatch" | "httpchk" | "allbackups" => Some(ONE_SERVER),
        "http-server-close"
        | "http-keep-alive"
        | "httpclose"
        | "forceclose"
        | "abortonclose"
        | "http-no-delay"
        | "http-pretend-keepalive"
        | "tcpka"
        | "clitcpka"
        | "srvtcpka"
        | "prefer-last-server"
        | "http-tunnel"
        | "nolinger" => Some(CONNECTIONS),
        "accept-invalid-http-request" | "accept-invalid-http-response" => {
            Some("the gate refuses what is malformed")
        }
        _ => None,
    }
}
