//! Thai or English: which of the two a customer is answered in.
//!
//! Pure. Where a choice is stored and where a profile comes from is known elsewhere.

/// The languages in which every text exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    Thai,
    English,
}

impl Language {
    /// `th` or `en`: as in the answers file and in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Language::Thai => "th",
            Language::English => "en",
        }
    }

    /// The inverse of [`Language::code`].
    #[must_use]
    pub fn from_code(code: &str) -> Option<Language> {
        match code {
            "th" => Some(Language::Thai),
            "en" => Some(Language::English),
            _ => None,
        }
    }
}

/// The language of an answer: the customer's stored choice, else the script of what they wrote,
/// else their profile's language (BCP 47, as LINE gives it), else the shop's.
#[must_use]
pub fn decide(
    stored: Option<Language>,
    text: Option<&str>,
    profile: Option<&str>,
    default: Language,
) -> Language {
    stored
        .or_else(|| text.and_then(of_script))
        .or_else(|| profile.and_then(of_tag))
        .unwrap_or(default)
}

/// Thai letters decide, since Thai sentences borrow Latin words and English ones no Thai.
/// Digits, emoji, punctuation and other scripts have no opinion, nor has a link.
fn of_script(text: &str) -> Option<Language> {
    let mut words = text.split_whitespace();
    if text.chars().any(is_thai_letter) {
        Some(Language::Thai)
    } else if words.any(|word| !word.contains("://") && word.chars().any(is_latin_letter)) {
        Some(Language::English)
    } else {
        None
    }
}

/// Letters, vowels and tone marks; not the Baht sign and the digits, which stand in any text.
fn is_thai_letter(c: char) -> bool {
    matches!(c, '\u{0E01}'..='\u{0E3A}' | '\u{0E40}'..='\u{0E4E}')
}

/// The Latin blocks of Unicode, and the wide forms of East Asian keyboards.
fn is_latin_letter(c: char) -> bool {
    c.is_alphabetic()
        && matches!(c, '\0'..='\u{024F}' | '\u{1E00}'..='\u{1EFF}' | '\u{FF21}'..='\u{FF5A}')
}

fn of_tag(tag: &str) -> Option<Language> {
    let primary = tag.split(['-', '_']).next().unwrap_or_default();
    Language::from_code(&primary.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::Language::{English, Thai};
    use super::*;

    #[test]
    fn the_first_with_an_opinion_decides() {
        // (stored, text, profile, default, decided)
        let table = [
            (Some(English), Some("สวัสดี"), Some("th"), Thai, English),
            (Some(Thai), Some("hello"), Some("en"), English, Thai),
            (None, Some("สวัสดี"), Some("en"), English, Thai),
            (None, Some("hello"), Some("th"), Thai, English),
            (None, None, Some("th-TH"), English, Thai),
            (None, None, Some("en-US"), Thai, English),
            (None, None, None, Thai, Thai),
            (None, None, None, English, English),
            (None, Some("123"), Some("en"), Thai, English),
            (None, Some("123"), Some("ja"), Thai, Thai),
        ];
        for (stored, text, profile, default, decided) in table {
            let is = decide(stored, text, profile, default);
            assert_eq!(is, decided, "{stored:?} {text:?} {profile:?} {default:?}");
        }
    }

    #[test]
    fn the_script_of_a_text() {
        let table = [
            ("ราคาเท่าไหร่", Some(Thai)),
            ("how much?", Some(English)),
            ("ขอ menu หน่อย", Some(Thai)),
            ("What does ขอบคุณ mean", Some(Thai)),
            ("OK ครับ", Some(Thai)),
            ("ๆ", Some(Thai)),
            ("café", Some(English)),
            ("ＯＫ", Some(English)),
            ("", None),
            ("12:30 ๑๒ ฿100", None),
            ("👍🏽 !?…", None),
            ("× ÷", None),
            ("你好", None),
            ("привет", None),
            ("https://example.com/menu", None),
            ("see https://example.com", Some(English)),
            ("ดู https://example.com", Some(Thai)),
        ];
        for (text, language) in table {
            assert_eq!(of_script(text), language, "{text:?}");
        }
    }

    #[test]
    fn the_language_of_a_profile() {
        let table = [
            ("th", Some(Thai)),
            ("th-TH", Some(Thai)),
            ("TH", Some(Thai)),
            ("en-GB", Some(English)),
            ("en_US", Some(English)),
            ("tha", None),
            ("zh-Hant-TW", None),
            ("", None),
            ("-th", None),
        ];
        for (tag, language) in table {
            assert_eq!(of_tag(tag), language, "{tag:?}");
        }
    }
}
