//! `if A !B or { path_beg /webcam/ }`: side by side means and, `or` means or, and binds less.

use super::acls::Acls;
use crate::rules::Condition;

/// What an `if` or `unless` means; nothing at all means always.
///
/// # Errors
/// Half a sentence about what isn't understood.
pub(super) fn read(words: &[&str], acls: &Acls) -> Result<Condition, String> {
    match *words {
        [] => Ok(Condition::always()),
        ["if", ref terms @ ..] => either(terms, acls),
        ["unless", ref terms @ ..] => either(terms, acls).map(Condition::negated),
        // Not which: it may be a secret.
        _ => Err("it is followed by something else than `if` or `unless`".to_owned()),
    }
}

fn either(words: &[&str], acls: &Acls) -> Result<Condition, String> {
    let is_or = |word: &&str| word.eq_ignore_ascii_case("or") || *word == "||";
    let alternatives: Result<Vec<_>, _> =
        words.split(is_or).map(|terms| all(terms, acls)).collect();
    alternatives.map(Condition::Any)
}

fn all<'a>(mut words: &'a [&'a str], acls: &Acls) -> Result<Condition, String> {
    let mut terms = Vec::new();
    while !words.is_empty() {
        let (term, rest) = term(words, acls)?;
        terms.push(term);
        words = rest;
    }
    if terms.is_empty() {
        return Err("a condition is missing".to_owned());
    }
    Ok(Condition::All(terms))
}

fn term<'a>(words: &'a [&'a str], acls: &Acls) -> Result<(Condition, &'a [&'a str]), String> {
    match *words {
        ["!", ref rest @ ..] => term(rest, acls).map(|(term, rest)| (term.negated(), rest)),
        ["{", ref rest @ ..] => braced(rest, acls),
        [negated, ref rest @ ..] if negated.starts_with('!') => {
            let name = negated.trim_start_matches('!');
            let twice = (negated.len() - name.len()).is_multiple_of(2);
            let (positive, rest) = match name {
                "{" => braced(rest, acls)?,
                name => (acls.named(name)?, rest),
            };
            Ok((if twice { positive } else { positive.negated() }, rest))
        }
        [name, ref rest @ ..] => Ok((acls.named(name)?, rest)),
        [] => Err("a condition is missing".to_owned()),
    }
}

fn braced<'a>(words: &'a [&'a str], acls: &Acls) -> Result<(Condition, &'a [&'a str]), String> {
    let end = words.iter().position(|word| *word == "}").ok_or("a brace is not closed")?;
    let (inner, rest) = words.split_at(end);
    Ok((acls.criterion(inner)?, rest.get(1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begins(path: &str) -> Condition {
        Condition::PathBegins(vec![path.to_owned()])
    }

    fn parsed(text: &str) -> Result<Condition, String> {
        let words: Vec<_> = text.split(' ').collect();
        read(&words, &Acls::new(true))
    }

    #[test]
    fn and_binds_more_than_or() {
        let expected = Condition::Any(vec![
            Condition::All(vec![begins("/a"), begins("/b").negated()]),
            Condition::All(vec![begins("/c")]),
        ]);
        for or in ["or", "||", "OR"] {
            let text = format!("if {{ path_beg /a }} !{{ path_beg /b }} {or} {{ path_beg /c }}");
            assert_eq!(parsed(&text), Ok(expected.clone()));
        }
    }

    #[test]
    fn unless_is_the_opposite_of_all_of_it() {
        let all = Condition::Any(vec![Condition::All(vec![begins("/a")])]);
        assert_eq!(parsed("unless { path_beg /a }"), Ok(all.negated()));
        let twice = parsed("if ! !{ path_beg /a }").unwrap();
        let negated = begins("/a").negated().negated();
        assert_eq!(twice, Condition::Any(vec![Condition::All(vec![negated])]));
    }

    #[test]
    fn half_conditions_are_refused() {
        for text in
            ["if", "if or", "if { path_beg /a", "if !", "if nobody", "if { path_beg /a } or"]
        {
            assert!(parsed(text).is_err(), "{text}");
        }
        assert!(parsed("whenever x").is_err());
    }
}
