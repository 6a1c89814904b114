//! `who-can` and `what-can`: the account compiled once, then asked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use coldbucket_policy::who_can::{
    self, AccessClass, AccountRecord, CitedPolicy, PrincipalAnswer, ReachQuestion, World,
};
use coldbucket_policy::{Policy, PolicyKind};
use wildmatch::WildMatch;

use super::console::Console;
use super::files::{self, Stdout};
use super::policy::streaming;
use super::{Exit, RunError, source};
use crate::cli::did_you_mean;
use crate::cli::options::{AccessOutput, ControlFiles, WhatCanOptions, WhoCanOptions};
use crate::facts::{identity, reach};
use crate::inventory::Snapshot;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::Need;
use crate::inventory::request::CollectRequest;
use crate::output::{self, Look};
use crate::report::who_can::{
    ACCESS_SCHEMA, AccessGroup, AccessMatrix, HopAnswer, PrincipalRow, TargetRow, WhatCanReport,
    WhoCanReport,
};
use crate::report::{BucketPosture, Reach};

/// `--batch`.
pub(super) fn lines(stdout: &mut Stdout<'_>) -> Result<Exit, RunError> {
    streaming::answers(|| who_can::answer, |_| Exit::Clean, stdout)
}

/// `who-can`.
pub(super) fn who_can(
    options: WhoCanOptions,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    check_writable(&options.outputs)?;
    let expected = options.expect.as_deref().map(expectations).transpose()?;
    let mut request = with_needs(options.request);
    // Everything of the account has a say, but one bucket is enough of the buckets.
    if !options.target.contains(":function:") {
        request.resources.buckets = vec![options.target.clone()];
    }
    let (snapshot, _) = source::obtain(&options.source, request, console)?;
    let (mut record, unlisted) = account_with(&snapshot, &options.target)?;
    record
        .buckets
        .retain(|bucket| bucket.name == options.target);
    let assumes = assumptions(&mut record, &options.control)?;
    let account = record.account.clone();
    let world = World::new(record);
    let question = ReachQuestion {
        actions: options.actions.clone(),
        keys: options.keys.clone(),
        verdict_only: false,
    };
    let wrong = |message: String| RunError::mistake(message, None);
    let rows = world.who_can(&options.target, &question).map_err(wrong)?;
    let hops = world
        .one_hop(&options.target, &question, &rows)
        .map_err(wrong)?;
    let idle = identity::idle_days(&snapshot, &account);
    let shown = globs(&options.principals);
    let is_shown = |name: &str| shown.is_empty() || shown.iter().any(|glob| glob.matches(name));
    let report = WhoCanReport {
        schema: ACCESS_SCHEMA.to_owned(),
        account,
        target: match &options.keys {
            who_can::ObjectKeys::Any => options.target.clone(),
            who_can::ObjectKeys::Exactly(key) | who_can::ObjectKeys::Matching(key) => {
                format!("{}/{key}", options.target)
            }
        },
        asked: options.asked.clone(),
        actions: options.actions.clone(),
        principals: rows
            .iter()
            .filter(|row| is_shown(&row.principal))
            .map(|row| PrincipalRow {
                principal: row.principal.clone(),
                answer: PrincipalAnswer::from(row.decision.as_ref()),
                idle_days: idle.get(&row.principal).copied(),
            })
            .collect(),
        one_hop: hops
            .into_iter()
            .filter(|hop| is_shown(&hop.principal))
            .map(HopAnswer::from)
            .collect(),
        assumes,
        unlisted: unlisted.into_iter().collect(),
    };
    let all = options.all;
    write(
        &options.outputs,
        console,
        stdout,
        |json, look, out| match json {
            true => output::json::document(&report, out),
            false => output::who_can::render(&report, all, look, out),
        },
    )?;
    let Some(expected) = expected else {
        return Ok(Exit::Clean);
    };
    Ok(gate(&report, &expected, console))
}

