//! `explain`.

use super::join::Join;
use super::shared::{AuditSource, ResourceFilter, SelectionOptions, Tuning};
use crate::cli::args::ExplainArgs;
use crate::facts::Trust;

/// `explain`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainOptions {
    /// Check id or alias.
    pub check: String,
    /// Name, ARN or account id.
    pub resource: String,
    /// The source of the data.
    pub source: AuditSource,
    /// The catalogue and parameters.
    pub selection: SelectionOptions,
    /// The selected Regions.
    pub resources: ResourceFilter,
    /// How the account is read.
    pub tuning: Tuning,
    /// Trusted accounts and organizations.
    pub trust: Trust,
}

impl Join {
    pub(super) fn explain(&mut self, args: ExplainArgs) -> ExplainOptions {
        let tuning = self.tuning(&args.tuning);
        let regions = self.regions(&args.source.live.region);
        ExplainOptions {
            check: args.check,
            resource: args.resource,
            source: self.source(args.source, &args.tuning),
            selection: SelectionOptions {
                policies: self.policies(args.policies),
                params: self.config.checks.clone(),
                ..SelectionOptions::default()
            },
            resources: ResourceFilter {
                regions,
                ..ResourceFilter::default()
            },
            tuning,
            trust: self.trust(),
        }
    }
}
