//! The catalogue: every check, built in or the user's own, compiled and linted.
//!
//! All mistakes of all files are reported at once. A catalogue holds no check that can
//! fail for a reason visible in its file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use serde_saphyr::Spanned;
use wildmatch::WildMatch;

use super::expression::{Expression, ExpressionError, ITEM, PARAMS};
use super::file::{self, ControlFile, MessageCaseFile, PackFile, PolicyFile, Tree};
use super::lint::{self, Variables};
use super::message::{Style, TextTemplate};
use super::model::{Check, Examples, ForEach, MessageCase, Remediation};
use super::problem::{PolicyErrors, PolicyProblem};
use super::shape::FactShape;
use super::suggest;
use crate::inventory::ids::{BucketKind, SubjectKind};
use crate::inventory::need::ReadingKind;
use crate::remedy::change;

/// The files of `policies/`, as `build.rs` found them.
static BUILTIN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/policies.rs"));

/// Every check, by id.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    checks: BTreeMap<String, Arc<Check>>,
    /// Earlier ids to current ids.
    aliases: BTreeMap<String, String>,
    packs: BTreeMap<String, Pack>,
}

/// A named selection of checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// Its name, for `--pack`.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Globs over ids; empty means every check.
    pub include: Vec<String>,
    /// Globs over ids that it excludes.
    pub exclude: Vec<String>,
    /// The standard whose controls it covers, for packs named after one.
    pub standard: Option<ComplianceStandard>,
    /// The file it was read from.
    pub file: String,
}

/// The controls of a standard on the services that coldbucket audits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComplianceStandard {
    /// As its publisher calls it.
    pub title: String,
    /// The member of `maps_to` that holds its control ids, for example `cis_7`.
    pub catalogue: String,
    /// The controls by id.
    pub controls: BTreeMap<String, Control>,
}

/// One control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// What it requires, in our words.
    pub title: String,
    /// Why no check covers it.
    pub not_covered: Option<String>,
}

impl ComplianceStandard {
    /// True if the check covers the control.
    pub fn answers(&self, check: &Check, control: &str) -> bool {
        check.deprecated.is_none()
            && check
                .maps_to
                .get(&self.catalogue)
                .is_some_and(|ids| ids.iter().any(|id| id == control))
    }
}

impl Pack {
    /// True when the pack holds the check. Deprecated checks are in no pack. A pack of a standard
    /// holds the checks that answer one of its controls, and what its globs add or take away.
    pub fn holds(&self, check: &Check) -> bool {
        let matches = |globs: &[String]| globs.iter().any(|glob| names(glob, check));
        let included = match &self.standard {
            Some(standard) => {
                standard
                    .controls
                    .keys()
                    .any(|control| standard.answers(check, control))
                    || matches(&self.include)
            }
            None => self.include.is_empty() || matches(&self.include),
        };
        check.deprecated.is_none() && included && !matches(&self.exclude)
    }
}

/// True when the glob (`*` and `?` as in IAM) matches the check's id or an earlier one.
pub(super) fn names(glob: &str, check: &Check) -> bool {
    let glob = WildMatch::new(glob);
    glob.matches(&check.id) || check.aliases.iter().any(|alias| glob.matches(alias))
}

impl Catalog {
    /// The checks that come with the program.
    ///
    /// # Errors
    /// Errors in them; the tests ensure that there are none.
    pub fn builtin() -> Result<Self, PolicyErrors> {
        // Compiled once: checks are shared, so a copy of the catalogue is small.
        static COMPILED: OnceLock<Result<Catalog, PolicyErrors>> = OnceLock::new();
        COMPILED
            .get_or_init(|| {
                let mut catalog = Self::default();
                let files = BUILTIN
                    .iter()
                    .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
                    .collect();
                catalog.extend(files)?;
                Ok(catalog)
            })
            .clone()
    }

