//! What a rule looks for in a text: words, or a regular expression.
//!
//! Both look at the folded text, so that case, spacing and the usual slips of
//! Thai typing make no difference. Memory and time are bounded: patterns by
//! their compiled size, texts by [`Folded::MAX_CHARS`].

use regex::{Regex, RegexBuilder};

/// A text made ready to be searched.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Folded(String);

impl Folded {
    /// Characters looked at, twice what a customer can type into LINE; the rest is not searched.
    const MAX_CHARS: usize = 10_000;

    /// Lower case, runs of white space as one space, invisible characters left out, and the two
    /// spellings that look alike in Thai as one: two SARA E typed for SARA AE, and SARA AM typed
    /// as its two halves.
    pub(super) fn new(text: &str) -> Folded {
        let mut folded = String::with_capacity(text.len().min(4 * Self::MAX_CHARS));
        for c in text
            .trim()
            .chars()
            .take(Self::MAX_CHARS)
            .flat_map(char::to_lowercase)
        {
            match (folded.chars().next_back(), c) {
                (_, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{FE0F}') => {}
                (Some(' '), c) if c.is_whitespace() => {}
                (_, c) if c.is_whitespace() => folded.push(' '),
                (Some('เ'), 'เ') => replace_last(&mut folded, 'แ'),
                (Some('\u{0E4D}'), 'า') => replace_last(&mut folded, '\u{0E33}'),
                (_, c) => folded.push(c),
            }
        }
        Folded(folded)
    }
}

fn replace_last(text: &mut String, with: char) {
    text.pop();
    text.push(with);
}

/// One entry of a rule's `when.text`.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// Folded, not empty.
    Words(String),
    Regex(Regex),
}

impl Pattern {
    /// In bytes, of one compiled expression and of its cache.
    const MAX_COMPILED: usize = 1024 * 1024;

    /// # Errors
    /// A sentence for the rule's author if nothing is left to look for.
    pub(super) fn words(words: &str) -> Result<Pattern, String> {
        match Folded::new(words) {
            Folded(folded) if folded.is_empty() => Err("is empty".to_owned()),
            Folded(folded) => Ok(Pattern::Words(folded)),
        }
    }

    /// # Errors
    /// A sentence for the rule's author if it is not a regular expression, too large, or matches
    /// every text.
    pub(super) fn regex(expression: &str) -> Result<Pattern, String> {
        let regex = RegexBuilder::new(expression.trim())
            .case_insensitive(true)
            .size_limit(Self::MAX_COMPILED)
            .dfa_size_limit(Self::MAX_COMPILED)
            .build()
            .map_err(|error| why_not(&error))?;
        if regex.is_match("") {
            return Err(
                "matches every text, even an empty one: that is what `fallback` is for".to_owned(),
            );
        }
        Ok(Pattern::Regex(regex))
    }

    pub(super) fn matches(&self, text: &Folded) -> bool {
        match self {
            Pattern::Words(words) => contains_words(&text.0, words),
            Pattern::Regex(regex) => regex.is_match(&text.0),
        }
    }
}

/// The parser's reason without its drawing, which takes several lines.
fn why_not(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "is too large a regular expression".to_owned(),
        error => {
            let drawing = error.to_string();
            let reason = drawing.lines().last().unwrap_or_default();
            let reason = reason.strip_prefix("error: ").unwrap_or(reason);
            format!("is not a regular expression: {reason}")
        }
    }
}

/// Whether `words` stand in `text` and are no part of a longer word: "hi" is not in "this".
/// Thai is written without spaces, so its words are found anywhere.
fn contains_words(text: &str, words: &str) -> bool {
    let mut from = 0;
    while let Some(found) = text[from..].find(words) {
        let (start, end) = (from + found, from + found + words.len());
        let joined_before = joined(text[..start].chars().next_back(), words.chars().next());
        let joined_after = joined(words.chars().next_back(), text[end..].chars().next());
        if !joined_before && !joined_after {
            return true;
        }
        from = start + words.chars().next().map_or(1, char::len_utf8);
    }
    false
}

fn joined(left: Option<char>, right: Option<char>) -> bool {
    left.is_some_and(in_spaced_word) && right.is_some_and(in_spaced_word)
}

/// The scripts that put spaces between words stand before Thai in Unicode, but for Latin's extension.
fn in_spaced_word(c: char) -> bool {
    c.is_alphanumeric() && (c < '\u{0E00}' || matches!(c, '\u{1E00}'..='\u{1EFF}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whatever_the_case_and_the_spacing() {
        let table = [
            ("hi", "Hi!", true),
            ("hi", "this", false),
            ("hi", "hit", false),
            ("hi", "this is hi", true),
            ("menu", "ขอmenuหน่อย", true),
            ("opening hours", "Opening\n  HOURS please", true),
            ("opening hours", "opening the hours", false),
            ("a a", "ba a a", true),
            ("ราคา", "อยากทราบราคาค่ะ", true),
            ("ราคา", "ราค", false),
            ("แผนที่", "เเผนที่", true),
            ("ทำ", "ท\u{0E4D}า", true),
            ("เปิด", "เปิ\u{200B}ด", true),
            ("24", "2024", false),
            ("24", "เปิด24ชม.", true),
            ("c++", "do you know c++?", true),
            ("❤", "❤\u{FE0F}", true),
        ];
        for (words, text, found) in table {
            let pattern = Pattern::words(words).expect("not empty");
            assert_eq!(
                pattern.matches(&Folded::new(text)),
                found,
                "{words:?} in {text:?}"
            );
        }
    }

    #[test]
    fn expressions_see_the_folded_text() {
        let table = [
            (r"^ราคา\s*\d+", "ราคา   500 ไหม", true),
            (r"\bORDER-[0-9]{4}\b", "my order-1234", true),
            (r"\bORDER-[0-9]{4}\b", "my order-12345", false),
            (r"^\p{Thai}+$", "สวัสดี", true),
        ];
        for (expression, text, found) in table {
            let pattern = Pattern::regex(expression).expect("an expression");
            assert_eq!(
                pattern.matches(&Folded::new(text)),
                found,
                "{expression:?} in {text:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_looked_for_says_why() {
        assert_eq!(Pattern::words(" \u{200B}").expect_err("empty"), "is empty");
        let table = [
            ("(", "is not a regular expression: unclosed group"),
            (
                r"\p{Klingon}",
                "is not a regular expression: Unicode property not found",
            ),
            ("(?:\\w{500}){500}", "is too large a regular expression"),
            (
                "a*",
                "matches every text, even an empty one: that is what `fallback` is for",
            ),
            (
                "",
                "matches every text, even an empty one: that is what `fallback` is for",
            ),
        ];
        for (expression, reason) in table {
            assert_eq!(Pattern::regex(expression).expect_err(expression), reason);
        }
    }

    #[test]
    fn a_huge_text_is_searched_in_part() {
        let late = "x ".repeat(Folded::MAX_CHARS) + "ราคา";
        let pattern = Pattern::words("ราคา").expect("not empty");
        assert!(!pattern.matches(&Folded::new(&late)));
    }
}