/// `what-can`.
pub(super) fn what_can(
    options: WhatCanOptions,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    check_writable(&options.outputs)?;
    let request = with_needs(options.request);
    let (snapshot, _) = source::obtain(&options.source, request, console)?;
    let (mut record, arn) = snapshot
        .accounts
        .keys()
        .filter_map(|id| reach::account_record(&snapshot, id))
        .find_map(|record| {
            let arn = reach::identity_arn(&record, &options.principal)?;
            Some((record, arn))
        })
        .ok_or_else(|| no_identity(&snapshot, &options.principal))?;
    let assumes = assumptions(&mut record, &options.control)?;
    let account = record.account.clone();
    let buckets = record.buckets.iter().map(|bucket| bucket.name.clone());
    let functions = record.functions.iter().map(|function| function.arn.clone());
    let targets: Vec<(String, &[AccessClass])> = buckets
        .map(|name| (name, &AccessClass::OF_BUCKETS[..]))
        .chain(functions.map(|arn| (arn, &AccessClass::OF_FUNCTIONS[..])))
        .collect();
    let world = World::new(record);
    let mut access = Vec::new();
    for (target, classes) in &targets {
        for class in classes
            .iter()
            .filter(|class| options.classes.contains(class))
        {
            let decision = world
                .can(&arn, target, &ReachQuestion::of_class(*class))
                .map_err(|message| RunError::mistake(message, None))?;
            access.push(TargetRow {
                target: target.clone(),
                class: class.name().to_owned(),
                answer: PrincipalAnswer::from(decision.as_ref()),
            });
        }
    }
    let report = WhatCanReport {
        schema: ACCESS_SCHEMA.to_owned(),
        account,
        principal: arn,
        access,
        assumes,
    };
    let all = options.all;
    write(
        &options.outputs,
        console,
        stdout,
        |json, look, out| match json {
            true => output::json::document(&report, out),
            false => output::who_can::render_identity(&report, all, look, out),
        },
    )?;
    Ok(Exit::Clean)
}

fn with_needs(mut request: CollectRequest) -> CollectRequest {
    request.needs = needs(&request);
    request
}

/// What must be read to answer, opt-in readings only where the request turns them on.
pub(super) fn needs(request: &CollectRequest) -> BTreeSet<(SubjectKind, Need)> {
    let opted = request.opted();
    reach::needs()
        .into_iter()
        .filter(|(_, need)| !need.reading.opt_in() || opted.contains(&need.reading))
        .collect()
}

/// The classes of a matrix.
const MATRIX: [AccessClass; 5] = [
    AccessClass::Read,
    AccessClass::List,
    AccessClass::Write,
    AccessClass::Acl,
    AccessClass::Takeover,
];

/// Who can reach each of some buckets; nothing for an account whose identities were not read.
pub(super) fn matrices(snapshot: &Snapshot, buckets: &[BucketPosture]) -> Vec<AccessMatrix> {
    let mut matrices = Vec::new();
    for (id, account) in &snapshot.accounts {
        let unlisted = reach::unlisted(account);
        if account.identities.is_empty() && unlisted.is_some() {
            continue;
        }
        let Some(record) = reach::account_record(snapshot, id) else {
            continue;
        };
        let assumes = assumed(&record, &ControlFiles::default());
        let world = World::new(record);
        let of_account = buckets.iter().filter(|bucket| bucket.account == *id);
        matrices.extend(of_account.map(|bucket| AccessMatrix {
            unlisted: unlisted.iter().cloned().collect(),
            assumes: assumes.clone(),
            ..matrix(&world, &bucket.name, id)
        }));
    }
    matrices
}

/// What a line of a matrix says of its principals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct MatrixLine {
    /// By class.
    classes: BTreeMap<String, Reach>,
    through: Vec<String>,
    under: Vec<String>,
}

