//! Joins typed and configured values. The command line wins over the configuration file.

use std::path::PathBuf;

use super::shared::{
    AuditSource, GateOptions, MAX_CONCURRENCY, MAX_MEASURE_DAYS, MAX_SAMPLE, Output, PackName,
    SelectionOptions,
};
use crate::cli::choices::FailOn;
use crate::cli::config::ConfigFile;
use crate::cli::groups::{LiveArgs, ResourceArgs, SelectionArgs, SourceArgs, TuningArgs};
use crate::cli::{Mistake, Placed, did_you_mean, region};
use crate::facts::Trust;
use crate::inventory::request::{
    CollectRequest, DEFAULT_CONCURRENCY, DEFAULT_MAX_SCAN_GB, ResourceFilter,
};
use crate::output::Format;
use crate::report::Severity;

/// Joins typed and configured values, and collects every mistake.
pub(super) struct Join {
    pub(super) config: ConfigFile,
    pub(super) mistakes: Vec<Mistake>,
}

/// The command line wins.
fn typed_or_configured<T: Clone>(
    typed: Option<T>,
    configured: &Option<Placed<T>>,
) -> Option<Placed<T>> {
    match typed {
        Some(value) => Some(Placed { value, place: None }),
        None => configured.clone(),
    }
}

/// The command line wins: a list given there replaces the file's.
fn typed_or<T: Clone>(typed: Vec<T>, configured: &[Placed<T>]) -> Vec<Placed<T>> {
    if typed.is_empty() {
        configured.to_vec()
    } else {
        typed
            .into_iter()
            .map(|value| Placed { value, place: None })
            .collect()
    }
}

impl Join {
    /// The source of the data; of a live account, the request learns which.
    pub(super) fn source(
        &mut self,
        args: SourceArgs,
        tuning: &TuningArgs,
        request: &mut CollectRequest,
    ) -> AuditSource {
        if let (Some(_), true) = (&args.snapshot, args.sample) {
            self.wrong("--snapshot and --sample exclude each other");
        }
        let recorded = match (&args.snapshot, args.sample) {
            (Some(_), _) => Some("--snapshot"),
            (None, true) => Some("--sample"),
            (None, false) => None,
        };
        if let Some(recorded) = recorded {
            let live_only = [
                ("--profile", args.live.profile.is_some()),
                ("--endpoint-url", args.live.endpoint_url.is_some()),
                ("--concurrency", tuning.concurrency.is_some()),
                ("--rate", tuning.rate.is_some()),
                ("--image-sizes", tuning.image_sizes),
                ("--key-grants", tuning.key_grants),
                ("--last-access", tuning.last_access),
                ("--sample-objects", tuning.sample_objects.is_some()),
                ("--inspect-packages", tuning.inspect_packages),
                ("--measure", tuning.measure.is_some()),
                ("--max-scan-gb", tuning.max_scan_gb.is_some()),
                ("--live-prices", tuning.live_prices),
            ];
            for (option, given) in live_only {
                if given {
                    self.wrong(format!(
                        "{option} has no effect with {recorded}, which reads no account"
                    ));
                }
            }
        }
        match (args.snapshot, args.sample) {
            (Some(path), _) => AuditSource::Snapshot(path),
            (None, true) => AuditSource::Sample,
            (None, false) => {
                (request.profile, request.endpoint_url) = self.live(args.live);
                AuditSource::Live
            }
        }
    }

    /// The profile and the endpoint.
    pub(super) fn live(&mut self, args: LiveArgs) -> (Option<String>, Option<String>) {
        if let Some(url) = &args.endpoint_url {
            let host = url
                .strip_prefix("http://")
                .or_else(|| url.strip_prefix("https://"));
            match host {
                Some(host) if !host.is_empty() && !host.starts_with(['/', ':', '?', '#']) => {}
                Some(_) => self.wrong(format!("--endpoint-url `{url}` has no host")),
                None => self.mistakes.push(
                    Mistake::new(format!(
                        "--endpoint-url `{url}` is not an http or https URL"
                    ))
                    .help(Some(format!("did you mean `http://{url}`?"))),
                ),
            }
        }
        let profile = typed_or_configured(args.profile, &self.config.profile);
        (profile.map(|profile| profile.value), args.endpoint_url)
    }