    /// The files behind [`Catalog::builtin`]: path and text.
    pub fn builtin_files() -> &'static [(&'static str, &'static str)] {
        BUILTIN
    }

    /// Adds files: path and text. A file in a directory named `packs` is a pack, every other one a
    /// check. Nothing is added when anything is wrong.
    ///
    /// # Errors
    /// Everything wrong with the files, and every id that is taken already.
    pub fn extend(&mut self, files: Vec<(String, String)>) -> Result<(), PolicyErrors> {
        let mut problems = Vec::new();
        let mut grown = self.clone();
        let mut packs = Vec::new();
        for (path, text) in files {
            if is_pack(&path) {
                match read_pack(&path, &text) {
                    Ok(pack) => packs.push((pack, text)),
                    Err(found) => problems.extend(found),
                }
                continue;
            }
            match compile(&path, &text) {
                Ok(check) => grown.add(check, &mut problems),
                Err(found) => problems.extend(found),
            }
        }
        let whole = problems.is_empty();
        for (pack, text) in packs {
            grown.add_pack(pack, &text, whole, &mut problems);
        }
        if problems.is_empty() {
            *self = grown;
            Ok(())
        } else {
            problems.sort();
            problems.dedup();
            Err(PolicyErrors { problems })
        }
    }

    fn add(&mut self, check: Check, problems: &mut Vec<PolicyProblem>) {
        for id in check.aliases.iter().chain([&check.id]) {
            if let Some(other) = self.get(id) {
                problems.push(PolicyProblem::of_file(
                    &check.file,
                    format!("the id `{id}` is taken by {}", other.file),
                ));
                return;
            }
        }
        for alias in &check.aliases {
            self.aliases.insert(alias.clone(), check.id.clone());
        }
        self.checks.insert(check.id.clone(), Arc::new(check));
    }

    fn add_pack(
        &mut self,
        pack: PackSource,
        text: &str,
        whole: bool,
        problems: &mut Vec<PolicyProblem>,
    ) {
        let PackSource { pack, globs } = pack;
        if let Some(other) = self.packs.get(&pack.name) {
            problems.push(PolicyProblem::of_file(
                &pack.file,
                format!(
                    "the pack `{}` is defined in {} already",
                    pack.name, other.file
                ),
            ));
            return;
        }
        // With files missing for their mistakes, a glob may match nothing without being wrong.
        for glob in globs.iter().filter(|_| whole) {
            if !self.checks.values().any(|check| names(&glob.value, check)) {
                let hint =
                    suggest::did_you_mean(&glob.value, self.checks.keys().map(String::as_str));
                problems.push(PolicyProblem::at(
                    &pack.file,
                    file::place(text, glob, 0),
                    format!("`{}` matches no check{hint}", glob.value),
                ));
            }
        }
        if let Some(standard) = pack.standard.as_ref().filter(|_| whole) {
            for (id, control) in &standard.controls {
                let answered = self
                    .checks
                    .values()
                    .any(|check| standard.answers(check, id));
                let wrong = match (answered, &control.not_covered) {
                    (true, Some(_)) => "has `not_covered`, but a check maps to it",
                    (false, None) => "has no check and no `not_covered`",
                    _ => continue,
                };
                problems.push(PolicyProblem::of_file(
                    &pack.file,
                    format!("the control `{id}` {wrong}"),
                ));
            }
        }
        self.packs.insert(pack.name.clone(), pack);
    }

    /// The check of that id, today's or an earlier one.
    pub fn get(&self, id: &str) -> Option<&Check> {
        let id = self.aliases.get(id).map_or(id, String::as_str);
        self.checks.get(id).map(AsRef::as_ref)
    }

    pub(super) fn shared(&self, id: &str) -> Option<Arc<Check>> {
        self.checks.get(id).cloned()
    }

    /// Every check, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = &Check> {
        self.checks.values().map(AsRef::as_ref)
    }

    /// Every pack, sorted by name.
    pub fn packs(&self) -> impl Iterator<Item = &Pack> {
        self.packs.values()
    }

    /// The pack of that name.
    pub fn pack(&self, name: &str) -> Option<&Pack> {
        self.packs.get(name)
    }

    /// Every id, for suggestions.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.checks
            .keys()
            .chain(self.aliases.keys())
            .map(String::as_str)
    }
}

