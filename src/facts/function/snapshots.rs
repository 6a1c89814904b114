//! SnapStart over all versions: is there a snapshot, and does anybody start from it.
//!
//! SnapStart is a setting of `$LATEST` that shows in the versions published after it; `$LATEST` itself
//! never has a snapshot (AWS, "Improving startup performance with Lambda SnapStart", 2026-09 copy). So
//! it is without effect where no version was published since, and where the triggers call `$LATEST`.

use std::collections::BTreeSet;

use schemars::JsonSchema;

use super::context::{FunctionContext, LATEST};
use super::wiring::{CALLERS, Wiring};
use crate::facts::fact::Fact;
use crate::facts::group::FactValue;
use crate::inventory::function::Alias;

/// The snapshots of a function's versions.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct SnapshotFacts {
    /// SnapStart is on for the next version, or some version has a snapshot.
    pub on: Fact<bool>,
    /// Some published version has a snapshot.
    pub published: Fact<bool>,
    /// No start uses a snapshot: there is none, or triggers were found and all of them call
    /// what has none. Not decidable when no trigger was found: callers by IAM or API Gateway cannot
    /// be seen.
    #[needs(CALLERS)]
    pub wasted: Fact<bool>,
    /// Why it is without effect, in words; empty when it is not.
    #[needs(CALLERS)]
    pub waste: Fact<String>,
}

impl SnapshotFacts {
    /// Concludes from the versions and the callers.
    pub(super) fn derive(context: &FunctionContext<'_>, wiring: &Wiring) -> Self {
        let versions = &context.function.versions;
        let with: BTreeSet<&str> = versions
            .iter()
            .filter(|(name, version)| {
                *name != LATEST
                    && version
                        .snap_start
                        .as_ref()
                        .is_some_and(|snap_start| snap_start.optimization_status == "On")
            })
            .map(|(name, _)| name.as_str())
            .collect();
        let on = context.function.uses_snapstart();
        let verdict: Fact<(bool, String)> = if !on {
            Fact::Known((false, String::new()))
        } else if with.is_empty() {
            Fact::Known((
                true,
                "no version has a snapshot: none was published since it was switched on".to_owned(),
            ))
        } else {
            used(&with, wiring)
        };
        Self {
            on: Fact::Known(on),
            published: Fact::Known(!with.is_empty()),
            wasted: verdict.as_ref().map(|(wasted, _)| *wasted),
            waste: verdict.map(|(_, waste)| waste),
        }
    }
}

/// Whether callers start from one of these versions.
fn used(with: &BTreeSet<&str>, wiring: &Wiring) -> Fact<(bool, String)> {
    let aliases = wiring.aliases();
    let served = |aliases: &[Alias], qualifier: &str| {
        with.contains(qualifier)
            || aliases.iter().any(|alias| {
                alias.name == qualifier
                    && (with.contains(alias.version.as_str())
                        || alias
                            .additional_versions
                            .keys()
                            .any(|version| with.contains(version.as_str())))
            })
    };
    aliases.and_then(|aliases| {
        wiring
            .reaches(|caller| served(aliases, &caller.qualifier))
            .and_then(|reached| {
                if reached {
                    return Fact::Known((false, String::new()));
                }
                wiring
                    .named(|caller| caller.calls && !served(aliases, &caller.qualifier))
                    .and_then(|bypassed| {
                        if bypassed.is_empty() {
                            Fact::undecidable(
                                "no trigger of the function was found, and callers by IAM or API Gateway cannot be seen",
                            )
                        } else {
                            Fact::Known((
                                true,
                                format!("all that was found calls versions without one: {bypassed}"),
                            ))
                        }
                    })
            })
    })
}
