//! Words of a line, with haproxy's quotes and escapes (its manual, section 2.2).

use std::{iter::Peekable, str::Chars};

/// How many words a line may have; haproxy's own limit.
const MAX_WORDS: usize = 64;

/// Splits a line. A comment ends it.
///
/// # Errors
/// A sentence about what can't be read.
pub(super) fn split(line: &str) -> Result<Vec<String>, &'static str> {
    if line.chars().any(|c| c.is_control() && c != '\t') {
        return Err("The line holds a control character.");
    }
    let mut words = Vec::new();
    let mut letters = line.chars().peekable();
    while let Some(word) = next(&mut letters)? {
        if word.is_empty() {
            return Err("An empty word ends the line for haproxy: write the line without it.");
        }
        words.push(word);
        if words.len() > MAX_WORDS {
            return Err("The line has more than 64 words.");
        }
    }
    Ok(words)
}

fn next(letters: &mut Peekable<Chars<'_>>) -> Result<Option<String>, &'static str> {
    while letters.next_if(|c| [' ', '\t'].contains(c)).is_some() {}
    if letters.peek().is_none_or(|first| *first == '#') {
        return Ok(None);
    }
    let mut word = String::new();
    while let Some(letter) = letters.next_if(|c| ![' ', '\t', '#'].contains(c)) {
        match letter {
            '\'' => single_quoted(letters, &mut word)?,
            '"' => double_quoted(letters, &mut word)?,
            '\\' => escaped(letters, &mut word)?,
            plain => word.push(plain),
        }
    }
    Ok(Some(word))
}

fn single_quoted(letters: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), &'static str> {
    for letter in letters {
        match letter {
            '\'' => return Ok(()),
            plain => word.push(plain),
        }
    }
    Err("A quote is not closed.")
}

fn double_quoted(letters: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), &'static str> {
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Ok(()),
            '$' => return Err("Variables of the environment are not read; write their values."),
            '\\' => escaped(letters, word)?,
            plain => word.push(plain),
        }
    }
    Err("A quote is not closed.")
}

/// What stands behind a backslash; before anything else the backslash stands for itself.
fn escaped(letters: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), &'static str> {
    match letters.peek() {
        None => Err("The line ends with a backslash."),
        Some('x' | 'n' | 'r' | 't') => Err("Escapes like \\n and \\x41 are not read."),
        Some(' ' | '\\' | '#' | '"' | '\'' | '$') => {
            word.extend(letters.next());
            Ok(())
        }
        Some(_) => {
            word.push('\\');
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_comments_quotes_and_escapes() {
        let words = |line| split(line).unwrap().join("|");
        assert_eq!(words("  bind :::80 v4v6 # both"), "bind|:::80|v4v6");
        assert_eq!(words("realm My\\ Printer"), "realm|My Printer");
        assert_eq!(words("realm 'My $x' \"a \\\"b\\\"\""), "realm|My $x|a \"b\"");
        assert_eq!(words("^([^\\ :]*)\\ /(.*)     \\1\\ /\\2"), "^([^ :]*) /(.*)|\\1 /\\2");
        assert_eq!(words("user x password $6$salt$hash"), "user|x|password|$6$salt$hash");
        assert_eq!(words("# nothing"), "");
    }

    #[test]
    fn what_could_be_read_otherwise_is_refused() {
        for line in
            ["a \"\" b", "a '' b", "a \"$HOME\"", "a 'b", "a \"b", "a \\", "a \\x41", "a\u{1b}[2J"]
        {
            assert!(split(line).is_err(), "{line:?}");
        }
        assert!(split(&"a ".repeat(64)).is_ok());
        assert!(split(&"a ".repeat(65)).is_err());
    }
}