fn is_pack(path: &str) -> bool {
    Path::new(path)
        .parent()
        .and_then(Path::file_name)
        .is_some_and(|directory| directory == "packs")
}

struct PackSource {
    pack: Pack,
    globs: Vec<Spanned<String>>,
}

fn read_pack(path: &str, text: &str) -> Result<PackSource, Vec<PolicyProblem>> {
    let read: PackFile = file::read(path, text).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    check_name(path, text, &read.name, "pack", &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let globs = read.include.iter().chain(&read.exclude).cloned().collect();
    Ok(PackSource {
        pack: Pack {
            include: values(read.include),
            exclude: values(read.exclude),
            standard: read.standard.map(|standard| ComplianceStandard {
                title: standard.title.value,
                catalogue: standard.catalogue.value,
                controls: standard
                    .controls
                    .into_iter()
                    .map(|(id, control)| {
                        let ControlFile { title, not_covered } = control.value;
                        (id, Control { title, not_covered })
                    })
                    .collect(),
            }),
            name: read.name.value,
            description: read.description.value.trim().to_owned(),
            file: path.to_owned(),
        },
        globs,
    })
}

/// An id must be in kebab case and equal the file's name.
fn check_name(
    path: &str,
    text: &str,
    id: &Spanned<String>,
    what: &str,
    problems: &mut Vec<PolicyProblem>,
) {
    if !is_kebab_case(&id.value) {
        problems.push(PolicyProblem::at(
            path,
            file::place(text, id, 0),
            format!(
                "the {what} id `{}` must be in kebab case: lower-case words joined by single hyphens",
                id.value
            ),
        ));
    }
    let stem = Path::new(path)
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    if stem != id.value {
        problems.push(PolicyProblem::at(
            path,
            file::place(text, id, 0),
            format!(
                "the {what} id `{}` must equal the file's name `{stem}`",
                id.value
            ),
        ));
    }
}

fn is_kebab_case(id: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    id.starts_with(|first: char| first.is_ascii_lowercase()) && id.split('-').all(word)
}

/// Reads, compiles and lints one file.
///
/// # Errors
/// Everything wrong with it.
pub fn compile(path: &str, text: &str) -> Result<Check, Vec<PolicyProblem>> {
    let read: PolicyFile = file::read(path, text).map_err(|problem| vec![problem])?;
    let mut compiler = Compiler {
        path,
        text,
        problems: Vec::new(),
    };
    let check = compiler.check(read);
    match check {
        Some(check) if compiler.problems.is_empty() => Ok(check),
        _ => Err(compiler.problems),
    }
}

struct Compiler<'a> {
    path: &'a str,
    text: &'a str,
    problems: Vec<PolicyProblem>,
}

