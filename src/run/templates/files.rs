//! The files of templates: which they are, and what they refer to.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::Loaded;
use crate::cli::options::TemplateOptions;
use crate::report::{SourceLocation, SourceRemark};
use crate::run::RunError;
use crate::run::files::read_bytes;
use crate::template::cloudformation::{SourceFiles, read_assembly, read_template};
use crate::template::source::TemplateError;
use crate::template::{DeploymentTarget, SourcePosition, TemplateKind, TemplateRemark};

/// Largest file of a folder that is tried as a template, bytes.
const MOST_BYTES: u64 = 10 << 20;

/// Most files of a folder.
const MOST_FILES: usize = 10_000;

/// Most bytes of a folder that are compressed to learn the size of a package. AWS takes 250 MB unzipped.
const MOST_PACKAGE: u64 = 300 << 20;

/// Positions as reports have them: relative to the root of the repository.
pub(super) struct Root {
    /// What the files of positions are relative to; none for standard input.
    folder: Option<PathBuf>,
    /// The root of the repository.
    repository: Option<PathBuf>,
}

impl Root {
    pub(super) fn of(folder: Option<&Path>) -> Self {
        let folder = folder.map(|folder| {
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
        });
        let repository = folder.as_deref().and_then(|folder| {
            folder
                .ancestors()
                .find(|folder| folder.join(".git").exists())
                .map(Path::to_owned)
        });
        Self { folder, repository }
    }

    /// A file as reports call it.
    pub(super) fn file(&self, file: &str) -> String {
        let Some(folder) = &self.folder else {
            return file.to_owned();
        };
        let path = normal(&folder.join(file));
        let working = std::env::current_dir().ok();
        [self.repository.as_ref(), working.as_ref()]
            .into_iter()
            .flatten()
            .find_map(|root| path.strip_prefix(root).ok())
            .unwrap_or(&path)
            .display()
            .to_string()
    }

    /// A place.
    pub(super) fn location(&self, position: &SourcePosition) -> SourceLocation {
        SourceLocation {
            file: self.file(&position.file),
            line: position.line,
            column: position.column,
        }
    }

    /// A remark.
    pub(super) fn remark(&self, remark: &TemplateRemark) -> SourceRemark {
        SourceRemark {
            address: remark.address.clone(),
            location: remark
                .position
                .as_ref()
                .map(|position| self.location(position)),
            message: remark.message.clone(),
        }
    }

    fn error(&self, name: &str, error: &TemplateError) -> RunError {
        let file = match &error.position {
            Some(position) => format!(
                "{}:{}:{}",
                self.file(&position.file),
                position.line,
                position.column
            ),
            None => name.to_owned(),
        };
        RunError::Template {
            file,
            message: error.message.clone(),
        }
    }
}

/// A path without `.` and `..`, which need not be there.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// Files on disk, below the folder that a template is in or the repository that the folder is in.
pub(super) struct DiskFiles {
    folder: PathBuf,
    within: PathBuf,
}

impl DiskFiles {
    pub(super) fn new(root: &Root) -> Self {
        let folder = root.folder.clone().unwrap_or_default();
        Self {
            within: root.repository.clone().unwrap_or_else(|| folder.clone()),
            folder,
        }
    }

    /// A path below the folder or the repository.
    pub(super) fn path(&self, path: &str) -> Option<PathBuf> {
        let path = fs::canonicalize(self.folder.join(path)).ok()?;
        path.starts_with(&self.within).then_some(path)
    }
}

impl SourceFiles for DiskFiles {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        let path = self.path(path)?;
        let size = fs::metadata(&path)
            .ok()
            .filter(fs::Metadata::is_file)?
            .len();
        (size <= MOST_BYTES * 4)
            .then(|| fs::read(path).ok())
            .flatten()
    }

    fn package_bytes(&self, path: &str) -> Option<u64> {
        let path = self.path(path)?;
        let meta = fs::metadata(&path).ok()?;
        if meta.is_file() {
            let zipped = path
                .extension()
                .is_some_and(|extension| extension == "zip" || extension == "jar");
            return zipped.then_some(meta.len());
        }
        zipped_folder(&path)
    }
}

/// The size of a folder as a zip archive; none for one with too much in it.
fn zipped_folder(folder: &Path) -> Option<u64> {
    /// Local header, central directory entry (ZIP specification 6.3, §4.3).
    const OF_FILE: u64 = 30 + 46;
    const END: u64 = 22;
    let mut folders = vec![folder.to_owned()];
    let (mut zipped, mut read, mut files) = (END, 0_u64, 0_usize);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).ok()? {
            let entry = entry.ok()?;
            let kind = entry.file_type().ok()?;
            if kind.is_dir() {
                folders.push(entry.path());
                continue;
            }
            if !kind.is_file() {
                continue;
            }
            files += 1;
            read = read.saturating_add(entry.metadata().ok()?.len());
            if read > MOST_PACKAGE || files > MOST_FILES * 10 {
                return None;
            }
            let path = entry.path();
            let name = path.strip_prefix(folder).ok()?.as_os_str().len();
            let bytes = fs::read(&path).ok()?;
            let deflated = miniz_oxide::deflate::compress_to_vec(&bytes, 6)
                .len()
                .min(bytes.len());
            let both = deflated.saturating_add(name.saturating_mul(2));
            zipped = zipped.saturating_add(u64::try_from(both).ok()? + OF_FILE);
        }
    }
    Some(zipped)
}

