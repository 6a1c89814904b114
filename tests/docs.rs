//! The generated documentation is what the checks say today, and every topic has its answer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails should say where"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use coldbucket::checks::{Catalog, topics};
use coldbucket::run::docs;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

#[test]
fn the_pages_are_what_the_checks_say() {
    let pages = docs::pages().unwrap();
    for (name, text) in &pages {
        let kept = fs::read_to_string(folder().join(name)).unwrap_or_default();
        assert!(
            kept == *text,
            "docs/{name} is out of date: `make docs` writes it again"
        );
    }
    let made: BTreeSet<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    for kind in ["checks", "man"] {
        for entry in fs::read_dir(folder().join(kind)).unwrap() {
            let name = format!("{kind}/{}", entry.unwrap().file_name().to_str().unwrap());
            assert!(made.contains(name.as_str()), "docs/{name} is left over");
        }
    }
}

#[test]
fn every_topic_has_a_check_or_a_reason() {
    let topics = topics::all().unwrap();
    assert_eq!(topics.len(), 83);
    let mistakes = topics::mistakes(topics, &Catalog::builtin().unwrap());
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}

#[test]
fn a_topic_that_names_no_check_and_no_reason_is_a_mistake() {
    let catalog = Catalog::builtin().unwrap();
    let topic = |checks: &[&str], not_covered: Option<&str>| topics::Topic {
        id: "XX-01".to_owned(),
        title: "Anything".to_owned(),
        checks: checks.iter().map(|id| (*id).to_owned()).collect(),
        not_covered: not_covered.map(str::to_owned),
    };
    for wrong in [
        topic(&[], None),
        topic(&["s3-plain-http"], Some("but why")),
        topic(&["s3-no-such-check"], None),
    ] {
        assert_eq!(topics::mistakes(&[wrong], &catalog).len(), 1);
    }
    let right = [
        topic(&["s3-plain-http"], None),
        topic(&[], Some("not read")),
    ];
    assert!(topics::mistakes(&right, &catalog).is_empty());
}