impl Compiler<'_> {
    fn problem(&mut self, scalar: &Spanned<String>, offset: usize, message: impl Into<String>) {
        self.problems.push(PolicyProblem::at(
            self.path,
            file::place(self.text, scalar, offset),
            message,
        ));
    }

    fn mistakes(&mut self, scalar: &Spanned<String>, mistakes: Vec<ExpressionError>) {
        for mistake in mistakes {
            self.problem(scalar, mistake.at, mistake.message);
        }
    }

    fn check(&mut self, read: PolicyFile) -> Option<Check> {
        self.names(&read);
        let params = self.params(&read.params);
        let (variables, for_each) = self.variables(&read, &params)?;
        let list = for_each.as_ref().map(|each| each.path.clone());
        let list = list.as_deref();
        // Everything is compiled before the first `?`, so that all mistakes are reported at once.
        let applies = read
            .applies
            .as_ref()
            .map(|text| self.condition(text, list, &variables));
        let fail_when = self.condition(&read.fail_when, list, &variables);
        let message_when = self.message_when(&read.message_when, list, &variables);
        let message = self.template(&read.message, Style::Prose, &variables);
        let pass_message = read
            .pass_message
            .as_ref()
            .map(|text| self.template(text, Style::Prose, &variables));
        let evidence = self.evidence(read.evidence.as_ref(), list, &variables);
        let remediation =
            self.remediation(read.remediation.as_ref(), read.subject.value, &variables);
        let kinds = self.kinds(&read);
        let examples = |trees: &[Spanned<Tree>]| trees.iter().map(|t| t.value.to_json()).collect();
        let maps_to = read.maps_to.into_iter();
        Some(Check {
            id: read.id.value,
            aliases: values(read.aliases),
            title: read.title.value,
            subject: read.subject.value,
            kinds: kinds?,
            severity: read.severity.value,
            applies: applies.map_or(Some(None), |condition| condition.map(Some))?,
            fail_when: fail_when?,
            for_each,
            params,
            message_when: message_when?,
            message: message?,
            pass_message: pass_message.map_or(Some(None), |template| template.map(Some))?,
            evidence,
            rationale: trimmed(read.rationale),
            traps: trimmed(read.traps),
            remediation: remediation?,
            references: values(read.references),
            maps_to: maps_to.map(|(name, ids)| (name, values(ids))).collect(),
            since: read.since.value,
            deprecated: read.deprecated.map(|text| text.value),
            examples: Examples {
                fail: examples(&read.examples.fail),
                pass: examples(&read.examples.pass),
                unknown: examples(&read.examples.unknown),
                not_applicable: examples(&read.examples.not_applicable),
            },
            file: self.path.to_owned(),
            source: self.text.to_owned(),
        })
    }

    /// The id, the aliases and the version.
    fn names(&mut self, read: &PolicyFile) {
        check_name(self.path, self.text, &read.id, "check", &mut self.problems);
        for alias in &read.aliases {
            if !is_kebab_case(&alias.value) {
                let message = format!("the alias `{}` must be in kebab case", alias.value);
                self.problem(alias, 0, message);
            }
        }
        if !is_version(&read.since.value) {
            self.problem(&read.since, 0, "`since` is a version such as 0.1.0");
        }
    }

    /// The kinds of bucket that a check judges: general purpose ones, unless it says otherwise.
    fn kinds(&mut self, read: &PolicyFile) -> Option<BTreeSet<BucketKind>> {
        let is_of_buckets = read.subject.value == SubjectKind::Bucket;
        let before = self.problems.len();
        let listed: Vec<BucketKind> = ReadingKind::listings_of(SubjectKind::Bucket)
            .filter_map(ReadingKind::bucket_kind)
            .collect();
        let mut kinds = BTreeSet::new();
        for name in &read.kinds {
            match BucketKind::from_name(&name.value).filter(|kind| listed.contains(kind)) {
                Some(kind) if is_of_buckets => {
                    kinds.insert(kind);
                }
                Some(_) => self.problem(name, 0, "`kinds` is for checks on buckets"),
                None => {
                    let names: Vec<&str> = listed.iter().map(|kind| kind.name()).collect();
                    let message = format!(
                        "`{}` is not a kind of bucket that is read: {}",
                        name.value,
                        names.join(", ")
                    );
                    self.problem(name, 0, message);
                }
            }
        }
        if is_of_buckets && read.kinds.is_empty() {
            kinds.insert(BucketKind::General);
        }
        (self.problems.len() == before).then_some(kinds)
    }

    /// The variables of the check's conditions and messages, and its `for_each`.
    fn variables(
        &mut self,
        read: &PolicyFile,
        params: &BTreeMap<String, Value>,
    ) -> Option<(Variables, Option<ForEach>)> {
        let subject = read.subject.value;
        let mut variables = Variables::new(subject.variable(), FactShape::of(subject));
        if !params.is_empty() {
            let shapes = params
                .iter()
                .map(|(name, value)| (name.clone(), lint::shape_of_value(value)))
                .collect();
            variables = variables.with(PARAMS, FactShape::Object(Arc::new(shapes)));
        }
        let Some(list) = &read.for_each else {
            if let Some(key) = &read.key {
                self.problem(key, 0, "`key` goes with `for_each`");
            }
            return Some((variables, None));
        };
        // A mistake in for_each would make every use of `item` look wrong: stop there.
        let (each, item) = self.for_each(list, read.key.as_ref(), &variables)?;
        Some((variables.with(ITEM, item), Some(each)))
    }

    fn message_when(
        &mut self,
        read: &[MessageCaseFile],
        list: Option<&str>,
        variables: &Variables,
    ) -> Option<Vec<MessageCase>> {
        let cases: Vec<Option<MessageCase>> = read
            .iter()
            .map(|case| {
                let when = self.condition(&case.when, list, variables);
                let message = self.template(&case.message, Style::Prose, variables);
                Some(MessageCase {
                    when: when?,
                    message: message?,
                })
            })
            .collect();
        cases.into_iter().collect()
    }

    fn params(&mut self, read: &BTreeMap<String, Spanned<Tree>>) -> BTreeMap<String, Value> {
        let mut params = BTreeMap::new();
        for (name, value) in read {
            let json = value.value.to_json();
            if lint::shape_of_value(&json) == FactShape::Other {
                self.problems.push(PolicyProblem::at(
                    self.path,
                    (value.referenced.line(), value.referenced.column()),
                    format!("the threshold `{name}` must be a number, a text, a boolean or a list of one of them"),
                ));
            }
            params.insert(name.clone(), json);
        }
        params
    }

    /// The list and its key, and the shape of an item.
    fn for_each(
        &mut self,
        list: &Spanned<String>,
        key: Option<&Spanned<String>>,
        variables: &Variables,
    ) -> Option<(ForEach, FactShape)> {
        let item = match variables.as_object().at(&list.value) {
            Ok(FactShape::List(item)) if matches!(**item, FactShape::Object(_)) => (**item).clone(),
            Ok(other) => {
                let message = format!(
                    "`for_each` takes a list of groups of facts, `{}` is {}",
                    list.value,
                    other.name()
                );
                self.problem(list, 0, message);
                return None;
            }
            Err((place, why)) => {
                self.problem(list, place, why);
                return None;
            }
        };
        if list.value.contains('[') {
            self.problem(
                list,
                0,
                "`for_each` takes a list of the subject, not one inside a list",
            );
            return None;
        }
        let Some(key) = key else {
            self.problem(
                list,
                0,
                "`for_each` needs a `key`: the member that identifies an item",
            );
            return None;
        };
        match item.member(&key.value, ITEM) {
            Ok(FactShape::Text(_) | FactShape::Int) => {}
            Ok(other) => {
                let message = format!(
                    "a key must be text or an integer, `{}` is {}",
                    key.value,
                    other.name()
                );
                self.problem(key, 0, message);
                return None;
            }
            Err(why) => {
                self.problem(key, 0, why);
                return None;
            }
        }
        let each = ForEach {
            path: list.value.clone(),
            key: key.value.clone(),
        };
        Some((each, item))
    }

    fn condition(
        &mut self,
        text: &Spanned<String>,
        list: Option<&str>,
        variables: &Variables,
    ) -> Option<Expression> {
        match Expression::compile(&text.value, list) {
            Ok(expression) => {
                let mistakes = lint::lint(expression.tree(), variables, &FactShape::Bool);
                let sound = mistakes.is_empty();
                self.mistakes(text, mistakes);
                sound.then_some(expression)
            }
            Err(mistakes) => {
                self.mistakes(text, mistakes);
                None
            }
        }
    }

    fn template(
        &mut self,
        text: &Spanned<String>,
        style: Style,
        variables: &Variables,
    ) -> Option<TextTemplate> {
        let trimmed = text.value.trim_end();
        match TextTemplate::parse(trimmed, style, variables) {
            Ok(template) => Some(template),
            Err(mistakes) => {
                self.mistakes(text, mistakes);
                None
            }
        }
    }

    /// Paths of evidence, `item` resolved to its list.
    fn evidence(
        &mut self,
        read: Option<&Spanned<Tree>>,
        list: Option<&str>,
        variables: &Variables,
    ) -> Vec<String> {
        let Some(read) = read else {
            return Vec::new();
        };
        let at = |tree: &Spanned<Tree>| (tree.referenced.line(), tree.referenced.column());
        let trees = match &read.value {
            Tree::List(items) => items.iter().collect(),
            _ => vec![read],
        };
        let mut paths = Vec::new();
        for tree in trees {
            let Tree::Text(path) = &tree.value else {
                self.problems.push(PolicyProblem::at(
                    self.path,
                    at(tree),
                    "`evidence` is a fact path or a list of them",
                ));
                continue;
            };
            match variables.as_object().at(path) {
                Ok(_) => {
                    let resolved = match (list, path.split_once('.')) {
                        (Some(list), Some((ITEM, rest))) => format!("{list}[].{rest}"),
                        _ => path.clone(),
                    };
                    paths.push(resolved);
                }
                Err((place, why)) => {
                    let (line, column) = at(tree);
                    let column = column + u64::try_from(place).unwrap_or(0);
                    self.problems
                        .push(PolicyProblem::at(self.path, (line, column), why));
                }
            }
        }
        paths
    }

    fn remediation(
        &mut self,
        read: Option<&file::RemediationFile>,
        subject: SubjectKind,
        variables: &Variables,
    ) -> Option<Remediation> {
        let Some(read) = read else {
            return Some(Remediation::default());
        };
        let summary = self.summary(read, subject, variables);
        let mut code = |text: &Option<Spanned<String>>| -> Option<Option<TextTemplate>> {
            match text {
                Some(text) => self.template(text, Style::Code, variables).map(Some),
                None => Some(None),
            }
        };
        let (shell, terraform, cloudformation) = (
            code(&read.shell),
            code(&read.terraform),
            code(&read.cloudformation),
        );
        let decide = match &read.decide {
            Some(text) => self.template(text, Style::Prose, variables).map(Some),
            None => Some(None),
        };
        Some(Remediation {
            summary: summary?,
            change: read.change.as_ref().map(|name| name.value.clone()),
            decide: decide?,
            shell: shell?,
            terraform: terraform?,
            cloudformation: cloudformation?,
        })
    }

    /// What a check says about its fix, or else the change that it names.
    fn summary(
        &mut self,
        read: &file::RemediationFile,
        subject: SubjectKind,
        variables: &Variables,
    ) -> Option<TextTemplate> {
        if let Some(name) = &read.change {
            let known = || change::of_subject(subject);
            if !known().any(|change| change.name == name.value) {
                let hint = suggest::did_you_mean(&name.value, known().map(|change| change.name));
                let subject = subject.name();
                self.problem(
                    name,
                    0,
                    format!("no change of a {subject} is called `{}`{hint}", name.value),
                );
            }
            let texts = [&read.shell, &read.terraform, &read.cloudformation];
            for text in texts.into_iter().flatten() {
                self.problem(text, 0, "a check names a change or brings texts, not both");
            }
        }
        let of_change = read
            .change
            .as_ref()
            .and_then(|name| change::find(&name.value));
        match (&read.summary, of_change) {
            (Some(text), _) => self.template(text, Style::Prose, variables),
            (None, Some(change)) => TextTemplate::parse(change.summary, Style::Prose, variables)
                .map_err(|_| {
                    let problem = format!(
                        "the `summary` of `{}` is about another subject: write one",
                        change.name
                    );
                    read.change
                        .iter()
                        .for_each(|name| self.problem(name, 0, problem.as_str()));
                })
                .ok(),
            (None, None) => {
                self.problems.push(PolicyProblem::of_file(
                    self.path,
                    "`remediation` needs a `summary` or the name of a `change`",
                ));
                None
            }
        }
    }
}

fn values(texts: Vec<Spanned<String>>) -> Vec<String> {
    texts.into_iter().map(|text| text.value).collect()
}

fn trimmed(text: Option<Spanned<String>>) -> String {
    text.map(|text| text.value.trim().to_owned())
        .unwrap_or_default()
}

fn is_version(text: &str) -> bool {
    let mut parts = text.split('.');
    let number = |part: Option<&str>| part.is_some_and(|part| part.parse::<u32>().is_ok());
    number(parts.next()) && number(parts.next()) && number(parts.next()) && parts.next().is_none()
}
