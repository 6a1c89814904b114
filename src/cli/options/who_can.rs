//! `who-can` and `what-can`.

use std::path::PathBuf;

use coldbucket_policy::catalogue;
use coldbucket_policy::who_can::{AccessClass, ObjectKeys};

use super::join::Join;
use super::shared::AuditSource;
use crate::cli::args::{ControlArgs, WhatCanArgs, WhoCanArgs};
use crate::cli::{Mistake, did_you_mean};
use crate::inventory::request::CollectRequest;

/// `who-can`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct WhoCanOptions {
    /// The class or the action, as typed.
    pub asked: String,
    /// Its actions.
    pub actions: Vec<String>,
    /// Name of the bucket, or name or ARN of the function.
    pub target: String,
    /// On which objects.
    pub keys: ObjectKeys,
    /// Globs of the principals to show; all if empty.
    pub principals: Vec<String>,
    /// Those that cannot are shown too.
    pub all: bool,
    /// The file with the principals that are allowed to.
    pub expect: Option<PathBuf>,
    /// Control policies.
    pub control: ControlFiles,
    /// The outputs.
    pub outputs: Vec<AccessOutput>,
    /// The source of the data.
    pub source: AuditSource,
    /// What to read, and how.
    pub request: CollectRequest,
}

/// `what-can`, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatCanOptions {
    /// The identity, as typed.
    pub principal: String,
    /// The classes.
    pub classes: Vec<AccessClass>,
    /// What it cannot reach is shown too.
    pub all: bool,
    /// Control policies.
    pub control: ControlFiles,
    /// The outputs.
    pub outputs: Vec<AccessOutput>,
    /// The source of the data.
    pub source: AuditSource,
    /// What to read, and how.
    pub request: CollectRequest,
}

/// Files with control policies, level by level from the root; none where none are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControlFiles {
    /// Service control policies.
    pub scps: Option<Vec<Vec<PathBuf>>>,
    /// Resource control policies.
    pub rcps: Option<Vec<Vec<PathBuf>>>,
}

/// One output of `who-can` or `what-can`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessOutput {
    /// JSON; a table otherwise.
    pub json: bool,
    /// The file, or standard output.
    pub file: Option<PathBuf>,
}

impl Join {
    pub(super) fn who_can(&mut self, args: WhoCanArgs) -> WhoCanOptions {
        let mut request = self.request(&args.tuning);
        request.resources.regions = self.regions(&args.source.live.region);
        let (asked, target) = match args.asked.as_slice() {
            [asked, target] => (Some(asked.clone()), target.clone()),
            [target] => (None, target.clone()),
            _ => (None, String::new()),
        };
        let (target, key) = parts(&target);
        // Without a class the name decides: functions are not read from.
        let is_function = target.contains(":function:");
        let asked = asked.unwrap_or_else(|| {
            let class = if is_function {
                AccessClass::Invoke
            } else {
                AccessClass::Read
            };
            class.name().to_owned()
        });
        WhoCanOptions {
            actions: self.actions(&asked),
            asked,
            keys: ObjectKeys::parse(key.as_deref()),
            target,
            principals: args.principal,
            all: args.all,
            expect: args.expect,
            control: control(&args.control),
            outputs: self.access_outputs(&args.output),
            source: self.source(args.source, &args.tuning, &mut request),
            request,
        }
    }

    pub(super) fn what_can(&mut self, args: WhatCanArgs) -> WhatCanOptions {
        let mut request = self.request(&args.tuning);
        request.resources.regions = self.regions(&args.source.live.region);
        let mut classes = Vec::new();
        for name in &args.class {
            match AccessClass::from_name(name) {
                Some(class) => classes.push(class),
                None => self.mistakes.push(
                    Mistake::new(format!("--class `{name}` is unknown"))
                        .help(did_you_mean(name, names())),
                ),
            }
        }
        if classes.is_empty() {
            classes = every_class().collect();
        }
        WhatCanOptions {
            principal: args.principal,
            classes,
            all: args.all,
            control: control(&args.control),
            outputs: self.access_outputs(&args.output),
            source: self.source(args.source, &args.tuning, &mut request),
            request,
        }
    }

    /// A class, or one action.
    fn actions(&mut self, asked: &str) -> Vec<String> {
        if let Some(class) = AccessClass::from_name(asked) {
            return class
                .actions()
                .iter()
                .map(|&name| name.to_owned())
                .collect();
        }
        let known = catalogue::find(asked).is_some()
            || every_class().any(|class| {
                let mut actions = class.actions().iter();
                actions.any(|name| name.eq_ignore_ascii_case(asked))
            });
        if !known {
            let actions = catalogue::actions()
                .iter()
                .map(|action| action.name.as_str());
            self.mistakes.push(
                Mistake::new(format!("`{asked}` is neither a class nor an action"))
                    .help(did_you_mean(asked, names().chain(actions))),
            );
        }
        vec![asked.to_owned()]
    }

    fn access_outputs(&mut self, written: &[String]) -> Vec<AccessOutput> {
        let mut outputs = Vec::new();
        for one in written {
            let (format, file) = match one.split_once('=') {
                Some((format, file)) => (format, Some(PathBuf::from(file))),
                None => (one.as_str(), None),
            };
            match format {
                "table" | "json" => outputs.push(AccessOutput {
                    json: format == "json",
                    file,
                }),
                other => self.mistakes.push(
                    Mistake::new(format!("unknown format `{other}`"))
                        .help(did_you_mean(other, ["table", "json"])),
                ),
            }
        }
        if outputs.is_empty() {
            outputs.push(AccessOutput {
                json: false,
                file: None,
            });
        }
        outputs
    }
}

fn every_class() -> impl Iterator<Item = AccessClass> {
    AccessClass::OF_BUCKETS
        .into_iter()
        .chain(AccessClass::OF_FUNCTIONS)
}

fn names() -> impl Iterator<Item = &'static str> {
    every_class().map(AccessClass::name)
}

/// A bucket and a key, or a function.
fn parts(target: &str) -> (String, Option<String>) {
    let target = match target.split_once(":s3:::") {
        Some((_, path)) => path,
        None => target.strip_prefix("s3://").unwrap_or(target),
    };
    if target.starts_with("arn:") {
        return (target.to_owned(), None);
    }
    match target.split_once('/') {
        Some((bucket, key)) => (bucket.to_owned(), Some(key.to_owned())),
        None => (target.to_owned(), None),
    }
}

fn control(args: &ControlArgs) -> ControlFiles {
    let levels = |written: &[String]| {
        (!written.is_empty()).then(|| {
            written
                .iter()
                .map(|level| level.split(',').map(PathBuf::from).collect())
                .collect()
        })
    };
    ControlFiles {
        scps: levels(&args.scp),
        rcps: levels(&args.rcp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_bucket_with_a_key_or_a_function() {
        let of = |text: &str| parts(text);
        assert_eq!(of("b"), ("b".to_owned(), None));
        assert_eq!(of("b/a/*"), ("b".to_owned(), Some("a/*".to_owned())));
        assert_eq!(
            of("arn:aws:s3:::b/k"),
            ("b".to_owned(), Some("k".to_owned()))
        );
        assert_eq!(of("s3://b/k"), ("b".to_owned(), Some("k".to_owned())));
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:f";
        assert_eq!(of(function), (function.to_owned(), None));
    }
}
