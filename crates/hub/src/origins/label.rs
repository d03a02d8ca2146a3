//! What a printer's label looks like.

/// Length of a printer's label: 16 characters of base32, 80 bits.
const LENGTH: usize = 16;

/// Whether a text has the form of a printer's label.
pub(crate) fn is_label(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_characters_of_base32_are_a_label() {
        assert!(is_label("abcdefgh234567ij"));
        for odd in ["", "abcdefgh", "abcdefgh234567i1", "ABCDEFGH234567IJ", "abcdefgh.34567ij"] {
            assert!(!is_label(odd), "{odd}");
        }
    }
}
