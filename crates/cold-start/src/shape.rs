//! What kind of program an input describes: its runtime family, what an OS-only runtime or a
//! framework makes of it, and which row of the base table it starts from.

use super::model::Model;

/// What decides the form of the arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Node.js, Bun.
    Node,
    /// Python.
    Python,
    /// Ruby.
    Ruby,
    /// The JVM.
    Java,
    /// .NET with a JIT compiler.
    Dotnet,
    /// Compiled ahead of time, or an engine of its own.
    Native(Native),
}

/// Programs that need no managed runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Native {
    /// Rust, C++, Swift.
    Rust,
    /// Go.
    Go,
    /// .NET compiled ahead of time.
    DotnetAot,
    /// GraalVM native image.
    GraalVm,
    /// LLRT.
    Llrt,
    /// PHP under Bref or a runtime of its own.
    Php,
    /// A shell script.
    Shell,
}

/// What is built on the runtime, as far as it changes the estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// None, or not known.
    None,
    /// A Java program on its own or with compile-time injection (Dagger).
    PlainJava,
    /// Spring Boot, Spring Cloud Function.
    SpringBoot,
    /// Micronaut.
    Micronaut,
    /// Quarkus.
    Quarkus,
    /// ASP.NET Core.
    AspNet,
}

/// What kind of program it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Form of the arithmetic.
    pub family: Family,
    /// Framework.
    pub framework: Framework,
    /// Row of the base table.
    pub cell: String,
    /// How the row was chosen where it is not the runtime's own; empty when it is.
    pub stand_in: String,
    /// A framework was named and plays no part in the model.
    pub ignored_framework: bool,
    /// Frameworks named that the model's table of packages has.
    pub built_on: Vec<String>,
    /// An HTTP server runs behind the Lambda Web Adapter.
    pub web_adapter: bool,
}

/// Why the kind of program is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// Not a runtime identifier.
    #[error("unknown runtime {name:?}{}", .similar.as_ref().map(|similar| format!("; did you mean {similar}?")).unwrap_or_default())]
    Runtime {
        /// As it was given.
        name: String,
        /// The identifier that it resembles most.
        similar: Option<String>,
    },
    /// An OS-only runtime without a word of what it runs.
    #[error(
        "{0} runs any program: set framework to what it runs (rust, go, llrt, bun, php, graalvm, dotnet8-aot, …)"
    )]
    Unstated(String),
    /// A framework that no OS-only runtime is known to run.
    #[error(
        "unknown framework {framework:?} on {runtime}; known are rust, go, cpp, swift, zig, dart, llrt, bun, deno, nodejs, python, ruby, php, laravel, symfony, graalvm, quarkus, micronaut, spring-boot, dotnet8-aot, shell"
    )]
    Framework {
        /// Runtime as given.
        runtime: String,
        /// Framework as given.
        framework: String,
    },
}

/// Lower case, with everything but letters and digits dropped.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// The words of a text, each in lower case and with everything but letters and digits dropped.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| c.is_whitespace() || c == ',' || c == '+')
        .map(plain)
        .filter(|word| !word.is_empty())
}

/// The names in what a user wrote of a framework, each without a version at its end: `nextjs` and `next` of
/// `Next.js 14`, `dotnet` of `.NET 8`. Names are compared whole: `javascript` is not Java, `network` not .NET.
struct FrameworkNames(Vec<String>);

impl FrameworkNames {
    fn of(given: &str) -> Self {
        let lower = given.to_ascii_lowercase();
        // Else C# and F# would be read as C and F.
        let spelt = lower.replace("c#", "csharp").replace("f#", "fsharp");
        let parts = spelt
            .split(|c: char| !c.is_ascii_alphanumeric())
            .map(str::to_owned);
        let names = parts
            .chain(words(&spelt))
            .chain([plain(&spelt)])
            .flat_map(|name| {
                let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
                // `dotnet8aot` is written in one.
                let ahead = stem.strip_suffix("aot").map(|before| {
                    let before = before.strip_suffix("native").unwrap_or(before);
                    before.trim_end_matches(|c: char| c.is_ascii_digit())
                });
                let parts = ahead.map(|before| vec![before.to_owned(), "aot".to_owned()]);
                [stem.to_owned()]
                    .into_iter()
                    .chain(parts.unwrap_or_default())
                    .collect::<Vec<_>>()
            })
            .filter(|name| !name.is_empty())
            .collect();
        Self(names)
    }

