//! `collect`.

use std::path::PathBuf;

use super::join::Join;
use super::shared::{Live, PackName, ResourceFilter, SelectionOptions, Tuning};
use crate::cli::args::CollectArgs;

/// `collect`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectOptions {
    /// The account.
    pub live: Live,
    /// The selected checks.
    pub selection: SelectionOptions,
    /// No check is selected: everything is read.
    pub everything: bool,
    /// The selected resources.
    pub resources: ResourceFilter,
    /// The file, or standard output.
    pub output: Option<PathBuf>,
    /// How the account is read.
    pub tuning: Tuning,
}

impl Join {
    pub(super) fn collect(&mut self, args: CollectArgs) -> CollectOptions {
        let resources = self.resources(args.resources, &args.live.region);
        let selection = self.selection(args.selection);
        let everything = selection.check.is_empty()
            && selection.exclude.is_empty()
            && selection.severity.is_none()
            && selection.pack == PackName::default();
        CollectOptions {
            live: self.live(args.live),
            selection,
            everything,
            resources,
            output: args.output.filter(|path| path.as_os_str() != "-"),
            tuning: self.tuning(&args.tuning),
        }
    }
}
