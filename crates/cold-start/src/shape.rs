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
    /// Nothing is known but that it is not a managed runtime.
    Unknown,
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
}

/// Lower case, with everything but letters and digits dropped.
fn plain(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// What an OS-only runtime runs, by the name a user gives: the stem of the base table's row.
fn os_only(framework: &str) -> Option<(&'static str, Family)> {
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
        Some(("shell", native(Native::Unknown)))
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
    pub fn of(model: &Model, runtime: &str, framework: Option<&str>) -> Self {
        let id = runtime.trim().to_ascii_lowercase();
        let framework = plain(framework.unwrap_or_default());
        let named = plain(&id);
        // A managed runtime whose package is compiled ahead of time starts like the OS-only one.
        let ahead_of_time = framework.contains("graal")
            || framework.contains("aot")
            || (framework.contains("native") && !framework.contains("react"));
        if id.starts_with("provided") || ahead_of_time || !is_managed(&id) {
            let words = if framework.is_empty() || !(id.starts_with("provided") || ahead_of_time) {
                &named
            } else {
                &framework
            };
            return Self::os_only(model, &id, words, &framework);
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
        let (framework, ignored_framework) = made_with(family, &framework);
        Self {
            family,
            framework,
            cell,
            stand_in,
            ignored_framework,
        }
    }

    fn os_only(model: &Model, id: &str, words: &str, framework: &str) -> Self {
        let system = if id == "provided" || id == "provided.al2" {
            "al2"
        } else {
            "al2023"
        };
        let other = if system == "al2" { "al2023" } else { "al2" };
        let (stem, family, said) = match os_only(words) {
            Some((stem, family)) => (stem, family, true),
            None => ("go", Family::Native(Native::Unknown), false),
        };
        let own = format!("{stem}.{system}");
        let (cell, mut stand_in) = if model.base.contains_key(&own) {
            (own, String::new())
        } else {
            let cell = format!("{stem}.{other}");
            let remark = if id.starts_with("provided") {
                format!("{cell} stands in for {own}, which was not measured")
            } else {
                String::new()
            };
            (cell, remark)
        };
        if !said {
            stand_in =
                "what the OS-only runtime runs is not known; a Go program stands in".to_owned();
        }
        Self {
            family,
            framework: Framework::None,
            cell,
            stand_in,
            ignored_framework: !framework.is_empty() && !said,
        }
    }
}

fn is_managed(id: &str) -> bool {
    ["nodejs", "node", "python", "ruby", "java", "dotnet", "go1."]
        .iter()
        .any(|prefix| id.starts_with(prefix))
        || id == "go1"
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

fn made_with(family: Family, framework: &str) -> (Framework, bool) {
    let has = |word: &str| framework.contains(word);
    let found = match family {
        Family::Java if has("spring") => Framework::SpringBoot,
        Family::Java if has("micronaut") => Framework::Micronaut,
        Family::Java if has("quarkus") => Framework::Quarkus,
        Family::Java if has("dagger") || has("plain") || has("guice") => Framework::PlainJava,
        Family::Dotnet if has("asp") || has("minimalapi") || has("webapi") || has("mvc") => {
            Framework::AspNet
        }
        _ => Framework::None,
    };
    (
        found,
        found == Framework::None && !framework.is_empty() && framework != "none",
    )
}
