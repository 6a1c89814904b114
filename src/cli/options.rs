//! The validated form of what was asked for. Only this travels.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::args::{
    AuditArgs, ChecksCommand, Cli, ColdStartCommand, CollectArgs, ColorChoice, Command, DiffArgs,
    EstimateArgs, ExplainArgs, GroupBy, LiveArgs, PermissionsArgs, RemediateArgs, ResourceArgs,
    SchemaName, SelectionArgs, SourceArgs, TuningArgs,
};
use super::config::{CheckParams, Config};
use super::policy::{PolicyCommand, PolicyTask, ProveArgs};
use super::{Mistake, Mistakes, Placed, did_you_mean, region};
use crate::facts::Trust;
use crate::findings::exceptions::Exception;
use crate::inventory::need::ReadingKind;
use crate::inventory::request::{
    CollectRequest, DEFAULT_CONCURRENCY, DEFAULT_MAX_SCAN_GB, ResourceFilter,
};
use crate::output::plan::PlanFormat;
use crate::output::{By, Format};
use crate::report::Severity;
use crate::report::cold_start::EstimateInput;

/// The pack that is taken when none is named.
pub const DEFAULT_PACK: &str = "default";
/// The most requests at a time: AWS throttles long before.
pub const MAX_CONCURRENCY: u32 = 512;
/// Objects of a bucket that are looked at, at most: one page of a list.
pub const MAX_SAMPLE: u32 = 1000;

/// Everything one run needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// What to do.
    pub task: Task,
    /// How to talk meanwhile.
    pub console: Console,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// Read and judge.
    Audit(Box<Audit>),
    /// Read and write the snapshot.
    Collect(Box<Collect>),
    /// List checks.
    ListChecks(Selection),
    /// Show one check.
    ShowCheck {
        /// Id or alias.
        id: String,
        /// Folders of the user's policies.
        policies: Vec<PathBuf>,
    },
    /// Verify policy files; the built-in ones without a folder.
    VerifyChecks(Option<PathBuf>),
    /// Compare two reports.
    Diff(Diff),
    /// Explain one verdict.
    Explain(Box<Explain>),
    /// Plan fixes.
    Remediate(Box<Remediate>),
    /// Reason about policies.
    Policy(PolicyTask),
    /// Print the IAM policy.
    Permissions {
        /// For these checks.
        selection: Selection,
        /// With these opt-in readings.
        opted: Vec<ReadingKind>,
    },
    /// Estimate cold starts.
    Estimate(Box<WhatIf>),
    /// Print a completion script.
    Completions(clap_complete::Shell),
    /// Print a JSON Schema.
    Schema(SchemaName),
    /// Write the generated documentation into a folder.
    Docs(PathBuf),
}

/// `audit`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// What to judge.
    pub source: Source,
    /// Which checks.
    pub selection: Selection,
    /// What to read, and how.
    pub request: CollectRequest,
    /// What fails the run.
    pub gate: Gate,
    /// Where results go; never empty, at most one to standard output.
    pub outputs: Vec<Output>,
    /// Whom the user knows.
    pub trust: Trust,
    /// The estimator's numbers.
    pub cold_start_model: Option<PathBuf>,
    /// How the table groups findings.
    pub by: By,
    /// What is accepted.
    pub accepted: Accepted,
    /// Where to write the findings as a baseline.
    pub write_baseline: Option<PathBuf>,
}

/// What is accepted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Accepted {
    /// The baseline.
    pub baseline: Option<PathBuf>,
    /// The exceptions of the configuration file.
    pub exceptions: Vec<Placed<Exception>>,
}

/// `diff`, validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// The earlier report.
    pub old: PathBuf,
    /// The later one.
    pub new: PathBuf,
    /// What fails the run.
    pub gate: Gate,
    /// Where the comparison goes; never empty, at most one to standard output.
    pub outputs: Vec<DiffOutput>,
}

/// One output of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffOutput {
    /// JSON instead of a table.
    pub json: bool,
    /// The file, or standard output.
    pub file: Option<PathBuf>,
}

/// `cold-start estimate`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIf {
    /// One or two functions with a title each; none with `batch`.
    pub inputs: Vec<(String, EstimateInput)>,
    /// Read the functions from standard input.
    pub batch: bool,
    /// Answer in JSON.
    pub json: bool,
    /// The estimator's numbers.
    pub model: Option<PathBuf>,
}

