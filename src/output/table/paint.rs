//! How a [`Tone`] looks on a terminal with colours.

pub use crate::output::words::Tone;

/// SGR parameters (ECMA-48), from the 16 colours that follow the terminal's own theme.
const fn sgr(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Strong => "1",
        Tone::Quiet => "2",
        Tone::Good => "32",
        Tone::Warn => "33",
        Tone::Bad => "31",
        Tone::Worst => "1;31",
        Tone::Unknown => "35",
    }
}

/// A painted text as a link, on terminals that show links; others show the text (OSC 8).
pub fn link(links: bool, url: Option<&str>, text: &str) -> String {
    let safe =
        |url: &&str| url.starts_with("https://") && url.bytes().all(|byte| byte.is_ascii_graphic());
    match url.filter(safe).filter(|_| links) {
        Some(url) => format!("\u{1b}]8;;{url}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\"),
        None => text.to_owned(),
    }
}

/// The text in its tone.
pub fn paint(color: bool, tone: Tone, text: &str) -> String {
    let sgr = sgr(tone);
    if !color || sgr.is_empty() || text.is_empty() {
        text.to_owned()
    } else {
        format!("\u{1b}[{sgr}m{text}\u{1b}[0m")
    }
}