/// Reads every input.
pub(super) fn load(
    options: &TemplateOptions,
    target: &DeploymentTarget,
) -> Result<Vec<Loaded>, RunError> {
    let mut loaded = Vec::new();
    for input in inputs(options)? {
        loaded.extend(input.read(target)?);
    }
    Ok(loaded)
}

/// One input, which may be read several times.
pub(super) struct InputFile {
    path: PathBuf,
    kind: InputKind,
    /// Its name and its bytes, read once: standard input cannot be read twice.
    bytes: OnceCell<(String, Vec<u8>)>,
}

#[derive(Clone, Copy)]
enum InputKind {
    Template,
    Assembly,
    TerraformPlan,
}

impl InputFile {
    fn new(path: PathBuf, kind: InputKind) -> Self {
        Self {
            path,
            kind,
            bytes: OnceCell::new(),
        }
    }

    /// Reads it: an assembly is one deployment for each account and Region.
    pub(super) fn read(&self, target: &DeploymentTarget) -> Result<Vec<Loaded>, RunError> {
        match self.kind {
            InputKind::Template => Ok(vec![template(self, target)?]),
            InputKind::Assembly => assembly(&self.path, target),
            InputKind::TerraformPlan => Ok(vec![super::plans::plan(self, target)?]),
        }
    }

    /// The name for messages, and the bytes.
    pub(super) fn bytes(&self) -> Result<&(String, Vec<u8>), RunError> {
        if self.bytes.get().is_none() {
            // Another thread cannot have set it.
            let _ = self.bytes.set(read_bytes(&self.path)?);
        }
        self.bytes
            .get()
            .ok_or_else(|| RunError::mistake("the input cannot be read", None))
    }

    /// True for a file, false for standard input.
    fn is_file(&self) -> bool {
        self.path.as_os_str() != "-"
    }

    /// What positions in it are relative to.
    pub(super) fn root(&self) -> Root {
        let folder = || self.path.parent().unwrap_or(Path::new(""));
        Root::of(self.is_file().then(folder))
    }

    /// The files beside it; none for standard input.
    pub(super) fn folder(&self, root: &Root) -> Option<DiskFiles> {
        self.is_file().then(|| DiskFiles::new(root))
    }

    /// Its own name, or that of standard input.
    pub(super) fn file_name(&self, name: &str) -> String {
        let file = self.path.file_name().filter(|_| self.is_file());
        file.map_or_else(
            || name.to_owned(),
            |file| file.to_string_lossy().into_owned(),
        )
    }
}

/// The inputs, in the order of the arguments: templates, then plans.
pub(super) fn inputs(options: &TemplateOptions) -> Result<Vec<InputFile>, RunError> {
    let mut found = Vec::new();
    for path in &options.templates {
        if path.join("manifest.json").is_file() {
            found.push(InputFile::new(path.clone(), InputKind::Assembly));
        } else if path.is_dir() {
            found.extend(folder(path)?);
        } else {
            found.push(InputFile::new(path.clone(), InputKind::Template));
        }
    }
    let plans = options.terraform_plans.iter();
    found.extend(plans.map(|path| InputFile::new(path.clone(), InputKind::TerraformPlan)));
    Ok(found)
}

fn template(input: &InputFile, target: &DeploymentTarget) -> Result<Loaded, RunError> {
    let (name, bytes) = input.bytes()?;
    let root = input.root();
    let file = input.file_name(name);
    let (kind, built) = read_template(&file, bytes, target, &DiskFiles::new(&root))
        .map_err(|error| root.error(name, &error))?;
    Ok(Loaded {
        kind,
        file: root.file(&file),
        root,
        built,
    })
}

fn assembly(path: &Path, target: &DeploymentTarget) -> Result<Vec<Loaded>, RunError> {
    let root = Root::of(Some(path));
    let name = path.display().to_string();
    let built =
        read_assembly(target, &DiskFiles::new(&root)).map_err(|error| root.error(&name, &error))?;
    Ok(built
        .into_iter()
        .map(|built| {
            let root = Root::of(Some(path));
            Loaded {
                kind: TemplateKind::Cdk,
                file: root.file(""),
                root,
                built,
            }
        })
        .collect())
}

