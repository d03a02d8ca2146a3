//! The three fingerprints, in words, between which a person picks the one that the agent shows
//! (LK-1). Picking takes looking, where a button "yes, that's it" would only take a click.

use printer::Random;
use tunnel::{Fingerprint, PublicKey};

/// The words of this key and those of two keys that don't exist, in random order.
pub(crate) fn choices(key: &PublicKey, random: &dyn Random) -> Vec<String> {
    let mut choices = vec![words(&key.fingerprint())];
    while choices.len() < 3 {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        let decoy = words(&Fingerprint::from_bytes(bytes));
        if !choices.contains(&decoy) {
            choices.push(decoy);
        }
    }
    let place = place_below_three(random);
    choices.swap(0, place);
    choices
}

/// A fingerprint as a person reads it: four words with spaces.
pub(crate) fn words(fingerprint: &Fingerprint) -> String {
    fingerprint.words().join(" ")
}

/// 0, 1 or 2, each as likely.
fn place_below_three(random: &dyn Random) -> usize {
    loop {
        let mut byte = [0];
        random.fill(&mut byte);
        // 255 is the one value that would make the first place likelier.
        if byte != [255] {
            return usize::from(byte[0] % 3);
        }
    }
}
