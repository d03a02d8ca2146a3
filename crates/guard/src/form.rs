//! Uploads in a form (`multipart/form-data`, RFC 7578), judged while they stream. The flag that
//! starts a print may come after the file, so nothing passes before it was read, and the end of a
//! form passes only when all of it was judged.
//!
//! It is far stricter than the RFC, because a printer may read laxly what is read strictly here:
//! a boundary that appears anywhere but in its place ends the upload, whatever stands around it.

mod field;

use memchr::memmem;

use field::Field;

/// The longest head of a part, and the longest value that isn't a file, in bytes.
const MAX_TEXT: usize = 2 * 1024;

/// Why an upload doesn't pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It wants to start a print, or to select the file for one.
    #[error("starting a print needs the level print")]
    Start,
    /// It is no plain form with one file and listed fields.
    #[error("this form needs the level controls")]
    Unlisted,
}

/// Reads a form piece by piece.
#[derive(Debug, Clone)]
pub struct Form {
    /// `--` and the boundary.
    mark: Vec<u8>,
    may_start: bool,
    held: Vec<u8>,
    state: State,
    seen: Vec<String>,
}

#[derive(Debug, Clone)]
enum State {
    /// The form begins with its mark.
    Beginning,
    /// After a mark: another part, or the end.
    Marked,
    Head,
    Inside(Field),
    /// After the last mark.
    Ended,
    /// After the line's end that follows it.
    Over,
}

/// What one step did.
enum Step {
    /// So many of the held bytes may pass.
    Pass(usize),
    /// More bytes are needed.
    Wait,
}

/// Whether a media type is that of a form.
pub(crate) fn is_form(content_type: &str) -> bool {
    content_type.trim_start().get(..9).is_some_and(|start| start.eq_ignore_ascii_case("multipart"))
}

impl Form {
    /// A form with this `Content-Type`; `None` if it has no plain boundary.
    pub(crate) fn new(content_type: &str) -> Option<Self> {
        let boundary = content_type.strip_prefix("multipart/form-data")?.trim_start();
        let boundary = boundary.strip_prefix(';')?.trim_start().strip_prefix("boundary=")?;
        let quoted = boundary.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        // Qt quotes what isn't a word; Dart and Swift write words with signs in them.
        let signs: &[u8] = if quoted.is_some() { b"-_.+/=" } else { b"-_.+" };
        let boundary = quoted.unwrap_or(boundary);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || signs.contains(&byte);
        let fits = (8..=70).contains(&boundary.len()) && boundary.bytes().all(plain);
        fits.then(|| Self {
            mark: format!("--{boundary}").into_bytes(),
            may_start: false,
            held: Vec::new(),
            state: State::Beginning,
            seen: Vec::new(),
        })
    }

    /// The same for somebody who may start prints.
    #[must_use]
    pub fn that_may_start(self) -> Self {
        Self { may_start: true, ..self }
    }

    /// Reads a piece, and returns what may pass. Holds back less than 3 KiB.
    pub fn read(&mut self, piece: &[u8]) -> Result<Vec<u8>, Refused> {
        self.held.extend_from_slice(piece);
        let mut passed = 0;
        while let Step::Pass(count) = self.step(passed)? {
            passed += count;
        }
        let rest = self.held.split_off(passed);
        Ok(std::mem::replace(&mut self.held, rest))
    }

    /// The form has ended. An error if it isn't complete.
    pub fn finish(&self) -> Result<(), Refused> {
        let complete = matches!(self.state, State::Ended | State::Over) && self.held.is_empty();
        if complete { Ok(()) } else { Err(Refused::Unlisted) }
    }

    fn step(&mut self, from: usize) -> Result<Step, Refused> {
        let held = self.held.get(from..).unwrap_or_default();
        let (next, step) = match &self.state {
            State::Beginning => (State::Marked, expect(held, &self.mark)?),
            State::Marked => match held.get(..2) {
                Some(b"\r\n") => (State::Head, Step::Pass(2)),
                Some(b"--") if self.seen.iter().any(|name| name == "file") => {
                    (State::Ended, Step::Pass(2))
                }
                Some(_) => return Err(Refused::Unlisted),
                None => return Ok(Step::Wait),
            },
            State::Head => match memmem::find(held, b"\r\n\r\n") {
                Some(end) if end <= MAX_TEXT => {
                    let field = Field::of(held.get(..end).unwrap_or_default());
                    let field = field.ok_or(Refused::Unlisted)?;
                    (State::Inside(field), Step::Pass(end + 4))
                }
                None if held.len() <= MAX_TEXT => return Ok(Step::Wait),
                _ => return Err(Refused::Unlisted),
            },
            State::Inside(field) => match memmem::find(held, &self.mark) {
                None => return field.unfinished(held, self.mark.len()),
                Some(at) => {
                    let value = held.get(..at).and_then(|held| held.strip_suffix(b"\r\n"));
                    field.judge(value.ok_or(Refused::Unlisted)?, self.may_start)?;
                    (State::Marked, Step::Pass(at + self.mark.len()))
                }
            },
            // A line's end may follow, and nothing else.
            State::Ended | State::Over if held.is_empty() => return Ok(Step::Wait),
            State::Ended => (State::Over, expect(held, b"\r\n")?),
            State::Over => return Err(Refused::Unlisted),
        };
        self.enter(next, &step)?;
        Ok(step)
    }

    fn enter(&mut self, next: State, step: &Step) -> Result<(), Refused> {
        if matches!(step, Step::Wait) {
            return Ok(());
        }
        if let State::Inside(field) = &next {
            if self.seen.contains(&field.name) {
                return Err(Refused::Unlisted);
            }
            self.seen.push(field.name.clone());
        }
        self.state = next;
        Ok(())
    }
}

fn expect(held: &[u8], expected: &[u8]) -> Result<Step, Refused> {
    if held.starts_with(expected) {
        return Ok(Step::Pass(expected.len()));
    }
    if expected.starts_with(held) { Ok(Step::Wait) } else { Err(Refused::Unlisted) }
}

#[cfg(test)]
mod tests;
