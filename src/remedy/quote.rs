//! Quoting, once for each target: a POSIX shell, HCL, YAML.
//!
//! Names, policies and tags are written by anyone with write access, and what is printed here is meant
//! to be run. So every value is quoted by the grammar of the target, whatever it holds, and the
//! templates of the policy files are filled in by the quotes that stand around the placeholder.
//!
//! Sources: POSIX.1-2024, Shell Command Language, 2.2; HCL native syntax specification, "Template
//! expressions"; YAML 1.2.2, 5.7 and 7.3.1.

use serde_json::Value;

/// A part of a template: its own text, or a value that came from an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextPiece {
    /// Written in a policy file.
    Text(String),
    /// Filled in.
    Value(String),
}

/// What a policy file leaves for the user to replace: words like `YOUR-LOG-BUCKET`, each once. Only
/// the file's own text counts, never what was filled in.
pub fn gaps(pieces: &[TextPiece]) -> Vec<String> {
    let is_part = |letter: char| letter.is_ascii_uppercase() || letter == '-';
    let mut gaps: Vec<String> = Vec::new();
    for piece in pieces {
        let TextPiece::Text(text) = piece else {
            continue;
        };
        for found in text.split(|letter| !is_part(letter)) {
            let found = found.trim_matches('-');
            if found.contains("YOUR-") && !gaps.iter().any(|gap| gap == found) {
                gaps.push(found.to_owned());
            }
        }
    }
    gaps
}

/// A shell word. Names that need no quotes have none.
pub fn word(text: &str) -> String {
    if is_bare(text) {
        text.to_owned()
    } else {
        format!("'{}'", in_single_quotes(text))
    }
}

/// A string of HCL, in which nothing is interpolated.
pub fn hcl(text: &str) -> String {
    format!("\"{}\"", in_hcl_quotes(text))
}

/// A double-quoted YAML scalar.
pub fn yaml(text: &str) -> String {
    format!("\"{}\"", in_yaml_quotes(text))
}

/// Letters, digits and what no shell, HCL or YAML gives a meaning to.
fn is_bare(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['-', '.', '='])
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=,@".contains(&byte))
}

/// What is one scalar in HCL without quotes: a number, or a word.
fn is_plain(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
}

/// For inside single quotes of a shell. NUL cannot be in a shell's word and is left out.
fn in_single_quotes(text: &str) -> String {
    text.replace('\0', "").replace('\'', r"'\''")
}

fn in_double_quotes(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars().filter(|letter| *letter != '\0') {
        if matches!(letter, '"' | '\\' | '$' | '`') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

fn in_hcl_quotes(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // `${` and `%{` start a template. Doubling the first character takes that away, but not
            // where the one before it is the same; a code point never starts one.
            '$' | '%' if letters.peek() == Some(&'{') => {
                if out.ends_with(letter) {
                    out.push_str(&format!("\\u{:04x}", u32::from(letter)));
                } else {
                    out.push(letter);
                    out.push(letter);
                }
            }
            other if acts(other) => out.push_str(&hcl_escape(other)),
            other => out.push(other),
        }
    }
    out
}

fn hcl_escape(letter: char) -> String {
    let code = u32::from(letter);
    if code > 0xffff {
        format!("\\U{code:08x}")
    } else {
        format!("\\u{code:04x}")
    }
}

fn in_yaml_quotes(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other if acts(other) => {
                let code = u32::from(other);
                out.push_str(&match code {
                    0..=0xff => format!("\\x{code:02x}"),
                    0x100..=0xffff => format!("\\u{code:04x}"),
                    _ => format!("\\U{code:08x}"),
                });
            }
            other => out.push(other),
        }
    }
    out
}

/// What a terminal acts upon, a parser takes for the end of a line, or a reader cannot see.
fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// For a comment: one line of what can be seen.
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| if acts(letter) { '\u{fffd}' } else { letter })
        .collect()
}

/// JSON as an HCL expression, its lines indented by `indent` blanks but for the first.
pub fn hcl_value(value: &Value, indent: usize) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => hcl(text),
        Value::Array(items) => {
            let short: Vec<String> = items.iter().map(|item| hcl_value(item, indent)).collect();
            let plain = items
                .iter()
                .all(|item| !item.is_array() && !item.is_object());
            if plain && short.iter().map(String::len).sum::<usize>() < 80 {
                return format!("[{}]", short.join(", "));
            }
            let inner = indent + 2;
            let lines: String = items
                .iter()
                .map(|item| format!("{:inner$}{},\n", "", hcl_value(item, inner)))
                .collect();
            format!("[\n{lines}{:indent$}]", "")
        }
        Value::Object(members) => {
            if members.is_empty() {
                return "{}".to_owned();
            }
            let inner = indent + 2;
            let lines: String = members
                .iter()
                .map(|(name, member)| {
                    format!(
                        "{:inner$}{} = {}\n",
                        "",
                        hcl(name),
                        hcl_value(member, inner)
                    )
                })
                .collect();
            format!("{{\n{lines}{:indent$}}}", "")
        }
    }
}

