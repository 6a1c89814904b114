//! The dependency rule of `src/lib.rs`, held by reading the source.
//!
//! Text is enough here: rooms are named by `crate::room` (or a chain of `super::` that reaches the
//! root), and the forbidden crates by their names. Comments are passed over, so essays may mention
//! what code may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which rooms each room may name, besides itself.
const MAY_NAME: &[(&str, &[&str])] = &[
    (
        "cli",
        // Of output, the names of the formats.
        &[
            "run",
            "checks",
            "findings",
            "facts",
            "inventory",
            "output",
            "report",
        ],
    ),
    (
        "run",
        &[
            "cli",
            "collect",
            "checks",
            "facts",
            "findings",
            "inventory",
            "output",
            "remedy",
            "report",
            "template",
        ],
    ),
    ("collect", &["inventory"]),
    ("template", &["inventory"]),
    ("inventory", &[]),
    ("facts", &["inventory", "report"]),
    // Of remedy, the names and the summaries of the changes.
    ("checks", &["facts", "findings", "inventory", "remedy"]),
    ("findings", &["inventory", "report"]),
    ("remedy", &["facts", "findings", "report", "inventory"]),
    ("output", &["report"]),
    // A report names resources the way the inventory does.
    ("report", &["inventory"]),
];

/// Of `inventory`, the rooms that judge or report may only name these modules.
const INVENTORY_PARTS: &[(&str, &[&str])] = &[
    ("checks", &["ids", "need", "pointer"]),
    ("findings", &["ids", "need", "pointer"]),
    ("remedy", &["ids", "need", "pointer", "bucket"]),
    ("report", &["ids", "bucket", "pointer"]),
];

/// Words, the rule that fences them, and the files that may use them.
type Fence = (&'static [&'static str], &'static str, fn(&str) -> bool);

/// Words that only some files may use, and who they are.
const FENCED: &[Fence] = &[
    (
        &[
            "aws_sdk_",
            "aws_config::",
            "aws_smithy",
            "aws_credential_types::",
            "tokio::",
            "indicatif::",
        ],
        "only collect/ names the SDK, tokio or the progress bar",
        |file| file.starts_with("collect/"),
    ),
    (
        &["SystemTime", "Instant::now", "Timestamp::now", "Zoned::now"],
        "only collect/ names a clock, and run/clock.rs for templates; today is the snapshot's taken_at",
        |file| file.starts_with("collect/") || file == "run/clock.rs",
    ),
    (
        &["cel::"],
        "only checks/expression/engine.rs names the CEL crate",
        |file| file == "checks/expression/engine.rs",
    ),
    (
        &[
            "std::fs",
            "fs::read",
            "fs::write",
            "File::open",
            "File::create",
            "tempfile::",
        ],
        "only run touches files",
        |file| file == "run.rs" || file.starts_with("run/"),
    ),
    (
        &["std::env"],
        "only the command line and collection read the environment",
        |file| {
            file == "main.rs"
                || file == "run.rs"
                || file.starts_with("run/")
                || file.starts_with("cli/")
                || file.starts_with("collect/")
        },
    ),
    (
        &["TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs"],
        "what judges cannot reach the network",
        |file| file.starts_with("collect/"),
    ),
];

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn source_files() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![source_root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(source_root())
                    .unwrap()
                    .to_string_lossy()
                    .replace('\\', "/");
                found.push((name, code_of(&fs::read_to_string(&path).unwrap())));
            }
        }
    }
    found.sort();
    assert!(found.len() > 20, "the source was not found");
    found
}

