//! What changes share in Terraform, for the AWS provider.
//!
//! What exists already is imported, so that `terraform plan` shows the difference and nothing is
//! created twice. A resource that Terraform would take over whole while the plan does not know all
//! of it (lifecycle rules, functions) is written as a comment to copy into the code that owns it: an
//! import would delete what is left out.

use std::collections::BTreeMap;

use super::quote::one_line;

/// Lines as a comment, of HCL or YAML.
pub fn note(text: &str) -> String {
    text.trim_end()
        .lines()
        .map(|line| {
            let line = one_line(line);
            if line.is_empty() {
                "#\n".to_owned()
            } else {
                format!("# {line}\n")
            }
        })
        .collect()
}

/// The code as `terraform fmt` writes it: the signs of equality of neighbouring arguments below each
/// other. An argument that opens a bracket stands alone (hclwrite, formatCells).
pub fn aligned(code: &str) -> String {
    let lines: Vec<&str> = code.lines().collect();
    let mut out = String::with_capacity(code.len());
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let mut group: Vec<(&str, &str)> = Vec::new();
        while let Some(pair) = lines.get(at + group.len()).and_then(|line| argument(line)) {
            group.push(pair);
        }
        let wide = group.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in &group {
            out.push_str(&format!("{name:<wide$} = {value}\n"));
        }
        if group.is_empty() {
            out.push_str(line);
            out.push('\n');
            at += 1;
        } else {
            at += group.len();
        }
    }
    out
}

/// An argument on one line: its name with the indent, and its value.
fn argument(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end();
    let word = name.trim_start();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    let quoted = word.len() > 2 && word.starts_with('"') && word.ends_with('"');
    let inner = word.trim_matches('"');
    if word.is_empty() || !inner.chars().all(plain) || (!quoted && word != inner) {
        return None;
    }
    let value = value.strip_prefix(' ')?.trim_start();
    (brackets(value) == 0 && !value.starts_with("<<")).then_some((name, value))
}

/// Brackets that are opened and not closed, outside texts.
fn brackets(value: &str) -> i32 {
    let (mut open, mut in_text, mut escaped) = (0, false, false);
    for letter in value.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '(' | '[' | '{' if !in_text => open += 1,
            ')' | ']' | '}' if !in_text => open -= 1,
            _ => {}
        }
    }
    open
}

/// Names for resources: letters, digits and `_` of what they are called after, each given once.
#[derive(Debug, Default)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// The name for a resource that is called `name` and identified by `id`.
    pub fn of(&mut self, name: &str, id: &str) -> String {
        if let Some((label, _)) = self.0.iter().find(|(_, owner)| *owner == id) {
            return label.clone();
        }
        let mut stem: String = name
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter
                } else {
                    '_'
                }
            })
            .take(64)
            .collect();
        if !stem.starts_with(|first: char| first.is_ascii_alphabetic()) {
            stem.insert_str(0, "r_");
        }
        let mut label = stem.clone();
        let mut number = 2;
        while self.0.contains_key(&label) {
            label = format!("{stem}_{number}");
            number += 1;
        }
        self.0.insert(label.clone(), id.to_owned());
        label
    }
}

#[cfg(test)]
mod tests {
    use super::aligned;

    #[test]
    fn neighbouring_arguments_are_aligned_as_terraform_does() {
        let code = "resource \"a\" \"b\" {\n  bucket = \"x=y\"\n  block_public_acls = true\n  policy = jsonencode({\n    \"Id\" = 1\n    \"Statement\" = []\n  })\n  a = 1\n\n  long_name = 2\n}\n";
        let formatted = "resource \"a\" \"b\" {\n  bucket            = \"x=y\"\n  block_public_acls = true\n  policy = jsonencode({\n    \"Id\"        = 1\n    \"Statement\" = []\n  })\n  a = 1\n\n  long_name = 2\n}\n";
        assert_eq!(aligned(code), formatted);
        assert_eq!(aligned(formatted), formatted);
    }
}
