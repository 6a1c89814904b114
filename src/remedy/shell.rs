//! What changes share in the commands of the AWS CLI, version 1 or 2, for any POSIX shell.
//!
//! Every command may be run again: it sets what is set already, or finds that there is nothing left
//! to do. What replaces a whole setting reads it first and keeps the rest: encryption and lifecycle
//! by a JMESPath expression over the live answer, so no other program is needed; a policy by
//! comparing it with the one the plan was made from, and stopping when it is another one.

use serde_json::Value;

use super::quote::{one_line, word};

/// JSON as a shell word that a JMESPath literal can take in.
pub fn literal(value: &Value) -> String {
    quoted(&escaped(&value.to_string()))
}

/// JSON text for between the backticks of a JMESPath literal.
pub fn escaped(json: &str) -> String {
    json.replace('`', "\\u0060")
}

/// A word in quotes, even where it needs none.
pub fn quoted(text: &str) -> String {
    let quoted = word(text);
    if quoted.starts_with('\'') {
        quoted
    } else {
        format!("'{quoted}'")
    }
}

/// Text that ends in one line feed.
pub fn ended(text: &str) -> String {
    let mut text = text.trim_end().to_owned();
    text.push('\n');
    text
}

/// Commands as a comment, for a fix that waits for a decision.
pub fn commented(text: &str) -> String {
    text.lines()
        .map(|line| {
            let line = one_line(line);
            if line.is_empty() {
                "#\n".to_owned()
            } else {
                format!("#   {line}\n")
            }
        })
        .collect()
}
