//! Yes, no, or a named doubt.
//!
//! Documentation leaves some comparisons undecided, and some policies hold parts no one can read.
//! Such an atom is neither true nor false; it stays a doubt until something else decides the
//! statement without it (Kleene logic).

/// Why something could not be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The statement, or the policy around it, has a part that could not be read.
    Unread,
    /// A value does not have the type its operator compares (a word under `NumericLessThan`, a text
    /// without five colons under `ArnLike`): AWS does not document the result.
    WrongType,
    /// A key with several values under an operator without `ForAllValues:` or `ForAnyValue:`, where
    /// the values disagree: AWS says to use a set operator and documents no result.
    ManyValues,
    /// The key is in the request, and its value does not follow from what was given (the unique id
    /// in `aws:userid`).
    UnknownValue,
    /// The context names the key twice, in different spellings.
    RepeatedKey,
    /// A `${…}` that does not end, has no name, or stands for a key with several values.
    OddVariable,
    /// A text of more than 8 KiB: no request that AWS accepts carries it.
    TooLong,
    /// A canonical user id, which does not say to which account id it belongs.
    CanonicalUser,
    /// A federated principal: whether a session came from that provider is not in its ARN.
    Federated,
    /// A `NotPrincipal` that lists some and not all of what a caller is (account, role, session).
    PartlyExempt,
    /// A federated user bears the name of a user whom a Deny names.
    FederatedUser,
    /// The caller's ARN is not one of the forms that call AWS.
    OddCaller,
    /// AWS's documentation does not decide whether the policy is public, so neither whether
    /// RestrictPublicBuckets cuts the caller off.
    PerhapsPublic,
}

impl Why {
    /// For a person.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Unread => "part of the policy could not be read",
            Self::WrongType => "a value does not have the type its operator compares",
            Self::ManyValues => "a key with several values is compared without a set operator",
            Self::UnknownValue => {
                "the value of a key that is always there was not given and does not follow from the principal"
            }
            Self::RepeatedKey => "the context names a key twice",
            Self::OddVariable => "a policy variable is malformed or stands for several values",
            Self::TooLong => "a text is longer than 8 KiB",
            Self::CanonicalUser => "whose canonical user id it is, is not known",
            Self::Federated => "whether the session came from that identity provider is not known",
            Self::PartlyExempt => {
                "NotPrincipal names some and not all of the caller's account, role and session"
            }
            Self::FederatedUser => {
                "whether a Deny of the user reaches the federated user of that name is not documented"
            }
            Self::OddCaller => "the principal is not an ARN that calls AWS",
            Self::PerhapsPublic => {
                "AWS's documentation does not decide whether the policy is public, so whether RestrictPublicBuckets applies"
            }
        }
    }
}

/// A truth value that may be a doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    False,
    True,
    Maybe(Why),
}

impl Truth {
    pub(super) const fn of(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, other) => other,
            (doubt, _) => doubt,
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, other) => other,
            (doubt, _) => doubt,
        }
    }

    pub(super) const fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::True => Self::False,
            doubt @ Self::Maybe(_) => doubt,
        }
    }

    /// True for one of the items; stops at the first that is.
    pub(super) fn any<T>(items: impl IntoIterator<Item = T>, test: impl Fn(T) -> Self) -> Self {
        let mut found = Self::False;
        for item in items {
            match test(item) {
                Self::True => return Self::True,
                other => found = found.or(other),
            }
        }
        found
    }

    /// True for all of the items; stops at the first that is not.
    pub(super) fn all<T>(items: impl IntoIterator<Item = T>, test: impl Fn(T) -> Self) -> Self {
        let mut found = Self::True;
        for item in items {
            match test(item) {
                Self::False => return Self::False,
                other => found = found.and(other),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_yields_to_what_decides() {
        let doubt = Truth::Maybe(Why::WrongType);
        assert_eq!(doubt.and(Truth::False), Truth::False);
        assert_eq!(doubt.or(Truth::True), Truth::True);
        assert_eq!(doubt.and(Truth::True), doubt);
        assert_eq!(doubt.or(Truth::False), doubt);
        assert_eq!(doubt.not(), doubt);
    }

    #[test]
    fn nothing_is_all_and_not_any() {
        let none: [Truth; 0] = [];
        assert_eq!(Truth::all(none, |t| t), Truth::True);
        assert_eq!(Truth::any(none, |t| t), Truth::False);
    }
}
