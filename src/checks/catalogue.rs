//! The catalogue: every check there is, built in or the user's own, compiled and linted.
//!
//! All mistakes of all files are told at once. A catalogue that could be built holds no check that
//! could fail for a reason that was visible in its file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use serde_saphyr::Spanned;
use wildmatch::WildMatch;

use super::expression::{Expression, ITEM, Mistake, PARAMS};
use super::file::{self, ControlFile, PackFile, PolicyFile, Tree};
use super::lint::{self, Variables};
use super::message::{Style, Template};
use super::model::{Check, Examples, ForEach, Remediation};
use super::problem::{PolicyErrors, Problem};
use super::shape::Shape;
use super::suggest;

/// The files of `policies/`, as `build.rs` found them.
static BUILTIN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/policies.rs"));

/// Every check there is, by id.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    checks: BTreeMap<String, Arc<Check>>,
    /// Earlier ids to today's.
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
    /// Globs over ids that it leaves out.
    pub exclude: Vec<String>,
    /// The standard whose controls it answers, for packs that are named after one.
    pub standard: Option<Standard>,
    /// The file it was read from.
    pub file: String,
}

/// A standard's controls, as far as they are about what this program looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standard {
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
    /// What it asks for, in our words.
    pub title: String,
    /// Why no check answers it.
    pub not_covered: Option<String>,
}

impl Standard {
    /// True when the check answers the control.
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
    /// What is wrong with them; the tests see to it that nothing is.
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

