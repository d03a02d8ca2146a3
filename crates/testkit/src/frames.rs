//! HTTP/2 written by hand, frame by frame (RFC 9113), for tests that send what no client would.
//! Header fields are written out in full, without compression (RFC 7541, 6.2.2).

/// What every client sends first, with the empty SETTINGS that has to follow.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Flag of DATA and HEADERS: nothing follows on this stream.
pub const END_STREAM: u8 = 1;
/// Flag of HEADERS and CONTINUATION: no CONTINUATION follows.
pub const END_HEADERS: u8 = 4;
/// Flag of SETTINGS and PING: this is the answer to one.
pub const ACK: u8 = 1;

/// The kinds of frames by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names are those of RFC 9113")]
pub enum Kind {
    Data = 0,
    Headers = 1,
    RstStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
    Continuation = 9,
}

/// One frame.
pub fn frame(kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let head = [&length[1..], &[kind as u8, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// HEADERS that are complete; `flags` may add [`END_STREAM`].
pub fn headers(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(Kind::Headers, flags | END_HEADERS, stream, &block(fields))
}

/// DATA.
pub fn data(stream: u32, flags: u8, bytes: &[u8]) -> Vec<u8> {
    frame(Kind::Data, flags, stream, bytes)
}

/// `RST_STREAM` with the code `CANCEL`.
pub fn reset(stream: u32) -> Vec<u8> {
    frame(Kind::RstStream, 0, stream, &8_u32.to_be_bytes())
}

/// One setting.
pub fn setting(id: u16, value: u32) -> Vec<u8> {
    frame(Kind::Settings, 0, 0, &[&id.to_be_bytes()[..], &value.to_be_bytes()].concat())
}

/// More room for what the other side sends.
pub fn window_update(stream: u32, bytes: u32) -> Vec<u8> {
    frame(Kind::WindowUpdate, 0, stream, &bytes.to_be_bytes())
}

/// Header fields as they stand in HEADERS.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let field = |(name, value): &(&str, &str)| [vec![0], text(name), text(value)].concat();
    fields.iter().flat_map(field).collect()
}

/// A length (RFC 7541, 5.1) and that many bytes.
fn text(text: &str) -> Vec<u8> {
    const PREFIX: usize = 127;
    let mut bytes = Vec::new();
    if text.len() < PREFIX {
        bytes.extend(u8::try_from(text.len()));
    } else {
        bytes.push(127);
        let mut rest = text.len() - PREFIX;
        while rest >= 128 {
            bytes.extend(u8::try_from(rest % 128 + 128));
            rest /= 128;
        }
        bytes.extend(u8::try_from(rest));
    }
    bytes.extend(text.as_bytes());
    bytes
}

/// The frames in what was received: kind, flags, stream and payload of each.
pub fn parse(mut bytes: &[u8]) -> Vec<(u8, u8, u32, &[u8])> {
    let mut frames = Vec::new();
    while let Some((&[l1, l2, l3, kind, flags, ref stream @ ..], rest)) =
        bytes.split_first_chunk::<9>()
    {
        let length = usize::try_from(u32::from_be_bytes([0, l1, l2, l3])).unwrap_or(usize::MAX);
        let Some((payload, rest)) = rest.split_at_checked(length) else { break };
        frames.push((kind, flags, u32::from_be_bytes(*stream), payload));
        bytes = rest;
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let bytes = [data(3, END_STREAM, b"abc"), reset(5)].concat();
        let frames = parse(&bytes);
        assert_eq!(frames, [(0, 1, 3, &b"abc"[..]), (3, 0, 5, &[0, 0, 0, 8][..])]);
        assert_eq!(parse(&bytes[..20]).len(), 1, "half a frame is none");
    }

    #[test]
    fn long_lengths_take_more_bytes() {
        assert_eq!(text(&"x".repeat(1337))[..3], [127, 0b1011_1010, 0b0000_1001]);
        assert_eq!(block(&[("a", "b")]), [0, 1, b'a', 1, b'b']);
    }
}
