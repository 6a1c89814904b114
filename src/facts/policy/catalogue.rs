//! The S3 actions a bucket policy can speak about, as data with a date
//! (`policies/data/s3-actions.csv`).

use std::sync::OnceLock;

use super::pattern::Pattern;
use crate::facts::s3::exposure::ActionClass;

/// What an action acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// The bucket: `arn:aws:s3:::b`.
    Bucket,
    /// An object: `arn:aws:s3:::b/key`.
    Object,
}

/// One S3 action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// With its prefix, as AWS writes it: `s3:GetObject`.
    pub name: String,
    /// The name as action patterns compare it.
    pub folded: Pattern,
    /// What it acts on.
    pub on: On,
    /// Its class; none for other configuration and metadata.
    pub class: Option<ActionClass>,
}

/// Every action, by name.
pub fn actions() -> &'static [Action] {
    static ACTIONS: OnceLock<Vec<Action>> = OnceLock::new();
    ACTIONS.get_or_init(|| {
        parse(include_str!("../../../policies/data/s3-actions.csv")).unwrap_or_default()
    })
}

/// The actions of one class.
pub fn of_class(class: ActionClass) -> impl Iterator<Item = &'static Action> {
    actions()
        .iter()
        .filter(move |action| action.class == Some(class))
}

/// Reads `action,resource,class` lines.
///
/// # Errors
/// The first line that does not have this form, with its number.
pub fn parse(text: &str) -> Result<Vec<Action>, String> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| {
            !line.is_empty() && !line.starts_with('#') && !line.starts_with("action,")
        })
        .map(|(index, line)| {
            let wrong = || format!("s3-actions.csv:{}: {line}", index + 1);
            let fields: Vec<&str> = line.split(',').collect();
            let [name, on, class] = fields.as_slice() else {
                return Err(wrong());
            };
            Ok(Action {
                name: format!("s3:{name}"),
                folded: Pattern::action(&format!("s3:{name}")),
                on: match *on {
                    "bucket" => On::Bucket,
                    "object" => On::Object,
                    _ => return Err(wrong()),
                },
                class: match *class {
                    "" => None,
                    "read" => Some(ActionClass::Read),
                    "list" => Some(ActionClass::List),
                    "write" => Some(ActionClass::Write),
                    "acl" => Some(ActionClass::Acl),
                    "takeover" => Some(ActionClass::Takeover),
                    _ => return Err(wrong()),
                },
            })
        })
        .collect()
}
