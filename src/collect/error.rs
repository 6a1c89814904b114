//! The few ways collection can end without a snapshot. Everything else is a reading.

use thiserror::Error;

/// Why there is no snapshot at all. Each message says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CollectError {
    /// No credentials were found, or they could not be turned into a session.
    #[error(
        "no usable AWS credentials: {detail}. Set AWS_PROFILE or --profile, run `aws sso login`, or export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    NoCredentials {
        /// What the credential providers said, shortened.
        detail: String,
    },
    /// AWS refused the credentials themselves.
    #[error(
        "AWS did not accept the credentials ({code}): {detail}. Renew them (`aws sso login`, `aws login` or a new session) or choose others with --profile"
    )]
    BadCredentials {
        /// The error code, for example `ExpiredToken`.
        code: String,
        /// AWS's message, shortened.
        detail: String,
    },
    /// Nothing answered.
    #[error("{endpoint} cannot be reached ({code}): {detail}. {hint}")]
    Unreachable {
        /// The endpoint URL or the service's usual name.
        endpoint: String,
        /// `Timeout` or `Connection`.
        code: String,
        /// What the connection said, shortened.
        detail: String,
        /// What to check.
        hint: String,
    },
    /// A Region name that cannot be one, or that this account does not have.
    #[error("`{name}` is not a Region{}", suggestion.as_ref().map(|s| format!("; did you mean `{s}`?")).unwrap_or_default())]
    Region {
        /// The name as given.
        name: String,
        /// The nearest known Region name.
        suggestion: Option<String>,
    },
    /// An endpoint URL that is not one.
    #[error(
        "`{url}` is not an endpoint URL: it must start with http:// or https:// and name a host"
    )]
    Endpoint {
        /// The URL as given.
        url: String,
    },
    /// The account of the credentials is in no organization.
    #[error(
        "the account of these credentials is in no organization; name the accounts with --accounts"
    )]
    NoOrganization,
    /// The accounts of the organization could not be listed.
    #[error(
        "the accounts of the organization could not be listed: {action} was refused ({code}). Use the management account, a delegated administrator of any service, or an account that the organization's resource-based delegation policy allows; or name the accounts with --accounts"
    )]
    Unlisted {
        /// The IAM action.
        action: &'static str,
        /// The error code.
        code: String,
    },
    /// The organization could not be read for another reason.
    #[error("the organization could not be read: {action} failed ({code}): {detail}")]
    Organization {
        /// The IAM action.
        action: &'static str,
        /// The error code.
        code: String,
        /// AWS's message, shortened.
        detail: String,
    },
    /// A file of a run in a bucket.
    #[error("{file} cannot be {action} ({code}): {detail}")]
    RunFile {
        /// `read`, `written` or `listed`.
        action: &'static str,
        /// Its `s3://` URL.
        file: String,
        /// The error code.
        code: String,
        /// AWS's message, shortened.
        detail: String,
    },
    /// The role was refused in every account that was tried.
    #[error(
        "role {role} was refused in all of the first {tried} accounts ({code}); check --role, --external-id and the role's trust policy"
    )]
    RoleRefused {
        /// The role's name.
        role: String,
        /// Accounts that were tried.
        tried: usize,
        /// The latest error code.
        code: String,
    },
    /// Interrupted before the account was known.
    #[error("interrupted before anything was read")]
    Interrupted,
    /// The machine refused what collection needs (threads, sockets).
    #[error("collection could not start: {detail}")]
    Setup {
        /// What the system said.
        detail: String,
    },
}

impl CollectError {
    /// True when the command line or the configuration is at fault (exit code 2), false when
    /// nothing could be read (exit code 4).
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Region { .. } | Self::Endpoint { .. })
    }
}
