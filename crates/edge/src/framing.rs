//! Where messages of HTTP/1.1 begin and end (RFC 9112, 6 and 7), and what may not be there: two
//! lengths of one body, whatever they are; codings other than `chunked`; chunks with extensions; lines
//! that don't end with CR LF. Everything else is the HTTP library's to judge.

/// As much of a line as is looked at. No line that says how long a body is has to be longer.
const LOOKED_AT: usize = 96;

/// What a connection has read of the requests that come one after another.
#[derive(Default)]
pub struct Framing {
    place: Place,
    line: Line,
    messages: usize,
}

/// What comes next.
#[derive(Clone, Copy, Default)]
enum Place {
    /// A request's first line, perhaps after empty ones.
    #[default]
    First,
    /// Its fields.
    Field(Length),
    /// So many bytes of a body of that length.
    Body(u64),
    /// A chunk's size.
    Size,
    /// So many bytes of a chunk.
    Chunk(u64),
    /// The end of a chunk.
    ChunkEnd,
    /// Fields behind the last chunk.
    Trailer,
}

/// How long a body is, as far as the fields have said.
#[derive(Clone, Copy)]
enum Length {
    Unsaid,
    Bytes(u64),
    Chunks,
}

/// Something that may not be there.
struct Wrong;

impl Framing {
    /// Reads on, in pieces of any size. Returns the position in `bytes` of the first byte that may
    /// not be there; nothing behind it is to be read.
    pub fn first_wrong(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            at += match self.skip(rest.len()) {
                0 => match self.read(*rest.first()?) {
                    Ok(()) => 1,
                    Err(Wrong) => return Some(at),
                },
                skipped => skipped,
            };
        }
        None
    }

    /// How many requests have begun: their headers have ended.
    pub const fn messages(&self) -> usize {
        self.messages
    }

    /// How many of the next `there` bytes are a body's own.
    fn skip(&mut self, there: usize) -> usize {
        let (Place::Body(left) | Place::Chunk(left)) = &mut self.place else { return 0 };
        let skipped = usize::try_from(*left).map_or(there, |left| left.min(there));
        *left = left.saturating_sub(u64::try_from(skipped).unwrap_or(u64::MAX));
        self.place = match self.place {
            Place::Body(0) => Place::First,
            Place::Chunk(0) => Place::ChunkEnd,
            place => place,
        };
        skipped
    }

    /// One byte of a line.
    fn read(&mut self, byte: u8) -> Result<(), Wrong> {
        if self.line.ends_with(byte)? {
            self.place = self.after_line()?;
            self.line = Line::default();
        }
        Ok(())
    }

    fn after_line(&mut self) -> Result<Place, Wrong> {
        let line = &self.line;
        Ok(match self.place {
            Place::First | Place::Trailer if line.is_empty() => Place::First,
            Place::First => Place::Field(Length::Unsaid),
            Place::Field(length) if line.is_empty() => {
                self.messages += 1;
                length.body()
            }
            Place::Field(length) => Place::Field(length.and(line)?),
            Place::Size => match line.size()? {
                0 => Place::Trailer,
                size => Place::Chunk(size),
            },
            Place::ChunkEnd if line.is_empty() => Place::Size,
            Place::Trailer => Place::Trailer,
            Place::ChunkEnd | Place::Body(_) | Place::Chunk(_) => return Err(Wrong),
        })
    }
}

impl Length {
    /// What is known after one more field.
    fn and(self, line: &Line) -> Result<Self, Wrong> {
        let field = line.field();
        let said = match field {
            Some((name, value)) if name.eq_ignore_ascii_case(b"content-length") => {
                Self::Bytes(number(value, 10)?)
            }
            Some((name, value)) if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                value.eq_ignore_ascii_case(b"chunked").then_some(Self::Chunks).ok_or(Wrong)?
            }
            _ => return Ok(self),
        };
        match self {
            Self::Unsaid if !line.is_longer => Ok(said),
            _ => Err(Wrong),
        }
    }

    const fn body(self) -> Place {
        match self {
            Self::Unsaid | Self::Bytes(0) => Place::First,
            Self::Bytes(length) => Place::Body(length),
            Self::Chunks => Place::Size,
        }
    }
}

/// The beginning of a line.
#[derive(Default)]
struct Line {
    text: Vec<u8>,
    is_longer: bool,
    at_cr: bool,
}

impl Line {
    /// Takes a byte. Returns whether the line ends with it.
    fn ends_with(&mut self, byte: u8) -> Result<bool, Wrong> {
        match (byte, self.at_cr) {
            (b'\n', true) => return Ok(true),
            (b'\n', false) | (_, true) => return Err(Wrong),
            (b'\r', false) => self.at_cr = true,
            _ if self.text.len() < LOOKED_AT => self.text.push(byte),
            _ => self.is_longer = true,
        }
        Ok(false)
    }

    const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Name and value, if it is a field.
    fn field(&self) -> Option<(&[u8], &[u8])> {
        let colon = self.text.iter().position(|byte| *byte == b':')?;
        let (name, value) = self.text.split_at_checked(colon)?;
        Some((name, value.get(1..)?.trim_ascii()))
    }

    /// The size of a chunk, with nothing behind it.
    fn size(&self) -> Result<u64, Wrong> {
        // The HTTP library reads on where this line was looked at no more.
        if self.is_longer { Err(Wrong) } else { number(&self.text, 16) }
    }
}

/// A number that is written with digits alone.
fn number(text: &[u8], radix: u32) -> Result<u64, Wrong> {
    let digits = std::str::from_utf8(text).map_err(|_| Wrong)?;
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(Wrong);
    }
    u64::from_str_radix(digits, radix).map_err(|_| Wrong)
}

#[cfg(test)]
mod tests;