impl MatrixLine {
    fn of(answers: &[(AccessClass, PrincipalAnswer)]) -> Self {
        let allowed = answers
            .iter()
            .map(|(_, answer)| answer)
            .filter(|answer| answer.verdict != Reach::Unreachable);
        let distinct = |text: &dyn Fn(&PrincipalAnswer) -> String| -> Vec<String> {
            let texts = allowed.clone().map(text).filter(|text| !text.is_empty());
            texts.collect::<BTreeSet<_>>().into_iter().collect()
        };
        Self {
            through: distinct(&output::who_can::through),
            under: distinct(&output::who_can::under),
            classes: answers
                .iter()
                .map(|(class, answer)| (class.name().to_owned(), answer.verdict))
                .collect(),
        }
    }

    /// How much access it is, to sort by.
    fn width(&self) -> usize {
        let weights = self.classes.values().map(|reach| match reach {
            Reach::Reachable => 3,
            Reach::Constrained => 2,
            Reach::Unknown => 1,
            Reach::Unreachable => 0,
        });
        weights.sum()
    }
}

fn matrix(world: &World, bucket: &str, account: &str) -> AccessMatrix {
    let mut by_principal: BTreeMap<String, Vec<(AccessClass, PrincipalAnswer)>> = BTreeMap::new();
    for class in MATRIX {
        let rows = world.who_can(bucket, &ReachQuestion::of_class(class));
        for row in rows.into_iter().flatten() {
            let answer = PrincipalAnswer::from(row.decision.as_ref());
            by_principal
                .entry(row.principal)
                .or_default()
                .push((class, answer));
        }
    }
    let mut lines: BTreeMap<MatrixLine, Vec<String>> = BTreeMap::new();
    let mut without_access = 0;
    for (principal, answers) in by_principal {
        let line = MatrixLine::of(&answers);
        if line.width() == 0 {
            without_access += 1;
        } else {
            lines.entry(line).or_default().push(principal);
        }
    }
    let mut lines: Vec<(MatrixLine, Vec<String>)> = lines.into_iter().collect();
    lines.sort_by_key(|(line, _)| std::cmp::Reverse(line.width()));
    AccessMatrix {
        bucket: bucket.to_owned(),
        account: account.to_owned(),
        groups: lines
            .into_iter()
            .map(|(line, principals)| AccessGroup {
                principals,
                classes: line.classes,
                through: line.through,
                under: line.under,
            })
            .collect(),
        without_access,
        assumes: Vec::new(),
        unlisted: Vec::new(),
    }
}

/// Policies that no reading holds.
const UNSEEN: &str = "session policies and VPC endpoint policies do not restrict it";

/// What is taken of objects.
const DEFAULTS: &str =
    "objects are encrypted as the bucket's default says, and have no ACL of their own";

fn check_writable(outputs: &[AccessOutput]) -> Result<(), RunError> {
    outputs
        .iter()
        .filter_map(|output| output.file.as_deref())
        .try_for_each(files::check_writable)
}

fn write(
    outputs: &[AccessOutput],
    console: &Console<'_>,
    stdout: &mut Stdout<'_>,
    render: impl Fn(bool, Look, &mut dyn std::io::Write) -> std::io::Result<()>,
) -> Result<(), RunError> {
    for AccessOutput { json, file } in outputs {
        match file {
            Some(file) => files::write(file, |out| render(*json, Look::FILE, out))?,
            None => stdout.write(|out| render(*json, console.look(), out))?,
        }
    }
    Ok(())
}

/// The account that has the bucket or function, and what would list its identities if it was not read.
fn account_with(
    snapshot: &Snapshot,
    target: &str,
) -> Result<(AccountRecord, Option<String>), RunError> {
    let mut names: Vec<String> = Vec::new();
    for (id, account) in &snapshot.accounts {
        let Some(record) = reach::account_record(snapshot, id) else {
            continue;
        };
        let is_function = |arn: &str| arn == target || arn.rsplit(':').next() == Some(target);
        if record.buckets.iter().any(|bucket| bucket.name == target)
            || record
                .functions
                .iter()
                .any(|function| is_function(&function.arn))
        {
            return Ok((record, reach::unlisted(account)));
        }
        names.extend(record.buckets.iter().map(|bucket| bucket.name.clone()));
        let functions = record.functions.iter();
        names.extend(
            functions.filter_map(|function| function.arn.rsplit(':').next().map(str::to_owned)),
        );
    }
    Err(RunError::mistake(
        format!("there is no bucket or function {target:?}"),
        did_you_mean(target, names.iter().map(String::as_str)),
    ))
}

