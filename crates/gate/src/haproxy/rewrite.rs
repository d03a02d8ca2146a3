//! Paths that are rewritten on the way to a printer. Of all that regular expressions can say, only
//! one thing is understood: that what stands before and at a certain place is replaced.

use crate::Rewrite;

/// What a pattern and its replacement do to paths.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    Nothing,
    Beginning(Rewrite),
}

/// `http-request replace-path /webcam/(.*) /\1`.
pub(super) fn of_path(pattern: &str, format: &str) -> Option<Change> {
    let bound = pattern.strip_prefix('^');
    let anywhere = bound.is_none();
    let pattern = bound.unwrap_or(pattern);
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    change(pattern.strip_suffix("(.*)")?, format.strip_suffix("\\1")?, anywhere)
}

/// `reqrep ^([^\ :]*)\ /webcam/(.*) \1\ /\2`, of haproxy before 2.1: the same on the whole line.
pub(super) fn of_request_line(pattern: &str, format: &str) -> Option<Change> {
    let from = pattern.strip_prefix("^([^ :]*) ")?.strip_suffix("(.*)")?;
    change(from, format.strip_prefix("\\1 ")?.strip_suffix("\\2")?, false)
}

fn change(from: &str, to: &str, anywhere: bool) -> Option<Change> {
    if !is_beginning(from) || !is_beginning(to) {
        return None;
    }
    // Every path begins with a slash, so that there `/` is its first one.
    let anywhere = anywhere && from != "/";
    Some(if from == to && !anywhere {
        Change::Nothing
    } else {
        Change::Beginning(Rewrite { from: from.to_owned(), to: to.to_owned(), anywhere })
    })
}

/// Begins and ends with a slash, and means itself in a regular expression.
fn is_beginning(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte);
    text.starts_with('/') && text.ends_with('/') && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webcam(anywhere: bool) -> Change {
        Change::Beginning(Rewrite { from: "/webcam/".to_owned(), to: "/".to_owned(), anywhere })
    }

    #[test]
    fn a_beginning_is_cut_off() {
        assert_eq!(of_path("/webcam/(.*)", "/\\1"), Some(webcam(true)));
        assert_eq!(of_path("^/webcam/(.*)$", "/\\1"), Some(webcam(false)));
        assert_eq!(of_path("/(.*)", "/\\1"), Some(Change::Nothing));
        assert_eq!(of_request_line("^([^ :]*) /webcam/(.*)", "\\1 /\\2"), Some(webcam(false)));
        assert_eq!(of_request_line("^([^ :]*) /(.*)", "\\1 /\\2"), Some(Change::Nothing));
    }

    #[test]
    fn other_expressions_are_not_understood() {
        for (pattern, format) in [
            ("/web.*/(.*)", "/\\1"),
            ("/webcam(.*)", "/\\1"),
            ("/a/(.*)/b/(.*)", "/\\1/\\2"),
            ("/a/(.*)", "/b"),
            ("/a/(.*)", "http://x/\\1"),
        ] {
            assert_eq!(of_path(pattern, format), None, "{pattern}");
        }
    }
}
