//! What happens to every text on its way into the page, without anybody having to remember it.
//!
//! `askama.toml` names [`Shown`] as the escaper of `.html` templates, so each `{{ … }}` passes
//! through here: characters that act instead of being shown (control codes, turns of the writing
//! direction, letters of no width) become visible, and what HTML would read as markup is escaped for
//! text and for quoted attributes alike. Templates put every attribute in quotes, and nothing from an
//! account into a script, a style or a URL.

use std::fmt::{self, Write};

use askama::filters::{Escaper, Html};

use crate::output::hostile;

/// The escaper of the page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown;

impl Escaper for Shown {
    fn write_escaped_str<W: Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        // Ends of lines are kept: the page's own listings have them.
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                dest.write_char('\n')?;
            }
            Html.write_escaped_str(&mut dest, &hostile::plain(line))?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut out = String::new();
        Shown.write_escaped_str(&mut out, text).unwrap();
        out
    }

    #[test]
    fn markup_and_quotes_are_text() {
        let out = shown("<img src=x onerror=\"a()\" alt='b'> & \u{1b}[2J\u{202e}");
        for sign in ['<', '>', '"', '\'', '\u{1b}', '\u{202e}'] {
            assert!(!out.contains(sign), "{out}");
        }
        assert!(out.contains("img src=x onerror="), "{out}");
    }

    #[test]
    fn listings_keep_their_lines() {
        assert_eq!(shown("{\n  a\r\n}"), "{\n  a \n}");
    }
}
