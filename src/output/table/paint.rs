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

/// The text in its tone.
pub fn paint(color: bool, tone: Tone, text: &str) -> String {
    let sgr = sgr(tone);
    if !color || sgr.is_empty() || text.is_empty() {
        text.to_owned()
    } else {
        format!("\u{1b}[{sgr}m{text}\u{1b}[0m")
    }
}
