//! What a router writes about itself and its mappings, in XML. Document types are refused, so that
//! nothing in it can grow; its size is limited before it comes here.

use std::net::{IpAddr, SocketAddr};

use roxmltree::{Document, Node, ParsingOptions};

use super::announcement::own_page;
use crate::{Foreign, Mapping, limits};

const MAX_NODES: u32 = 8_192;
/// Declarations of namespaces. A description needs one or two, an answer three. Each element with
/// one of its own gets a copy of all those around it, compared one with the other: 64 KiB of them, one
/// in the other, take the parser minutes.
const MAX_NAMESPACES: usize = 32;
/// Attributes, roughly. Those of one element are compared with each other.
const MAX_ATTRIBUTES: usize = 1_024;

/// The services that know mappings, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Ip2,
    Ip1,
    Ppp1,
}

impl Service {
    const ALL: [Self; 3] = [Self::Ip2, Self::Ip1, Self::Ppp1];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ip2 => "urn:schemas-upnp-org:service:WANIPConnection:2",
            Self::Ip1 => "urn:schemas-upnp-org:service:WANIPConnection:1",
            Self::Ppp1 => "urn:schemas-upnp-org:service:WANPPPConnection:1",
        }
    }
}

/// What is needed of a router's description.
pub(super) struct Description {
    pub(super) name: Foreign,
    /// Where to ask, at least one and at most [`limits::LISTS`]: not all of them know all mappings.
    pub(super) controls: Vec<Control>,
    /// Whether there are others, which can't be asked.
    pub(super) elsewhere: bool,
}

/// A service that knows mappings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Control {
    pub(super) service: Service,
    /// A path on the same machine and port.
    pub(super) path: String,
}

/// One answer.
pub(super) enum Entry {
    Mapping(Mapping),
    Unreadable,
    /// The router doesn't tell, and doesn't say that the list has ended.
    Refused,
    /// There is none at this place of the list.
    End,
}

impl Description {
    pub(super) fn read(page: &[u8], router: SocketAddr) -> Option<Self> {
        let text = std::str::from_utf8(page).ok()?;
        let document = parse(text)?;
        let named = document.descendants().find(|node| is(node, "friendlyName"));
        let name = named.and_then(|node| node.text()).unwrap_or("router");
        let mut found = Self { name: Foreign::new(name), controls: Vec::new(), elsewhere: false };
        for node in document.descendants().filter(|node| is(node, "service")) {
            let kind = child(&node, "serviceType");
            let known = Service::ALL.into_iter().find(|service| kind == Some(service.as_str()));
            let Some(service) = known else { continue };
            let path = child(&node, "controlURL").and_then(|control| own_path(control, router));
            match path.map(|path| Control { service, path }) {
                Some(control) if found.controls.contains(&control) => {}
                Some(control) if found.controls.len() < limits::LISTS => {
                    found.controls.push(control);
                }
                _ => found.elsewhere = true,
            }
        }
        (!found.controls.is_empty()).then_some(found)
    }
}

/// Whether an error says that the list has ended: 713 `SpecifiedArrayIndexInvalid`, or what routers
/// say in its place, 714 `NoSuchEntryInArray` and 402 `Invalid Args`.
pub(super) fn is_end(body: &[u8]) -> bool {
    let document = std::str::from_utf8(body).ok().and_then(parse);
    let code = document.as_ref().and_then(|document| {
        let node = document.descendants().find(|node| is(node, "errorCode"))?;
        node.text().map(str::trim)
    });
    matches!(code, Some("713" | "714" | "402"))
}

/// What to send for the mapping at this place of the router's list.
pub(super) fn question(service: Service, index: u16) -> String {
    format!(
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>\
         <u:GetGenericPortMappingEntry xmlns:u=\"{}\"><NewPortMappingIndex>{index}\
         </NewPortMappingIndex></u:GetGenericPortMappingEntry></s:Body></s:Envelope>",
        service.as_str()
    )
}

/// Reads one mapping.
pub(super) fn entry(body: &[u8]) -> Option<Mapping> {
    let document = parse(std::str::from_utf8(body).ok()?)?;
    let response =
        document.descendants().find(|node| is(node, "GetGenericPortMappingEntryResponse"))?;
    let protocol = match child(&response, "NewProtocol")? {
        "TCP" => "tcp",
        "UDP" => "udp",
        _ => return None,
    };
    Some(Mapping {
        protocol,
        external_port: child(&response, "NewExternalPort")?.parse().ok()?,
        to: child(&response, "NewInternalClient")?.parse::<IpAddr>().ok()?,
        to_port: child(&response, "NewInternalPort")?.parse().ok()?,
        // Off only if it says so; there are `1`, `true` and `yes`.
        enabled: !child(&response, "NewEnabled").is_some_and(|word| {
            ["0", "false", "no"].iter().any(|off| word.eq_ignore_ascii_case(off))
        }),
        description: Foreign::new(child(&response, "NewPortMappingDescription").unwrap_or("")),
    })
}

/// Reads what takes no more than milliseconds, as it happens while others wait.
fn parse(text: &str) -> Option<Document<'_>> {
    let more = |word: &str, most: usize| text.matches(word).nth(most).is_some();
    if more("xmlns", MAX_NAMESPACES) || more("=", MAX_ATTRIBUTES) {
        return None;
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..Default::default() };
    Document::parse_with_options(text, options).ok()
}

fn is(node: &Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

fn child<'a>(node: &Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.children().find(|inner| is(inner, name))?.text().map(str::trim)
}