/// `collect`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct Collect {
    /// What to read, and how.
    pub request: CollectRequest,
    /// For which checks.
    pub selection: Selection,
    /// No check was named anywhere: everything is read.
    pub everything: bool,
    /// The file, or standard output.
    pub output: Option<PathBuf>,
}

/// `explain`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct Explain {
    /// Check id or alias.
    pub check: String,
    /// Name, ARN or account id.
    pub resource: String,
    /// What to judge.
    pub source: Source,
    /// The catalogue and parameters.
    pub selection: Selection,
    /// What to read, and how.
    pub request: CollectRequest,
    /// Whom the user knows.
    pub trust: Trust,
}

/// `remediate`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct Remediate {
    /// What to judge.
    pub source: Source,
    /// Which checks.
    pub selection: Selection,
    /// What to read, and how.
    pub request: CollectRequest,
    /// Globs of checks whose decision is taken.
    pub decided: Vec<String>,
    /// Where the plan goes; never empty, at most one to standard output.
    pub outputs: Vec<Output<PlanFormat>>,
    /// What is accepted, and so not to be mended.
    pub accepted: Accepted,
    /// Whom the user knows.
    pub trust: Trust,
}

/// What to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The account of the request.
    Live,
    /// A file, `-` for standard input.
    Snapshot(PathBuf),
    /// The recorded account.
    Sample,
}

/// Which checks, with the places of what a file said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// The pack.
    pub pack: PackName,
    /// Globs to take.
    pub check: Vec<Placed<String>>,
    /// Globs to leave out.
    pub exclude: Vec<Placed<String>>,
    /// The least severity.
    pub severity: Option<Severity>,
    /// Folders of the user's policies.
    pub policies: Vec<PathBuf>,
    /// Parameters of checks.
    pub params: CheckParams,
}

/// A pack's name and where it was written; [`DEFAULT_PACK`] when nobody wrote one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackName(
    /// The name.
    pub Placed<String>,
);

impl Default for PackName {
    fn default() -> Self {
        Self(Placed {
            value: DEFAULT_PACK.to_owned(),
            place: None,
        })
    }
}

/// What fails the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The least severity that fails; `None` never fails.
    pub fail_on: Option<Severity>,
    /// Unjudged results do not count.
    pub allow_incomplete: bool,
}

/// One output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output<F = Format> {
    /// The format.
    pub format: F,
    /// The file, or standard output.
    pub file: Option<PathBuf>,
}

/// How to talk meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Console {
    /// Colours.
    pub color: ColorChoice,
    /// A progress bar may be drawn.
    pub progress: bool,
    /// Nothing but errors.
    pub quiet: bool,
    /// More.
    pub verbose: bool,
    /// The configuration file in use.
    pub config: Option<PathBuf>,
}

impl Options {
    /// Joins the command line with the configuration file (its path and members) and validates both.
    ///
    /// # Errors
    /// Every mistake there is.
    pub fn new(cli: Cli, config: Option<(&Path, Config)>) -> Result<Self, Mistakes> {
        let (path, config) = match config {
            Some((path, config)) => (Some(path.to_owned()), config),
            None => (None, Config::default()),
        };
        let general = cli.general;
        let console = Console {
            color: general.color.or(config.color).unwrap_or_default(),
            progress: !general.no_progress && !general.quiet,
            quiet: general.quiet,
            verbose: general.verbose,
            config: path,
        };
        let mut join = Join {
            config,
            mistakes: Vec::new(),
        };
        let task = join.task(cli.command);
        if join.mistakes.is_empty() {
            Ok(Self { task, console })
        } else {
            Err(Mistakes(join.mistakes))
        }
    }
}

/// The checks that `--cold-start-budget` is for.
pub const BUDGET_CHECKS: [&str; 2] = [
    "lambda-cold-start-over-budget",
    "lambda-no-provisioned-concurrency",
];

/// A time such as `800ms` or `1.5s`, in milliseconds; a positive number of at most an hour.
fn milliseconds(text: &str) -> Option<f64> {
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 1.0),
        (None, Some(number)) => (number, 1000.0),
        (None, None) => return None,
    };
    let ms = number.trim().parse::<f64>().ok()? * unit;
    (ms > 0.0 && ms <= 3_600_000.0).then_some(ms)
}

