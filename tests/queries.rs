//! Every query of docs/queries.md answers something on the sample account.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should say where"
)]

mod support;

use std::fs;

use support::coldbucket;
use support::tools::{assert_content, project, tool};

/// Runs each query and fails for one without an answer.
const RUN: &str = r#"
import sys
import duckdb, jq
folder, page = sys.argv[1], sys.argv[2]
lines = open(folder + "/results.jsonl").read()
number = 0
for part in open(page).read().split("\n```")[1:]:
    language, _, query = part.partition("\n")
    if language == "sql":
        answer = duckdb.sql(query.replace("results.jsonl", folder + "/results.jsonl")).fetchall()
    elif language == "jq":
        answer = jq.compile(query).input_text(lines).all()
    else:
        continue
    number += 1
    if not answer:
        sys.exit("no answer:\n" + query)
if number < 8:
    sys.exit("only %d queries were found" % number)
"#;

#[test]
fn every_query_of_the_page_has_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let lines = coldbucket("audit --sample -o jsonl").run().exits(1).stdout;
    fs::write(folder.path().join("results.jsonl"), lines).unwrap();
    assert_content(
        tool("python")
            .args(["-c", RUN])
            .arg(folder.path())
            .arg(project().join("docs/queries.md")),
    );
}
