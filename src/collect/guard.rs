//! Read-only, enforced: no request leaves unless its operation is one this tool declared.
//!
//! The allow list is not a second list to keep in step: it is the table of
//! [`ReadingKind::calls`], from which the permissions are printed too, plus the few calls that
//! fill no reading of their own. On top of that the operation's name must begin with a verb that
//! reads, so a slip in the table cannot let a write through either.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use thiserror::Error;

use crate::inventory::need::ReadingKind;
use crate::inventory::organization::CALLS;

/// The verbs that read.
const READING_VERBS: [&str; 5] = ["Get", "List", "Describe", "Head", "Select"];

/// Operations whose name begins with no reading verb and that change nothing all the same: they
/// start and stop a query over logs, and read its events; and they have IAM make a report on what an
/// identity called (access level Read, Service Authorization Reference, AWS Identity and Access
/// Management, copy of 2026).
const READING_EXCEPTIONS: [&str; 4] = [
    "StartQuery",
    "StopQuery",
    "FilterLogEvents",
    "GenerateServiceLastAccessedDetails",
];

/// The refusal of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("coldbucket only reads: {operation} was refused before it was sent")]
pub struct Refused {
    /// The operation, for example `PutBucketPolicy`.
    pub operation: String,
}

/// True when the operation may be sent.
pub fn allows(operation: &str) -> bool {
    let reads = READING_EXCEPTIONS.contains(&operation)
        || READING_VERBS.iter().any(|verb| operation.starts_with(verb));
    reads
        && ReadingKind::ALL
            .iter()
            .flat_map(|kind| kind.calls())
            .any(|call| call.operation == operation)
}

/// True for what the account that audits an organization may send besides: the calls that read the
/// organization, and the one that opens a session in a member account.
fn allows_of_hub(operation: &str) -> bool {
    operation == "AssumeRole" || CALLS.iter().any(|call| call.operation == operation)
}

/// The interceptor: refuses what is not allowed.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOnly {
    hub: bool,
}

impl ReadOnly {
    /// The guard of calls that read the organization and open sessions in its accounts.
    #[must_use]
    pub const fn of_hub() -> Self {
        Self { hub: true }
    }
}

/// Refuses the request whose operation is not allowed, and one without a name.
fn refuse_unless(cfg: &ConfigBag, allowed: impl FnOnce(&str) -> bool) -> Result<(), BoxError> {
    let operation = cfg
        .load::<Metadata>()
        .map_or("an unnamed operation", |metadata| metadata.name());
    if allowed(operation) {
        return Ok(());
    }
    Err(Refused {
        operation: operation.to_owned(),
    }
    .into())
}

impl Intercept for ReadOnly {
    fn name(&self) -> &'static str {
        "ReadOnly"
    }

    // Not `read_before_execution`: the operation's name is not known there yet.
    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        refuse_unless(cfg, |operation| {
            allows(operation) || (self.hub && allows_of_hub(operation))
        })
    }
}

/// What may be sent to the bucket that holds the files of runs.
const RUN_FILE_OPERATIONS: [&str; 3] = ["GetObject", "ListObjectsV2", "PutObject"];

/// The interceptor of the bucket that holds the files of runs: its client reads, lists and writes
/// objects, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct RunFilesOnly;

impl Intercept for RunFilesOnly {
    fn name(&self) -> &'static str {
        "RunFilesOnly"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        refuse_unless(cfg, |operation| RUN_FILE_OPERATIONS.contains(&operation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_run_file_operation_is_allowed_towards_an_audited_account() {
        for operation in ["GetObject", "PutObject"] {
            assert!(RUN_FILE_OPERATIONS.contains(&operation));
            assert!(
                !allows(operation) && !allows_of_hub(operation),
                "{operation}"
            );
        }
    }

    #[test]
    fn every_declared_call_may_be_sent() {
        for call in ReadingKind::ALL.iter().flat_map(|kind| kind.calls()) {
            assert!(allows(call.operation), "{}", call.operation);
        }
    }

    #[test]
    fn writes_and_undeclared_reads_are_refused() {
        for operation in [
            "PutBucketPolicy",
            "DeleteBucket",
            "CreateFunction",
            "Invoke",
            "UpdateFunctionConfiguration",
            "AssumeRole",
            // Reads by name, but not declared: object data and fresh credentials.
            "GetObject",
            "GetSessionToken",
            "GetAuthorizationToken",
            "",
        ] {
            assert!(!allows(operation), "{operation}");
        }
    }

    #[test]
    fn only_the_hub_opens_sessions_and_reads_the_organization() {
        for operation in ["AssumeRole", "ListAccountsForParent", "DescribePolicy"] {
            assert!(allows_of_hub(operation), "{operation}");
            assert!(!allows(operation), "{operation}");
        }
        for operation in ["CreateAccount", "AttachPolicy", "ListBuckets", ""] {
            assert!(!allows_of_hub(operation), "{operation}");
        }
    }
}
