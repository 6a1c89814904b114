//! From the entries of a zip to a bounded summary.

use std::collections::BTreeMap;

use super::directory::{self, DirectoryLocation, Refusal};
use super::libraries::Libraries;
use super::{Archive, Content, ContentKind, Folder};

/// How many folders are kept.
pub const FOLDERS: usize = 10;

/// How many libraries are kept.
pub const LIBRARIES: usize = 200;

/// Different folders that are counted apart; the rest is left out of the list of the largest.
pub(super) const MOST_FOLDERS: usize = 20_000;

/// The longest path that is kept, characters.
const LONGEST_PATH: usize = 160;

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    files: u64,
    zipped: u64,
    unzipped: u64,
}

impl Sum {
    fn add(&mut self, zipped: u64, unzipped: u64) {
        self.files = self.files.saturating_add(1);
        self.zipped = self.zipped.saturating_add(zipped);
        self.unzipped = self.unzipped.saturating_add(unzipped);
    }
}

/// Reads a directory into a summary. `zipped_bytes` is the size of the whole file.
///
/// # Errors
/// As [`directory::read`].
pub fn summarize(
    bytes: &[u8],
    location: DirectoryLocation,
    zipped_bytes: u64,
) -> Result<Archive, Refusal> {
    let mut all = Sum::default();
    let mut folders: BTreeMap<String, Sum> = BTreeMap::new();
    let mut libraries = Libraries::default();
    let mut kinds: BTreeMap<(ContentKind, String), (Sum, BTreeMap<String, u64>)> = BTreeMap::new();
    directory::read(bytes, location, |entry| {
        if entry.name.ends_with(b"/") {
            return;
        }
        let path = String::from_utf8_lossy(entry.name);
        all.add(entry.zipped, entry.unzipped);
        libraries.add(&path, entry.unzipped);
        let folder = folder_of(&path);
        if folders.len() < MOST_FOLDERS || folders.contains_key(folder) {
            folders
                .entry(folder.to_owned())
                .or_default()
                .add(entry.zipped, entry.unzipped);
        }
        if let Some(kind) = kind_of(&path) {
            let (sum, places) = kinds.entry((kind, variant_of(kind, &path))).or_default();
            sum.add(entry.zipped, entry.unzipped);
            if places.len() < MOST_FOLDERS || places.contains_key(folder) {
                let place = places.entry(folder.to_owned()).or_default();
                *place = place.saturating_add(entry.zipped);
            }
        }
    })?;
    let mut folders: Vec<Folder> = folders
        .into_iter()
        .map(|(path, sum)| Folder {
            path: shown(&path),
            files: sum.files,
            zipped_bytes: sum.zipped,
            unzipped_bytes: sum.unzipped,
        })
        .collect();
    folders.sort_by(|a, b| {
        b.unzipped_bytes
            .cmp(&a.unzipped_bytes)
            .then_with(|| a.path.cmp(&b.path))
    });
    folders.truncate(FOLDERS);
    Ok(Archive {
        zipped_bytes,
        unzipped_bytes: all.unzipped,
        files: all.files,
        folders,
        libraries: libraries.names(LIBRARIES),
        contents: kinds
            .into_iter()
            .map(|((kind, variant), (sum, places))| Content {
                kind,
                variant,
                files: sum.files,
                zipped_bytes: sum.zipped,
                unzipped_bytes: sum.unzipped,
                example: places
                    .into_iter()
                    .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)))
                    .map(|(path, _)| shown(&path))
                    .unwrap_or_default(),
            })
            .collect(),
    })
}

/// A path as it may be shown: short, and without control characters.
pub(super) fn shown(path: &str) -> String {
    path.chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_PATH)
        .collect()
}

