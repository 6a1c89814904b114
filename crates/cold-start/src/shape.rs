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
        "unknown framework {framework:?} on {runtime}; known are rust, go, cpp, swift, llrt, bun, php, laravel, symfony, graalvm, quarkus, micronaut, spring-boot, dotnet8-aot, shell"
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

/// What an OS-only runtime runs, by the name a user gives: the stem of the base table's row.
fn os_only_program(framework: &str) -> Option<(&'static str, Family)> {
    let has = |word: &str| framework.contains(word);
    let native = Family::Native;
    if has("rust") {
        Some(("rust", native(Native::Rust)))
    } else if has("golang") || framework == "go" || framework.starts_with("go1") {
        Some(("go", native(Native::Go)))
    } else if has("llrt") {
        Some(("llrt", native(Native::Llrt)))
    } else if has("bun") {
        Some(("bun", Family::Node))
    } else if has("dotnet") || has("aot") || has("csharp") || framework.starts_with("net") {
        let stem = if has("10") {
            "dotnet10-aot"
        } else if has("9") {
            "dotnet9-aot"
        } else if has("7") {
            "dotnet7-aot"
        } else {
            "dotnet8-aot"
        };
        Some((stem, native(Native::DotnetAot)))
    } else if has("php") || has("bref") || has("laravel") || has("symfony") {
        Some(("shell", native(Native::Php)))
    } else if has("quarkus") {
        Some(("quarkus", native(Native::GraalVm)))
    } else if has("graal")
        || has("native")
        || has("micronaut")
        || has("spring")
        || has("java")
        || has("dagger")
    {
        Some(("graalvm", native(Native::GraalVm)))
    } else if has("swift") {
        Some(("swift", native(Native::Rust)))
    } else if framework == "c" || has("cpp") || framework.starts_with("cplus") {
        Some(("cpp", native(Native::Rust)))
    } else if has("shell") || has("bash") {
        Some(("shell", native(Native::Shell)))
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
        let web_adapter = framework.contains("webadapter") || framework.contains("lwa");
        let os_only = id.starts_with("provided");
        // A managed runtime whose package is compiled ahead of time starts like the OS-only one.
        let ahead_of_time = framework.contains("graal")
            || framework.contains("aot")
            || (framework.contains("native") && !framework.contains("react"));
        let managed = is_managed(model, &id);
        if !managed && !os_only && os_only_program(&plain(&id)).is_none() {
            return Err(ShapeError::Runtime {
                name: runtime.to_owned(),
                similar: similar(model, &id),
            });
        }
        if os_only || ahead_of_time || !managed {
            let words = if os_only || ahead_of_time {
                &framework
            } else {
                &plain(&id)
            };
            if words.is_empty() {
                return Err(ShapeError::Unstated(id));
            }
            let Some((stem, family)) = os_only_program(words) else {
                return Err(ShapeError::Framework {
                    runtime: id,
                    framework: given.to_owned(),
                });
            };
            let mut shape = Self::os_only(model, &id, stem, family);
            shape.web_adapter = web_adapter;
            if family == Family::Native(Native::DotnetAot) {
                shape.framework = made_with(Family::Dotnet, &framework);
            }
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
        let al2 = id == "provided" || id.contains("al2") && !id.contains("al2023");
        let (system, other) = if al2 {
            ("al2", "al2023")
        } else {
            ("al2023", "al2")
        };
        let own = format!("{stem}.{system}");
        let (cell, stand_in) = if model.base.contains_key(&own) {
            (own, String::new())
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
    let words = framework.split(|c: char| c.is_whitespace() || c == ',' || c == '+');
    let mut found: Vec<String> = words
        .map(plain)
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
    let id = versionless(id).unwrap_or(id);
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
        .filter(|key| letters(key) == family)
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
