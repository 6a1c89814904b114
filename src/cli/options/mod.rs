//! The validated form of a command line and its configuration file. Only this travels.

mod accounts;
mod audit;
mod collect;
mod diff;
mod doctor;
mod estimate;
mod explain;
mod join;
mod policy;
mod remediate;
mod shared;
mod template;
mod who_can;

use std::path::{Path, PathBuf};

use super::Mistakes;
use super::args::{ChecksCommand, Cli, ColdStartCommand, Command, PermissionsArgs};
use super::choices::{ColorChoice, SchemaName};
use super::config::ConfigFile;
use super::groups::SelectionArgs;
use super::policy::PolicyCommand;
use crate::inventory::need::ReadingKind;
use join::Join;

pub use accounts::{
    AccountChoice, AccountsOptions, DEFAULT_ROLE, OrganizationOptions, RunTarget, Shard,
    account_ids,
};
#[cfg(feature = "lambda")]
pub use accounts::{FunctionOptions, is_run_id};
pub use audit::AuditOptions;
pub use collect::CollectOptions;
pub use diff::{DiffOptions, DiffOutput};
pub use doctor::DoctorOptions;
pub use estimate::EstimateOptions;
pub use explain::ExplainOptions;
pub use policy::PolicyTask;
pub use remediate::RemediateOptions;
pub use shared::{
    Acceptance, AuditSource, DEFAULT_PACK, GateOptions, MAX_CONCURRENCY, MAX_SAMPLE, Output,
    PackName, SelectionOptions,
};
pub use template::TemplateOptions;
pub use who_can::{AccessOutput, ControlFiles, WhatCanOptions, WhoCanOptions};

/// Everything one run needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The command.
    pub task: Task,
    /// What is written to the terminal.
    pub console: ConsoleOptions,
}

/// A command with its options.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// Read and judge.
    Audit(Box<AuditOptions>),
    /// Report on the files of a run.
    Merge {
        /// What is reported, and how.
        audit: Box<AuditOptions>,
        /// Where the run's files are.
        folder: RunTarget,
        /// The run's id.
        run: Option<String>,
    },
    /// Serve invocations of a Lambda function.
    #[cfg(feature = "lambda")]
    Lambda(Box<FunctionOptions>),
    /// Read the organization.
    Organization(OrganizationOptions),
    /// Read and write the snapshot.
    Collect(Box<CollectOptions>),
    /// List checks.
    ListChecks(SelectionOptions),
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
    Diff(DiffOptions),
    /// Explain one verdict.
    Explain(Box<ExplainOptions>),
    /// Plan fixes.
    Remediate(Box<RemediateOptions>),
    /// Reason about policies.
    Policy(PolicyTask),
    /// Who can reach a bucket or function, from a line each.
    WhoCanLines,
    /// Who can reach a bucket or function.
    WhoCan(Box<WhoCanOptions>),
    /// What an identity can reach.
    WhatCan(Box<WhatCanOptions>),
    /// Print the IAM policy.
    Permissions {
        /// For these checks.
        selection: SelectionOptions,
        /// With these opt-in readings.
        opted: Vec<ReadingKind>,
    },
    /// Try permissions before a run.
    Doctor(Box<DoctorOptions>),
    /// Write the files for CI.
    Init(InitOptions),
    /// Estimate cold starts.
    Estimate(Box<EstimateOptions>),
    /// Print a completion script.
    Completions(clap_complete::Shell),
    /// Print a JSON Schema.
    Schema(SchemaName),
    /// Write the generated documentation into a folder.
    Docs(PathBuf),
}

/// `init`, validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitOptions {
    /// The folder of the repository.
    pub folder: PathBuf,
}

/// What is written to the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsoleOptions {
    /// When to use colors.
    pub color: ColorChoice,
    /// Long output may be paged.
    pub pager: bool,
    /// A progress bar may be drawn.
    pub progress: bool,
    /// Only errors on standard error.
    pub quiet: bool,
    /// More messages on standard error.
    pub verbose: bool,
    /// The configuration file in use.
    pub config: Option<PathBuf>,
    /// `--config` named it.
    pub config_named: bool,
}

