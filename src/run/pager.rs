//! A pager for text that is longer than the terminal.

use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};

/// What `less` gets when it has no options of its own: quit if it fits, keep colours and the screen.
const LESS: &str = "FRX";

/// True if a person can use a pager: both ends are a terminal, and none of the known automations.
pub(super) fn is_interactive() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal()
        && io::stdin().is_terminal()
        && !set("CI")
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// True if the text does not fit on the terminal.
pub(super) fn is_long(text: &[u8]) -> bool {
    let height = terminal_size::terminal_size().map_or(24, |(_, height)| usize::from(height.0));
    text.iter().filter(|byte| **byte == b'\n').count() >= height
}

/// Shows the text in the pager; false if there is none.
pub(super) fn page(text: &[u8]) -> bool {
    let named = ["COLDBUCKET_PAGER", "PAGER"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .unwrap_or_else(|| "less".to_owned());
    let mut words = named.split_whitespace();
    let Some(program) = words.next() else {
        return false;
    };
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", LESS);
    }
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    if let Some(mut input) = child.stdin.take() {
        // A pager that was quit reads no more.
        let _ = input.write_all(text);
    }
    child.wait().is_ok()
}