    fn has(&self, wanted: &[&str]) -> bool {
        self.0.iter().any(|name| wanted.contains(&name.as_str()))
    }

    fn is_dotnet(&self) -> bool {
        self.has(&["dotnet", "net", "csharp", "fsharp", "nativeaot"])
    }

    fn is_java(&self) -> bool {
        self.has(&[
            "java",
            "kotlin",
            "spring",
            "springboot",
            "micronaut",
            "quarkus",
            "dagger",
        ])
    }

    /// A program that is compiled to one executable file.
    fn is_native(&self) -> bool {
        self.has(&["graal", "graalvm", "native", "nativeimage", "nativeaot"])
    }
}

/// What an OS-only runtime runs, by the words a user gives: the stem of the base table's row.
fn os_only_program(given: &str) -> Option<(&'static str, Family)> {
    let names = FrameworkNames::of(given);
    let has = |wanted: &[&str]| names.has(wanted);
    let native = Family::Native;
    let web_adapter = has_web_adapter(given);
    let ahead_of_time = names.is_native() && !has(&["react", "kotlin", "scala"]);
    if has(&["rust", "rustlang"]) {
        Some(("rust", native(Native::Rust)))
    } else if has(&["go", "golang"]) {
        Some(("go", native(Native::Go)))
    } else if has(&["llrt"]) {
        Some(("llrt", native(Native::Llrt)))
    } else if has(&["bun", "bunjs"]) {
        Some(("bun", Family::Node))
    } else if names.is_dotnet() || has(&["aot"]) && !names.is_java() {
        let version = plain(given);
        let stem = if version.contains("10") {
            "dotnet10-aot"
        } else if version.contains('9') {
            "dotnet9-aot"
        } else if version.contains('7') {
            "dotnet7-aot"
        } else {
            "dotnet8-aot"
        };
        Some((stem, native(Native::DotnetAot)))
    } else if has(&["php", "bref", "laravel", "symfony"]) {
        Some(("shell", native(Native::Php)))
    } else if has(COMPILED) {
        Some(("cpp", native(Native::Rust)))
    } else if has(&["jvm", "jre", "jdk"])
        || web_adapter && !ahead_of_time && has(&["java", "spring", "springboot", "micronaut"])
    {
        Some(("java21", Family::Java))
    } else if has(&["quarkus"]) {
        Some(("quarkus", native(Native::GraalVm)))
    } else if ahead_of_time || names.is_java() {
        Some(("graalvm", native(Native::GraalVm)))
    } else if has(&["swift", "swiftlang"]) {
        Some(("swift", native(Native::Rust)))
    } else if has(&["c", "cpp", "cplusplus"]) {
        Some(("cpp", native(Native::Rust)))
    } else if has(&["shell", "bash"]) {
        Some(("shell", native(Native::Shell)))
    } else {
        engine_of_its_own(&names)
    }
}

/// An HTTP server runs behind the Lambda Web Adapter.
fn has_web_adapter(given: &str) -> bool {
    plain(given).contains("webadapter") || words(given).any(|word| word == "lwa")
}

/// What may stand in the place of a runtime: the name of what an OS-only runtime runs.
const PROGRAMS: &[&str] = &[
    "bash", "bun", "c", "cpp", "deno", "go", "golang", "graalvm", "llrt", "php", "rust", "shell",
    "swift",
];

