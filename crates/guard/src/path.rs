//! Paths of listed routes.

use percent_encoding::percent_decode_str;

use crate::file_name;

/// Whether a path is the listed one. In a list `*` stands for one segment, `**` for one or more
/// at the end, and `**.gcode` for the same, of which the last one is named like a file that can be
/// printed. A path with anything unusual in it (empty segments, dots, parameters, separators that
/// are escaped) is no listed one.
pub(crate) fn matches(listed: &str, path: &str) -> bool {
    let Some(mut segments) = segments(path) else { return false };
    for name in listed.split('/').skip(1) {
        if name.starts_with("**") {
            let last = segments.last();
            return last.is_some_and(|last| name == "**" || file_name::is_printable(&last));
        }
        match segments.next() {
            Some(segment) if name == "*" || name == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

/// The decoded segments of an ordinary path.
fn segments(path: &str) -> Option<impl Iterator<Item = String>> {
    let rest = path.strip_prefix('/')?;
    let mut decoded = Vec::new();
    let mut names = rest.split('/').peekable();
    while let Some(name) = names.next() {
        let name = percent_decode_str(name).decode_utf8().ok()?;
        let at_the_end = names.peek().is_none();
        if !(is_ordinary(&name) || at_the_end && name.is_empty()) {
            return None;
        }
        decoded.push(name.into_owned());
    }
    Some(decoded.into_iter())
}

fn is_ordinary(segment: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | ';' | '%');
    !segment.is_empty() && segment != "." && segment != ".." && !segment.contains(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_what_they_say() {
        for (listed, path) in [
            ("/api/job", "/api/job"),
            ("/api/job", "/api/%6aob"),
            ("/webcam/", "/webcam/"),
            ("/api/files/*/**", "/api/files/local/a/b.gcode"),
            ("/files/**.gcode", "/files/usb/Benchy%20(1).BGCODE"),
        ] {
            assert!(matches(listed, path), "{listed} {path}");
        }
    }

    // covers: PM-3
    #[test]
    fn unusual_paths_are_no_listed_ones() {
        for (listed, path) in [
            ("/api/job", "/api/job/"),
            ("/api/job", "/api//job"),
            ("/api/job", "//api/job"),
            ("/api/job", "/API/job"),
            ("/api/job", "/api/job;x"),
            ("/api/job", "/api/%2e/job"),
            ("/api/job", "api/job"),
            ("/api/job", ""),
            ("/api/files/*/**", "/api/files/local"),
            ("/api/files/*/**", "/api/files/local/%2e%2e"),
            ("/api/files/*/**", "/api/files/local/a%2fb"),
            ("/api/files/*/**", "/api/files/local/a%252fb"),
            ("/files/**.gcode", "/files/usb/firmware.bbf"),
            ("/files/**.gcode", "/files/usb/.gcode/"),
        ] {
            assert!(!matches(listed, path), "{listed} {path}");
        }
    }
}
