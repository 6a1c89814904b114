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