/// `provided`, `provided.al2`, `provided.al2023`, or the one of a later Amazon Linux.
fn is_os_only(id: &str) -> bool {
    match id.strip_prefix("provided") {
        Some("" | ".al2") => true,
        Some(rest) => rest
            .strip_prefix(".al")
            .and_then(|year| year.parse().ok())
            .is_some_and(|year: u32| (2023..=2029).contains(&year)),
        None => false,
    }
}

/// Languages whose compilers make one executable file without a virtual machine.
const COMPILED: &[&str] = &[
    "crystal",
    "d",
    "dart",
    "dlang",
    "fortran",
    "haskell",
    "kotlinnative",
    "nim",
    "ocaml",
    "pascal",
    "scalanative",
    "zig",
];

/// A language of a managed runtime that the package or a layer brings itself.
fn engine_of_its_own(names: &FrameworkNames) -> Option<(&'static str, Family)> {
    if names.has(&["deno"]) {
        Some(("bun", Family::Node))
    } else if names.has(&[
        "node",
        "nodejs",
        "javascript",
        "typescript",
        "nextjs",
        "nestjs",
        "express",
        "expressjs",
    ]) {
        Some(("nodejs22.x", Family::Node))
    } else if names.has(&["python", "django", "flask", "fastapi"]) {
        Some(("python3.13", Family::Python))
    } else if names.has(&["ruby", "rails"]) {
        Some(("ruby3.4", Family::Ruby))
    } else {
        None
    }
}

/// The latest version of a family for an identifier that names none.
fn versionless(runtime: &str) -> Option<&'static str> {
    match runtime {
        "nodejs" | "node" => Some("nodejs22.x"),
        "python" => Some("python3.13"),
        "ruby" => Some("ruby3.4"),
        "java" => Some("java21"),
        "dotnet" => Some("dotnet8"),
        _ => None,
    }
}

impl Shape {
    /// Decides from the runtime identifier and the framework as they were given.
    ///
    /// # Errors
    /// When they do not say what kind of program it is.
    pub fn of(model: &Model, runtime: &str, framework: Option<&str>) -> Result<Self, ShapeError> {
        let id = runtime.trim().to_ascii_lowercase();
        let given = framework.unwrap_or_default();
        let framework = plain(given);
        let web_adapter = has_web_adapter(given);
        let os_only = is_os_only(&id);
        // A managed runtime whose package is compiled ahead of time starts like the OS-only one.
        let names = FrameworkNames::of(given);
        let ahead_of_time = if id.starts_with("java") {
            // What Spring calls AOT still runs on the JVM.
            names.is_native()
        } else {
            id.starts_with("dotnet") && (names.is_native() || names.has(&["aot"]))
        };
        let managed = is_managed(model, &id);
        if !managed && !os_only && !PROGRAMS.contains(&id.as_str()) {
            return Err(ShapeError::Runtime {
                name: runtime.to_owned(),
                similar: similar(model, &id),
            });
        }
        if os_only || ahead_of_time || !managed {
            let words = if os_only || ahead_of_time { given } else { &id };
            if plain(words).is_empty() {
                return Err(ShapeError::Unstated(id));
            }
            // `native` alone says how a managed runtime's program was compiled, not what it is.
            let program = if ahead_of_time && id.starts_with("dotnet") {
                os_only_program(&format!("{id} {words}"))
            } else {
                os_only_program(words)
            };
            let Some((stem, family)) = program else {
                return Err(ShapeError::Framework {
                    runtime: id,
                    framework: given.to_owned(),
                });
            };
            let mut shape = Self::os_only(model, &id, stem, family);
            shape.web_adapter = web_adapter;
            shape.framework = match family {
                Family::Native(Native::DotnetAot) => made_with(Family::Dotnet, &framework),
                Family::Java => made_with(Family::Java, &framework),
                _ => Framework::None,
            };
            shape.built_on = named(model, family, given);
            return Ok(shape);
        }
        let family = if id.starts_with("java") {
            Family::Java
        } else if id.starts_with("dotnet") {
            Family::Dotnet
        } else if id.starts_with("python") {
            Family::Python
        } else if id.starts_with("ruby") {
            Family::Ruby
        } else if id.starts_with("go") {
            Family::Native(Native::Go)
        } else {
            Family::Node
        };
        let (cell, stand_in) = row(model, &id);
        let made = made_with(family, &framework);
        let built_on = named(model, family, given);
        Ok(Self {
            family,
            framework: made,
            cell,
            stand_in,
            ignored_framework: made == Framework::None
                && built_on.is_empty()
                && !web_adapter
                && !framework.is_empty()
                && framework != "none",
            built_on,
            web_adapter,
        })
    }

