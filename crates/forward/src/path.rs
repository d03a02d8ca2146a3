//! Paths of requests, as far as they decide where a request goes. A path that two servers could
//! read differently leads nowhere, or a visitor could climb out of what a prefix stands for.

mod prefix;

use percent_encoding::percent_decode_str;

pub use prefix::{InvalidPrefix, Prefix};

use crate::BadRequest;

/// How often a path may have been escaped.
const ESCAPES: usize = 3;

/// Refuses dot segments and separators in disguise, however often they were escaped.
pub fn check(path: &str) -> Result<(), BadRequest> {
    let mut text = path.to_owned();
    let slashes = text.matches('/').count();
    for _ in 0..=ESCAPES {
        let hidden = text.contains(['\\', '\0']) || text.matches('/').count() != slashes;
        if hidden || text.split('/').any(is_dot_segment) {
            return Err(BadRequest::Target);
        }
        text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
    }
    Ok(())
}

/// `.` or `..`, with or without parameters, which some servers cut off first.
fn is_dot_segment(segment: &str) -> bool {
    let name = segment.split(';').next().unwrap_or_default().trim();
    name == "." || name == ".."
}

/// Whether a path has no segment that some server would read as another one.
pub fn is_plain(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    path.bytes().all(plain)
        && !path.contains("//")
        && path.split('/').all(|segment| segment != "." && segment != "..")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_path_keeps_a_dot_segment(path in "/([a-z%2eEfF5cC.;/]{0,30})") {
            if check(&path).is_ok() {
                let decoded = percent_decode_str(&path).decode_utf8_lossy().into_owned();
                prop_assert!(!decoded.split('/').any(|segment| segment == ".."));
            }
        }
    }
}
