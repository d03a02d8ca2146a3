//! Queries. One that two programs could read differently (a name twice, a semicolon, a broken
//! escape) is no listed one.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use crate::file_name;

/// What may be in the query of a listed route.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Parameters {
    /// Nothing.
    None,
    /// These names, each with the values beside it.
    Named(&'static [(&'static str, Values)]),
    /// Anything, each name once.
    Any,
}

/// What the value of a listed name may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values {
    /// Anything.
    All,
    /// One of these.
    These(&'static [&'static str]),
    /// The name of a file below the printer's own folder. Printers put it into G-code.
    File,
}

impl Values {
    pub(crate) fn fit(self, value: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(listed) => listed.contains(&value),
            Self::File => file_name::is_below(value),
        }
    }
}

pub(crate) struct Query(HashMap<String, String>);

impl Query {
    /// Reads a query; `None` if it isn't clear what it says.
    pub(crate) fn parse(query: Option<&str>) -> Option<Self> {
        let mut read = HashMap::new();
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if read.insert(decode(name)?, decode(value)?).is_some() {
                return None;
            }
        }
        Some(Self(read))
    }

    /// Whether a listed route may have this query.
    pub(crate) fn fits(&self, parameters: Parameters) -> bool {
        match parameters {
            Parameters::None => self.0.is_empty(),
            Parameters::Any => true,
            Parameters::Named(listed) => self.0.iter().all(|(name, value)| {
                let found = listed.iter().find(|(one, _)| one == name);
                found.is_some_and(|(_, values)| values.fit(value))
            }),
        }
    }
}

fn decode(text: &str) -> Option<String> {
    let odd = |c: char| c.is_control() || c == ';' || c == '\u{fffd}';
    let whole = has_whole_escapes(text);
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8().ok()?;
    (whole && !decoded.contains(odd)).then(|| decoded.into_owned())
}

fn has_whole_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| {
        rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Parameters =
        Parameters::Named(&[("root", Values::These(&["gcodes"])), ("recursive", Values::All)]);

    fn fits(query: &str, parameters: Parameters) -> bool {
        Query::parse(Some(query)).is_some_and(|query| query.fits(parameters))
    }

    #[test]
    fn listed_names_and_values_fit() {
        for query in ["", "root=gcodes", "root=%67codes&recursive=true", "recursive"] {
            assert!(fits(query, ROOT), "{query}");
        }
        for query in ["root=config", "root=", "other=1", "ROOT=gcodes"] {
            assert!(!fits(query, ROOT), "{query}");
        }
        assert!(fits("extruder=target&heater_generic%20chamber", Parameters::Any));
        assert!(!fits("a=b", Parameters::None));
    }

    // covers: PM-3
    #[test]
    fn query_that_two_programs_read_differently() {
        for query in ["root=gcodes&root=config", "root=gcodes&%72oot=config", "a=1;b=2", "a=%zz"] {
            assert!(Query::parse(Some(query)).is_none(), "{query}");
        }
        assert!(Query::parse(Some("a=%ff")).is_none());
        assert!(Query::parse(Some("a=%00")).is_none());
    }
}
