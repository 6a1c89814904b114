//! What a zip package holds, as far as its central directory says.
//!
//! The directory of a package is a few megabytes at most and stands at its end, so a package is
//! read without its contents: the last 64 KB say where the directory is ([`directory::locate`]),
//! the directory says what there is ([`directory::read`]), and of that only a bounded summary is
//! kept ([`Archive`]). Neither code nor a URL of it is in a snapshot.
//!
//! A package is untrusted input: everything in it may be false. What cannot be true of a package
//! that Lambda runs is refused, and nothing is allocated by a number that the file claims. The
//! parser is our own, and fuzzed: rc-zip's keeps an entry of some hundred bytes for each record it
//! is given, decodes every name, and asks for the directory piece by piece, where this one looks at
//! each record once, in place, and takes exactly two requests.

pub mod directory;
mod libraries;
pub mod summary;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Reading;

/// The packages of a function that were inspected: `$LATEST`, and versions in use with other code.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Package {
    /// The version that was asked for, `$LATEST` or a number.
    pub version: String,
    /// AWS's SHA-256 of the package, base64: versions with the same one have the same code.
    pub code_sha256: String,
    /// The function's own zip.
    pub code: Archive,
    /// The object that the function refers to instead of a copy that Lambda keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_in: Option<StoredCode>,
    /// Its layers in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerPackage>,
}

/// An object in S3 that a function runs from (GetFunction, Code.ResolvedS3Object).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StoredCode {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its version; absent when none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl StoredCode {
    /// True when the object is one version, which cannot be replaced. `null` is the version of what
    /// was written without versioning, and is overwritten (S3 user guide, "How S3 Versioning works").
    pub fn names_a_version(&self) -> bool {
        self.version
            .as_deref()
            .is_some_and(|version| !version.is_empty() && version != "null")
    }
}

/// The contents of a layer; another account's may be refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LayerPackage {
    /// Layer version ARN.
    pub arn: String,
    /// What it holds.
    pub archive: Reading<Archive>,
}

/// A summary of one zip.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Archive {
    /// Size of the zip, bytes.
    pub zipped_bytes: u64,
    /// Sum of the unzipped sizes, bytes.
    pub unzipped_bytes: u64,
    /// Number of files.
    pub files: u64,
    /// The largest folders, largest first; at most [`summary::FOLDERS`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<Folder>,
    /// What was recognised, each kind once, byte code once a Python.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contents: Vec<Content>,
    /// Names of the libraries in it, as PyPI, npm, RubyGems and Packagist write them, in their order: the
    /// largest [`summary::LIBRARIES`]. Python packages without metadata have the name that code imports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub libraries: Vec<String>,
}

/// A folder and all below it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Folder {
    /// Path in the zip.
    pub path: String,
    /// Number of files.
    pub files: u64,
    /// Compressed, bytes.
    pub zipped_bytes: u64,
    /// Unzipped, bytes.
    pub unzipped_bytes: u64,
}

/// Files of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Content {
    /// Which kind.
    pub kind: ContentKind,
    /// Number of files.
    pub files: u64,
    /// Compressed, bytes.
    pub zipped_bytes: u64,
    /// Unzipped, bytes.
    pub unzipped_bytes: u64,
    /// Where the largest part of it is.
    pub example: String,
    /// For byte code, the Python it is for, as its file names say it: `cpython-313`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
}

/// Kinds of files that say something about a cold start. A file is of one kind, the first that fits
/// in this order; whether a kind is waste depends on the runtime, and facts decide it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ContentKind {
    /// boto3, botocore, s3transfer.
    PythonSdk,
    /// `aws-sdk`, version 2, for Node.js.
    NodeSdkV2,
    /// `@aws-sdk/*` and the `@smithy/*` under it, for Node.js.
    NodeSdkV3,
    /// The AWS SDK for Java, either version.
    JavaSdk,
    /// The AWS SDK for .NET.
    DotnetSdk,
    /// Binaries that only macOS loads.
    MacosBinaries,
    /// Binaries that only Windows loads.
    WindowsBinaries,
    /// Linux binaries that name x86_64.
    X86Binaries,
    /// Linux binaries that name arm64.
    ArmBinaries,
    /// Compiled Python (`__pycache__`). The right one shortens a start: a package cannot be written
    /// to, so without it every start compiles again.
    ByteCode,
    /// Caches of tools (`.cache`, `.pytest_cache`).
    Caches,
    /// Tests.
    Tests,
    /// Documentation and examples.
    Documentation,
    /// JavaScript source maps.
    SourceMaps,
    /// Declarations for compilers and editors: `.pyi`, `.d.ts`, and the TypeScript beside it.
    TypeDeclarations,
    /// Debug symbols (`.pdb`, `.dSYM`, `.debug`).
    DebugSymbols,
    /// Java source archives.
    SourceJars,
    /// Spring Boot or Spring Cloud Function.
    SpringBoot,
    /// Micronaut.
    Micronaut,
    /// Quarkus.
    Quarkus,
    /// ASP.NET Core on Lambda.
    AspNetCore,
    /// A build of Next.js.
    NextJs,
    /// Executables that a layer starts beside the function (`extensions/` of a layer).
    Extensions,
    /// .NET assemblies that a JIT compiler starts from.
    DotnetAssemblies,
    /// An executable of its own at the root, as OS-only runtimes run.
    Bootstrap,
    /// Modules under `node_modules`.
    NodeModules,
    /// JavaScript outside `node_modules`.
    JavaScript,
}
