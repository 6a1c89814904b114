//! Text from an account, made safe to show on a terminal.
//!
//! A bucket tag or a policy can hold anything: an escape sequence that clears the screen, a
//! right-to-left override that turns `txt.exe` around, a line feed that forges a line of our own
//! output. Whatever could act on a terminal or hide from the eye is shown as `�`, so that the reader
//! sees that something is there; ends of lines and tabs become blanks.

use std::borrow::Cow;

/// The text with nothing in it that acts instead of being shown.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().all(|letter| shown(letter) == letter) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.chars().map(shown).collect())
    }
}

/// True for a character that acts on a terminal or hides from the eye.
pub fn acts(letter: char) -> bool {
    shown(letter) != letter
}

/// What to show for one character.
fn shown(letter: char) -> char {
    match letter {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
        // C0, DEL and C1: U+009B alone begins an escape sequence on some terminals.
        control if control.is_control() => char::REPLACEMENT_CHARACTER,
        // Marks, embeddings, overrides and isolates of the bidirectional algorithm (UAX #9).
        '\u{061c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        // Of no width: two names that differ in these look alike.
        '\u{00ad}'
        | '\u{034f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => char::REPLACEMENT_CHARACTER,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in ["acme-logs", "Zürich — 東京", "a b"] {
            assert!(matches!(plain(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn escapes_do_not_act() {
        assert_eq!(plain("a\u{1b}[31mb\u{7}"), "a�[31mb�");
        assert_eq!(plain("a\u{9b}31mb"), "a�31mb");
    }

    #[test]
    fn lines_cannot_be_forged() {
        assert_eq!(plain("a\r\nPASS\tb\u{2028}c"), "a  PASS b c");
    }

    #[test]
    fn direction_and_width_tricks_are_visible() {
        assert_eq!(plain("a\u{202e}b\u{200f}c\u{2066}d\u{200b}e"), "a�b�c�d�e");
        assert_eq!(plain("tag\u{e0041}"), "tag�");
    }
}
