//! How a request inside the tunnel says which printer it is for: the hub names an id, and only
//! the agent knows the address behind it.

use printer::PrinterId;

/// The authority of the agent's own routes.
pub const AGENT_AUTHORITY: &str = "agent.internal";

const PRINTER_SUFFIX: &str = ".printer.internal";

/// The authority under which a printer's web UI is reached.
pub fn printer_authority(printer: PrinterId) -> String {
    format!("{printer}{PRINTER_SUFFIX}")
}

/// The printer that an authority names, if it names one.
pub fn printer_of_authority(authority: &str) -> Option<PrinterId> {
    authority.strip_suffix(PRINTER_SUFFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use printer::{OsRandom, SystemClock};

    use super::*;

    #[test]
    fn a_printers_authority_names_it() {
        let id = PrinterId::new(&SystemClock::new(), &OsRandom);
        assert_eq!(printer_of_authority(&printer_authority(id)), Some(id));
    }

    #[test]
    fn addresses_name_no_printer() {
        for authority in ["192.168.1.1", "printer.internal", ".printer.internal", AGENT_AUTHORITY] {
            assert_eq!(printer_of_authority(authority), None, "{authority}");
        }
    }
}
