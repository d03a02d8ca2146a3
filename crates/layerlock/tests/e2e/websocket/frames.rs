//! Frames (RFC 6455, 5.2), written and read without any library.

/// First byte and payload of a frame.
type Read<'a> = (u8, &'a [u8]);

/// A frame of a visitor: any first byte, masked, with the shortest form of its length.
pub(super) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = head(first, 0x80, payload.len());
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A frame of a printer.
pub(super) fn plain(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(first, 0, payload.len());
    frame.extend(payload);
    frame
}

/// A close frame's payload.
pub(super) fn closing(code: u16, reason: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes()[..], reason].concat()
}

fn head(first: u8, masked: u8, length: usize) -> Vec<u8> {
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => vec![first, masked | short],
        (_, Ok(medium)) => [&[first, masked | 0x7e][..], &medium.to_be_bytes()].concat(),
        _ => [&[first, masked | 0x7f][..], &(length as u64).to_be_bytes()].concat(),
    }
}

/// The code of the last frame, if that is a close frame.
pub(super) fn close_code(bytes: &[u8]) -> Option<u16> {
    let (first, payload) = split(bytes).pop()?;
    let code = payload.first_chunk::<2>().filter(|_| first == 0x88)?;
    Some(u16::from_be_bytes(*code))
}

/// What a printer said, for messages of tests.
pub(super) fn describe(bytes: &[u8]) -> String {
    let frames = split(bytes);
    let texts = frames.iter().map(|(first, payload)| {
        let start = payload.get(..payload.len().min(40)).unwrap_or_default();
        format!("{first:02x}[{}]{:?}", payload.len(), String::from_utf8_lossy(start))
    });
    format!("{} bytes: {}", bytes.len(), texts.collect::<Vec<_>>().join(" "))
}

/// First byte and payload of each unmasked frame, as far as they are whole.
fn split(mut bytes: &[u8]) -> Vec<Read<'_>> {
    let mut frames = Vec::new();
    while let Some((frame, rest)) = first(bytes) {
        frames.push(frame);
        bytes = rest;
    }
    frames
}

fn first(bytes: &[u8]) -> Option<(Read<'_>, &[u8])> {
    let [first, second, ..] = *bytes else { return None };
    let (length, start): (usize, usize) = match second {
        126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?, 10),
        short => (usize::from(short), 2),
    };
    let end = start.checked_add(length)?;
    Some(((first, bytes.get(start..end)?), bytes.get(end..)?))
}