    fn os_only(model: &Model, id: &str, stem: &str, family: Family) -> Self {
        let al2 = matches!(id, "provided" | "provided.al2");
        let (system, other) = if al2 {
            ("al2", "al2023")
        } else {
            ("al2023", "al2")
        };
        let own = format!("{stem}.{system}");
        let (cell, stand_in) = if model.base.contains_key(&own) {
            (own, String::new())
        } else if model.base.contains_key(stem) {
            let remark = format!("{stem} stands in for an engine that the package brings itself");
            (stem.to_owned(), remark)
        } else {
            let cell = format!("{stem}.{other}");
            let remark = format!("{cell} is used for {own}, which was not measured");
            (cell, remark)
        };
        Self {
            family,
            framework: Framework::None,
            cell,
            stand_in,
            ignored_framework: false,
            built_on: Vec::new(),
            web_adapter: false,
        }
    }
}

/// The frameworks among the words given that the model's table of packages has.
fn named(model: &Model, family: Family, framework: &str) -> Vec<String> {
    let Some(packages) = family.language().and_then(|name| model.packages.get(name)) else {
        return Vec::new();
    };
    let mut found: Vec<String> = words(framework)
        .map(|word| {
            word.trim_end_matches(|c: char| c.is_ascii_digit())
                .to_owned()
        })
        .filter(|word| packages.contains_key(word))
        .collect();
    let whole = plain(framework);
    if found.is_empty() && packages.contains_key(&whole) {
        found.push(whole);
    }
    found
}

impl Family {
    /// The name of its table of packages.
    pub fn language(self) -> Option<&'static str> {
        match self {
            Self::Node => Some("nodejs"),
            Self::Python => Some("python"),
            Self::Ruby => Some("ruby"),
            Self::Native(Native::Php) => Some("php"),
            Self::Java | Self::Dotnet | Self::Native(_) => None,
        }
    }
}

/// The identifiers of managed runtimes that the model knows, `go1.x` among them.
fn identifiers(model: &Model) -> impl Iterator<Item = &str> {
    model
        .base
        .keys()
        .chain(model.like.keys())
        .map(String::as_str)
        .filter(|id| family_name(id).is_some())
}

/// Managed families' names, with what follows the name.
fn family_name(id: &str) -> Option<(&'static str, &str)> {
    [
        "nodejs",
        "python",
        "ruby",
        "java",
        "dotnetcore",
        "dotnet",
        "go",
    ]
    .into_iter()
    .find_map(|name| {
        let rest = id.strip_prefix(name)?;
        rest.starts_with(|c: char| c.is_ascii_digit())
            .then_some((name, rest))
    })
}

/// The version as two numbers, where the rest of an identifier has the form that AWS gives it.
fn version(family: &str, rest: &str) -> Option<(u32, u32)> {
    let number = |text: &str| text.parse::<u32>().ok();
    match family {
        "nodejs" => Some((number(rest.strip_suffix(".x")?)?, 0)),
        "java" => {
            let major = rest
                .strip_suffix(".al2023")
                .or_else(|| rest.strip_suffix(".al2"))
                .unwrap_or(rest);
            Some((number(major)?, 0))
        }
        "dotnet" => Some((number(rest)?, 0)),
        "python" | "ruby" => {
            let (major, minor) = rest.split_once('.')?;
            Some((number(major)?, number(minor)?))
        }
        _ => None,
    }
}