/// Puts typed and configured values together.
struct Join {
    config: Config,
    mistakes: Vec<Mistake>,
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
    fn task(&mut self, command: Command) -> Task {
        match command {
            Command::Audit(args) => Task::Audit(Box::new(self.audit(*args))),
            Command::Collect(args) => Task::Collect(Box::new(self.collect(*args))),
            Command::Checks(args) => match args.command {
                None => Task::ListChecks(self.selection(SelectionArgs::default())),
                Some(ChecksCommand::List(selection)) => Task::ListChecks(self.selection(selection)),
                Some(ChecksCommand::Show { id, policies }) => Task::ShowCheck {
                    id,
                    policies: self.policies(policies),
                },
                Some(ChecksCommand::Verify { dir }) => Task::VerifyChecks(dir),
            },
            Command::Diff(args) => Task::Diff(self.diff(args)),
            Command::Explain(args) => Task::Explain(Box::new(self.explain(*args))),
            Command::Remediate(args) => Task::Remediate(Box::new(self.remediate(*args))),
            Command::Policy(args) => Task::Policy(match args.command {
                PolicyCommand::Evaluate(args) => PolicyTask::Evaluate(args),
                PolicyCommand::Prove(args) => self.prove(*args),
            }),
            Command::Permissions(args) => {
                let PermissionsArgs {
                    selection,
                    image_sizes,
                    inspect_packages,
                    measure,
                    sample_objects,
                } = *args;
                let sample_objects = sample_objects || self.config.sample_objects.is_some();
                let opted = [
                    (
                        image_sizes || self.config.image_sizes == Some(true),
                        ReadingKind::FunctionImage,
                    ),
                    (
                        inspect_packages || self.config.inspect_packages == Some(true),
                        ReadingKind::FunctionPackages,
                    ),
                    (
                        measure || self.config.measure.is_some(),
                        ReadingKind::FunctionMeasured,
                    ),
                    (sample_objects, ReadingKind::BucketObjectSample),
                    (sample_objects, ReadingKind::BucketObjectAcls),
                ];
                Task::Permissions {
                    selection: self.selection(selection),
                    opted: opted
                        .into_iter()
                        .filter_map(|(asked, reading)| asked.then_some(reading))
                        .collect(),
                }
            }
            Command::ColdStart(args) => {
                let ColdStartCommand::Estimate(args) = args.command;
                Task::Estimate(Box::new(self.what_if(*args)))
            }
            Command::Completions(args) => Task::Completions(args.shell),
            Command::Schema(args) => Task::Schema(args.document),
            Command::Docs(args) => Task::Docs(args.folder),
        }
    }

    fn prove(&mut self, args: ProveArgs) -> PolicyTask {
        match (args.name, args.policy) {
            (Some(name), _) => {
                let mut request = self.request(&args.tuning);
                PolicyTask::ProveBucket {
                    name,
                    source: self.source(args.source, &args.tuning, &mut request),
                    request: Box::new(request),
                    questions: args.question,
                    json: args.json,
                }
            }
            (None, Some(file)) => PolicyTask::ProvePolicy {
                file,
                bucket: args.bucket,
                owner: args.owner,
                questions: args.question,
                json: args.json,
            },
            (None, None) => PolicyTask::ProveLines,
        }
    }

    fn audit(&mut self, args: AuditArgs) -> Audit {
        let mut request = self.request(&args.tuning);
        request.resources = self.resources(args.resources, &args.source.live.region);
        let fail_on = match args.gate.fail_on.or(self.config.fail_on) {
            Some(fail_on) => fail_on.into(),
            None => Some(Severity::High),
        };
        let mut selection = self.selection(args.selection);
        self.budget(args.gate.cold_start_budget.as_deref(), &mut selection);
        Audit {
            source: self.source(args.source, &args.tuning, &mut request),
            selection,
            request,
            gate: Gate {
                fail_on,
                allow_incomplete: args.gate.allow_incomplete
                    || self.config.allow_incomplete == Some(true),
            },
            outputs: self.outputs(&args.output.output),
            trust: self.trust(),
            cold_start_model: args.gate.cold_start_model,
            by: match args.output.by {
                Some(GroupBy::Resource) => By::Resource,
                Some(GroupBy::Check) | None => By::Check,
            },
            accepted: Accepted {
                baseline: args.gate.baseline.or_else(|| self.config.baseline.clone()),
                exceptions: self.config.exceptions.clone(),
            },
            write_baseline: args.gate.write_baseline,
        }
    }