/// The code without comment lines and without what follows `//` on a line.
fn code_of(text: &str) -> String {
    text.lines()
        .map(|line| match line.find("//") {
            // `https://` inside a string is no comment.
            Some(at) if !line[..at].ends_with(':') => &line[..at],
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn room_of(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// How many `super::` lead from this file's module to the crate root.
fn depth_of(file: &str) -> usize {
    let parts = file.split('/').count();
    if file.ends_with("/mod.rs") {
        parts - 1
    } else {
        parts
    }
}

fn words_after<'a>(text: &'a str, marker: &str) -> Vec<&'a str> {
    text.match_indices(marker)
        .filter(|(at, _)| {
            !text[..*at]
                .chars()
                .next_back()
                .is_some_and(|before| before.is_alphanumeric() || before == '_' || before == ':')
        })
        .map(|(at, _)| &text[at + marker.len()..])
        .collect()
}

fn word(text: &str) -> &str {
    let end = text
        .find(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
        .unwrap_or(text.len());
    &text[..end]
}

/// The names that directly follow a path to the crate root, with the name after each.
fn rooms_named(file: &str, code: &str) -> BTreeSet<(String, String)> {
    let to_root = "super::".repeat(depth_of(file));
    let mut named = BTreeSet::new();
    for marker in ["crate::", to_root.as_str()] {
        for rest in words_after(code, marker) {
            let heads: Vec<&str> = match rest.strip_prefix('{') {
                Some(group) => group
                    .split('}')
                    .next()
                    .unwrap()
                    .split(',')
                    .map(str::trim)
                    .collect(),
                None => vec![rest],
            };
            for head in heads {
                let room = word(head);
                let next = head[room.len()..].strip_prefix("::").map_or("", word);
                named.insert((room.to_owned(), next.to_owned()));
            }
        }
    }
    named
}

#[test]
fn rooms_name_only_what_the_dependency_rule_allows() {
    let rooms: BTreeSet<&str> = MAY_NAME.iter().map(|(room, _)| *room).collect();
    let mut broken = Vec::new();
    for (file, code) in source_files() {
        let room = room_of(&file);
        if room == "lib" || room == "main" {
            continue;
        }
        let (_, allowed) = MAY_NAME
            .iter()
            .find(|(name, _)| *name == room)
            .unwrap_or_else(|| panic!("src/{file} is in a room the design does not know"));
        for (named, part) in rooms_named(&file, &code) {
            if !rooms.contains(named.as_str()) || named == room {
                continue;
            }
            if !allowed.contains(&named.as_str()) {
                broken.push(format!("src/{file} names crate::{named}"));
            }
            if named == "inventory"
                && let Some((_, parts)) = INVENTORY_PARTS.iter().find(|(name, _)| *name == room)
                && !parts.contains(&part.as_str())
            {
                broken.push(format!("src/{file} names crate::inventory::{part}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn fenced_crates_and_clocks_stay_in_their_rooms() {
    let mut broken = Vec::new();
    for (file, code) in source_files() {
        for (words, rule, allowed) in FENCED {
            if allowed(&file) {
                continue;
            }
            for word in *words {
                if !words_after(&code, word).is_empty() {
                    broken.push(format!("src/{file} uses {word}: {rule}"));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn nothing_is_named_for_being_useful() {
    for (file, _) in source_files() {
        for part in file.trim_end_matches(".rs").split('/') {
            assert!(
                !["util", "utils", "helper", "helpers", "common", "misc"].contains(&part),
                "src/{file}: a room is named for its purpose"
            );
        }
    }
}

#[test]
fn every_module_opens_with_what_it_is_for() {
    for (file, _) in source_files() {
        let text = fs::read_to_string(source_root().join(&file)).unwrap();
        assert!(text.starts_with("//!"), "src/{file} opens without an essay");
    }
}

#[test]
fn without_feature_aws_there_is_no_sdk_and_no_tokio_in_the_build() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--no-default-features",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("serde_json"), "the tree was not printed");
    for line in tree.lines() {
        assert!(
            !line.starts_with("aws-") && !line.starts_with("tokio") && !line.starts_with("hyper"),
            "{line} is in the build without feature aws"
        );
    }
}

#[test]
fn no_sdk_crate_stands_on_its_default_features() {
    let manifest =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let sdk: Vec<&str> = manifest
        .lines()
        .filter(|line| line.starts_with("aws-"))
        .collect();
    assert!(sdk.len() > 3);
    for line in sdk {
        assert!(line.contains("default-features = false"), "{line}");
    }
    // The legacy stack that those defaults bring in.
    let lock =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    assert!(
        !lock.contains("name = \"rustls\"\nversion = \"0.21"),
        "rustls 0.21 is back"
    );
    assert!(
        !lock.contains("name = \"hyper\"\nversion = \"0.14"),
        "hyper 0.14 is back"
    );
}
