//! The posture of each bucket under three headings: access, encryption, monitoring.

use super::weight::{Part, Weight, Weights};
use super::{SHOWN, left_out};
use crate::report::{BucketPosture, ClassReach, Reach, Report};

pub(super) struct Buckets<'a> {
    pub(super) total: usize,
    pub(super) left_out: Option<String>,
    /// Three headings and the columns that say something under each.
    pub(super) groups: Vec<(&'static str, Vec<&'static str>)>,
    pub(super) rows: Vec<Row<'a>>,
    /// Columns in which nothing was read for any bucket.
    pub(super) unread: Vec<&'static str>,
}

/// A bucket.
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    pub(super) region: &'a str,
    pub(super) parts: Vec<Part>,
    pub(super) findings: usize,
    pub(super) cells: Vec<Cell>,
}

/// What stands under a column: a word, how it is to be taken, and what there is to add.
pub(super) struct Cell {
    pub(super) column: &'static str,
    pub(super) tone: &'static str,
    pub(super) word: String,
    pub(super) more: Vec<String>,
}

/// Accounts that are named in a cell.
const OTHERS: usize = 3;

type Column = (&'static str, fn(&BucketPosture) -> Cell);

const ACCESS: &[Column] = &[
    ("Anyone can", anyone),
    ("Other accounts", others),
    ("Public access block", |bucket| {
        word(
            &bucket.access.block_public_access,
            &["on"],
            &["off", "partial"],
        )
    }),
    ("ACLs", |bucket| {
        word(&bucket.access.acls, &["off"], &["on"])
    }),
    ("Plain HTTP", |bucket| reach(bucket.access.plain_http)),
    ("Presigned URLs", |bucket| {
        presigned(bucket.access.presigned)
    }),
];

const ENCRYPTION: &[Column] = &[
    ("Default", default_encryption),
    ("SSE-C", |bucket| {
        word(&bucket.encryption.sse_c, &["blocked"], &["allowed"])
    }),
    ("Client side", |bucket| {
        word(&bucket.encryption.client_side, &["evidence"], &[])
    }),
];

const MONITORING: &[Column] = &[
    ("Access log", access_log),
    ("Data events", |bucket| {
        word(&bucket.monitoring.data_events, &["read+write"], &["off"])
    }),
    ("AWS Config", |bucket| {
        word(&bucket.monitoring.config, &["on"], &["off"])
    }),
];

impl<'a> Buckets<'a> {
    pub(super) fn of(report: &'a Report, weights: &Weights<'_>) -> Self {
        let mut buckets: Vec<(&BucketPosture, Weight)> = report
            .buckets
            .iter()
            .map(|bucket| (bucket, weights.of_bucket(&bucket.account, &bucket.name)))
            .collect();
        buckets.sort_by(|a, b| {
            b.1.cmp(&a.1)
                .then(exposed(b.0).cmp(&exposed(a.0)))
                .then(a.0.name.cmp(&b.0.name))
        });
        let total = buckets.len();
        buckets.truncate(SHOWN);
        let says = |column: &Column| {
            buckets.iter().any(|(bucket, _)| {
                let cell = column.1(bucket);
                !matches!(cell.word.as_str(), "unknown" | "not visible")
            })
        };
        let mut groups = Vec::new();
        let mut shown: Vec<Column> = Vec::new();
        let mut unread = Vec::new();
        for (heading, columns) in [
            ("Access", ACCESS),
            ("Encryption", ENCRYPTION),
            ("Monitoring", MONITORING),
        ] {
            let (kept, dropped): (Vec<Column>, Vec<Column>) =
                columns.iter().copied().partition(says);
            unread.extend(dropped.iter().map(|column| column.0));
            if !kept.is_empty() {
                groups.push((heading, kept.iter().map(|column| column.0).collect()));
            }
            shown.extend(kept);
        }
        Self {
            total,
            left_out: left_out(total, "bucket"),
            groups,
            rows: buckets
                .iter()
                .map(|(bucket, weight)| Row {
                    name: &bucket.name,
                    region: &bucket.region,
                    parts: weight.parts(),
                    findings: weight.total(),
                    cells: shown
                        .iter()
                        .map(|(column, cell)| Cell {
                            column,
                            ..cell(bucket)
                        })
                        .collect(),
                })
                .collect(),
            unread,
        }
    }
}

fn cell(tone: &'static str, word: impl Into<String>) -> Cell {
    Cell {
        column: "",
        tone,
        word: word.into(),
        more: Vec::new(),
    }
}

fn word(text: &str, good: &[&str], bad: &[&str]) -> Cell {
    let tone = if text == "unknown" {
        "unknown"
    } else if good.contains(&text) {
        "good"
    } else if bad.contains(&text) {
        "poor"
    } else {
        "plain"
    };
    cell(tone, text)
}

fn classes(reach: &ClassReach) -> [(&'static str, Reach); 5] {
    [
        ("read", reach.read),
        ("list", reach.list),
        ("write", reach.write),
        ("ACLs", reach.acl),
        ("take over", reach.takeover),
    ]
}

/// What anyone can do: without credentials, or with those of an account that anyone can open.
fn strangers(bucket: &BucketPosture) -> [(&'static str, Reach, Reach); 5] {
    let anonymous = classes(&bucket.access.anonymous);
    let signed = bucket
        .access
        .any_aws_account
        .as_ref()
        .map_or(anonymous, classes);
    let mut both = anonymous.map(|(name, reach)| (name, reach, reach));
    for (one, (_, signed)) in both.iter_mut().zip(signed) {
        one.2 = signed;
    }
    both
}

/// How much strangers can do, to sort by.
fn exposed(bucket: &BucketPosture) -> (usize, Reach) {
    let open = strangers(bucket)
        .iter()
        .filter(|(_, anonymous, signed)| (*anonymous).max(*signed) == Reach::Reachable)
        .count();
    (open, bucket.access.plain_http)
}

fn anyone(bucket: &BucketPosture) -> Cell {
    let classes = strangers(bucket);
    let of = |wanted: Reach| -> Vec<&str> {
        classes
            .iter()
            .filter(|(_, anonymous, signed)| (*anonymous).max(*signed) == wanted)
            .map(|(name, ..)| *name)
            .collect()
    };
    let (open, unsure, bound) = (
        of(Reach::Reachable),
        of(Reach::Unknown),
        of(Reach::Constrained),
    );
    let mut found = if !open.is_empty() {
        cell("bad", open.join(", "))
    } else if unsure.len() == classes.len() {
        cell("unknown", "unknown")
    } else if !unsure.is_empty() {
        cell("unknown", format!("{} unknown", unsure.join(", ")))
    } else {
        cell("good", "nothing")
    };
    if !open.is_empty() {
        let signed_only = classes
            .iter()
            .all(|(_, anonymous, _)| *anonymous != Reach::Reachable);
        if signed_only {
            found.more.push("with any AWS account".to_owned());
        }
        if !unsure.is_empty() {
            found.more.push(format!("{} unknown", unsure.join(", ")));
        }
    }
    if !bound.is_empty() {
        found
            .more
            .push(format!("{} on conditions", bound.join(", ")));
    }
    found
}

fn others(bucket: &BucketPosture) -> Cell {
    match bucket.access.other_accounts.as_slice() {
        [] => cell("good", "none"),
        [one] if one == "unknown" => cell("unknown", "unknown"),
        [one] if one.len() <= 12 => cell("poor", one.as_str()),
        accounts => {
            let mut found = cell("poor", accounts.len().to_string());
            found.more.extend(accounts.iter().take(OTHERS).cloned());
            if accounts.len() > OTHERS {
                found
                    .more
                    .push(format!("and {} more", accounts.len() - OTHERS));
            }
            found
        }
    }
}

fn reach(reach: Reach) -> Cell {
    match reach {
        Reach::Reachable => cell("poor", "accepted"),
        Reach::Constrained => cell("poor", "on conditions"),
        Reach::Unknown => cell("unknown", "unknown"),
        Reach::Unreachable => cell("good", "denied"),
    }
}

/// Presigned requests are an everyday tool: accepted is no fault.
fn presigned(found: Reach) -> Cell {
    let mut cell = reach(found);
    if cell.tone == "poor" {
        cell.tone = "plain";
    }
    cell
}

fn default_encryption(bucket: &BucketPosture) -> Cell {
    let encryption = &bucket.encryption;
    let (tone, name) = match encryption.default.as_str() {
        "sse-s3" => ("plain", "SSE-S3"),
        "sse-kms" => ("good", "SSE-KMS"),
        "dsse-kms" => ("good", "DSSE-KMS"),
        "unknown" => ("unknown", "unknown"),
        other => ("plain", other),
    };
    let mut found = cell(tone, name);
    if let Some(key) = &encryption.key {
        let short = match key.rsplit('/').next() {
            _ if key.ends_with("aws/s3") => "aws/s3".to_owned(),
            // The first group of a key id tells keys of one account apart; evidence has it whole.
            Some(id) if id.len() == 36 => format!("{}…", id.get(..8).unwrap_or(id)),
            Some(id) => id.to_owned(),
            None => key.clone(),
        };
        found.more.push(format!("key {short}"));
    }
    if let Some(on) = encryption.bucket_key {
        found
            .more
            .push(format!("bucket key {}", if on { "on" } else { "off" }));
    }
    found
}

fn access_log(bucket: &BucketPosture) -> Cell {
    match bucket.monitoring.access_log.as_str() {
        "off" => cell("poor", "off"),
        "unknown" => cell("unknown", "unknown"),
        "log target" => cell("plain", "log target"),
        target if target.ends_with(" (not delivered)") => {
            let mut found = cell("poor", "lost");
            found.more.push(format!("to {target}"));
            found
        }
        target => {
            let mut found = cell("good", "on");
            found.more.push(format!("to {target}"));
            found
        }
    }
}
