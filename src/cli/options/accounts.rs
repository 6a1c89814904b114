//! `audit --organization` and `audit --accounts`, `merge`, `organization`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use coldbucket_policy::parse::is_account_id;

use super::audit::AuditOptions;
use super::join::Join;
use super::shared::AuditSource;
use crate::cli::Mistake;
#[cfg(feature = "lambda")]
use crate::cli::args::LambdaArgs;
use crate::cli::args::{AuditArgs, MergeArgs, OrganizationArgs};
#[cfg(feature = "lambda")]
use crate::cli::did_you_mean;
use crate::cli::groups::{AccountsArgs, LiveArgs, SourceArgs, TemplateArgs, TuningArgs};
use crate::inventory::request::CollectRequest;
#[cfg(feature = "lambda")]
use crate::output::Format;

/// The role that deploy/aws makes in each account.
pub const DEFAULT_ROLE: &str = "coldbucket-audit";
/// Upper limit of `--accounts-in-flight`: more share the same requests in flight.
const MAX_IN_FLIGHT: u32 = 64;
const DEFAULT_IN_FLIGHT: u32 = 8;
/// Most shards: the children of an AWS Batch array job.
const MAX_SHARDS: u32 = 10_000;
const DEFAULT_MEMORY: u64 = 1 << 30;
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(24 * 3600);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Many accounts in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountsOptions {
    /// Which accounts.
    pub choice: AccountChoice,
    /// Accounts to leave out.
    pub exclude: BTreeSet<String>,
    /// Where the run's files are.
    pub to: RunTarget,
    /// The run's id.
    pub run: Option<String>,
    /// Finish it.
    pub resume: bool,
    /// Accounts to read again.
    pub refresh: BTreeSet<String>,
    /// The oldest reading that is good enough.
    pub max_age: Duration,
    /// Role to assume, with its path.
    pub role: String,
    /// External id of the role.
    pub external_id: Option<String>,
    /// Accounts that are read at a time.
    pub in_flight: usize,
    /// Memory for them, bytes.
    pub memory: u64,
    /// How long an account may take.
    pub account_timeout: Duration,
    /// The share of the accounts to read.
    pub shard: Option<Shard>,
}

/// Where the files of runs are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunTarget {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket.
    Bucket {
        /// Its name.
        bucket: String,
        /// What the keys begin with; empty, or ends in `/`.
        prefix: String,
    },
}

impl RunTarget {
    /// `s3://BUCKET/PREFIX` is a bucket, anything else a folder; none for a bucket whose name is not one.
    pub fn of(text: &Path) -> Option<Self> {
        let Some(place) = text.to_str().and_then(|text| text.strip_prefix("s3://")) else {
            return Some(Self::Folder(text.to_owned()));
        };
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let prefix = prefix.trim_end_matches('/');
        // Amazon S3 user guide, "General purpose bucket naming rules", copy of 2026.
        let fits = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        let named = (3..=63).contains(&bucket.len())
            && bucket
                .bytes()
                .all(|letter| fits(letter) || b".-".contains(&letter))
            && bucket.bytes().next().is_some_and(fits);
        named.then(|| Self::Bucket {
            bucket: bucket.to_owned(),
            prefix: if prefix.is_empty() {
                String::new()
            } else {
                format!("{prefix}/")
            },
        })
    }
}

/// Which accounts a run reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountChoice {
    /// Those of the organization.
    Organization,
    /// These.
    List(BTreeSet<String>),
    /// Those of a file, one on each line.
    File(PathBuf),
}

/// `lambda`, validated.
#[cfg(feature = "lambda")]
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionOptions {
    /// What is audited, and how.
    pub audit: AuditOptions,
    /// Where the files of runs are, and how accounts are read.
    pub accounts: AccountsOptions,
    /// The formats of a merge's reports.
    pub reports: Vec<Format>,
}

/// One of several shares of the accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 0.
    pub index: u32,
    /// How many there are.
    pub of: u32,
}

/// `organization`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganizationOptions {
    /// How to reach AWS.
    pub request: CollectRequest,
    /// Where a run's files are.
    pub to: Option<RunTarget>,
    /// The run's id.
    pub run: Option<String>,
    /// The file, or standard output.
    pub output: Option<PathBuf>,
}