    pub(super) fn regions(&mut self, typed: &[String]) -> Vec<String> {
        let mut names = Vec::new();
        for name in typed_or(typed.to_vec(), &self.config.regions) {
            if !region::is_well_formed(&name.value) {
                self.mistakes.push(
                    Mistake::new(format!("`{}` is not a Region name", name.value))
                        .help(did_you_mean(&name.value, region::KNOWN.iter().copied()))
                        .at(name.place),
                );
            }
            if !names.contains(&name.value) {
                names.push(name.value);
            }
        }
        names
    }

    pub(super) fn resources(&mut self, args: ResourceArgs, regions: &[String]) -> ResourceFilter {
        let globs = |typed: Vec<String>, configured: &[Placed<String>]| {
            let mut globs: Vec<String> = typed_or(typed, configured)
                .into_iter()
                .map(|glob| glob.value)
                .filter(|glob| !glob.is_empty())
                .collect();
            globs.dedup();
            globs
        };
        if args.bucket.iter().any(String::is_empty) {
            self.wrong("--bucket is empty");
        }
        if args.function.iter().any(String::is_empty) {
            self.wrong("--function is empty");
        }
        ResourceFilter {
            regions: self.regions(regions),
            buckets: globs(args.bucket, &self.config.bucket),
            functions: globs(args.function, &self.config.function),
        }
    }

    pub(super) fn selection(&mut self, args: SelectionArgs) -> SelectionOptions {
        for (option, globs) in [("--check", &args.check), ("--exclude", &args.exclude)] {
            if globs.iter().any(String::is_empty) {
                self.wrong(format!("{option} is empty"));
            }
        }
        let pack = typed_or_configured(args.pack, &self.config.pack)
            .map_or_else(PackName::default, PackName);
        SelectionOptions {
            pack,
            check: typed_or(args.check, &self.config.check),
            exclude: typed_or(args.exclude, &self.config.exclude),
            severity: args.severity.or(self.config.severity).map(Severity::from),
            policies: self.policies(args.policies),
            params: self.config.checks.clone(),
            cold_start_budget_ms: None,
        }
    }

    pub(super) fn policies(&self, typed: Vec<PathBuf>) -> Vec<PathBuf> {
        if typed.is_empty() {
            self.config.policies.clone()
        } else {
            typed
        }
    }

    pub(super) fn outputs(&mut self, typed: &[String]) -> Vec<Output> {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        self.targets(typed, &names, Format::from_name)
            .into_iter()
            .map(|(format, file)| Output { format, file })
            .collect()
    }

    /// The outputs of `-o`: formats, each with a file, or none for standard output. The default is the
    /// first of `names`.
    pub(super) fn targets<F: Copy>(
        &mut self,
        typed: &[String],
        names: &[&str],
        format: impl Fn(&str) -> Option<F>,
    ) -> Vec<(F, Option<PathBuf>)> {
        let mut outputs: Vec<(&str, F, Option<PathBuf>)> = Vec::new();
        for text in typed {
            let (name, file) = match text.split_once('=') {
                Some((name, file)) => (name, Some(file)),
                None => (text.as_str(), None),
            };
            let Some(format) = format(name) else {
                let help = did_you_mean(name, names.iter().copied())
                    .unwrap_or_else(|| format!("choose from {}", names.join(", ")));
                self.mistakes.push(
                    Mistake::new(format!("-o `{name}` is an unknown format")).help(Some(help)),
                );
                continue;
            };
            if file == Some("") {
                self.wrong(format!("-o `{text}` has no file"));
                continue;
            }
            let file = file.filter(|file| *file != "-").map(PathBuf::from);
            outputs.push((name, format, file));
        }
        let to_stdout: Vec<&str> = outputs
            .iter()
            .filter(|(_, _, file)| file.is_none())
            .map(|(name, _, _)| *name)
            .collect();
        if to_stdout.len() > 1 {
            let message = format!(
                "only one output can go to standard output ({})",
                to_stdout.join(", ")
            );
            let help = to_stdout
                .first()
                .map(|name| format!("give the others a file, as in -o {name}=FILE"));
            self.mistakes.push(Mistake::new(message).help(help));
        }
        for (position, (_, _, file)) in outputs.iter().enumerate() {
            let mut earlier = outputs.iter().take(position);
            if let Some(file) = file
                && earlier.any(|(_, _, other)| other.as_ref() == Some(file))
            {
                self.mistakes.push(Mistake::new(format!(
                    "two outputs have the same file {}",
                    file.display()
                )));
            }
        }
        let mut outputs: Vec<(F, Option<PathBuf>)> = outputs
            .into_iter()
            .map(|(_, format, file)| (format, file))
            .collect();
        if outputs.is_empty() {
            outputs.extend(
                names
                    .first()
                    .and_then(|name| format(name))
                    .map(|first| (first, None)),
            );
        }
        outputs
    }

