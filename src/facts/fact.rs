//! A fact is known, or unknown for stated reasons. Unknowns combine as Kleene logic.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use crate::inventory::need::{MOST_CALLS, ReadingKind};
use crate::inventory::{Reading, ReadingState};
use crate::report::Reason;

/// One reason why a fact is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Because {
    /// What kind of reason.
    pub reason: Reason,
    /// The IAM action that would settle it; empty when no permission would.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub action: Cow<'static, str>,
    /// For a person: the error code, or why it cannot be decided.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Because {
    fn undecidable(detail: String) -> Self {
        Self {
            reason: Reason::Undecidable,
            action: Cow::Borrowed(""),
            detail,
        }
    }

    fn not_collected(kind: ReadingKind) -> Self {
        Self {
            reason: Reason::NotCollected,
            action: Cow::Borrowed(kind.action()),
            detail: String::new(),
        }
    }
}

/// A value concluded from the inventory, or the reasons why nothing could be concluded.
///
/// A known fact is never optional: absence is a value (`"none"`, `false`, an empty list).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// Concluded.
    Known(T),
    /// Not concluded.
    Unknown {
        /// Why; never empty.
        because: Vec<Because>,
    },
}

impl<T> Fact<T> {
    /// Unknown because the documents do not decide, whatever permission is given.
    pub fn undecidable(detail: impl Into<String>) -> Self {
        Self::Unknown {
            because: vec![Because::undecidable(detail.into())],
        }
    }

    /// Unknown because a call was not made.
    pub fn not_collected(reading: ReadingKind) -> Self {
        Self::Unknown {
            because: vec![Because::not_collected(reading)],
        }
    }

    /// The value, when known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown { .. } => None,
        }
    }

    /// Why it is unknown; empty when it is known.
    pub fn because(&self) -> &[Because] {
        match self {
            Self::Known(_) => &[],
            Self::Unknown { because } => because,
        }
    }

    /// Transforms a known value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(f(value)),
            Self::Unknown { because } => Fact::Unknown { because },
        }
    }

    /// Goes on with a known value.
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Fact<U>) -> Fact<U> {
        match self {
            Self::Known(value) => f(value),
            Self::Unknown { because } => Fact::Unknown { because },
        }
    }

    /// Borrows.
    pub fn as_ref(&self) -> Fact<&T> {
        match self {
            Self::Known(value) => Fact::Known(value),
            Self::Unknown { because } => Fact::Unknown {
                because: because.clone(),
            },
        }
    }

    /// Those of some items of which something holds; known where it is known of each.
    pub fn those(
        items: impl IntoIterator<Item = T>,
        holds: impl Fn(&T) -> Fact<bool>,
    ) -> Fact<Vec<T>> {
        items
            .into_iter()
            .fold(Fact::Known(Vec::new()), |found, item| {
                found.zip(holds(&item)).map(|(mut found, holds)| {
                    if holds {
                        found.push(item);
                    }
                    found
                })
            })
    }

    /// Both, or the reasons of whichever is unknown.
    pub fn zip<U>(self, other: Fact<U>) -> Fact<(T, U)> {
        match (self, other) {
            (Self::Known(a), Fact::Known(b)) => Fact::Known((a, b)),
            (a, b) => Fact::unknown_from(a.because().iter().chain(b.because())),
        }
    }

    /// Unknown for the given reasons, sorted and without repeats.
    pub fn unknown_from<'a>(because: impl Iterator<Item = &'a Because>) -> Self {
        let mut because: Vec<Because> = because.cloned().collect();
        because.sort();
        because.dedup();
        Self::Unknown { because }
    }
}

impl Fact<bool> {
    /// Kleene and: a known false decides.
    pub fn and(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Known(false), _) | (_, Self::Known(false)) => Self::Known(false),
            (Self::Known(true), Self::Known(true)) => Self::Known(true),
            _ => Self::unknown_from(self.because().iter().chain(other.because())),
        }
    }

    /// Kleene or: a known true decides.
    pub fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Known(true), _) | (_, Self::Known(true)) => Self::Known(true),
            (Self::Known(false), Self::Known(false)) => Self::Known(false),
            _ => Self::unknown_from(self.because().iter().chain(other.because())),
        }
    }

    /// Kleene not.
    #[must_use]
    pub fn negate(self) -> Self {
        self.map(|value| !value)
    }
}

/// Turns a reading into a fact. `absent` is the value that "no such configuration" stands for.
pub fn from_reading<T, U>(
    kind: ReadingKind,
    reading: &Reading<T>,
    absent: impl FnOnce() -> U,
    known: impl FnOnce(&T) -> U,
) -> Fact<U> {
    match reading {
        Reading::Known(value) => Fact::Known(known(value)),
        Reading::Absent => Fact::Known(absent()),
        _ => Fact::Unknown {
            because: vec![unread(kind, reading.state())],
        },
    }
}

/// Why a reading without a value says nothing.
fn unread(kind: ReadingKind, state: ReadingState<'_>) -> Because {
    let refused = |reason, action: &str, code: &str| Because {
        reason,
        action: Cow::Owned(action.to_owned()),
        detail: code.to_owned(),
    };
    match state {
        ReadingState::Denied { action, code } => refused(Reason::Denied, action, code),
        ReadingState::Failed { action, code } => refused(Reason::Failed, action, code),
        // No permission would settle it, and nothing is wrong.
        ReadingState::LeftOut => Because::undecidable(format!(
            "{} was left out, as a bucket is asked {MOST_CALLS} times at most: this check alone, with --check, asks for it",
            kind.action()
        )),
        ReadingState::Undetermined(reference) => Because::undecidable(format!(
            "the value is known only after deployment: {reference}"
        )),
        ReadingState::NotCollected | ReadingState::Known | ReadingState::Absent => {
            Because::not_collected(kind)
        }
    }
}

/// In the schema a fact is its value: whether it is known is not a matter of type.
impl<T: JsonSchema> JsonSchema for Fact<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
