//! `policy compare`, `policy forbids` and `policy public`.

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use serde::Serialize;

use super::streaming;
use crate::cli::policy_compare::{ComparePolicyArgs, ForbidsArgs, PublicArgs};
use crate::output::comparison::{self, ComparedFiles};
use crate::report::policy::{ForbidsOutput, PublicOutput};
use crate::run::console::Console;
use crate::run::files::{self, Stdout};
use crate::run::{Exit, RunError};
use coldbucket_policy::Policy;
use coldbucket_policy::batch;
use coldbucket_policy::compare::{self, Attachment, Grant, PolicyPair};

/// The exit code of an answer that is yes, no or neither.
const fn exit(found: Option<bool>) -> Exit {
    match found {
        Some(true) => Exit::Findings,
        Some(false) => Exit::Clean,
        None => Exit::Incomplete,
    }
}

/// Writes one answer, as JSON or for a person.
fn show<T: Serialize>(
    answer: &T,
    json: bool,
    render: impl Fn(&T, &mut dyn Write) -> io::Result<()>,
    stdout: &mut Stdout<'_>,
) -> Result<(), RunError> {
    stdout.write(|out| {
        if json {
            serde_json::to_writer(&mut *out, answer)?;
            return writeln!(out);
        }
        render(answer, out)
    })
}

/// `policy compare`.
pub(super) fn compare(
    args: &ComparePolicyArgs,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    if args.batch {
        let strict = args.strict;
        return streaming::answers(
            || move |line: &str| batch::compare(line, strict),
            |answer| exit(answer.new_access),
            stdout,
        );
    }
    let (old, new) = texts(args)?;
    let kind = match &args.kind {
        Some(name) => kind_of(name)?,
        None => Attachment::shown_by(&[&old, &new].map(|file| file.text.as_str())),
    };
    let (before, after) = (old.policy(kind)?, new.policy(kind)?);
    for (file, policy) in [(&old, &before), (&new, &after)] {
        for defect in policy.iter().flat_map(|policy| &policy.defects) {
            console.note(&format!("{}: {defect}", file.name));
        }
    }
    let answer = compare::compare(
        &PolicyPair {
            old: before.as_ref(),
            new: after.as_ref(),
            kind,
            bucket: args.bucket.as_deref(),
            strict: args.strict,
        },
        new.name.clone(),
    );
    let files = ComparedFiles {
        old: &old.name,
        new: &new.name,
        lines: after
            .iter()
            .flat_map(|policy| &policy.statements)
            .map(|statement| (statement.index, statement.place.line))
            .collect(),
    };
    let render = if args.github {
        comparison::annotate
    } else {
        comparison::render
    };
    show(
        &answer,
        args.json,
        |answer, out| render(answer, &files, out),
        stdout,
    )?;
    Ok(exit(answer.new_access))
}

/// A policy's text, and where it comes from. An empty text is no policy.
struct PolicyFile {
    name: String,
    text: String,
}

impl PolicyFile {
    fn read(path: &Path) -> Result<Self, RunError> {
        let (name, bytes) = files::read_bytes(path)?;
        Self::new(name, bytes)
    }

    fn new(name: String, bytes: Vec<u8>) -> Result<Self, RunError> {
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { name, text }),
            Err(_) => Err(RunError::mistake(format!("{name}: it is not UTF-8"), None)),
        }
    }

    fn policy(&self, kind: Attachment) -> Result<Option<Policy>, RunError> {
        if self.text.trim().is_empty() {
            return Ok(None);
        }
        batch::policy_of(&self.text, kind)
            .map(Some)
            .map_err(|message| RunError::mistake(format!("{}: {message}", self.name), None))
    }
}