/// The Python that byte code is for, by its file name (PEP 3147): `app.cpython-313.pyc`.
fn variant_of(kind: ContentKind, path: &str) -> String {
    if kind != ContentKind::ByteCode {
        return String::new();
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    name.split('.')
        .find(|part| {
            part.strip_prefix("cpython-").is_some_and(|digits| {
                matches!(digits.len(), 2 | 3) && digits.bytes().all(|byte| byte.is_ascii_digit())
            })
        })
        .unwrap_or_default()
        .to_owned()
}

/// Folders that only hold others: what is below them is counted apart.
const SHELVES: &[&str] = &[
    "node_modules",
    "nodejs",
    "python",
    "site-packages",
    "lib",
    "lib64",
    "java",
    "ruby",
    "opt",
];

/// The folder a file is counted under: the first that is not a shelf, with a scope's name
/// (`@aws-sdk`) taken together with what is under it. A file at the root, or directly on a shelf,
/// is its own.
fn folder_of(path: &str) -> &str {
    let mut end = 0;
    for segment in path.split('/') {
        let start = end;
        end = start + segment.len();
        let shelf = SHELVES.contains(&segment)
            || segment.starts_with('@')
            || segment.starts_with("python3.");
        if !shelf || end >= path.len() {
            break;
        }
        end += 1;
    }
    path.get(..end).unwrap_or(path)
}

/// What a path says about the file.
fn kind_of(path: &str) -> Option<ContentKind> {
    let lower = path.to_ascii_lowercase();
    let segments: Vec<&str> = lower.split('/').collect();
    let (name, folders) = segments.split_last()?;
    let within = |wanted: &str| folders.contains(&wanted);
    sdk_of(&lower, name, folders)
        .or_else(|| platform_of(&lower, name))
        .or_else(|| litter_of(name, folders))
        .or_else(|| framework_of(&lower, name))
        .or_else(|| match *name {
            _ if name.ends_with(".dll") || name.ends_with(".runtimeconfig.json") => {
                Some(ContentKind::DotnetAssemblies)
            }
            "bootstrap" if folders.is_empty() => Some(ContentKind::Bootstrap),
            _ if *folders == ["extensions"] => Some(ContentKind::Extensions),
            _ if within("node_modules") => Some(ContentKind::NodeModules),
            _ if has_extension(name, &["js", "mjs", "cjs"]) => Some(ContentKind::JavaScript),
            _ => None,
        })
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, extension)| extensions.contains(&extension))
}

fn sdk_of(lower: &str, name: &str, folders: &[&str]) -> Option<ContentKind> {
    let within = |wanted: &str| folders.contains(&wanted);
    let module = |wanted: &str| {
        folders
            .iter()
            .zip(folders.iter().skip(1))
            .any(|(shelf, module)| *shelf == "node_modules" && *module == wanted)
    };
    // A Python distribution is a folder on a shelf, and beside it `name-version.dist-info`.
    let python = folders.iter().any(|folder| {
        ["boto3", "botocore", "s3transfer"].iter().any(|sdk| {
            folder.strip_prefix(sdk).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with('-') && rest.ends_with("-info")
            })
        })
    });
    if python && !within("node_modules") {
        Some(ContentKind::PythonSdk)
    } else if module("aws-sdk") {
        Some(ContentKind::NodeSdkV2)
    } else if module("@aws-sdk") || module("@smithy") {
        Some(ContentKind::NodeSdkV3)
    } else if lower.starts_with("software/amazon/awssdk/")
        || lower.starts_with("com/amazonaws/services/")
            && !lower.starts_with("com/amazonaws/services/lambda/runtime/")
        || has_extension(name, &["jar"])
            && (name.starts_with("aws-java-sdk-")
                || name.starts_with("sdk-core-")
                || name.starts_with("aws-core-"))
    {
        Some(ContentKind::JavaSdk)
    } else if name.starts_with("awssdk.") && name.ends_with(".dll") {
        Some(ContentKind::DotnetSdk)
    } else {
        None
    }
}

