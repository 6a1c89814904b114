//! One API answer in all its possible states.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one API call told us, or why it told us nothing.
///
/// `Absent` is AWS saying "no such configuration" by its documented error code (or by a documented
/// empty answer). A failure without an error code — a timeout, a refused connection — is `Failed`:
/// it says nothing about the account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reading<T> {
    /// AWS answered with this value.
    Known(T),
    /// AWS answered that there is no such configuration.
    Absent,
    /// The call was refused: the credentials lack `action`.
    Denied {
        /// The IAM action that would settle it, for example `s3:GetBucketPolicy`.
        action: String,
        /// The error code AWS gave, for example `AccessDenied`.
        code: String,
    },
    /// The call failed for another reason: throttled to the end, timed out, not implemented.
    Failed {
        /// The IAM action of the call that failed.
        action: String,
        /// The error code, or `Timeout`, `Connection` when none was given.
        code: String,
        /// The error text, for a person.
        message: String,
    },
    /// The call was not made: no selected check needs it.
    #[default]
    NotCollected,
    /// The call was left out although a check needs it: the resource had been asked as often as it
    /// may be ([`MOST_CALLS`](super::need::MOST_CALLS)).
    LeftOut,
    /// The value will be known later (a template's reference); the text says to what it refers.
    Undetermined(String),
}

impl<T> Reading<T> {
    /// The value, when AWS gave one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            _ => None,
        }
    }

    /// True when the call was not made. Used to leave such members out of the document.
    pub fn is_not_collected(&self) -> bool {
        matches!(self, Self::NotCollected)
    }

    /// True when the call was made, whatever came of it.
    pub const fn was_asked(&self) -> bool {
        !matches!(
            self,
            Self::NotCollected | Self::LeftOut | Self::Undetermined(_)
        )
    }

    /// The same reading over a borrowed value.
    pub fn as_ref(&self) -> Reading<&T> {
        match self {
            Self::Known(value) => Reading::Known(value),
            Self::Absent => Reading::Absent,
            Self::Denied { action, code } => Reading::Denied {
                action: action.clone(),
                code: code.clone(),
            },
            Self::Failed {
                action,
                code,
                message,
            } => Reading::Failed {
                action: action.clone(),
                code: code.clone(),
                message: message.clone(),
            },
            Self::NotCollected => Reading::NotCollected,
            Self::LeftOut => Reading::LeftOut,
            Self::Undetermined(reference) => Reading::Undetermined(reference.clone()),
        }
    }

    /// Transforms a known value and keeps every other state as it is.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Known(value) => Reading::Known(f(value)),
            Self::Absent => Reading::Absent,
            Self::Denied { action, code } => Reading::Denied { action, code },
            Self::Failed {
                action,
                code,
                message,
            } => Reading::Failed {
                action,
                code,
                message,
            },
            Self::NotCollected => Reading::NotCollected,
            Self::LeftOut => Reading::LeftOut,
            Self::Undetermined(reference) => Reading::Undetermined(reference),
        }
    }
}
