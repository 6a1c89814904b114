//! What the guidance on S3 and Lambda names, topic by topic, and which checks answer it.
//!
//! It is a table (`policies/data/topics.yaml`) rather than a member of each check, because what it
//! has to show is the other direction: the topics that no check answers, and why.

use std::sync::OnceLock;

use serde::Deserialize;

use super::catalogue::Catalog;

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its id, for example `AC-10`: AC access, EN encryption, MO monitoring, DP data protection,
    /// LA function security, LC cold starts.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// The checks that answer it.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Why none does.
    #[serde(default)]
    pub not_covered: Option<String>,
}

/// Every topic, in order.
///
/// # Errors
/// What is wrong with the table; the tests see to it that nothing is.
pub fn all() -> Result<&'static [Topic], String> {
    static READ: OnceLock<Result<Vec<Topic>, String>> = OnceLock::new();
    READ.get_or_init(|| {
        serde_saphyr::from_str(include_str!("../../policies/data/topics.yaml"))
            .map_err(|error| error.to_string())
    })
    .as_ref()
    .map(Vec::as_slice)
    .map_err(Clone::clone)
}

/// What is wrong with the table: a check that does not exist, and a topic that has neither a check
/// nor a reason, or both.
pub fn mistakes(topics: &[Topic], catalog: &Catalog) -> Vec<String> {
    let mut mistakes = Vec::new();
    for topic in topics {
        for check in &topic.checks {
            if catalog.get(check).is_none() {
                mistakes.push(format!("{}: there is no check `{check}`", topic.id));
            }
        }
        if topic.checks.is_empty() != topic.not_covered.is_some() {
            mistakes.push(format!(
                "{}: neither a check nor a reason, or both",
                topic.id
            ));
        }
    }
    mistakes
}