fn own_path(control: &str, router: SocketAddr) -> Option<String> {
    // Two slashes begin the name of another machine.
    if control.starts_with("//") {
        return None;
    }
    if control.starts_with('/') {
        return Some(control.to_owned());
    }
    if !control.contains(':') {
        return Some(format!("/{control}"));
    }
    let (address, path) = own_page(control, router.ip())?;
    (address == router).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTER: SocketAddr =
        SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 1)), 5000);

    fn described(control: &str) -> Option<Description> {
        let kind = Service::Ip1.as_str();
        let page = format!(
            "<root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device><friendlyName>Box\x1b[2J\
             </friendlyName><serviceList><service><serviceType>{kind}</serviceType>\
             <controlURL>{control}</controlURL></service></serviceList></device></root>"
        );
        Description::read(page.replace('\x1b', "").as_bytes(), ROUTER)
    }

    // covers: XA-1
    #[test]
    fn controls_are_asked_at_the_router_itself_only() {
        for own in ["/ctl/IPConn", "ctl/IPConn", "http://192.168.1.1:5000/ctl/IPConn"] {
            assert_eq!(described(own).unwrap().controls[0].path, "/ctl/IPConn", "{own}");
        }
        for elsewhere in ["http://169.254.169.254/x", "//192.168.1.2/x", "http://192.168.1.1/x"] {
            assert!(described(elsewhere).is_none(), "{elsewhere}");
        }
    }

    // covers: XA-1
    #[test]
    fn documents_that_grow_are_refused() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>";
        assert!(parse(bomb).is_none());
        assert!(parse(&format!("<x>{}</x>", "<a/>".repeat(9_000))).is_none());
        assert!(parse(&format!("<x>{}</x>", "<a/>".repeat(8_000))).is_some());
    }

    // covers: XA-1
    #[test]
    fn documents_that_take_minutes_are_refused() {
        let nested = |count: usize| {
            let open = |index| format!("<a xmlns:n{index}=\"u{index}\">");
            let opened: Vec<_> = (0..count).map(open).collect();
            format!("{}{}", opened.concat(), "</a>".repeat(count))
        };
        assert!(parse(&nested(MAX_NAMESPACES)).is_some());
        assert!(parse(&nested(MAX_NAMESPACES + 1)).is_none());
        let wide = |count: usize| {
            let attributes: Vec<_> = (0..count).map(|index| format!(" a{index}=''")).collect();
            format!("<a{}/>", attributes.concat())
        };
        assert!(parse(&wide(MAX_ATTRIBUTES)).is_some());
        assert!(parse(&wide(MAX_ATTRIBUTES + 1)).is_none());
    }

    // covers: XA-1
    #[test]
    fn deep_documents_need_no_deep_stack() {
        let deep = || format!("{}{}", "<a>".repeat(8_000), "</a>".repeat(8_000));
        let read = move || {
            let page = deep();
            parse(&page).is_some() && Description::read(page.as_bytes(), ROUTER).is_none()
        };
        // 8 bytes for each level: whoever climbs down ends the whole test.
        let thread = std::thread::Builder::new().stack_size(64 * 1024).spawn(read).unwrap();
        assert!(thread.join().unwrap());
    }

    fn mapping(enabled: &str) -> Mapping {
        let body = format!(
            "<GetGenericPortMappingEntryResponse><NewExternalPort>80</NewExternalPort><NewProtocol>\
             TCP</NewProtocol><NewInternalPort>80</NewInternalPort><NewInternalClient>192.168.1.2\
             </NewInternalClient>{enabled}</GetGenericPortMappingEntryResponse>"
        );
        entry(body.as_bytes()).unwrap()
    }

    // covers: XA-1
    #[test]
    fn mapping_that_is_on_in_another_word_is_taken_for_off() {
        for on in ["1", "true", "True", "yes", "on", ""] {
            assert!(mapping(&format!("<NewEnabled>{on}</NewEnabled>")).enabled, "{on}");
        }
        assert!(mapping("").enabled);
        for off in ["0", "false", "FALSE", "no"] {
            assert!(!mapping(&format!("<NewEnabled>{off}</NewEnabled>")).enabled, "{off}");
        }
    }

    // covers: XA-1
    #[test]
    fn all_services_are_asked_each_once() {
        let service = |kind: &str, control: &str| {
            format!(
                "<service><serviceType>{kind}</serviceType><controlURL>{control}</controlURL>\
                 </service>"
            )
        };
        let (one, two) = (Service::Ip1.as_str(), Service::Ppp1.as_str());
        let read = |services: &[String]| {
            let page = format!("<root>{}</root>", services.concat());
            let found = Description::read(page.as_bytes(), ROUTER).unwrap();
            (found.controls.len(), found.elsewhere)
        };
        let both = [service(one, "/a"), service(two, "/b"), service(one, "/a")];
        assert_eq!(read(&both), (2, false));
        assert_eq!(read(&[service(one, "/a"), service(two, "//192.168.1.2/b")]), (1, true));
        let many: Vec<_> = (0..99).map(|index| service(one, &format!("/{index}"))).collect();
        assert_eq!(read(&many), (limits::LISTS, true));
        assert_eq!(read(&[service(one, "/a"), service("urn:other", "/b")]), (1, false));
    }

    // covers: XA-1
    #[test]
    fn an_error_is_no_end_of_a_list() {
        let error = |code| format!("<s><UPnPError><errorCode>{code}</errorCode></UPnPError></s>");
        assert!(["713", "714", "402"].iter().all(|code| is_end(error(code).as_bytes())));
        assert!(["501", "606", "", "7130"].iter().all(|code| !is_end(error(code).as_bytes())));
        assert!(!is_end(b"") && !is_end(b"<html/>"));
    }

    #[test]
    fn half_an_answer_is_no_mapping() {
        for body in [&b""[..], b"<x/>", b"\xff", b"<GetGenericPortMappingEntryResponse/>"] {
            assert!(entry(body).is_none());
        }
    }
}
