//! Accounts that are made while a test runs: a hostile one and a large one.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "shared by test files that each use a part of it; a test that fails should say where"
)]

use std::fs;

use serde_json::{Value, json};

use super::fixture;

const ACCOUNT: &str = "123456789012";

fn read(name: &str) -> Value {
    let path = fixture(&format!("snapshots/{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn first(members: &Value) -> Value {
    members
        .as_object()
        .unwrap()
        .values()
        .next()
        .unwrap()
        .clone()
}

/// Texts that are markup, a formula, an escape or an end of something somewhere.
pub fn nasty() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "=HYPERLINK(\"http://evil.example\",\"x\")",
        "@SUM(1+1)",
        "+1|cmd",
        "-1",
        "\t=1",
        "\r\n=1",
        "]]><!--",
        "</skipped></testcase><failure message=\"x\"/>",
        "\"/><script>alert(1)</script><img src=x onerror=alert(1)>",
        "</details></summary>\n# heading\n- item\n",
        "`a` **b** [c](javascript:alert(1)) ![d](http://evil.example/x.png) <!-- e",
        "@everyone #1 GH-1 https://evil.example www.evil.example",
        "| a | b |\n|---|---|",
        "'; DROP TABLE x; --",
        "${{ secrets.TOKEN }} $(id) `id`",
        "::set-output name=x::y\n::error::z",
        "../../etc/passwd",
        "a\u{0}b\u{1}c\u{7}d\u{8}e\u{1b}[2J\u{1b}]0;owned\u{7}f\u{7f}g\u{85}h\u{9b}31mi",
        "\u{202e}txt.exe\u{202c}\u{200f}\u{2066}x\u{2069}\u{200b}\u{feff}",
        "\u{fffe}\u{ffff}\u{fdd0}\u{10ffff}\u{e0041}",
        "\u{2028}\u{2029}\u{85}",
        "東京 🪣 é",
        "&amp;&#x3c;&lt;\\u003c\\",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    for unit in [
        "x", "\"", "<", "&", "\\", "\u{1b}", "🪣", "\u{202e}", "a|b\n", "`",
    ] {
        texts.push(unit.repeat(65_536 / unit.len()));
    }
    texts
}

/// The hostile account of the fixtures with a bucket and a function for each nasty text.
pub fn hostile() -> Value {
    let mut snapshot = read("hostile");
    let account = &mut snapshot["accounts"][ACCOUNT];
    let bucket = first(&account["buckets"]);
    let function = first(&account["regions"]["eu-west-1"]["functions"]);
    for (number, text) in nasty().into_iter().enumerate() {
        let mut bucket = bucket.clone();
        bucket["tags"] = json!({"known": {text.clone(): text}});
        bucket["logging"] = json!({"known": {"target_bucket": text, "target_prefix": text}});
        if number % 2 == 0 {
            bucket["policy"] = json!({"known": text});
        }
        account["buckets"][&text] = bucket;
        let mut function = function.clone();
        function["arn"] = json!(format!(
            "arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{text}"
        ));
        let mut version = function["versions"]["$LATEST"].take();
        version["runtime"] = json!(text);
        function["versions"] = json!({"$LATEST": version.clone(), text.clone(): version});
        account["regions"]["eu-west-1"]["functions"][&text] = function;
    }
    // A call that was refused in words of somebody else's choice.
    account["public_access_block"] =
        json!({"denied": {"action": "s3:GetAccountPublicAccessBlock", "code": nasty()[10]}});
    snapshot
}

/// An account of `number` buckets that fail most checks, by name only different.
pub fn of_buckets(number: usize) -> Value {
    let mut snapshot = read("public-write");
    let buckets = &mut snapshot["accounts"][ACCOUNT]["buckets"];
    let one = buckets["acme-legacy-uploads"].clone();
    let buckets = buckets.as_object_mut().unwrap();
    buckets.clear();
    for number in 0..number {
        buckets.insert(format!("acme-data-{number:04}"), one.clone());
    }
    snapshot
}
