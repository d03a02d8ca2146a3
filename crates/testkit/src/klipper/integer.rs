//! How the protocol writes integers: seven bits per byte, the highest first, in as few bytes as
//! hold the value. One byte holds -32 to 95.

/// Appends a value. Unsigned values of 32 bits are written as the signed one with the same bits.
pub(super) fn write(value: u32, to: &mut Vec<u8>) {
    let value = i64::from(value.cast_signed());
    for group in (1..=4).rev() {
        let bits = 7 * group;
        // What `group` bytes hold: three quarters of the range above zero, a quarter below.
        let quarter = 1_i64 << (bits - 2);
        if !(-quarter..3 * quarter).contains(&value) {
            to.push(0x80 | low_bits(value >> bits));
        }
    }
    to.push(low_bits(value));
}

/// Takes a value from the front; `None` when there is none.
pub(super) fn read(from: &mut &[u8]) -> Option<u32> {
    let first = next(from)?;
    let is_negative = first & 0x60 == 0x60;
    let mut value = if is_negative { u32::MAX << 7 } else { 0 } | u32::from(first & 0x7f);
    let mut more = first & 0x80 != 0;
    while more {
        let byte = next(from)?;
        value = (value << 7) | u32::from(byte & 0x7f);
        more = byte & 0x80 != 0;
    }
    Some(value)
}

fn next(from: &mut &[u8]) -> Option<u8> {
    let (first, rest) = from.split_first()?;
    *from = rest;
    Some(*first)
}

#[expect(clippy::cast_sign_loss, reason = "seven bits remain")]
const fn low_bits(value: i64) -> u8 {
    (value & 0x7f) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_and_take_the_documented_space() {
        let lengths = [
            (0, 1),
            (95, 1),
            (96, 2),
            (12_287, 2),
            (12_288, 3),
            (u32::MAX, 1),
            (u32::MAX - 31, 1),
            (u32::MAX - 32, 2),
            (0x7fff_ffff, 5),
            (0x8000_0000, 5),
        ];
        for (value, length) in lengths {
            let mut bytes = Vec::new();
            write(value, &mut bytes);
            assert_eq!(bytes.len(), length, "{value}");
            assert_eq!(read(&mut &bytes[..]), Some(value));
        }
    }

    #[test]
    fn half_a_value_is_none() {
        assert_eq!(read(&mut &[0x81][..]), None);
        assert_eq!(read(&mut &[][..]), None);
    }
}