impl Join {
    /// The accounts of an audit; none for the account of the current credentials alone.
    pub(super) fn accounts(
        &mut self,
        args: AccountsArgs,
        source: &SourceArgs,
    ) -> Option<Box<AccountsOptions>> {
        let choice = match (args.organization, &args.accounts) {
            (true, _) => AccountChoice::Organization,
            (false, Some(list)) => account_choice(list),
            (false, None) => {
                self.without_accounts(&args);
                return None;
            }
        };
        if source.snapshot.is_some() || source.sample {
            self.wrong(
                "--snapshot and --sample hold one account: leave out --organization and --accounts",
            );
        }
        Some(Box::new(self.accounts_options(choice, args)))
    }

    fn accounts_options(&mut self, choice: AccountChoice, args: AccountsArgs) -> AccountsOptions {
        let to = args.to.unwrap_or_else(|| {
            self.mistakes.push(
                Mistake::new("a run over accounts needs a folder for its files")
                    .help(Some("add --to DIR, for example --to runs/".to_owned())),
            );
            PathBuf::new()
        });
        let to = self.run_target(&to);
        if let Some(run) = &args.run {
            self.run_id(run);
        }
        let exclude = self.account_ids("--exclude-account", &args.exclude_account);
        let refresh = self.account_ids("--refresh", &args.refresh);
        let max_age = self.time("--max-age", args.max_age, DEFAULT_MAX_AGE);
        let account_timeout = self.time("--account-timeout", args.account_timeout, DEFAULT_TIMEOUT);
        let in_flight = args.accounts_in_flight.unwrap_or(DEFAULT_IN_FLIGHT);
        if !(1..=MAX_IN_FLIGHT).contains(&in_flight) {
            self.wrong(format!(
                "--accounts-in-flight {in_flight} is not between 1 and {MAX_IN_FLIGHT}"
            ));
        }
        let memory = match args.memory {
            Some(text) => bytes(&text).unwrap_or_else(|| {
                self.mistakes.push(
                    Mistake::new(format!("--memory `{text}` is not a size"))
                        .help(Some("write it as 512MB or 2GB".to_owned())),
                );
                DEFAULT_MEMORY
            }),
            None => DEFAULT_MEMORY,
        };
        let shard = args.shard.and_then(|text| self.shard(&text));
        let external_id = args
            .external_id
            .or_else(|| std::env::var("COLDBUCKET_EXTERNAL_ID").ok())
            .filter(|id| !id.is_empty());
        if let Some(id) = &external_id
            && !(2..=1224).contains(&id.chars().count())
        {
            self.wrong("the external id does not have 2 to 1,224 characters");
        }
        let role = args.role.unwrap_or_else(|| DEFAULT_ROLE.to_owned());
        if !is_role(&role) {
            self.wrong(format!("--role `{role}` is not the name of a role"));
        }
        AccountsOptions {
            choice,
            exclude,
            to,
            run: args.run,
            resume: args.resume,
            refresh,
            max_age,
            role,
            external_id,
            in_flight: usize::try_from(in_flight).unwrap_or(1),
            memory,
            account_timeout,
            shard,
        }
    }

    /// Options that need several accounts are mistakes without them.
    fn without_accounts(&mut self, args: &AccountsArgs) {
        let given = [
            ("--exclude-account", !args.exclude_account.is_empty()),
            ("--to", args.to.is_some()),
            ("--run", args.run.is_some()),
            ("--resume", args.resume),
            ("--refresh", !args.refresh.is_empty()),
            ("--max-age", args.max_age.is_some()),
            ("--role", args.role.is_some()),
            ("--external-id", args.external_id.is_some()),
            ("--accounts-in-flight", args.accounts_in_flight.is_some()),
            ("--memory", args.memory.is_some()),
            ("--account-timeout", args.account_timeout.is_some()),
            ("--shard", args.shard.is_some()),
        ];
        for (option, given) in given {
            if given {
                self.wrong(format!(
                    "{option} has no effect without --organization or --accounts"
                ));
            }
        }
    }

    fn account_ids(&mut self, option: &str, ids: &[String]) -> BTreeSet<String> {
        for id in ids {
            if !is_account_id(id) {
                self.wrong(format!("{option} `{id}` is not a 12-digit account id"));
            }
        }
        ids.iter().cloned().collect()
    }

    fn run_target(&mut self, text: &Path) -> RunTarget {
        RunTarget::of(text).unwrap_or_else(|| {
            self.wrong(format!("`{}` does not name a bucket", text.display()));
            RunTarget::Folder(text.to_owned())
        })
    }

    /// A run's id is part of file names and of session names.
    fn run_id(&mut self, run: &str) {
        if !is_run_id(run) {
            self.wrong(format!(
                "--run `{run}` is not made of 1 to 64 letters, digits, `-`, `_` and `.`"
            ));
        }
    }