/// Binaries by the words that packagers put into paths: npm's `linux-x64`, Python's
/// `cpython-313-x86_64-linux-gnu.so`, .NET's `runtimes/win-x64/`.
fn platform_of(lower: &str, name: &str) -> Option<ContentKind> {
    let word = |words: &[&str]| {
        lower
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .any(|word| words.contains(&word))
    };
    let binary =
        has_extension(name, &["node", "so", "dylib", "dll", "exe", "pyd"]) || name.contains(".so.");
    let executable_folder = word(&["bin"]) && !name.contains('.');
    if has_extension(name, &["dylib"]) {
        return Some(ContentKind::MacosBinaries);
    }
    if has_extension(name, &["exe", "pyd"]) {
        return Some(ContentKind::WindowsBinaries);
    }
    if !binary && !executable_folder {
        return None;
    }
    if word(&["darwin", "macos", "osx", "macosx"]) {
        Some(ContentKind::MacosBinaries)
    } else if word(&["win32", "win", "windows", "win64"]) {
        Some(ContentKind::WindowsBinaries)
    } else if has_extension(name, &["dll"]) {
        None
    } else if word(&["x86_64", "x64", "amd64"]) {
        Some(ContentKind::X86Binaries)
    } else if word(&["aarch64", "arm64"]) {
        Some(ContentKind::ArmBinaries)
    } else {
        None
    }
}

/// What a running program never opens.
fn litter_of(name: &str, folders: &[&str]) -> Option<ContentKind> {
    let within = |wanted: &[&str]| folders.iter().any(|folder| wanted.contains(folder));
    if has_extension(name, &["pdb", "debug"])
        || folders.iter().any(|folder| folder.ends_with(".dsym"))
    {
        Some(ContentKind::DebugSymbols)
    } else if name.ends_with("-sources.jar") || name.ends_with("-javadoc.jar") {
        Some(ContentKind::SourceJars)
    } else if name.ends_with(".pyi")
        || name.ends_with(".d.ts")
        || name.ends_with(".d.mts")
        || name.ends_with(".d.cts")
        || within(&["node_modules"]) && has_extension(name, &["ts", "tsx"])
    {
        Some(ContentKind::TypeDeclarations)
    } else if name.ends_with(".map") {
        Some(ContentKind::SourceMaps)
    } else if within(&["__pycache__"]) || has_extension(name, &["pyc"]) {
        Some(ContentKind::ByteCode)
    } else if within(&[".cache", ".pytest_cache", ".mypy_cache", ".ruff_cache"]) {
        Some(ContentKind::Caches)
    } else if within(&["test", "tests", "__tests__", "testing", "spec"])
        && !has_extension(name, &["jar", "class"])
    {
        Some(ContentKind::Tests)
    } else if within(&["doc", "docs", "examples", "example"])
        || has_extension(name, &["md", "rst", "markdown"])
        || name.starts_with("changelog")
    {
        Some(ContentKind::Documentation)
    } else {
        None
    }
}

fn framework_of(lower: &str, name: &str) -> Option<ContentKind> {
    let jar = |stem: &str| has_extension(name, &["jar"]) && name.starts_with(stem);
    if lower.starts_with("org/springframework/")
        || lower.starts_with("boot-inf/")
        || jar("spring-boot-")
        || jar("spring-cloud-function-")
        || jar("spring-core-")
    {
        Some(ContentKind::SpringBoot)
    } else if lower.starts_with("io/micronaut/") || jar("micronaut-") || jar("io.micronaut.") {
        Some(ContentKind::Micronaut)
    } else if lower.starts_with("io/quarkus/") || jar("quarkus-") || jar("io.quarkus.") {
        Some(ContentKind::Quarkus)
    } else if name.starts_with("amazon.lambda.aspnetcoreserver") && name.ends_with(".dll") {
        Some(ContentKind::AspNetCore)
    } else if lower.ends_with(".next/build_id") {
        Some(ContentKind::NextJs)
    } else {
        None
    }
}