/// JSON as YAML in block style; every line is indented by `indent` blanks and ends.
pub fn yaml_lines(value: &Value, indent: usize) -> String {
    match value {
        Value::Object(members) if !members.is_empty() => members
            .iter()
            .map(|(name, member)| {
                let (name, pad) = (yaml_key(name), "");
                match scalar(member) {
                    Some(text) => format!("{pad:indent$}{name}: {text}\n"),
                    None => format!("{pad:indent$}{name}:\n{}", yaml_lines(member, indent + 2)),
                }
            })
            .collect(),
        Value::Array(items) if !items.is_empty() => items
            .iter()
            .map(|item| match scalar(item) {
                Some(text) => format!("{:indent$}- {text}\n", ""),
                None => {
                    let inner = yaml_lines(item, indent + 2);
                    let rest = inner.get(indent + 2..).unwrap_or_default();
                    format!("{:indent$}- {rest}", "")
                }
            })
            .collect(),
        other => format!("{:indent$}{}\n", "", scalar(other).unwrap_or_default()),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("null".to_owned()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(yaml(text)),
        Value::Array(items) if items.is_empty() => Some("[]".to_owned()),
        Value::Object(members) if members.is_empty() => Some("{}".to_owned()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// A key as it stands where YAML cannot take it for anything else, quoted elsewhere.
fn yaml_key(name: &str) -> String {
    let plain = name.len() > 3
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && !["true", "false", "null"].contains(&name.to_ascii_lowercase().as_str());
    if plain { name.to_owned() } else { yaml(name) }
}

/// What stands around a place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Around {
    Nothing,
    Single,
    Double,
    Comment,
}

/// A template for a shell, filled in.
pub fn fill_shell(pieces: &[TextPiece]) -> String {
    let mut out = String::new();
    // `$(` and `(` open a context of their own, in which quotes start anew.
    let mut contexts = vec![Around::Nothing];
    for piece in pieces {
        let around = contexts.last().copied().unwrap_or(Around::Nothing);
        match piece {
            TextPiece::Value(value) => out.push_str(&match around {
                Around::Nothing => word(value),
                Around::Single => in_single_quotes(value),
                Around::Double => in_double_quotes(value),
                Around::Comment => one_line(value),
            }),
            TextPiece::Text(text) => {
                out.push_str(text);
                follow_shell(text, &mut contexts);
            }
        }
    }
    out
}

fn follow_shell(text: &str, contexts: &mut Vec<Around>) {
    let mut previous = '\n';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let around = contexts.last().copied().unwrap_or(Around::Nothing);
        let now = match (around, letter) {
            (Around::Nothing | Around::Double, '\\') => {
                letters.next();
                around
            }
            (Around::Nothing | Around::Double, '$') if letters.peek() == Some(&'(') => {
                letters.next();
                contexts.push(Around::Nothing);
                previous = '(';
                continue;
            }
            (Around::Nothing, '(') => {
                contexts.push(Around::Nothing);
                previous = '(';
                continue;
            }
            (Around::Nothing, ')') => {
                if contexts.len() > 1 {
                    contexts.pop();
                }
                previous = ')';
                continue;
            }
            (Around::Nothing, '\'') => Around::Single,
            (Around::Nothing, '"') => Around::Double,
            (Around::Nothing, '#') if previous.is_whitespace() || "(;&|".contains(previous) => {
                Around::Comment
            }
            (Around::Single, '\'') | (Around::Double, '"') | (Around::Comment, '\n') => {
                Around::Nothing
            }
            _ => around,
        };
        if let Some(last) = contexts.last_mut() {
            *last = now;
        }
        previous = letter;
    }
}

/// A template in HCL, filled in.
pub fn fill_hcl(pieces: &[TextPiece]) -> String {
    let mut out = String::new();
    let mut around = Around::Nothing;
    for piece in pieces {
        match piece {
            TextPiece::Value(value) => out.push_str(&match around {
                Around::Nothing if is_plain(value) => value.clone(),
                Around::Nothing | Around::Single => hcl(value),
                Around::Double => in_hcl_quotes(value),
                Around::Comment => one_line(value),
            }),
            TextPiece::Text(text) => {
                out.push_str(text);
                let mut letters = text.chars();
                while let Some(letter) = letters.next() {
                    around = match (around, letter) {
                        (Around::Double, '\\') => {
                            letters.next();
                            around
                        }
                        (Around::Nothing, '"') => Around::Double,
                        (Around::Nothing, '#') => Around::Comment,
                        (Around::Double, '"') | (Around::Comment, '\n') => Around::Nothing,
                        _ => around,
                    };
                }
            }
        }
    }
    out
}