    fn time(&mut self, option: &str, text: Option<String>, default: Duration) -> Duration {
        let Some(text) = text else {
            return default;
        };
        duration(&text).unwrap_or_else(|| {
            self.mistakes.push(
                Mistake::new(format!("{option} `{text}` is not a time"))
                    .help(Some("write it as 90s, 30m, 24h or 7d".to_owned())),
            );
            default
        })
    }

    fn shard(&mut self, text: &str) -> Option<Shard> {
        let wrong = |this: &mut Self, help: &str| {
            this.mistakes.push(
                Mistake::new(format!("--shard `{text}` is not a share of the accounts"))
                    .help(Some(help.to_owned())),
            );
            None
        };
        let Some((index, of)) = text.split_once('/') else {
            return wrong(self, "write it as 0/4, or as auto/4");
        };
        let index = if index == "auto" {
            // Kubernetes and AWS Batch, both from 0.
            let number = ["JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"]
                .into_iter()
                .find_map(|name| std::env::var(name).ok());
            match number {
                Some(number) => number,
                None => {
                    return wrong(
                        self,
                        "auto needs JOB_COMPLETION_INDEX or AWS_BATCH_JOB_ARRAY_INDEX",
                    );
                }
            }
        } else {
            index.to_owned()
        };
        match (index.parse(), of.parse()) {
            (Ok(index), Ok(of)) if (1..=MAX_SHARDS).contains(&of) && index < of => {
                Some(Shard { index, of })
            }
            _ => wrong(
                self,
                &format!("the number is below the count, which is at most {MAX_SHARDS}"),
            ),
        }
    }

    pub(super) fn merge(&mut self, args: MergeArgs) -> (AuditOptions, RunTarget, Option<String>) {
        if let Some(run) = &args.run {
            self.run_id(run);
        }
        let audit = self.audit(AuditArgs {
            who_can: false,
            plan: false,
            template: TemplateArgs::default(),
            source: SourceArgs {
                control_policies: args.control_policies,
                live: LiveArgs {
                    profile: args.profile,
                    endpoint_url: args.endpoint_url,
                    ..LiveArgs::default()
                },
                ..SourceArgs::default()
            },
            selection: args.selection,
            resources: args.resources,
            gate: args.gate,
            output: args.output,
            tuning: TuningArgs::default(),
            accounts: AccountsArgs::default(),
        });
        // Nothing is read.
        let audit = AuditOptions {
            source: AuditSource::Snapshot(args.folder.clone()),
            ..audit
        };
        let folder = self.run_target(&args.folder);
        (audit, folder, args.run)
    }

    #[cfg(feature = "lambda")]
    pub(super) fn function(&mut self, args: LambdaArgs) -> FunctionOptions {
        let typed = if args.report.is_empty() {
            ["json", "html"].map(str::to_owned).to_vec()
        } else {
            args.report
        };
        let reports = self.report_formats(&typed);
        let accounts = AccountsArgs {
            to: Some(args.to),
            resume: true,
            max_age: args.max_age,
            role: args.role,
            external_id: args.external_id,
            ..AccountsArgs::default()
        };
        let accounts = self.accounts_options(AccountChoice::Organization, accounts);
        let audit = self.audit(AuditArgs {
            source: SourceArgs {
                live: LiveArgs {
                    region: args.region,
                    ..LiveArgs::default()
                },
                ..SourceArgs::default()
            },
            selection: args.selection,
            resources: args.resources,
            gate: args.gate,
            tuning: args.tuning,
            ..AuditArgs::default()
        });
        FunctionOptions {
            audit,
            accounts,
            reports,
        }
    }

    #[cfg(feature = "lambda")]
    fn report_formats(&mut self, typed: &[String]) -> Vec<Format> {
        let mut formats = Vec::new();
        for name in typed {
            match Format::from_name(name) {
                Some(format) => formats.push(format),
                None => {
                    let names = Format::ALL.iter().map(|format| format.name());
                    let help = did_you_mean(name, names);
                    self.mistakes.push(
                        Mistake::new(format!("--report `{name}` is an unknown format")).help(help),
                    );
                }
            }
        }
        formats
    }

    pub(super) fn organization(&mut self, args: OrganizationArgs) -> OrganizationOptions {
        if let Some(run) = &args.run {
            self.run_id(run);
        }
        let regions = self.regions(&args.live.region);
        let (profile, endpoint_url) = self.live(args.live);
        let mut request = CollectRequest {
            profile,
            endpoint_url,
            ..CollectRequest::default()
        };
        request.resources.regions = regions;
        OrganizationOptions {
            request,
            to: args.to.map(|to| self.run_target(&to)),
            run: args.run,
            output: args.output.filter(|path| path.as_os_str() != "-"),
        }
    }
}