    fn diff(&mut self, args: DiffArgs) -> Diff {
        if args.old.as_os_str() == "-" && args.new.as_os_str() == "-" {
            self.wrong("both reports cannot be read from standard input");
        }
        let names = ["table", "json"];
        let outputs = self
            .targets(&args.output, &names, |name| {
                names.contains(&name).then_some(name == "json")
            })
            .into_iter()
            .map(|(json, file)| DiffOutput { json, file })
            .collect();
        Diff {
            old: args.old,
            new: args.new,
            gate: Gate {
                fail_on: match args.fail_on.or(self.config.fail_on) {
                    Some(fail_on) => fail_on.into(),
                    None => Some(Severity::High),
                },
                allow_incomplete: args.allow_incomplete
                    || self.config.allow_incomplete == Some(true),
            },
            outputs,
        }
    }

    /// Puts `--cold-start-budget` into the parameters of the checks that know one.
    fn budget(&mut self, text: Option<&str>, selection: &mut Selection) {
        let Some(text) = text else { return };
        let Some(ms) = milliseconds(text) else {
            self.mistakes.push(
                Mistake::new(format!("--cold-start-budget `{text}` is not a time"))
                    .help(Some("write it like 800ms or 1.5s".to_owned())),
            );
            return;
        };
        for check in BUDGET_CHECKS {
            let params = selection
                .params
                .entry(check.to_owned())
                .or_insert_with(|| Placed {
                    value: BTreeMap::new(),
                    place: None,
                });
            params.value.insert(
                "budget_ms".to_owned(),
                Placed {
                    value: Value::from(ms),
                    place: None,
                },
            );
        }
    }

    fn what_if(&mut self, args: EstimateArgs) -> WhatIf {
        let mut inputs = Vec::new();
        if let Some(runtime) = args.runtime {
            let input = EstimateInput {
                id: runtime.clone(),
                runtime: runtime.clone(),
                architecture: args.architecture,
                package_type: if args.image { "image" } else { "zip" }.to_owned(),
                memory_mb: args.memory,
                zip_mb: args.zip_mb,
                unzipped_mb: args.unzipped_mb,
                imported_mb: args.imported_mb,
                image_mb: args.image_mb,
                uses_sdk: args.uses_sdk,
                extensions: args.extensions,
                snapstart: args.snapstart,
                primed: args.primed,
                vpc: args.vpc,
                framework: args.framework,
            };
            let other = self.versus(&input, &args.versus);
            inputs.push((format!("{runtime}, {} MB", input.memory_mb), input));
            inputs.extend(other);
        }
        WhatIf {
            inputs,
            batch: args.batch,
            json: args.json,
            model: args.cold_start_model,
        }
    }

