//! `explain`.

use std::path::PathBuf;

use super::join::Join;
use super::shared::{AuditSource, SelectionOptions};
use crate::cli::args::ExplainArgs;
use crate::facts::Trust;
use crate::inventory::request::CollectRequest;

/// `explain`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainOptions {
    /// Check id or alias.
    pub check: String,
    /// Name, ARN or account id.
    pub resource: String,
    /// The source of the data.
    pub source: AuditSource,
    /// The file of the organization's control policies.
    pub control_policies: Option<PathBuf>,
    /// The catalogue and parameters.
    pub selection: SelectionOptions,
    /// What to read, and how.
    pub request: CollectRequest,
    /// Trusted accounts and organizations.
    pub trust: Trust,
}

impl Join {
    pub(super) fn explain(&mut self, args: ExplainArgs) -> ExplainOptions {
        let mut request = self.request(&args.tuning);
        request.resources.regions = self.regions(&args.source.live.region);
        ExplainOptions {
            check: args.check,
            resource: args.resource,
            control_policies: args.source.control_policies.clone(),
            source: self.source(args.source, &args.tuning, &mut request),
            selection: SelectionOptions {
                policies: self.policies(args.policies),
                params: self.config.checks.clone(),
                ..SelectionOptions::default()
            },
            request,
            trust: self.trust(),
        }
    }
}