    /// The request that the tuning options make, for all resources.
    pub(super) fn request(&mut self, args: &TuningArgs) -> CollectRequest {
        let concurrency = typed_or_configured(args.concurrency, &self.config.concurrency);
        let concurrency = self.checked(
            concurrency,
            |count| (1..=MAX_CONCURRENCY).contains(count),
            |count| format!("concurrency {count} is not between 1 and {MAX_CONCURRENCY}"),
        );
        let rate = typed_or_configured(args.rate, &self.config.rate);
        let rate = self.checked(
            rate,
            |rate| rate.is_finite() && *rate > 0.0,
            |rate| format!("rate {rate} is not above 0 requests a second"),
        );
        let sample = typed_or_configured(args.sample_objects, &self.config.sample_objects);
        let sample_objects = self.checked(
            sample,
            |count| (1..=MAX_SAMPLE).contains(count),
            |count| format!("a sample of {count} objects is not between 1 and {MAX_SAMPLE}"),
        );
        let measure = typed_or_configured(args.measure, &self.config.measure);
        let measure_days = self.checked(
            measure,
            |days| (1..=MAX_MEASURE_DAYS).contains(days),
            |days| format!("{days} days of logs are not between 1 and {MAX_MEASURE_DAYS}"),
        );
        let max_scan = typed_or_configured(args.max_scan_gb, &self.config.max_scan_gb);
        let max_scan_gb = self.checked(
            max_scan,
            |gb| gb.is_finite() && *gb > 0.0,
            |gb| format!("a scan limit of {gb} GB is not above 0"),
        );
        CollectRequest {
            concurrency: concurrency
                .and_then(|count| usize::try_from(count).ok())
                .unwrap_or(DEFAULT_CONCURRENCY),
            rate,
            image_sizes: args.image_sizes || self.config.image_sizes == Some(true),
            key_grants: args.key_grants || self.config.key_grants == Some(true),
            last_access: args.last_access || self.config.last_access == Some(true),
            sample_objects,
            inspect_packages: args.inspect_packages || self.config.inspect_packages == Some(true),
            measure_days,
            max_scan_gb: max_scan_gb.unwrap_or(DEFAULT_MAX_SCAN_GB),
            live_prices: args.live_prices || self.config.live_prices == Some(true),
            ..CollectRequest::default()
        }
    }

    /// The value, if it is in range; otherwise a mistake at its place.
    fn checked<T>(
        &mut self,
        placed: Option<Placed<T>>,
        in_range: impl Fn(&T) -> bool,
        message: impl Fn(&T) -> String,
    ) -> Option<T> {
        let Placed { value, place } = placed?;
        if in_range(&value) {
            return Some(value);
        }
        self.mistakes.push(Mistake::new(message(&value)).at(place));
        None
    }

    /// The gate of `audit` and `diff`.
    pub(super) fn gate(&self, fail_on: Option<FailOn>, allow_incomplete: bool) -> GateOptions {
        GateOptions {
            fail_on: fail_on
                .or(self.config.fail_on)
                .map_or(Some(Severity::High), Option::from),
            allow_incomplete: allow_incomplete || self.config.allow_incomplete == Some(true),
        }
    }

    pub(super) fn trust(&self) -> Trust {
        let values =
            |items: &[Placed<String>]| items.iter().map(|item| item.value.clone()).collect();
        Trust {
            accounts: values(&self.config.trusted_accounts),
            organizations: values(&self.config.trusted_organizations),
        }
    }

    pub(super) fn wrong(&mut self, message: impl Into<String>) {
        self.mistakes.push(Mistake::new(message));
    }
}
