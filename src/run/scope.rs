//! The selected resources: `--region`, `--bucket`, `--function`.
//!
//! Each option selects its own kind: `--bucket` does not affect functions. `--function` selects functions and
//! Web Functions. The rule is the same for a live account, where it saves calls, and for a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use wildmatch::WildMatch;

use super::RunError;
use crate::cli::{Mistake, did_you_mean};
use crate::facts::Facts;
use crate::inventory::Snapshot;
use crate::inventory::request::{NameFilter, ResourceFilter};
use crate::report::numbers::count;
use crate::report::{ResourceId, SubjectKind};

/// The placeholder for the resources of a failed listing.
const UNLISTED: &str = "*";

/// Decides whether a resource is selected.
pub(super) struct AuditScope {
    regions: Vec<String>,
    buckets: NameFilter,
    functions: NameFilter,
}

impl AuditScope {
    pub(super) fn new(resources: &ResourceFilter) -> Self {
        Self {
            regions: resources.regions.clone(),
            buckets: NameFilter::new(&resources.buckets),
            functions: NameFilter::new(&resources.functions),
        }
    }

    /// True for a selected resource.
    pub(super) fn holds(&self, id: &ResourceId) -> bool {
        self.in_region(id.kind, &id.region) && self.named(id.kind, &id.name)
    }

    /// True for a resource of that kind, Region and name.
    pub(super) fn has(&self, kind: SubjectKind, region: &str, name: &str) -> bool {
        self.in_region(kind, region) && self.named(kind, name)
    }

    fn in_region(&self, kind: SubjectKind, region: &str) -> bool {
        self.regions.is_empty()
            || kind == SubjectKind::Account
            || matches!(region, "global" | "unknown")
            || self.regions.iter().any(|named| named == region)
    }

    fn named(&self, kind: SubjectKind, name: &str) -> bool {
        let filter = match kind {
            SubjectKind::Bucket => &self.buckets,
            SubjectKind::Function | SubjectKind::WebFunction => &self.functions,
            _ => return true,
        };
        // The unlisted resources may include the selected ones.
        name == UNLISTED || filter.selects(name)
    }
}

fn literal(glob: &str) -> bool {
    !glob.contains(['*', '?'])
}

/// Resources with a full name must exist, so that a typing error does not make an audit pass. Returns the
/// globs that match nothing.
pub(super) fn check_names(
    facts: &Facts<'_>,
    resources: &ResourceFilter,
) -> Result<Vec<String>, RunError> {
    let mut mistakes = Vec::new();
    let mut idle = Vec::new();
    for (kinds, globs) in selected_by_name(resources) {
        let Some(kind) = kinds.first().filter(|_| !globs.is_empty()) else {
            continue;
        };
        let names: Vec<String> = kinds
            .iter()
            .flat_map(|kind| facts.subjects(*kind))
            .map(|subject| subject.id.name)
            .collect();
        // Not all names are known, so none can be called missing.
        if names.iter().any(|name| name == UNLISTED) {
            continue;
        }
        for glob in globs {
            let matcher = WildMatch::new(glob);
            if names.iter().any(|name| matcher.matches(name)) {
                continue;
            }
            let kind = kind.name();
            if literal(glob) {
                mistakes.push(
                    Mistake::new(format!("no {kind} named `{glob}`"))
                        .help(did_you_mean(glob, names.iter().map(String::as_str))),
                );
            } else {
                let help = suggestion(glob, names.iter().map(String::as_str));
                idle.push(format!("no {kind} matches `{glob}`{help}"));
            }
        }
    }
    if mistakes.is_empty() {
        Ok(idle)
    } else {
        Err(RunError::Mistakes(mistakes))
    }
}

