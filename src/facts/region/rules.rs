//! The managed rules that watch the topics of this tool, as a dated table.

use std::sync::OnceLock;

use crate::facts::dated_table;

/// The table in `policies/data/config-rules.csv`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleTable {
    /// The day its source was read, `YYYY-MM-DD`.
    pub date: String,
    /// Its rows.
    pub rows: Vec<RuleRow>,
}

/// One rule that watches one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleRow {
    /// The topic, in words a message can use.
    pub topic: String,
    /// The rule's `SourceIdentifier`: its name may be anything.
    pub identifier: String,
    /// It runs without a recorder.
    pub periodic: bool,
}

impl RuleTable {
    /// The table shipped with the program.
    pub fn builtin() -> &'static Self {
        static TABLE: OnceLock<RuleTable> = OnceLock::new();
        TABLE.get_or_init(|| {
            Self::parse(include_str!("../../../policies/data/config-rules.csv")).unwrap_or_default()
        })
    }

    /// Reads a table: `#` comments (one of them `# table-date: YYYY-MM-DD`), a heading, then
    /// `topic,identifier,trigger`, the trigger `change` or `periodic`.
    ///
    /// # Errors
    /// The first line that does not have this form, with its number.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut table = Self::default();
        table.date = dated_table::read("config-rules.csv", "topic,", text, |fields, wrong| {
            let [topic, identifier, trigger] = fields else {
                return Err(wrong("not three fields"));
            };
            table.rows.push(RuleRow {
                topic: (*topic).to_owned(),
                identifier: (*identifier).to_owned(),
                periodic: match *trigger {
                    "periodic" => true,
                    "change" => false,
                    _ => return Err(wrong("trigger is not change or periodic")),
                },
            });
            Ok(())
        })?;
        Ok(table)
    }

    /// The topics that none of the active rules watches, in the order of the table. `recorded`: a
    /// recorder records buckets, so that rules run at their changes.
    pub fn unwatched(&self, active: &[String], recorded: bool) -> Vec<String> {
        let mut topics: Vec<(&str, bool)> = Vec::new();
        for row in &self.rows {
            let runs = (row.periodic || recorded) && active.contains(&row.identifier);
            match topics.iter_mut().find(|(topic, _)| *topic == row.topic) {
                Some((_, watched)) => *watched |= runs,
                None => topics.push((&row.topic, runs)),
            }
        }
        topics
            .into_iter()
            .filter(|(_, watched)| !watched)
            .map(|(topic, _)| topic.to_owned())
            .collect()
    }
}
