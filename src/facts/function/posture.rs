//! The lines of the cold-start table for one function.
//!
//! One line for `$LATEST`, one for each alias, and one for each further version in use. The risk
//! is a first orientation from what the configuration shows; the estimator puts milliseconds to it.
//! A VPC plays no part: it adds nothing to a cold start today.

use super::context::LATEST;
use super::{FunctionFacts, VersionFacts};
use crate::facts::fact::Fact;
use crate::report::{
    ColdStart, ColdStartCause, ColdStartRisk, PackageContents, PackageFolder, PackageWaste,
    ProvisionedState, SnapStartState,
};
use coldbucket_cold_start::Model;

/// The word for what could not be concluded.
const UNKNOWN: &str = "unknown";

/// Compressed package size above which download and import begin to matter, MB.
const NOTICEABLE_MB: f64 = 10.0;

/// Compressed package size above which any runtime starts slowly, MB; also AWS's limit for a direct
/// upload.
const LARGE_MB: f64 = 50.0;

impl FunctionFacts<'_> {
    /// The lines of the cold-start table.
    pub fn cold_starts(&self) -> Vec<ColdStart> {
        let model = self.model;
        let mut lines = vec![self.line(&self.latest, LATEST, model)];
        for version in self.versions.known().into_iter().flatten() {
            if version.version == LATEST {
                continue;
            }
            for alias in &version.leading_aliases {
                lines.push(self.line(version, alias, model));
            }
            if version.leading_aliases.is_empty() || self.is_provisioned(&version.version) {
                lines.push(self.line(version, &version.version, model));
            }
        }
        lines
    }

    fn is_provisioned(&self, qualifier: &str) -> bool {
        self.provisioned_concurrency
            .configurations
            .known()
            .into_iter()
            .flatten()
            .any(|configuration| configuration.qualifier == qualifier)
    }

    fn line(&self, version: &VersionFacts, qualifier: &str, model: Option<&Model>) -> ColdStart {
        let prices = self.live_prices.as_ref();
        let found = version.cold_start.report(model, prices, qualifier);
        ColdStart {
            function: self.name.clone(),
            arn: self.arn.clone(),
            qualifier: qualifier.to_owned(),
            region: self.region.clone(),
            runtime: match (version.package.kind.known(), version.runtime.name.known()) {
                (Some(kind), _) if kind == "image" => kind.clone(),
                (_, Some(name)) => name.clone(),
                _ => UNKNOWN.to_owned(),
            },
            architecture: version.architecture.known().cloned().unwrap_or_default(),
            memory_mb: version.memory_mb.known().copied().unwrap_or_default(),
            package_mb: version.package.total_mb.known().copied(),
            contents: contents(version),
            vpc: version.vpc.attached.known() == Some(&true),
            provisioned_concurrency: self.provisioned(qualifier),
            snap_start: snap_start(version),
            risk: self.risk(version, qualifier),
            duration: found.duration,
            estimate: found.estimate,
            measured: version
                .cold_start
                .measured
                .known()
                .filter(|measured| measured.invocations > 0)
                .map(|measured| {
                    let cause = match version.cold_start.cause.known().map(String::as_str) {
                        Some("your code") => Some(ColdStartCause::YourCode),
                        Some("the platform") => Some(ColdStartCause::ThePlatform),
                        _ => None,
                    };
                    measured.report(cause)
                }),
            drivers: found.drivers,
            levers: found.levers,
        }
    }

    /// Provisioned concurrency of the qualifier. `$LATEST` cannot have it.
    fn provisioned(&self, qualifier: &str) -> ProvisionedState {
        // Of `$LATEST` it is known whatever was refused.
        if qualifier == LATEST {
            return ProvisionedState::None;
        }
        let Fact::Known(configurations) = &self.provisioned_concurrency.configurations else {
            return ProvisionedState::Unknown;
        };
        configurations
            .iter()
            .find(|configuration| configuration.qualifier == qualifier)
            .map_or(ProvisionedState::None, |configuration| {
                ProvisionedState::Configured {
                    allocated: configuration.allocated,
                    requested: configuration.requested,
                    status: configuration.status.clone(),
                }
            })
    }

    /// Whether provisioned concurrency stands ready for all that was asked for.
    fn is_warm(&self, qualifier: &str) -> bool {
        self.provisioned_concurrency
            .configurations
            .known()
            .into_iter()
            .flatten()
            .any(|configuration| {
                configuration.qualifier == qualifier
                    && configuration.status == "READY"
                    && configuration.allocated > 0
            })
    }

    fn risk(&self, version: &VersionFacts, qualifier: &str) -> ColdStartRisk {
        if version.managed_instances.known() == Some(&true) || self.is_warm(qualifier) {
            return ColdStartRisk::Low;
        }
        // What was measured says it best.
        if let Some(measured) = version
            .cold_start
            .measured
            .known()
            .filter(|found| found.enough)
        {
            return match measured.reported_p50_ms {
                slow if slow >= 1000.0 => ColdStartRisk::High,
                felt if felt >= 400.0 => ColdStartRisk::Medium,
                _ => ColdStartRisk::Low,
            };
        }
        let size = version.package.total_mb.known().copied();
        let (Some(family), Some(size)) = (version.runtime.family.known(), size) else {
            return ColdStartRisk::Unknown;
        };
        let snapshot = version.snapstart.snapshot.known() == Some(&true);
        match family.as_str() {
            // A restore costs about as much as a small start, so a snapshot moderates, no more.
            "java" | "dotnet" if snapshot => ColdStartRisk::Medium,
            "java" | "dotnet" => ColdStartRisk::High,
            "other" => ColdStartRisk::Unknown,
            _ if size > LARGE_MB => ColdStartRisk::High,
            _ if size > NOTICEABLE_MB => ColdStartRisk::Medium,
            "ruby" => ColdStartRisk::Medium,
            _ => ColdStartRisk::Low,
        }
    }
}

/// What inspection saw of the package; none where it was not requested or was refused.
fn contents(version: &VersionFacts) -> Option<PackageContents> {
    let package = &version.package;
    let (largest, waste) = (package.largest.known()?, package.waste.known()?);
    Some(PackageContents {
        unzipped_mb: package.unzipped_mb.known().copied(),
        files: package.files.known().copied(),
        largest: largest
            .iter()
            .map(|folder| PackageFolder {
                path: folder.path.clone(),
                unzipped_mb: folder.unzipped_mb,
            })
            .collect(),
        waste: waste
            .iter()
            .map(|waste| PackageWaste {
                kind: waste.kind.clone(),
                place: waste.place.clone(),
                zipped_mb: waste.zipped_mb,
                saves_ms: waste.saves_ms,
            })
            .collect(),
    })
}

/// On `$LATEST` it is what the next version will have.
fn snap_start(version: &VersionFacts) -> SnapStartState {
    match (
        version.snapstart.enabled.known(),
        version.snapstart.eligible.known(),
    ) {
        (Some(true), _) => SnapStartState::On,
        (_, Some(false)) => SnapStartState::NotEligible,
        (Some(false), Some(true)) => SnapStartState::Off,
        _ => SnapStartState::Unknown,
    }
}