/// Whether it has the form of a managed runtime's identifier.
fn is_identifier(id: &str) -> bool {
    family_name(id).is_some_and(|(family, rest)| version(family, rest).is_some())
}

/// Whether it is the identifier of a managed runtime: one of the model's, or one of the same form
/// and not much later than the latest of them.
fn is_managed(model: &Model, id: &str) -> bool {
    if versionless(id).is_some() || identifiers(model).any(|known| known == id) {
        return true;
    }
    let Some((family, rest)) = family_name(id) else {
        return false;
    };
    let Some(version_given) = version(family, rest) else {
        return false;
    };
    let latest = identifiers(model)
        .filter_map(family_name)
        .filter(|(name, _)| *name == family)
        .filter_map(|(name, rest)| version(name, rest))
        .max();
    latest.is_some_and(|(major, minor)| {
        version_given <= (major + 4, minor) && {
            version_given.0 != major || version_given.1 <= minor + 4
        }
    })
}

/// The known identifier that takes the fewest edits, at most three.
fn similar(model: &Model, id: &str) -> Option<String> {
    identifiers(model)
        .chain(["provided.al2", "provided.al2023"])
        .map(|known| (edits(id, known), known))
        .filter(|(edits, _)| *edits <= 3)
        .min_by_key(|(edits, known)| (*edits, std::cmp::Reverse(*known)))
        .map(|(_, known)| known.to_owned())
}

/// Levenshtein's distance.
fn edits(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut before = i;
        let mut above_left = i + 1;
        for (b, cell) in right.chars().zip(row.iter_mut().skip(1)) {
            let replaced = before + usize::from(a != b);
            before = *cell;
            *cell = replaced.min(*cell + 1).min(above_left + 1);
            above_left = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// The row of the base table for a managed runtime, and the remark when it is another's.
fn row(model: &Model, id: &str) -> (String, String) {
    if let Some(latest) = versionless(id) {
        let remark = format!("{latest} stands in for {id}, which names no version");
        return (latest.to_owned(), remark);
    }
    if model.base.contains_key(id) {
        return (id.to_owned(), String::new());
    }
    let like = model.like.get(id).cloned().or_else(|| nearest(model, id));
    match like {
        Some(like) => {
            let remark = format!("{like} stands in for {id}, which was not measured");
            (like, remark)
        }
        None => (id.to_owned(), format!("nothing like {id} was measured")),
    }
}

/// The row whose identifier shares the longest beginning, the later one among equals; at least the
/// family's name must agree.
fn nearest(model: &Model, id: &str) -> Option<String> {
    let letters = |text: &str| {
        text.chars()
            .take_while(|c| c.is_ascii_alphabetic())
            .collect::<String>()
    };
    let family = letters(id);
    model
        .base
        .keys()
        // Not what is compiled ahead of time, as `dotnet10-aot.al2023`.
        .filter(|key| letters(key) == family && is_identifier(key))
        .max_by_key(|key| {
            let common = key
                .chars()
                .zip(id.chars())
                .take_while(|(a, b)| a == b)
                .count();
            (common, (*key).clone())
        })
        .cloned()
}

fn made_with(family: Family, framework: &str) -> Framework {
    let has = |word: &str| framework.contains(word);
    match family {
        Family::Java if has("spring") => Framework::SpringBoot,
        Family::Java if has("micronaut") => Framework::Micronaut,
        Family::Java if has("quarkus") => Framework::Quarkus,
        Family::Java if has("dagger") || has("plain") || has("guice") => Framework::PlainJava,
        Family::Dotnet if has("asp") || has("minimalapi") || has("webapi") || has("mvc") => {
            Framework::AspNet
        }
        _ => Framework::None,
    }
}
