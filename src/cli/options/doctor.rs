//! `doctor`.

use super::join::Join;
use super::shared::{AuditSource, SelectionOptions};
use crate::cli::args::DoctorArgs;
use crate::inventory::request::CollectRequest;

/// `doctor`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct DoctorOptions {
    /// The source of the data.
    pub source: AuditSource,
    /// The selected checks.
    pub selection: SelectionOptions,
    /// What to read, and how.
    pub request: CollectRequest,
}

impl Join {
    pub(super) fn doctor(&mut self, args: DoctorArgs) -> DoctorOptions {
        let mut request = self.request(&args.tuning);
        request.resources.regions = self.regions(&args.source.live.region);
        DoctorOptions {
            source: self.source(args.source, &args.tuning, &mut request),
            selection: self.selection(args.selection),
            request,
        }
    }
}