/// A list of ids, or else a file.
fn account_choice(text: &str) -> AccountChoice {
    let ids: Vec<&str> = text.split(',').map(str::trim).collect();
    if ids.iter().all(|id| is_account_id(id)) {
        AccountChoice::List(ids.into_iter().map(str::to_owned).collect())
    } else {
        AccountChoice::File(PathBuf::from(text))
    }
}

/// The ids of a file, one on each line; what follows `#` is a comment.
///
/// # Errors
/// The lines that are no ids.
pub fn account_ids(name: &str, text: &str) -> Result<BTreeSet<String>, Vec<Mistake>> {
    let mut accounts = BTreeSet::new();
    let mut mistakes = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        if is_account_id(line) {
            accounts.insert(line.to_owned());
        } else {
            mistakes.push(Mistake::new(format!(
                "{name}:{}: `{line}` is not a 12-digit account id",
                number + 1
            )));
        }
    }
    if accounts.is_empty() && mistakes.is_empty() {
        mistakes.push(Mistake::new(format!("{name} names no account")));
    }
    if mistakes.is_empty() {
        Ok(accounts)
    } else {
        Err(mistakes)
    }
}

/// True for the id of a run: a part of file names and of session names.
pub fn is_run_id(text: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    (1..=64).contains(&text.len()) && !text.starts_with('.') && text.chars().all(fits)
}

/// A role's name with its path (IAM API reference, Role): letters, digits and `+=,.@-_`, with slashes
/// between the parts of the path.
fn is_role(text: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@-_/".contains(letter);
    !text.is_empty() && text.len() <= 576 && !text.ends_with('/') && text.chars().all(fits)
}

/// A time such as `90s`, `30m`, `24h` or `7d`.
fn duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
    (number > 0).then(|| Duration::from_secs(u64::from(number) * seconds))
}

/// A size such as `512MB` or `2GB`, in bytes.
fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = match (text.strip_suffix("GB"), text.strip_suffix("MB")) {
        (Some(number), _) => (number, 1 << 30),
        (None, Some(number)) => (number, 1 << 20),
        (None, None) => return None,
    };
    let number: u32 = number.trim().parse().ok()?;
    (number > 0).then(|| u64::from(number) * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_have_a_unit() {
        assert_eq!(duration("30m"), Some(Duration::from_secs(1800)));
        assert_eq!(duration("7d"), Some(Duration::from_secs(604_800)));
        for wrong in ["", "30", "m", "-1m", "0s", "1.5h", "1w"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
        assert_eq!(bytes("512MB"), Some(512 << 20));
        assert_eq!(bytes("2 GB"), Some(2 << 30));
        for wrong in ["", "512", "0MB", "x", "1TB"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn accounts_are_ids_or_a_file_of_them() {
        let ids = ["111111111111", "222222222222"].map(str::to_owned);
        let list = AccountChoice::List(BTreeSet::from(ids.clone()));
        assert_eq!(account_choice("111111111111, 222222222222"), list);
        let file = AccountChoice::File(PathBuf::from("accounts.txt"));
        assert_eq!(account_choice("accounts.txt"), file);
        let text = "# production\n111111111111\n\n222222222222 # logs\n";
        assert_eq!(account_ids("f", text), Ok(BTreeSet::from(ids)));
        let wrong = account_ids("f", "11111111111\n").unwrap_err();
        assert_eq!(wrong.len(), 1);
        assert!(account_ids("f", "# none\n").is_err());
    }

    #[test]
    fn runs_are_kept_in_a_folder_or_a_bucket() {
        let of = |text: &str| RunTarget::of(Path::new(text));
        let bucket = |prefix: &str| {
            Some(RunTarget::Bucket {
                bucket: "audit-runs".to_owned(),
                prefix: prefix.to_owned(),
            })
        };
        assert_eq!(of("runs/"), Some(RunTarget::Folder("runs/".into())));
        assert_eq!(of("s3://audit-runs"), bucket(""));
        assert_eq!(of("s3://audit-runs/"), bucket(""));
        assert_eq!(of("s3://audit-runs/a/b/"), bucket("a/b/"));
        for wrong in ["s3://", "s3://ab", "s3://Runs", "s3:///x"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_role_may_have_a_path() {
        for role in ["coldbucket-audit", "/audit/reader", "a+b=c,d.e@f-g_h"] {
            assert!(is_role(role), "{role}");
        }
        for wrong in ["", "arn:aws:iam::1:role/x", "a b", "x/"] {
            assert!(!is_role(wrong), "{wrong}");
        }
    }
}