/// The kinds of resources that `--bucket` and `--function` select by name, with the names and globs.
fn selected_by_name(resources: &ResourceFilter) -> [(&'static [SubjectKind], &[String]); 2] {
    [
        (&[SubjectKind::Bucket], &resources.buckets),
        (
            &[SubjectKind::Function, SubjectKind::WebFunction],
            &resources.functions,
        ),
    ]
}

/// What is judged although `--bucket` and `--function` name other resources: each of them selects its
/// own kind, and nothing selects the other kinds by name.
pub(super) fn also_judged(
    resources: &ResourceFilter,
    judged: &BTreeMap<String, Option<u64>>,
) -> Option<String> {
    let named = selected_by_name(resources);
    let is_named = |kind: &str| {
        named.iter().any(|(kinds, globs)| {
            !globs.is_empty() && kinds.iter().any(|named| named.name() == kind)
        })
    };
    if named.iter().all(|(_, globs)| globs.is_empty()) {
        return None;
    }
    let others: Vec<String> = judged
        .iter()
        .filter(|(kind, _)| !is_named(kind))
        .filter_map(|(kind, number)| Some((kind, (*number)?)))
        .filter(|(_, number)| *number > 0)
        .map(|(kind, number)| count(number, kind))
        .collect();
    (!others.is_empty()).then(|| {
        format!(
            "--bucket and --function select their own kind; also judged: {} (--check selects checks)",
            others.join(", ")
        )
    })
}

/// A note for each `--region` of which the snapshot has nothing.
pub(super) fn idle_regions(snapshot: &Snapshot, resources: &ResourceFilter) -> Vec<String> {
    let known: BTreeSet<&str> = snapshot
        .accounts
        .values()
        .flat_map(|account| {
            let buckets = account.buckets.values();
            let of_buckets = buckets.filter_map(|bucket| bucket.region.as_deref());
            of_buckets.chain(account.regions.keys().map(String::as_str))
        })
        .collect();
    resources
        .regions
        .iter()
        .filter(|region| !known.is_empty() && !known.contains(region.as_str()))
        .map(|region| {
            let help = suggestion(region, known.iter().copied());
            format!("nothing was read in region `{region}`{help}")
        })
        .collect()
}

/// `; did you mean …`, or nothing. The wildcards of a glob are no letters of a name.
fn suggestion<'a>(glob: &str, names: impl Iterator<Item = &'a str>) -> String {
    did_you_mean(&glob.replace(['*', '?'], ""), names)
        .map(|help| format!("; {help}"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(regions: &[&str], buckets: &[&str], functions: &[&str]) -> AuditScope {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        AuditScope::new(&ResourceFilter {
            regions: owned(regions),
            buckets: owned(buckets),
            functions: owned(functions),
        })
    }

    #[test]
    fn what_no_name_selects_is_named() {
        let judged = BTreeMap::from([
            ("bucket".to_owned(), Some(1)),
            ("function".to_owned(), Some(2)),
            ("identity".to_owned(), None),
            ("trail".to_owned(), Some(0)),
        ]);
        let only_bucket = ResourceFilter {
            buckets: vec!["logs".to_owned()],
            ..ResourceFilter::default()
        };
        let only_function = ResourceFilter {
            functions: vec!["shop".to_owned()],
            ..ResourceFilter::default()
        };
        let both_kinds = BTreeMap::from([
            ("function".to_owned(), Some(2)),
            ("web-function".to_owned(), Some(1)),
        ]);
        assert_eq!(also_judged(&only_function, &both_kinds), None);
        let note = also_judged(&only_bucket, &judged).unwrap();
        assert!(note.contains("also judged: 2 functions ("), "{note}");
        assert_eq!(also_judged(&ResourceFilter::default(), &judged), None);
    }

    #[test]
    fn a_region_of_which_nothing_was_read_is_named() {
        use crate::inventory::account::{AccountInventory, RegionInventory};
        let account = AccountInventory {
            regions: [("eu-west-1".to_owned(), RegionInventory::default())].into(),
            ..AccountInventory::default()
        };
        let snapshot = Snapshot {
            accounts: [("111111111111".to_owned(), account)].into(),
            ..Snapshot::default()
        };
        let idle = |region: &str| {
            let resources = ResourceFilter {
                regions: vec![region.to_owned()],
                ..ResourceFilter::default()
            };
            idle_regions(&snapshot, &resources)
        };
        assert!(idle("eu-west-1").is_empty());
        assert_eq!(
            idle("eu-west-2"),
            ["nothing was read in region `eu-west-2`; did you mean `eu-west-1`?"]
        );
        assert_eq!(
            suggestion("acme-lgos*", ["acme-logs"].into_iter()),
            "; did you mean `acme-logs`?"
        );
    }

    /// `--function` names functions and Web Functions.
    #[test]
    fn a_web_function_is_selected_as_a_function_is() {
        use crate::facts::Trust;
        use crate::inventory::Reading;
        use crate::inventory::account::{AccountInventory, Listing, RegionInventory};
        use crate::inventory::function::FunctionInventory;
        use crate::inventory::web_function::WebFunctionInventory;
        let complete = || Reading::Known(Listing { complete: true });
        let region = RegionInventory {
            function_listing: complete(),
            functions: [("orders".to_owned(), FunctionInventory::default())].into(),
            web_function_listing: complete(),
            web_functions: [("shop".to_owned(), WebFunctionInventory::default())].into(),
            ..RegionInventory::default()
        };
        let account = AccountInventory {
            regions: [("eu-west-1".to_owned(), region)].into(),
            ..AccountInventory::default()
        };
        let snapshot = Snapshot {
            complete: true,
            accounts: [("111111111111".to_owned(), account)].into(),
            ..Snapshot::default()
        };
        let facts = Facts::new(&snapshot, Trust::default());
        let check = |name: &str| {
            let resources = ResourceFilter {
                functions: vec![name.to_owned()],
                ..ResourceFilter::default()
            };
            check_names(&facts, &resources)
        };
        assert_eq!(check("shop").unwrap(), [] as [&str; 0]);
        assert_eq!(check("orders").unwrap(), [] as [&str; 0]);
        assert!(check("shp").is_err());
        let scope = scope(&[], &[], &["shop"]);
        assert!(scope.has(SubjectKind::WebFunction, "eu-west-1", "shop"));
        assert!(!scope.has(SubjectKind::WebFunction, "eu-west-1", "other"));
    }

    #[test]
    fn nothing_said_is_everything() {
        let scope = scope(&[], &[], &[]);
        assert!(scope.has(SubjectKind::Bucket, "eu-west-1", "a"));
        assert!(scope.has(SubjectKind::Account, "global", "1"));
    }

    #[test]
    fn each_option_narrows_its_own_kind() {
        let scope = scope(&[], &["acme-*"], &[]);
        assert!(scope.has(SubjectKind::Bucket, "eu-west-1", "acme-logs"));
        assert!(!scope.has(SubjectKind::Bucket, "eu-west-1", "other"));
        assert!(scope.has(SubjectKind::Function, "eu-west-1", "other"));
    }

    #[test]
    fn a_region_narrows_all_that_has_one() {
        let scope = scope(&["eu-west-1"], &[], &[]);
        assert!(!scope.has(SubjectKind::Function, "us-east-1", "f"));
        assert!(scope.has(SubjectKind::Bucket, "unknown", "b"));
        assert!(scope.has(SubjectKind::Account, "global", "1"));
    }

    #[test]
    fn what_could_not_be_listed_may_be_what_was_asked_for() {
        assert!(scope(&[], &["acme-*"], &[]).has(SubjectKind::Bucket, "unknown", "*"));
    }
}