    /// The second function, which differs from the first in what `--versus` says.
    fn versus(
        &mut self,
        input: &EstimateInput,
        changes: &[String],
    ) -> Option<(String, EstimateInput)> {
        if changes.is_empty() {
            return None;
        }
        let mut object = serde_json::to_value(input).ok()?;
        for change in changes {
            let Some((member, value)) = change.split_once('=') else {
                self.wrong(format!("--versus `{change}` is not MEMBER=VALUE"));
                return None;
            };
            let texts = ["runtime", "architecture", "package_type", "framework"];
            let value = if texts.contains(&member) {
                Value::from(value)
            } else {
                serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))
            };
            object.as_object_mut()?.insert(member.to_owned(), value);
        }
        let title = changes.join(", ");
        match serde_json::from_value::<EstimateInput>(object) {
            Ok(other) => Some((title, other)),
            Err(error) => {
                self.wrong(format!("--versus {title}: {error}"));
                None
            }
        }
    }

    fn collect(&mut self, args: CollectArgs) -> Collect {
        let resources = self.resources(args.resources, &args.live.region);
        let selection = self.selection(args.selection);
        let everything = selection.check.is_empty()
            && selection.exclude.is_empty()
            && selection.severity.is_none()
            && selection.pack == PackName::default();
        let (profile, endpoint_url) = self.live(args.live);
        Collect {
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

    fn explain(&mut self, args: ExplainArgs) -> Explain {
        let mut request = self.request(&args.tuning);
        request.resources.regions = self.regions(&args.source.live.region);
        Explain {
            check: args.check,
            resource: args.resource,
            source: self.source(args.source, &args.tuning, &mut request),
            selection: Selection {
                policies: self.policies(args.policies),
                params: self.config.checks.clone(),
                ..Selection::default()
            },
            request,
            trust: self.trust(),
        }
    }

    fn remediate(&mut self, args: RemediateArgs) -> Remediate {
        let mut request = self.request(&args.tuning);
        request.resources = self.resources(args.resources, &args.source.live.region);
        if args.decided.iter().any(String::is_empty) {
            self.wrong("--decided is empty");
        }
        let names: Vec<&str> = PlanFormat::ALL.iter().map(|format| format.name()).collect();
        // --format is -o without a file.
        let typed: Vec<String> = args.format.into_iter().chain(args.output).collect();
        Remediate {
            source: self.source(args.source, &args.tuning, &mut request),
            selection: self.selection(args.selection),
            request,
            decided: args.decided,
            outputs: self
                .targets(&typed, &names, PlanFormat::from_name)
                .into_iter()
                .map(|(format, file)| Output { format, file })
                .collect(),
            accepted: Accepted {
                baseline: self.config.baseline.clone(),
                exceptions: self.config.exceptions.clone(),
            },
            trust: self.trust(),
        }
    }

    /// Where the snapshot comes from; of a live account, the request learns which.
    fn source(
        &mut self,
        args: SourceArgs,
        tuning: &TuningArgs,
        request: &mut CollectRequest,
    ) -> Source {
        if let (Some(_), true) = (&args.snapshot, args.sample) {
            self.wrong("--snapshot and --sample are two sources; choose one");
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
                ("--sample-objects", tuning.sample_objects.is_some()),
                ("--inspect-packages", tuning.inspect_packages),
                ("--measure", tuning.measure.is_some()),
                ("--max-scan-gb", tuning.max_scan_gb.is_some()),
            ];
            for (option, given) in live_only {
                if given {
                    self.wrong(format!(
                        "{option} is about reading an account, and {recorded} reads none"
                    ));
                }
            }
        }
        match (args.snapshot, args.sample) {
            (Some(path), _) => Source::Snapshot(path),
            (None, true) => Source::Sample,
            (None, false) => {
                (request.profile, request.endpoint_url) = self.live(args.live);
                Source::Live
            }
        }
    }

    /// The profile and the endpoint.
    fn live(&mut self, args: LiveArgs) -> (Option<String>, Option<String>) {
        if let Some(url) = &args.endpoint_url {
            let host = url
                .strip_prefix("http://")
                .or_else(|| url.strip_prefix("https://"));
            match host {
                Some(host) if !host.is_empty() && !host.starts_with(['/', ':', '?', '#']) => {}
                Some(_) => self.wrong(format!("--endpoint-url `{url}` names no host")),
                None => self.mistakes.push(
                    Mistake::new(format!(
                        "--endpoint-url `{url}` is not an http or https URL"
                    ))
                    .help(Some(format!("did you mean `http://{url}`?"))),
                ),
            }
        }
        let configured = self.config.profile.as_ref();
        let profile = args
            .profile
            .or_else(|| configured.map(|name| name.value.clone()));
        (profile, args.endpoint_url)
    }

    fn regions(&mut self, typed: &[String]) -> Vec<String> {
        let mut names = Vec::new();
        for name in typed_or(typed.to_vec(), &self.config.regions) {
            if !region::is_well_formed(&name.value) {
                self.mistakes.push(
                    Mistake::new(format!("`{}` is not a Region", name.value))
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

    fn resources(&mut self, args: ResourceArgs, regions: &[String]) -> ResourceFilter {
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

    fn selection(&mut self, args: SelectionArgs) -> Selection {
        for (option, globs) in [("--check", &args.check), ("--exclude", &args.exclude)] {
            if globs.iter().any(String::is_empty) {
                self.wrong(format!("{option} is empty"));
            }
        }
        let pack = args
            .pack
            .map(|value| Placed { value, place: None })
            .or_else(|| self.config.pack.clone())
            .map_or_else(PackName::default, PackName);
        Selection {
            pack,
            check: typed_or(args.check, &self.config.check),
            exclude: typed_or(args.exclude, &self.config.exclude),
            severity: args.severity.or(self.config.severity).map(Severity::from),
            policies: self.policies(args.policies),
            params: self.config.checks.clone(),
        }
    }

    fn policies(&self, typed: Vec<PathBuf>) -> Vec<PathBuf> {
        if typed.is_empty() {
            self.config.policies.clone()
        } else {
            typed
        }
    }

    fn outputs(&mut self, typed: &[String]) -> Vec<Output> {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        self.targets(typed, &names, Format::from_name)
            .into_iter()
            .map(|(format, file)| Output { format, file })
            .collect()
    }

    /// What `-o` says: formats with a file each, or none for standard output. The first of `names` is
    /// taken when nothing is said.
    fn targets<F: Copy>(
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
                self.mistakes
                    .push(Mistake::new(format!("-o `{name}` is not a format")).help(Some(help)));
                continue;
            };
            if file == Some("") {
                self.wrong(format!("-o `{text}` names no file"));
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
                "two outputs cannot both go to standard output ({})",
                to_stdout.join(", ")
            );
            let help = to_stdout
                .first()
                .map(|name| format!("give all but one a file, as in -o {name}=FILE"));
            self.mistakes.push(Mistake::new(message).help(help));
        }
        for (position, (_, _, file)) in outputs.iter().enumerate() {
            let mut earlier = outputs.iter().take(position);
            if let Some(file) = file
                && earlier.any(|(_, _, other)| other.as_ref() == Some(file))
            {
                self.mistakes.push(Mistake::new(format!(
                    "two outputs cannot both be written to {}",
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
    fn request(&mut self, args: &TuningArgs) -> CollectRequest {
        let concurrency = args
            .concurrency
            .map(|value| Placed { value, place: None })
            .or_else(|| self.config.concurrency.clone());
        let rate = args
            .rate
            .map(|value| Placed { value, place: None })
            .or_else(|| self.config.rate.clone());
        if let Some(Placed { value, place }) = &concurrency
            && !(1..=MAX_CONCURRENCY).contains(value)
        {
            self.mistakes.push(
                Mistake::new(format!(
                    "a concurrency of {value} is not between 1 and {MAX_CONCURRENCY}"
                ))
                .at(place.clone()),
            );
        }
        if let Some(Placed { value, place }) = &rate
            && !(value.is_finite() && *value > 0.0)
        {
            self.mistakes.push(
                Mistake::new(format!(
                    "a rate of {value} requests a second is not above 0"
                ))
                .at(place.clone()),
            );
        }
        let sample_objects = args
            .sample_objects
            .map(|value| Placed { value, place: None })
            .or_else(|| self.config.sample_objects.clone());
        if let Some(Placed { value, place }) = &sample_objects
            && !(1..=MAX_SAMPLE).contains(value)
        {
            self.mistakes.push(
                Mistake::new(format!(
                    "a sample of {value} objects is not between 1 and {MAX_SAMPLE}"
                ))
                .at(place.clone()),
            );
        }
        let measure_days = self.measure_days(args.measure);
        let max_scan_gb = args
            .max_scan_gb
            .or_else(|| self.config.max_scan_gb.as_ref().map(|gb| gb.value))
            .unwrap_or(DEFAULT_MAX_SCAN_GB);
        if !(max_scan_gb.is_finite() && max_scan_gb > 0.0) {
            self.wrong(format!("--max-scan-gb {max_scan_gb} is not above 0"));
        }
        CollectRequest {
            sample_objects: sample_objects.map(|placed| placed.value),
            inspect_packages: args.inspect_packages || self.config.inspect_packages == Some(true),
            measure_days,
            max_scan_gb,
            concurrency: concurrency
                .and_then(|placed| usize::try_from(placed.value).ok())
                .unwrap_or(DEFAULT_CONCURRENCY),
            rate: rate.map(|placed| placed.value),
            image_sizes: args.image_sizes || self.config.image_sizes == Some(true),
            ..CollectRequest::default()
        }
    }

    /// The days to measure, from the command line or the configuration.
    fn measure_days(&mut self, given: Option<u32>) -> Option<u32> {
        let placed = match given {
            Some(value) => Placed { value, place: None },
            None => self.config.measure.clone()?,
        };
        if (1..=90).contains(&placed.value) {
            return Some(placed.value);
        }
        self.mistakes.push(
            Mistake::new(format!(
                "{} days of logs cannot be measured; 1 to 90 can",
                placed.value
            ))
            .at(placed.place),
        );
        None
    }

    fn trust(&self) -> Trust {
        let values =
            |items: &[Placed<String>]| items.iter().map(|item| item.value.clone()).collect();
        Trust {
            accounts: values(&self.config.trusted_accounts),
            organizations: values(&self.config.trusted_organizations),
        }
    }

    fn wrong(&mut self, message: impl Into<String>) {
        self.mistakes.push(Mistake::new(message));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use clap::Parser;

    use super::*;

    fn options(arguments: &str, config: &str) -> Result<Options, Vec<String>> {
        let cli = Cli::try_parse_from(arguments.split_whitespace()).unwrap();
        let path = Path::new("coldbucket.toml");
        let config = Config::parse(path, config).unwrap();
        Options::new(cli, Some((path, config)))
            .map_err(|mistakes| mistakes.0.iter().map(ToString::to_string).collect())
    }

    fn audit(arguments: &str, config: &str) -> Audit {
        match options(arguments, config).unwrap().task {
            Task::Audit(audit) => *audit,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_said_is_a_live_audit_to_a_table_that_fails_on_high() {
        let audit = audit("coldbucket audit", "");
        assert_eq!(audit.source, Source::Live);
        assert_eq!(audit.gate.fail_on, Some(Severity::High));
        assert_eq!(audit.selection, Selection::default());
        assert_eq!(audit.outputs.len(), 1);
        assert_eq!(audit.request.concurrency, DEFAULT_CONCURRENCY);
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let audit = audit(
            "coldbucket audit --fail-on low --check a --region eu-west-1",
            "fail_on = 'none'\ncheck = ['b', 'c']\nexclude = ['d']\nregions = ['us-east-1']",
        );
        assert_eq!(audit.gate.fail_on, Some(Severity::Low));
        let check: Vec<&str> = audit
            .selection
            .check
            .iter()
            .map(|glob| glob.value.as_str())
            .collect();
        assert_eq!(check, ["a"]);
        assert_eq!(audit.selection.exclude.len(), 1);
        assert_eq!(audit.request.resources.regions, ["eu-west-1"]);
    }

    #[test]
    fn none_never_fails() {
        assert_eq!(
            audit("coldbucket audit", "fail_on = 'none'").gate.fail_on,
            None
        );
    }

    #[test]
    fn every_mistake_at_once() {
        let mistakes = options(
            "coldbucket audit --sample --snapshot x --profile p --region eu-wst-1 -o tabel -o json -o table -o json= --concurrency 0 --rate=-1",
            "",
        )
        .unwrap_err();
        assert_eq!(
            mistakes,
            [
                "a concurrency of 0 is not between 1 and 512",
                "a rate of -1 requests a second is not above 0",
                "`eu-wst-1` is not a Region; did you mean `eu-west-1`?",
                "--snapshot and --sample are two sources; choose one",
                "--profile is about reading an account, and --snapshot reads none",
                "--concurrency is about reading an account, and --snapshot reads none",
                "--rate is about reading an account, and --snapshot reads none",
                "-o `tabel` is not a format; did you mean `table`?",
                "-o `json=` names no file",
                "two outputs cannot both go to standard output (json, table); give all but one a file, as in -o json=FILE",
            ]
        );
    }

    #[test]
    fn outputs_are_a_format_and_a_file() {
        let audit = audit("coldbucket audit -o table -o json=a=b.json", "");
        let files: Vec<Option<PathBuf>> = audit
            .outputs
            .into_iter()
            .map(|output| output.file)
            .collect();
        assert_eq!(files, [None, Some(PathBuf::from("a=b.json"))]);
    }

    #[test]
    fn two_outputs_to_one_file_are_a_mistake() {
        let mistakes = options("coldbucket audit -o table=x -o json=x", "").unwrap_err();
        assert_eq!(mistakes, ["two outputs cannot both be written to x"]);
    }

    #[test]
    fn an_endpoint_is_a_url() {
        for (url, message) in [
            (
                "localhost:4566",
                "--endpoint-url `localhost:4566` is not an http or https URL; did you mean `http://localhost:4566`?",
            ),
            ("http://", "--endpoint-url `http://` names no host"),
        ] {
            let mistakes =
                options(&format!("coldbucket audit --endpoint-url {url}"), "").unwrap_err();
            assert_eq!(mistakes, [message]);
        }
    }

    #[test]
    fn collect_without_a_selection_reads_everything() {
        let everything = |arguments: &str| match options(arguments, "").unwrap().task {
            Task::Collect(collect) => collect.everything,
            other => panic!("{other:?}"),
        };
        assert!(everything("coldbucket collect"));
        assert!(!everything("coldbucket collect --check s3-*"));
    }
}
