//! What somebody else said, server or bot, on its way into logs, status and readiness: bounded and harmless.

/// They may say much.
const MAX_CHARACTERS: usize = 1000;

/// The begin of it in one line, and nothing in it that a terminal would obey.
#[must_use]
pub fn one_line(text: &str) -> String {
    let harmless = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(MAX_CHARACTERS).map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_cut_and_what_a_terminal_obeys_is_not_there() {
        assert_eq!(one_line("สวัสดี\r\n\u{1b}[2J"), "สวัสดี   [2J");
        assert_eq!(one_line(&"é".repeat(5_000)), "é".repeat(MAX_CHARACTERS));
    }
}