fn texts(args: &ComparePolicyArgs) -> Result<(PolicyFile, PolicyFile), RunError> {
    match (&args.git, args.files.as_slice()) {
        (Some(object), files) => {
            let Some((_, path)) = object.split_once(':') else {
                return Err(RunError::mistake(
                    format!("--git {object:?} has no path"),
                    Some("name a revision and a path: --git main:policies/bucket.json".to_owned()),
                ));
            };
            let new = match files {
                [] => Path::new(path),
                [new] => new,
                _ => {
                    return Err(RunError::mistake(
                        "with --git there is one file, the policy after",
                        None,
                    ));
                }
            };
            Ok((of_git(object)?, PolicyFile::read(new)?))
        }
        (None, [old, new]) => Ok((PolicyFile::read(old)?, PolicyFile::read(new)?)),
        (None, _) => Err(RunError::mistake(
            "two files are needed: the policy before and the policy after",
            Some("or the policy before from git: --git main:policies/bucket.json".to_owned()),
        )),
    }
}

/// A file of a revision; an empty text when that revision has no such file.
fn of_git(object: &str) -> Result<PolicyFile, RunError> {
    let git = |arguments: &[&str]| {
        Command::new("git")
            .args(arguments)
            .arg("--end-of-options")
            .arg(object)
            .output()
            .map_err(|source| RunError::Read {
                path: format!("git {object}").into(),
                source,
            })
    };
    let shown = git(&["show", "--no-textconv"])?;
    if shown.status.success() {
        return PolicyFile::new(object.to_owned(), shown.stdout);
    }
    // The revision must be there; the file need not.
    let (revision, _) = object.split_once(':').unwrap_or((object, ""));
    let known = Command::new("git")
        .args(["rev-parse", "--quiet", "--verify", "--end-of-options"])
        .arg(format!("{revision}^{{tree}}"))
        .output();
    if known.is_ok_and(|known| known.status.success()) {
        return PolicyFile::new(object.to_owned(), Vec::new());
    }
    let message = String::from_utf8_lossy(&shown.stderr);
    let first = message.lines().next().unwrap_or_default();
    Err(RunError::mistake(format!("git: {first}"), None))
}

fn kind_of(name: &str) -> Result<Attachment, RunError> {
    Attachment::from_name(name)
        .map_err(|message| RunError::mistake(format!("--kind: {message}"), None))
}

/// A policy and what it is attached to.
fn one(
    file: Option<&Path>,
    kind: Option<&str>,
    console: &mut Console<'_>,
) -> Result<(PolicyFile, Attachment, Option<Policy>), RunError> {
    let file = PolicyFile::read(file.unwrap_or_else(|| Path::new("-")))?;
    let kind = match kind {
        Some(name) => kind_of(name)?,
        None => Attachment::shown_by(&[&file.text]),
    };
    let policy = file.policy(kind)?;
    for defect in policy.iter().flat_map(|policy| &policy.defects) {
        console.note(&format!("{}: {defect}", file.name));
    }
    Ok((file, kind, policy))
}

/// `policy forbids`.
pub(super) fn forbids(
    args: &ForbidsArgs,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    if args.batch {
        return streaming::answers(|| batch::forbids, |answer| exit(answer.granted), stdout);
    }
    if args.action.is_empty() && args.resource.is_empty() {
        return Err(RunError::mistake(
            "--action or --resource is needed",
            Some("for example --action iam:PassRole".to_owned()),
        ));
    }
    let (file, kind, policy) = one(args.file.as_deref(), args.kind.as_deref(), console)?;
    let grant = policy.map_or(Grant::NotGranted, |policy| {
        compare::forbids(&policy, kind, &args.action, &args.resource)
    });
    let (granted, witness, reason) = grant.into_parts();
    let answer = ForbidsOutput {
        id: file.name,
        granted,
        witness,
        reason,
    };
    show(&answer, args.json, comparison::render_forbids, stdout)?;
    Ok(exit(answer.granted))
}

/// `policy public`.
pub(super) fn public(
    args: &PublicArgs,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    if args.batch {
        return streaming::answers(|| batch::public, |answer| exit(answer.public), stdout);
    }
    let (file, kind, policy) = one(args.file.as_deref(), args.kind.as_deref(), console)?;
    let grant = policy.map_or(Grant::NotGranted, |policy| compare::public(&policy, kind));
    let (public, witness, reason) = grant.into_parts();
    let answer = PublicOutput {
        id: file.name,
        public,
        witness,
        reason,
    };
    show(&answer, args.json, comparison::render_public, stdout)?;
    Ok(exit(answer.public))
}