/// The templates of a folder and of the folders in it. Other files are passed over.
fn folder(path: &Path) -> Result<Vec<InputFile>, RunError> {
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    let mut assemblies = Vec::new();
    while let Some(next) = folders.pop() {
        let entries = fs::read_dir(&next).map_err(|source| RunError::Read {
            path: next.clone(),
            source,
        })?;
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if path.is_dir() {
                let skipped = name.starts_with('.') || name == "node_modules";
                if path.join("manifest.json").is_file() && name == "cdk.out" {
                    assemblies.push(path);
                } else if !skipped {
                    folders.push(path);
                }
                continue;
            }
            let template = path.extension().is_some_and(|extension| {
                ["yaml", "yml", "json", "template"]
                    .iter()
                    .any(|known| extension == *known)
            });
            let small = entry.metadata().is_ok_and(|meta| meta.len() <= MOST_BYTES);
            if template && small && found.len() < MOST_FILES {
                found.push(path);
            }
        }
    }
    found.sort();
    assemblies.sort();
    let templates = found.into_iter().filter(|path| looks_like_a_template(path));
    let inputs: Vec<InputFile> = templates
        .map(|path| InputFile::new(path, InputKind::Template))
        .chain(
            assemblies
                .into_iter()
                .map(|path| InputFile::new(path, InputKind::Assembly)),
        )
        .collect();
    if inputs.is_empty() {
        return Err(RunError::mistake(
            format!("{} has no CloudFormation template", path.display()),
            Some("a Terraform plan is read with --terraform-plan".to_owned()),
        ));
    }
    Ok(inputs)
}

/// True for a text that has resources of AWS: other YAML and JSON files of a folder are not read.
fn looks_like_a_template(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| {
        let text = String::from_utf8_lossy(&bytes);
        text.contains("Resources") && (text.contains("AWS::") || text.contains("Custom::"))
    })
}

/// The parameter values of files and of the command line, which win.
pub(super) fn parameters(options: &TemplateOptions) -> Result<BTreeMap<String, String>, RunError> {
    let mut parameters = BTreeMap::new();
    for path in &options.parameter_files {
        let (name, bytes) = read_bytes(path)?;
        let text = String::from_utf8_lossy(&bytes);
        let values = if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            samconfig(&text)
        } else {
            of_json(&text)
        };
        parameters.extend(values.map_err(|message| RunError::Template {
            file: name,
            message,
        })?);
    }
    parameters.extend(options.parameters.clone());
    Ok(parameters)
}

/// `[{"ParameterKey", "ParameterValue"}]` of the AWS CLI, or `{"Parameters": {…}}` of CodePipeline.
fn of_json(text: &str) -> Result<Vec<(String, String)>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match &value {
        Value::Array(items) => Ok(items
            .iter()
            .filter_map(|item| {
                let key = item.get("ParameterKey")?.as_str()?;
                Some((key.to_owned(), plain(item.get("ParameterValue")?)))
            })
            .collect()),
        Value::Object(members) => {
            let members = members
                .get("Parameters")
                .and_then(Value::as_object)
                .unwrap_or(members);
            Ok(members
                .iter()
                .map(|(name, value)| (name.clone(), plain(value)))
                .collect())
        }
        _ => Err("not a file of parameters".to_owned()),
    }
}

/// `parameter_overrides` of samconfig.toml: `"A=1 B=\"x y\""`, or a list of such texts.
fn samconfig(text: &str) -> Result<Vec<(String, String)>, String> {
    let value: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| error.to_string())?;
    let overrides = value
        .get("default")
        .and_then(|environment| {
            environment
                .get("deploy")
                .or_else(|| environment.get("global"))
        })
        .and_then(|command| command.get("parameters")?.get("parameter_overrides"));
    let texts: Vec<&str> = match overrides {
        Some(toml::Value::String(text)) => vec![text],
        Some(toml::Value::Array(items)) => items.iter().filter_map(toml::Value::as_str).collect(),
        _ => Vec::new(),
    };
    Ok(texts.iter().flat_map(|text| assignments(text)).collect())
}

/// `NAME=VALUE` separated by blanks, values perhaps in quotation marks.
fn assignments(text: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        out.push((name.trim().to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_from_files_of_three_kinds() {
        let of = |values: Result<Vec<(String, String)>, String>| {
            values.map(|values| values.into_iter().collect::<BTreeMap<_, _>>())
        };
        let expected: BTreeMap<String, String> = [
            ("Stage".to_owned(), "prod".to_owned()),
            ("N".to_owned(), "2".to_owned()),
        ]
        .into();
        for text in [
            r#"[{"ParameterKey": "Stage", "ParameterValue": "prod"}, {"ParameterKey": "N", "ParameterValue": 2}]"#,
            r#"{"Parameters": {"Stage": "prod", "N": "2"}}"#,
        ] {
            assert_eq!(of(of_json(text)), Ok(expected.clone()), "{text}");
        }
        let toml = "version = 0.1\n[default.deploy.parameters]\nparameter_overrides = \"Stage=\\\"prod\\\" N=2\"\n";
        assert_eq!(of(samconfig(toml)), Ok(expected));
    }
}
