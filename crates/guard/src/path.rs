//! Paths of listed routes.

use percent_encoding::percent_decode_str;

use crate::file_name;

/// Klipper's own socket: whoever reaches it is past everything that Moonraker checks.
const NEVER: &str = "klippysocket";

/// How often a path may have been escaped.
const ESCAPES: usize = 3;

/// Whether a path could lead to Klipper's own socket, which is nobody's business from afar. What
/// stands before the printer may have unescaped the path, or cut something off it.
pub fn is_never_relayed(path: &str) -> bool {
    let mut text = path.to_owned();
    for _ in 0..=ESCAPES {
        let mut names = text.split(['/', '\\', ';', '?', '#']);
        if names.any(|name| name.trim().eq_ignore_ascii_case(NEVER)) {
            return true;
        }
        text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
    }
    false
}

/// Whether a path is the listed one. In a list `*` stands for one segment, `**` for one or more
/// at the end, and `**.gcode`, `**.png` and `**raw` for the same, of which the last one is named like
/// a file that can be printed, like a picture, or `raw`. A path with anything unusual in it (empty
/// segments, dots, parameters, separators that are escaped) is no listed one.
pub(crate) fn matches(listed: &str, path: &str) -> bool {
    let Some(mut segments) = segments(path) else { return false };
    for name in listed.split('/').skip(1) {
        if name.starts_with("**") {
            return segments.last().is_some_and(|last| match name {
                "**" => true,
                "**raw" => last == "raw",
                "**.png" => last.to_ascii_lowercase().rsplit('.').next() == Some("png"),
                _ => file_name::is_printable(&last),
            });
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
            ("/files/**.png", "/files/.thumbs/benchy-32x32.png"),
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
            ("/files/**.png", "/files/.thumbs/benchy.png/printer.cfg"),
        ] {
            assert!(!matches(listed, path), "{listed} {path}");
        }
    }

    // covers: PM-3
    #[test]
    fn klippysocket_in_disguise() {
        for path in [
            "/klippysocket",
            "/klippysocket/",
            "/printer2/klippysocket",
            "/KlippySocket",
            "/klippy%73ocket",
            "/klippy%2573ocket",
            "/klippysocket;x",
            "/klippysocket%2f",
            "/klippysocket%20",
            "/klippysocket%3fa",
            "/a%5cklippysocket",
        ] {
            assert!(is_never_relayed(path), "{path}");
        }
        for path in ["/", "/websocket", "/klippysockets", "/klippy%/x"] {
            assert!(!is_never_relayed(path), "{path}");
        }
    }
}
