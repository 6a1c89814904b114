//! One API answer in all its possible states.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The answer to one API call, or why there is none.
///
/// `Absent` is AWS saying "no such configuration" by its documented error code (or by a documented
/// empty answer). A failure without an error code — a timeout, a refused connection — is `Failed`:
/// it says nothing about the account.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reading<T> {
    /// AWS answered with this value.
    Known(T),
    /// AWS answered that there is no such configuration.
    Absent,
    /// The call was refused: the credentials lack `action`.
    Denied {
        /// The missing IAM action, for example `s3:GetBucketPolicy`.
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
    /// The call was skipped although a check needs it: the limit of calls about the resource was
    /// reached ([`MOST_CALLS`](super::readings::MOST_CALLS)).
    LeftOut,
    /// The value will be known later (a template's reference); the text says to what it refers.
    Undetermined(String),
}

/// A reading as it is written. What does not depend on the value has types of its own, so that it is
/// compiled once and not for each of the sixty types of values.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Reading", rename_all = "kebab-case")]
enum WrittenReading<'a, T> {
    Known(T),
    Absent,
    Denied(WrittenRefusal<'a>),
    Failed(WrittenFailure<'a>),
    NotCollected,
    LeftOut,
    Undetermined(Cow<'a, str>),
}

#[derive(Serialize, Deserialize)]
struct WrittenRefusal<'a> {
    action: Cow<'a, str>,
    code: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct WrittenFailure<'a> {
    action: Cow<'a, str>,
    code: Cow<'a, str>,
    message: Cow<'a, str>,
}

impl<T: Serialize> Serialize for Reading<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = match self {
            Self::Known(value) => WrittenReading::Known(value),
            Self::Absent => WrittenReading::Absent,
            Self::Denied { action, code } => WrittenReading::Denied(WrittenRefusal {
                action: action.into(),
                code: code.into(),
            }),
            Self::Failed {
                action,
                code,
                message,
            } => WrittenReading::Failed(WrittenFailure {
                action: action.into(),
                code: code.into(),
                message: message.into(),
            }),
            Self::NotCollected => WrittenReading::NotCollected,
            Self::LeftOut => WrittenReading::LeftOut,
            Self::Undetermined(reference) => WrittenReading::Undetermined(reference.into()),
        };
        written.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Reading<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match WrittenReading::deserialize(deserializer)? {
            WrittenReading::Known(value) => Self::Known(value),
            WrittenReading::Absent => Self::Absent,
            WrittenReading::Denied(refusal) => Self::Denied {
                action: refusal.action.into_owned(),
                code: refusal.code.into_owned(),
            },
            WrittenReading::Failed(failure) => Self::Failed {
                action: failure.action.into_owned(),
                code: failure.code.into_owned(),
                message: failure.message.into_owned(),
            },
            WrittenReading::NotCollected => Self::NotCollected,
            WrittenReading::LeftOut => Self::LeftOut,
            WrittenReading::Undetermined(reference) => Self::Undetermined(reference.into_owned()),
        })
    }
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

    /// Its state, without the value.
    pub fn state(&self) -> ReadingState<'_> {
        match self {
            Self::Known(_) => ReadingState::Known,
            Self::Absent => ReadingState::Absent,
            Self::Denied { action, code } => ReadingState::Denied { action, code },
            Self::Failed { action, code, .. } => ReadingState::Failed { action, code },
            Self::NotCollected => ReadingState::NotCollected,
            Self::LeftOut => ReadingState::LeftOut,
            Self::Undetermined(_) => ReadingState::Undetermined,
        }
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

/// The state of a [`Reading`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingState<'a> {
    /// AWS answered with a value.
    Known,
    /// AWS answered that there is no such configuration.
    Absent,
    /// The call was refused.
    Denied {
        /// The missing IAM action.
        action: &'a str,
        /// The error code.
        code: &'a str,
    },
    /// The call failed for another reason.
    Failed {
        /// The IAM action of the call.
        action: &'a str,
        /// The error code.
        code: &'a str,
    },
    /// The call was not made.
    NotCollected,
    /// The call was skipped although a check needs it.
    LeftOut,
    /// The value will be known later.
    Undetermined,
}

impl<'a> ReadingState<'a> {
    /// True when the call was made, whatever the answer.
    pub const fn was_called(self) -> bool {
        !matches!(
            self,
            Self::NotCollected | Self::LeftOut | Self::Undetermined
        )
    }

    /// The IAM action and the error code of a call that was refused or failed.
    pub const fn refusal(self) -> Option<(&'a str, &'a str)> {
        match self {
            Self::Denied { action, code } | Self::Failed { action, code } => Some((action, code)),
            _ => None,
        }
    }
}
