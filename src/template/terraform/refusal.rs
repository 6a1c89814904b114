//! Why a file is not a plan in JSON: what it looks like, and the command that makes the right one.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

/// The largest plan that is read, bytes.
pub const MOST_BYTES: usize = 512 << 20;

/// The command that prints a plan in JSON.
const SHOW: &str =
    "make it with `terraform show -json PLANFILE > plan.json` (or `tofu show -json`)";

/// The commands that make a plan, and print it.
const PLAN_AND_SHOW: &str = "make it with `terraform plan -out PLANFILE` and `terraform show -json PLANFILE > plan.json` (or `tofu`)";

/// Why a file is not a plan in JSON.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// No bytes, or white space only.
    #[error("the file is empty, not a plan in JSON; {SHOW}")]
    Empty,
    /// More than [`MOST_BYTES`].
    #[error("the file is larger than {} MB", MOST_BYTES >> 20)]
    TooLarge,
    /// A plan file as `terraform plan -out` writes it.
    #[error(
        "this looks like a plan file as `terraform plan -out` writes it, not like a plan in JSON; {SHOW}"
    )]
    BinaryPlan,
    /// Other bytes that are no text.
    #[error("this is not text, but a plan in JSON is; {SHOW}")]
    NotText,
    /// The log of `terraform plan -json`: one message a line, without the values.
    #[error(
        "this looks like the log of `terraform plan -json`, which has no resource values; {PLAN_AND_SHOW}"
    )]
    PlanLog,
    /// What `terraform plan` prints for people.
    #[error(
        "this looks like the text that `terraform plan` prints, not like a plan in JSON; {PLAN_AND_SHOW}"
    )]
    PlanText,
    /// A state file.
    #[error(
        "this looks like a state file (terraform.tfstate), which describes resources that exist, not a plan; {SHOW}"
    )]
    StateFile,
    /// A CloudFormation template.
    #[error("this looks like a CloudFormation template; give it with `--template`")]
    CloudFormation,
    /// A snapshot or a report of coldbucket.
    #[error("this is a document of coldbucket (`{0}`), not a plan; {SHOW}")]
    Coldbucket(String),
    /// Terraform configuration.
    #[error("this looks like Terraform configuration, not like a plan; {PLAN_AND_SHOW}")]
    Configuration,
    /// JSON that ends too early.
    #[error("the file is truncated at line {line}, column {column}; {SHOW}")]
    Truncated {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
    },
    /// Text that is not JSON.
    #[error("this is not a plan in JSON: {0}; {SHOW}")]
    NotJson(String),
    /// JSON with a member that is not as Terraform writes it.
    #[error("not a plan as Terraform writes it: {0}")]
    Shape(String),
    /// A format version that is not known.
    #[error("format version {0} is not known; this version reads 0.1 to 1.x")]
    FormatVersion(String),
    /// JSON without the members of a plan.
    #[error("JSON without `planned_values` or `resource_changes`; {SHOW}")]
    NoPlan,
    /// More modules, resources or nesting than are read.
    #[error("the plan has more than {limit} {what}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

/// The text of a plan: UTF-8, or UTF-16 with a byte order mark as PowerShell's `>` writes it.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, PlanError> {
    if bytes.len() > MOST_BYTES {
        return Err(PlanError::TooLarge);
    }
    let units: Option<fn([u8; 2]) -> u16> = match bytes {
        // The local file header of a zip archive.
        [b'P', b'K', 3, 4, ..] => return Err(PlanError::BinaryPlan),
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        _ => None,
    };
    let text = match units {
        Some(unit) => {
            let wide = bytes.chunks_exact(2).skip(1).map(|pair| match pair {
                [a, b] => unit([*a, *b]),
                _ => 0,
            });
            let text: Result<String, _> = char::decode_utf16(wide).collect();
            Cow::Owned(text.map_err(|_| PlanError::NotText)?)
        }
        None => {
            let text = std::str::from_utf8(bytes).map_err(|_| PlanError::NotText)?;
            Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text))
        }
    };
    if text.trim().is_empty() {
        return Err(PlanError::Empty);
    }
    Ok(text)
}

/// The members by which other JSON documents are recognised.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Hints<'a> {
    #[serde(borrow, rename = "@level")]
    level: Option<&'a RawValue>,
    #[serde(borrow)]
    schema: Option<Cow<'a, str>>,
    #[serde(borrow)]
    lineage: Option<&'a RawValue>,
    #[serde(borrow)]
    terraform_version: Option<&'a RawValue>,
    #[serde(borrow)]
    serial: Option<&'a RawValue>,
    #[serde(borrow, rename = "Resources")]
    resources: Option<&'a RawValue>,
    #[serde(borrow, rename = "AWSTemplateFormatVersion")]
    template: Option<&'a RawValue>,
}

