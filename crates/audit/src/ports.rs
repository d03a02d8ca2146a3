//! The ports on which printers and what stands beside them answer.

/// A port, what lives there as a rule, and how to greet it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// Its number.
    pub number: u16,
    /// What lives there as a rule.
    pub usually: &'static str,
    /// How to greet it.
    pub(crate) greeting: Greeting,
}

/// What to say first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// A question in plain HTTP; where that isn't understood, one in HTTPS.
    Web,
    /// A question in HTTPS only.
    SecureWeb,
    /// A TLS hello, whose certificate tells a Bambu Lab printer.
    BambuTls,
    /// The upgrade to a WebSocket that Elegoo's printers offer, and a question in plain HTTP.
    Elegoo,
    /// Nothing: that it is open is all that is looked at.
    Silence,
}

impl Port {
    /// A port that somebody named, about which nothing is known.
    pub(crate) const fn named(number: u16) -> Self {
        let mut index = 0;
        while index < PRINTER_PORTS.len() {
            #[expect(clippy::indexing_slicing, reason = "`get` is not const; the index is checked")]
            let known = PRINTER_PORTS[index];
            if known.number == number {
                return known;
            }
            index += 1;
        }
        port(number, "", Greeting::Web)
    }
}

const fn port(number: u16, usually: &'static str, greeting: Greeting) -> Port {
    Port { number, usually, greeting }
}

/// The ports that are looked at unless one is named.
pub const PRINTER_PORTS: [Port; 21] = [
    port(80, "web pages of printers and of OctoPi", Greeting::Web),
    port(322, "Bambu Lab camera", Greeting::BambuTls),
    port(443, "web pages", Greeting::SecureWeb),
    port(990, "Bambu Lab files", Greeting::BambuTls),
    port(1883, "Elegoo control (MQTT)", Greeting::Silence),
    port(1984, "go2rtc cameras", Greeting::Web),
    port(3000, "Layerlock's redirect", Greeting::Web),
    port(3030, "Elegoo control", Greeting::Elegoo),
    port(3031, "Elegoo camera", Greeting::Web),
    port(3443, "Layerlock", Greeting::SecureWeb),
    port(4408, "Fluidd on Creality printers", Greeting::Web),
    port(4409, "Mainsail on Creality printers", Greeting::Web),
    port(5000, "OctoPrint", Greeting::Web),
    port(6000, "Bambu Lab camera", Greeting::BambuTls),
    port(7125, "Moonraker", Greeting::Web),
    port(7130, "Moonraker with HTTPS", Greeting::SecureWeb),
    port(8080, "cameras and PrusaLink", Greeting::Web),
    port(8081, "cameras", Greeting::Web),
    port(8883, "Bambu Lab control (MQTT)", Greeting::BambuTls),
    port(8888, "web pages of printers", Greeting::Web),
    port(9999, "Creality control", Greeting::Silence),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_named_is_greeted_as_usual() {
        assert_eq!(Port::named(8883).greeting, Greeting::BambuTls);
        assert_eq!(Port::named(50_123).greeting, Greeting::Web);
    }
}