fn no_identity(snapshot: &Snapshot, principal: &str) -> RunError {
    let names: Vec<&str> = snapshot
        .accounts
        .values()
        .flat_map(|account| account.identities.keys())
        .map(String::as_str)
        .filter(|name| !name.starts_with("group/"))
        .collect();
    RunError::mistake(
        format!("there is no user or role {principal:?}"),
        did_you_mean(principal, names),
    )
}

/// Puts control policies of files in the place of those of the snapshot's organization; what is assumed of
/// the others.
fn assumptions(
    record: &mut AccountRecord,
    control: &ControlFiles,
) -> Result<Vec<String>, RunError> {
    if let Some(levels) = &control.scps {
        record.scps = Some(read_levels(levels, "scp", PolicyKind::Identity)?);
    }
    if let Some(levels) = &control.rcps {
        record.rcps = Some(read_levels(levels, "rcp", PolicyKind::Resource)?);
    }
    Ok(assumed(record, control))
}

/// What is assumed of an account: that policies which are not known deny nothing. Files have all of theirs;
/// of an organization some may not have been read.
fn assumed(record: &AccountRecord, control: &ControlFiles) -> Vec<String> {
    let of = |name: &str, in_files: bool, of_snapshot: bool| match (in_files, of_snapshot) {
        (true, _) => None,
        (false, true) => Some(format!(
            "no {name} control policy that was not read denies it"
        )),
        (false, false) => Some(format!("no {name} control policy denies it")),
    };
    let scps = of("service", control.scps.is_some(), record.scps.is_some());
    let rcps = of("resource", control.rcps.is_some(), record.rcps.is_some());
    let always = [UNSEEN, DEFAULTS].map(str::to_owned);
    scps.into_iter().chain(rcps).chain(always).collect()
}

fn read_levels(
    levels: &[Vec<PathBuf>],
    name: &str,
    kind: PolicyKind,
) -> Result<Vec<Vec<Arc<CitedPolicy>>>, RunError> {
    levels
        .iter()
        .map(|level| {
            level
                .iter()
                .map(|path| {
                    let policy = Policy::parse(&files::read_text(path)?, kind);
                    let shown = path.display();
                    if let Some(defect) = policy.defects.first() {
                        return Err(RunError::mistake(format!("{shown}: {defect}"), None));
                    }
                    let file = path.file_stem().unwrap_or_default().to_string_lossy();
                    Ok(Arc::new(CitedPolicy::new(format!("{name}/{file}"), policy)))
                })
                .collect()
        })
        .collect()
}

fn globs(written: &[String]) -> Vec<WildMatch> {
    written.iter().map(|glob| WildMatch::new(glob)).collect()
}

/// The principals of an expectation file: one ARN, name or glob a line; `#` begins a comment.
fn expectations(path: &std::path::Path) -> Result<Vec<WildMatch>, RunError> {
    let text = files::read_text(path)?;
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty());
    Ok(lines.map(WildMatch::new).collect())
}

/// A principal that is not expected and can is an error; one that is unknown makes it incomplete.
fn gate(report: &WhoCanReport, expected: &[WildMatch], console: &mut Console<'_>) -> Exit {
    let mut exit = Exit::Clean;
    for row in &report.principals {
        if expected.iter().any(|glob| glob.matches(&row.principal)) {
            continue;
        }
        match row.answer.verdict {
            Reach::Reachable | Reach::Constrained => {
                console.note(&format!("not expected: {}", row.principal));
                exit = Exit::Findings;
            }
            Reach::Unknown if exit == Exit::Clean => exit = Exit::Incomplete,
            Reach::Unknown | Reach::Unreachable => {}
        }
    }
    if exit == Exit::Clean && !report.unlisted.is_empty() {
        return Exit::Incomplete;
    }
    exit
}