/// What JSON without the members of a plan is.
pub(super) fn other_json(text: &str) -> PlanError {
    let hints: Hints<'_> = serde_json::from_str(text).unwrap_or_default();
    if hints.level.is_some() {
        PlanError::PlanLog
    } else if hints.lineage.is_some() || hints.serial.is_some() && hints.terraform_version.is_some()
    {
        PlanError::StateFile
    } else if hints.template.is_some() || hints.resources.is_some() {
        PlanError::CloudFormation
    } else if let Some(schema) = hints
        .schema
        .filter(|schema| schema.starts_with("coldbucket-"))
    {
        PlanError::Coldbucket(
            schema
                .chars()
                .filter(|c| !c.is_control())
                .take(60)
                .collect(),
        )
    } else {
        PlanError::NoPlan
    }
}

/// What text is that is not one JSON document.
pub(super) fn not_json(text: &str, error: &serde_json::Error) -> PlanError {
    let start = text.trim_start();
    // Of a log, the first line is a whole document.
    let first_line: Result<Hints<'_>, _> = serde_json::from_str(start.lines().next().unwrap_or(""));
    if first_line.is_ok_and(|hints| hints.level.is_some()) {
        return PlanError::PlanLog;
    }
    let head: String = start.chars().take(20_000).collect();
    let says = |words: &str| head.contains(words);
    if says("will perform the following actions") || says("Terraform used the selected providers") {
        return PlanError::PlanText;
    }
    if start.starts_with("AWSTemplateFormatVersion") || says("\nResources:") {
        return PlanError::CloudFormation;
    }
    let block = |line: &str| {
        [
            "resource \"",
            "module \"",
            "provider \"",
            "variable \"",
            "data \"",
            "terraform {",
        ]
        .iter()
        .any(|keyword| line.starts_with(keyword))
    };
    if head.lines().any(block) {
        return PlanError::Configuration;
    }
    match error.classify() {
        serde_json::error::Category::Eof => PlanError::Truncated {
            line: error.line(),
            column: error.column(),
        },
        serde_json::error::Category::Data => PlanError::Shape(error.to_string()),
        _ => PlanError::NotJson(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_document;
    use super::*;

    fn refused(bytes: &[u8]) -> PlanError {
        let text = match decode(bytes) {
            Ok(text) => text,
            Err(error) => return error,
        };
        read_document(&text).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_file_that_is_no_plan_is_named_with_what_it_looks_like() {
        let table: &[(&[u8], PlanError)] = &[
            (b" \n", PlanError::Empty),
            (b"PK\x03\x04rest", PlanError::BinaryPlan),
            (b"\xf0\x28\x8c\x28", PlanError::NotText),
            (
                b"{\"@level\":\"info\",\"@message\":\"Terraform 1.9\"}\n{\"@level\":\"info\"}\n",
                PlanError::PlanLog,
            ),
            (
                b"Terraform used the selected providers to generate the following plan.",
                PlanError::PlanText,
            ),
            (
                b"{\"version\":4,\"terraform_version\":\"1.9.0\",\"serial\":3,\"lineage\":\"x\",\"resources\":[]}",
                PlanError::StateFile,
            ),
            (b"{\"Resources\":{}}", PlanError::CloudFormation),
            (b"AWSTemplateFormatVersion: 2010-09-09\nResources: {}", PlanError::CloudFormation),
            (
                b"{\"schema\":\"coldbucket-snapshot/1\"}",
                PlanError::Coldbucket("coldbucket-snapshot/1".to_owned()),
            ),
            (b"resource \"aws_s3_bucket\" \"b\" {}", PlanError::Configuration),
            (
                b"{\"format_version\":\"1.2\",\n\"planned",
                PlanError::Truncated { line: 2, column: 8 },
            ),
            (b"{\"a\":1}", PlanError::NoPlan),
            (
                b"{\"format_version\":\"2.0\",\"planned_values\":{}}",
                PlanError::FormatVersion("2.0".to_owned()),
            ),
        ];
        for (bytes, expected) in table {
            assert_eq!(&refused(bytes), expected);
        }
        assert!(matches!(refused(b"hello"), PlanError::NotJson(_)));
        assert!(matches!(
            refused(b"{\"planned_values\":7}"),
            PlanError::Shape(_)
        ));
    }

    #[test]
    fn a_plan_in_utf_16_is_read() {
        let text = "{\"planned_values\":{}}";
        let mut bytes = vec![0xff, 0xfe];
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(decode(&bytes).unwrap(), text);
        assert_eq!(decode("\u{feff}{}".as_bytes()).unwrap(), "{}");
    }
}
