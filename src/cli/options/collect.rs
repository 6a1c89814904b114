//! `collect`.

use std::path::PathBuf;

use super::join::Join;
use super::shared::{PackName, SelectionOptions};
use crate::cli::args::CollectArgs;
use crate::inventory::request::CollectRequest;

/// `collect`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectOptions {
    /// The selected checks.
    pub selection: SelectionOptions,
    /// No check is selected: everything is read.
    pub everything: bool,
    /// What to read, and how.
    pub request: CollectRequest,
    /// The file, or standard output.
    pub output: Option<PathBuf>,
}

impl Join {
    pub(super) fn collect(&mut self, args: CollectArgs) -> CollectOptions {
        let resources = self.resources(args.resources, &args.live.region);
        let selection = self.selection(args.selection);
        let everything = selection.check.is_empty()
            && selection.exclude.is_empty()
            && selection.severity.is_none()
            && selection.pack == PackName::default();
        let (profile, endpoint_url) = self.live(args.live);
        CollectOptions {
            selection,
            everything,
            output: args.output.filter(|path| path.as_os_str() != "-"),
            request: CollectRequest {
                resources,
                profile,
                endpoint_url,
                ..self.request(&args.tuning)
            },
        }
    }
}
