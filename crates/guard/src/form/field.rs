//! One part of a form.

use super::{MAX_TEXT, Refused, Step};
use crate::file_name::{is_below, is_printable};

/// A listed field of an upload.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
}

impl Field {
    /// Reads the head of a part; `None` if it isn't exactly what browsers, slicers and apps write,
    /// or if its name isn't listed. `file` is the only name that has a file, and has to have one.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let mut named = None;
        let mut seen = Vec::new();
        for line in std::str::from_utf8(head).ok()?.split("\r\n") {
            let (label, value) = line.split_once(": ")?;
            let label = label.to_ascii_lowercase();
            match label.as_str() {
                "content-disposition" => named = Some(listed_name(value)?),
                "content-type" if is_media_type(value) => {}
                "content-length" if value.bytes().all(|byte| byte.is_ascii_digit()) => {}
                "content-transfer-encoding" if value == "binary" => {}
                _ => return None,
            }
            if seen.contains(&label) {
                return None;
            }
            seen.push(label);
        }
        Some(Self { name: named?.to_owned() })
    }

    fn is_file(&self) -> bool {
        self.name == "file"
    }

    /// What to do while the end of the value isn't there: of a file, all may pass that can't be
    /// the beginning of a mark (with the line's end before it).
    pub(super) fn unfinished(&self, held: &[u8], mark: usize) -> Result<Step, Refused> {
        let may_pass = held.len().saturating_sub(mark + 2);
        match (self.is_file(), may_pass) {
            (false, _) if held.len() > MAX_TEXT + mark => Err(Refused::Unlisted),
            (false, _) | (true, 0) => Ok(Step::Wait),
            (true, count) => Ok(Step::Pass(count)),
        }
    }

    pub(super) fn judge(&self, value: &[u8], may_start: bool) -> Result<(), Refused> {
        if self.is_file() {
            return Ok(());
        }
        let value = std::str::from_utf8(value).map_err(|_| Refused::Unlisted)?;
        let fits = match (self.name.as_str(), value) {
            ("print" | "select", "false" | "") | ("root", "gcodes") | ("path", "") => true,
            ("print" | "select", "true") if may_start => true,
            ("print" | "select", _) => return Err(Refused::Start),
            ("path", folder) => is_below(folder),
            ("checksum", sum) => sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_hexdigit()),
            _ => false,
        };
        if fits { Ok(()) } else { Err(Refused::Unlisted) }
    }
}

/// The name in a `Content-Disposition`, if it is listed.
fn listed_name(value: &str) -> Option<&str> {
    let (name, rest) = value.strip_prefix("form-data; name=\"")?.split_once('"')?;
    let listed = match name {
        "file" => is_printable(rest.strip_prefix("; filename=\"")?.strip_suffix('"')?),
        "root" | "path" | "checksum" | "print" | "select" => rest.is_empty(),
        _ => false,
    };
    listed.then_some(name)
}

fn is_media_type(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-+./;= _".contains(&byte);
    !value.to_ascii_lowercase().starts_with("multipart") && value.bytes().all(plain)
}
