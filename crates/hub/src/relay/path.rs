//! Where a visitor wanted to go. The path travels through redirects and a URL fragment that
//! anyone can write, so it is parsed into a type that can't name another site.

/// A path with query on the origin at hand: starts with one `/`, at most 4,096 visible ASCII
/// characters, no backslash (browsers read it as a slash).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalPath(String);

impl LocalPath {
    /// The longest path, in bytes.
    pub(crate) const MAX: usize = 4 * 1024;

    /// Reads a path; `None` if it could leave the origin or isn't one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let local = text.starts_with('/') && !text.starts_with("//");
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        (local && plain && text.len() <= Self::MAX).then(|| Self(text.to_owned()))
    }

    /// The start page.
    pub(crate) fn root() -> Self {
        Self("/".to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The path as the value of a query or fragment parameter.
    pub(crate) fn encoded(&self) -> String {
        encode(&self.0)
    }
}

/// Percent-encodes a parameter's value.
pub(crate) fn encode(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The decoded value of the first parameter called `name`.
pub(crate) fn parameter(query: &str, name: &str) -> Option<String> {
    let value =
        query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))?.1;
    percent_encoding::percent_decode_str(value).decode_utf8().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // covers: RL-3
    #[test]
    fn ticket_next_double_slash() {
        for text in [
            "//evil.example",
            "/\\evil.example",
            "\\/evil",
            "/\t/evil",
            "/a\n",
            "https://e",
            "",
            "x",
        ] {
            assert_eq!(LocalPath::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn ordinary_paths_are_kept() {
        for text in ["/", "/?a=b&c=//d", "/login/#x", "/.//x"] {
            assert_eq!(LocalPath::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_parameter_survives_a_query() {
        let query = format!("pre=abc&next={}", encode("/a?b=c&d=%20"));
        assert_eq!(parameter(&query, "next").unwrap(), "/a?b=c&d=%20");
        assert_eq!(parameter(&query, "pre").unwrap(), "abc");
        assert_eq!(parameter(&query, "re"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            if let Some(path) = LocalPath::parse(&text) {
                prop_assert!(!path.as_str().starts_with("//"));
            }
            let _ = parameter(&text, "next");
        }
    }
}