    fn add(&mut self, check: Check, problems: &mut Vec<Problem>) {
        for id in check.aliases.iter().chain([&check.id]) {
            if let Some(other) = self.get(id) {
                problems.push(Problem::of_file(
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

    fn add_pack(&mut self, pack: PackSource, text: &str, whole: bool, problems: &mut Vec<Problem>) {
        let PackSource { pack, globs } = pack;
        if let Some(other) = self.packs.get(&pack.name) {
            problems.push(Problem::of_file(
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
                problems.push(Problem::at(
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
                    (true, Some(_)) => "is said not to be covered, and a check maps to it",
                    (false, None) => "is mapped to by no check, and `not_covered` does not say why",
                    _ => continue,
                };
                problems.push(Problem::of_file(
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

    /// Every id a glob could have meant, for "did you mean".
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

fn read_pack(path: &str, text: &str) -> Result<PackSource, Vec<Problem>> {
    let read: PackFile = file::read(path, text).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    check_name(path, text, &read.name, "pack", &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let values = |globs: &[Spanned<String>]| globs.iter().map(|g| g.value.clone()).collect();
    Ok(PackSource {
        pack: Pack {
            include: values(&read.include),
            exclude: values(&read.exclude),
            standard: read.standard.map(|standard| Standard {
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
        globs: read.include.into_iter().chain(read.exclude).collect(),
    })
}

/// An id must be in kebab case and equal the file's name.
fn check_name(
    path: &str,
    text: &str,
    id: &Spanned<String>,
    what: &str,
    problems: &mut Vec<Problem>,
) {
    if !is_kebab_case(&id.value) {
        problems.push(Problem::at(
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
        problems.push(Problem::at(
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
pub fn compile(path: &str, text: &str) -> Result<Check, Vec<Problem>> {
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
    problems: Vec<Problem>,
}

impl Compiler<'_> {
    fn problem(&mut self, scalar: &Spanned<String>, offset: usize, message: impl Into<String>) {
        self.problems.push(Problem::at(
            self.path,
            file::place(self.text, scalar, offset),
            message,
        ));
    }

    fn mistakes(&mut self, scalar: &Spanned<String>, mistakes: Vec<Mistake>) {
        for mistake in mistakes {
            self.problem(scalar, mistake.at, mistake.message);
        }
    }

    fn check(&mut self, read: PolicyFile) -> Option<Check> {
        check_name(self.path, self.text, &read.id, "check", &mut self.problems);
        for alias in &read.aliases {
            if !is_kebab_case(&alias.value) {
                self.problem(
                    alias,
                    0,
                    format!("the alias `{}` must be in kebab case", alias.value),
                );
            }
        }
        if !is_version(&read.since.value) {
            self.problem(&read.since, 0, "`since` is a version such as 0.1.0");
        }
        let params = self.params(&read.params);
        let subject = read.subject.value;
        let mut variables = Variables::new(subject.variable(), Shape::of(subject));
        if !params.is_empty() {
            let shapes = params
                .iter()
                .map(|(name, value)| (name.clone(), lint::shape_of_value(value)))
                .collect();
            variables = variables.with(PARAMS, Shape::Object(shapes));
        }
        // A mistake in for_each would make every use of `item` look wrong: stop there.
        let for_each = match &read.for_each {
            Some(list) => {
                let (each, item) = self.for_each(list, read.key.as_ref(), &variables)?;
                variables = variables.with(ITEM, item);
                Some(each)
            }
            None => {
                if let Some(key) = &read.key {
                    self.problem(key, 0, "`key` goes with `for_each`");
                }
                None
            }
        };
        let list = for_each.as_ref().map(|each| each.path.clone());
        let applies = read
            .applies
            .as_ref()
            .map(|text| self.condition(text, list.as_deref(), &variables));
        let fail_when = self.condition(&read.fail_when, list.as_deref(), &variables);
        let message = self.template(&read.message, Style::Prose, &variables);
        let pass_message = read
            .pass_message
            .as_ref()
            .map(|text| self.template(text, Style::Prose, &variables));
        let evidence = self.evidence(read.evidence.as_ref(), list.as_deref(), &variables);
        let remediation = self.remediation(read.remediation.as_ref(), &variables);
        let values = |texts: Vec<Spanned<String>>| texts.into_iter().map(|t| t.value).collect();
        let examples = |trees: &[Spanned<Tree>]| trees.iter().map(|t| t.value.to_json()).collect();
        Some(Check {
            id: read.id.value,
            aliases: values(read.aliases),
            title: read.title.value,
            subject,
            severity: read.severity.value,
            applies: match applies {
                Some(condition) => Some(condition?),
                None => None,
            },
            fail_when: fail_when?,
            for_each,
            params,
            message: message?,
            pass_message: match pass_message {
                Some(template) => Some(template?),
                None => None,
            },
            evidence,
            rationale: trimmed(read.rationale),
            traps: trimmed(read.traps),
            remediation: remediation?,
            references: values(read.references),
            maps_to: read
                .maps_to
                .into_iter()
                .map(|(name, ids)| (name, values(ids)))
                .collect(),
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

    fn params(&mut self, read: &BTreeMap<String, Spanned<Tree>>) -> BTreeMap<String, Value> {
        let mut params = BTreeMap::new();
        for (name, value) in read {
            let json = value.value.to_json();
            if lint::shape_of_value(&json) == Shape::Other {
                self.problems.push(Problem::at(
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
    ) -> Option<(ForEach, Shape)> {
        let item = match variables.as_object().at(&list.value) {
            Ok(Shape::List(item)) if matches!(**item, Shape::Object(_)) => (**item).clone(),
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
            Ok(Shape::Text(_) | Shape::Int) => {}
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
                let mistakes = lint::lint(expression.tree(), variables, &Shape::Bool);
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
    ) -> Option<Template> {
        let trimmed = text.value.trim_end();
        match Template::parse(trimmed, style, variables) {
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
                self.problems.push(Problem::at(
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
                        .push(Problem::at(self.path, (line, column), why));
                }
            }
        }
        paths
    }

    fn remediation(
        &mut self,
        read: Option<&file::RemediationFile>,
        variables: &Variables,
    ) -> Option<Remediation> {
        let Some(read) = read else {
            return Some(Remediation::default());
        };
        let mut code = |text: &Option<Spanned<String>>| -> Option<Option<Template>> {
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
        let summary = self.template(&read.summary, Style::Prose, variables);
        let decide = match &read.decide {
            Some(text) => self.template(text, Style::Prose, variables).map(Some),
            None => Some(None),
        };
        Some(Remediation {
            summary: summary?,
            decide: decide?,
            shell: shell?,
            terraform: terraform?,
            cloudformation: cloudformation?,
        })
    }
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