impl Options {
    /// Joins the command line with the configuration file (its path and members) and validates both.
    ///
    /// # Errors
    /// Every mistake.
    pub fn new(cli: Cli, config: Option<(&Path, ConfigFile)>) -> Result<Self, Mistakes> {
        let (path, config) = match config {
            Some((path, config)) => (Some(path.to_owned()), config),
            None => (None, ConfigFile::default()),
        };
        let general = cli.general;
        let console = ConsoleOptions {
            color: general.color.or(config.color).unwrap_or_default(),
            pager: !general.no_pager,
            progress: !general.no_progress && !general.quiet,
            quiet: general.quiet,
            verbose: general.verbose,
            config: path,
            config_named: general.config.is_some(),
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

impl Join {
    fn task(&mut self, command: Command) -> Task {
        match command {
            Command::Audit(args) => Task::Audit(Box::new(self.audit(*args))),
            Command::Merge(args) => {
                let (audit, folder, run) = self.merge(*args);
                Task::Merge {
                    audit: Box::new(audit),
                    folder,
                    run,
                }
            }
            #[cfg(feature = "lambda")]
            Command::Lambda(args) => Task::Lambda(Box::new(self.function(*args))),
            Command::Organization(args) => Task::Organization(self.organization(args)),
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
                PolicyCommand::Compare(args) => PolicyTask::Compare(args),
                PolicyCommand::Forbids(args) => PolicyTask::Forbids(args),
                PolicyCommand::Public(args) => PolicyTask::Public(args),
            }),
            Command::WhoCan(args) if args.batch => Task::WhoCanLines,
            Command::WhoCan(args) => Task::WhoCan(Box::new(self.who_can(*args))),
            Command::WhatCan(args) => Task::WhatCan(Box::new(self.what_can(*args))),
            Command::Permissions(args) => self.permissions(*args),
            Command::Doctor(args) => Task::Doctor(Box::new(self.doctor(*args))),
            Command::Init(args) => Task::Init(InitOptions {
                folder: args.folder,
            }),
            Command::ColdStart(args) => {
                let ColdStartCommand::Estimate(args) = args.command;
                Task::Estimate(Box::new(self.estimate(*args)))
            }
            Command::Completions(args) => Task::Completions(args.shell),
            Command::Schema(args) => Task::Schema(args.document),
            Command::Docs(args) => Task::Docs(args.folder),
        }
    }

    fn permissions(&mut self, args: PermissionsArgs) -> Task {
        let config = &self.config;
        let sample_objects = args.sample_objects || config.sample_objects.is_some();
        let image_sizes = args.image_sizes || config.image_sizes == Some(true);
        let key_grants = args.key_grants || config.key_grants == Some(true);
        let last_access = args.last_access || config.last_access == Some(true);
        let inspect_packages = args.inspect_packages || config.inspect_packages == Some(true);
        let measure = args.measure || config.measure.is_some();
        let live_prices = args.live_prices || config.live_prices == Some(true);
        let opted = [
            (image_sizes, ReadingKind::FunctionImage),
            (key_grants, ReadingKind::KeyGrants),
            (last_access, ReadingKind::IdentityLastAccess),
            (inspect_packages, ReadingKind::FunctionPackages),
            (measure, ReadingKind::FunctionMeasured),
            (live_prices, ReadingKind::LambdaPrices),
            (sample_objects, ReadingKind::BucketObjectSample),
            (sample_objects, ReadingKind::BucketObjectAcls),
        ];
        Task::Permissions {
            opted: opted
                .into_iter()
                .filter_map(|(wanted, reading)| wanted.then_some(reading))
                .collect(),
            selection: self.selection(args.selection),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::inventory::request::DEFAULT_CONCURRENCY;
    use crate::report::Severity;

    fn options(arguments: &str, config: &str) -> Result<Options, Vec<String>> {
        let cli = Cli::try_parse_from(arguments.split_whitespace()).unwrap();
        let path = Path::new("coldbucket.toml");
        let config = ConfigFile::parse(path, config).unwrap();
        Options::new(cli, Some((path, config)))
            .map_err(|mistakes| mistakes.0.iter().map(ToString::to_string).collect())
    }

    fn audit(arguments: &str, config: &str) -> AuditOptions {
        match options(arguments, config).unwrap().task {
            Task::Audit(audit) => *audit,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_default_is_a_live_audit_to_a_table_that_fails_on_high() {
        let audit = audit("coldbucket audit", "");
        assert_eq!(audit.source, AuditSource::Live);
        assert_eq!(audit.gate.fail_on, Some(Severity::High));
        assert_eq!(audit.selection, SelectionOptions::default());
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
                "concurrency 0 is not between 1 and 512",
                "rate -1 is not above 0 requests a second",
                "`eu-wst-1` is not a Region name; did you mean `eu-west-1`?",
                "--snapshot and --sample exclude each other",
                "--profile has no effect with --snapshot, which reads no account",
                "--concurrency has no effect with --snapshot, which reads no account",
                "--rate has no effect with --snapshot, which reads no account",
                "-o `tabel` is an unknown format; did you mean `table`?",
                "-o `json=` has no file",
                "only one output can go to standard output (json, table); give the others a file, as in -o json=FILE",
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
        assert_eq!(mistakes, ["two outputs have the same file x"]);
    }

    #[test]
    fn an_endpoint_is_a_url() {
        for (url, message) in [
            (
                "localhost:4566",
                "--endpoint-url `localhost:4566` is not an http or https URL; did you mean `http://localhost:4566`?",
            ),
            ("http://", "--endpoint-url `http://` has no host"),
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
