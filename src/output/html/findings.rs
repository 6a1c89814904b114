//! What is wrong: a card a check, worst first, and in it a row a finding with everything that
//! supports it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{SHOWN, left_out};
use crate::output::by_file::{FileFindings, by_file, change_word, is_located};
use crate::output::commands::Commands;
use crate::output::shortened::{CheckFindings, by_check, mapped};
use crate::output::{hostile, proof};
use crate::report::numbers::{count, number};
use crate::report::plan::Fix;
use crate::report::policy::{ContextValue, PrincipalClass, Request, RequestPrincipal};
use crate::report::{
    CheckResult, CheckSummary, Evidence, Report, Severity, Status, pointer_segments,
};

/// Rows of a card before the rest is folded.
const ROWS: usize = 6;

/// Bytes of commands and code that the page takes; further findings name the command that prints them.
const FIX_BYTES: usize = 4_000_000;

/// A value that is longer than this is written over several lines.
const ONE_LINE: usize = 72;

pub(super) struct Findings<'a> {
    pub(super) total: usize,
    pub(super) total_shown: String,
    pub(super) left_out: Option<String>,
    pub(super) cards: Vec<CheckCard<'a>>,
    pub(super) severities: Vec<(&'static str, String)>,
    pub(super) kinds: BTreeSet<&'static str>,
    pub(super) regions: BTreeSet<&'a str>,
    pub(super) accounts: BTreeSet<&'a str>,
    pub(super) witnessed: usize,
}

/// A check with findings.
pub(super) struct CheckCard<'a> {
    pub(super) id: &'a str,
    /// The file of the template; findings on templates are grouped by it.
    pub(super) file: Option<String>,
    /// What identifies the card.
    pub(super) anchor: String,
    pub(super) title: &'a str,
    pub(super) severity: &'static str,
    pub(super) many: String,
    pub(super) why: &'a str,
    pub(super) fix: &'a str,
    pub(super) maps: Vec<(&'static str, &'a [String])>,
    pub(super) references: Vec<&'a str>,
    pub(super) rows: Vec<FindingRow<'a>>,
    pub(super) folded: Vec<FindingRow<'a>>,
    pub(super) folded_count: String,
}

/// A finding.
pub(super) struct FindingRow<'a> {
    pub(super) fingerprint: &'a str,
    pub(super) severity: &'static str,
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
    pub(super) item: Option<&'a str>,
    pub(super) message: &'a str,
    pub(super) arn: &'a str,
    pub(super) region: &'a str,
    pub(super) account: &'a str,
    pub(super) evidence: Vec<EvidenceLine<'a>>,
    pub(super) witness: Option<Witness>,
    pub(super) fix: &'a str,
    pub(super) planned: Option<PlannedFix<'a>>,
    pub(super) place: String,
    pub(super) change: Option<&'static str>,
    pub(super) remediate: Option<String>,
    pub(super) explain: Option<String>,
}

/// The fix of a finding as a plan has it.
pub(super) struct PlannedFix<'a> {
    pub(super) what: &'a str,
    pub(super) effect: &'a str,
    pub(super) risk: String,
    /// What a person has to decide first.
    pub(super) decide: Option<&'a str>,
    /// Class, label and text of each form.
    pub(super) forms: Vec<(&'static str, &'static str, &'a str)>,
}

/// A piece of evidence.
pub(super) struct EvidenceLine<'a> {
    pub(super) label: String,
    pub(super) pointer: &'a str,
    pub(super) value: String,
}

/// A request that shows it.
pub(super) struct Witness {
    pub(super) who: String,
    /// `who` is an ARN.
    pub(super) signed: bool,
    pub(super) anonymous: bool,
    pub(super) action: String,
    pub(super) resource: String,
    pub(super) context: Vec<(String, String)>,
    pub(super) command: Option<String>,
    pub(super) json: String,
}

/// A finding that an exception or a baseline accepts.
pub(super) struct Accepted<'a> {
    pub(super) check: &'a str,
    pub(super) severity: &'static str,
    pub(super) name: &'a str,
    pub(super) item: Option<&'a str>,
    pub(super) by: &'a str,
}

impl<'a> Findings<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let groups = match is_located(report) {
            true => located(report),
            false => by_check(report)
                .into_iter()
                .map(|group| (None, group))
                .collect(),
        };
        let groups: Vec<(Option<String>, CheckFindings<'_>)> = groups;
        let total = groups.iter().map(|(_, group)| group.results.len()).sum();
        let mut page = FindingsPage {
            report,
            commands: Commands::of(report),
            fixes: report
                .fixes
                .iter()
                .flat_map(|fix| {
                    let findings = fix.findings.iter();
                    findings.map(move |finding| (finding.fingerprint.as_str(), fix))
                })
                .collect(),
            room: FIX_BYTES,
            cards: 0,
        };
        let mut room = SHOWN;
        let mut cards = Vec::new();
        let mut shown: Vec<&CheckResult> = Vec::new();
        for (file, group) in groups {
            let results = &group.results;
            let taken = results.get(..room.min(results.len())).unwrap_or(results);
            if !taken.is_empty() {
                cards.push(page.card(file, &group, taken));
            }
            shown.extend(taken);
            room -= taken.len();
        }
        Self {
            total,
            total_shown: number(total),
            left_out: left_out(total, "finding"),
            severities: Severity::ALL
                .into_iter()
                .filter_map(|severity| {
                    let many = shown
                        .iter()
                        .filter(|result| result.severity == severity)
                        .count();
                    (many > 0).then(|| (severity.name(), number(many)))
                })
                .collect(),
            kinds: shown
                .iter()
                .map(|result| result.resource.kind.name())
                .collect(),
            regions: shown
                .iter()
                .map(|result| result.resource.region.as_str())
                .collect(),
            accounts: shown
                .iter()
                .map(|result| result.resource.account.as_str())
                .collect(),
            witnessed: shown
                .iter()
                .filter(|result| result.witness.is_some())
                .count(),
            cards,
        }
    }
}

/// The findings of a template by file, and in it by check.
fn located(report: &Report) -> Vec<(Option<String>, CheckFindings<'_>)> {
    let mut groups: Vec<(Option<String>, CheckFindings<'_>)> = Vec::new();
    for FileFindings { file, results } in by_file(report) {
        let first = groups.len();
        for result in results {
            let severity = result.severity;
            let same = |(_, group): &&mut (Option<String>, CheckFindings<'_>)| {
                group.check == result.check && group.severity == severity
            };
            match groups.iter_mut().skip(first).find(same) {
                Some((_, group)) => group.results.push(result),
                None => {
                    let file = file.unwrap_or("not in a template").to_owned();
                    let group = CheckFindings {
                        severity,
                        check: &result.check,
                        results: vec![result],
                    };
                    groups.push((Some(file), group));
                }
            }
        }
    }
    groups
}

/// `template.yaml:12`, or nothing.
fn place(result: &CheckResult) -> String {
    let place = result.location.as_ref();
    place
        .map(|place| format!("{}:{}", place.file, place.line))
        .unwrap_or_default()
}

/// The accepted findings, in the order of the report.
pub(super) fn accepted(report: &Report) -> Vec<Accepted<'_>> {
    report
        .results
        .iter()
        .filter(|result| result.status == Status::Suppressed)
        .take(SHOWN)
        .map(|result| Accepted {
            check: &result.check,
            severity: result.severity.name(),
            name: &result.resource.name,
            item: result.item.as_deref(),
            by: result.suppressed_by.as_deref().unwrap_or("an exception"),
        })
        .collect()
}

/// What every row of the page draws on.
struct FindingsPage<'a> {
    report: &'a Report,
    commands: Commands<'a>,
    /// By the fingerprints of what they fix.
    fixes: BTreeMap<&'a str, &'a Fix>,
    /// Bytes of commands and code that the page still takes.
    room: usize,
    /// Cards so far.
    cards: usize,
}

impl<'a> FindingsPage<'a> {
    fn card(
        &mut self,
        file: Option<String>,
        group: &CheckFindings<'a>,
        results: &[&'a CheckResult],
    ) -> CheckCard<'a> {
        let check = group.check;
        let summary = self.report.checks.get(check);
        let mut rows: Vec<FindingRow<'_>> = results
            .iter()
            .map(|result| self.row(result, summary))
            .collect();
        // One or two folded rows would take no less room than the line that announces them.
        let folded = if rows.len() > ROWS + 2 {
            rows.split_off(ROWS)
        } else {
            Vec::new()
        };
        self.cards += 1;
        CheckCard {
            anchor: match &file {
                None => check.to_owned(),
                // A check has a card a file.
                Some(_) => format!("{check}-{}", self.cards),
            },
            file,
            id: check,
            title: summary.map_or(check, |summary| summary.title.as_str()),
            severity: group.severity.name(),
            many: count(group.results.len(), "finding"),
            why: summary.map_or("", |summary| summary.rationale.as_str()),
            fix: summary.map_or("", |summary| summary.remediation.as_str()),
            maps: summary
                .map(|summary| mapped(summary).collect())
                .unwrap_or_default(),
            references: summary
                .map(|summary| {
                    // A link must not be able to do anything but lead somewhere.
                    let links = summary.references.iter().map(String::as_str);
                    links.filter(|link| link.starts_with("https://")).collect()
                })
                .unwrap_or_default(),
            rows,
            folded_count: format!("{} more", number(folded.len())),
            folded,
        }
    }

    fn row(
        &mut self,
        result: &'a CheckResult,
        summary: Option<&'a CheckSummary>,
    ) -> FindingRow<'a> {
        let resource = &result.resource;
        FindingRow {
            fingerprint: &result.fingerprint,
            severity: result.severity.name(),
            kind: resource.kind.name(),
            name: &resource.name,
            item: result.item.as_deref(),
            message: result.message.as_deref().unwrap_or_default(),
            arn: &resource.arn,
            region: &resource.region,
            account: &resource.account,
            evidence: result.evidence.iter().map(piece).collect(),
            witness: result.witness.as_deref().map(witness),
            fix: summary.map_or("", |summary| summary.remediation.as_str()),
            planned: self.planned(result),
            place: place(result),
            change: change_word(result),
            remediate: self.commands.fix_of(result),
            explain: self.commands.explain(&result.check, resource),
        }
    }

    /// The fix of a finding, while the page has room for it.
    fn planned(&mut self, result: &CheckResult) -> Option<PlannedFix<'a>> {
        let fix = *self.fixes.get(result.fingerprint.as_str())?;
        let forms: Vec<(&str, &str, &str)> = [
            ("cli", "AWS CLI", &fix.shell),
            ("terraform", "Terraform", &fix.terraform),
            ("stack", "CloudFormation", &fix.cloudformation),
        ]
        .into_iter()
        .filter_map(|(class, label, text)| Some((class, label, text.as_deref()?.trim_end())))
        .collect();
        let size = forms.iter().map(|(_, _, text)| text.len()).sum();
        self.room = self.room.checked_sub(size)?;
        let risk = match fix.risk_note.as_str() {
            "" => fix.risk.name().to_owned(),
            note => format!("{}: {note}", fix.risk.name()),
        };
        Some(PlannedFix {
            what: &fix.what,
            effect: &fix.effect,
            risk,
            decide: fix.decide.as_deref().filter(|_| !fix.is_ready()),
            forms,
        })
    }
}

fn piece(evidence: &Evidence) -> EvidenceLine<'_> {
    EvidenceLine {
        label: label(&evidence.pointer),
        pointer: &evidence.pointer,
        value: match &evidence.value {
            Value::String(text) => laid_out_text(text),
            other => laid_out(other),
        },
    }
}

/// A text, and over several lines if it is a document itself, as a policy is.
fn laid_out_text(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(document @ (Value::Object(_) | Value::Array(_))) => laid_out(&document),
        _ => hostile::plain(text).into_owned(),
    }
}

fn laid_out(value: &Value) -> String {
    let short = value.to_string();
    if short.len() <= ONE_LINE {
        short
    } else {
        serde_json::to_string_pretty(value).unwrap_or(short)
    }
}

/// What a pointer into a snapshot points at, in words: the reading's name, and whose it is where it
/// is not the resource's own.
fn label(pointer: &str) -> String {
    let mut parts: Vec<String> = pointer_segments(pointer).collect();
    if parts.last().is_some_and(|part| part == "known") && parts.len() > 1 {
        parts.pop();
    }
    let name = parts.last().map(|part| part.replace('_', " "));
    let of_account = parts.len() == 3 && parts.first().is_some_and(|part| part == "accounts");
    match name {
        Some(name) if of_account => format!("{name} of the account"),
        Some(name) => name,
        None => "the snapshot".to_owned(),
    }
}

fn witness(value: &Value) -> Witness {
    let json = serde_json::to_string_pretty(value).unwrap_or_default();
    match serde_json::from_value::<Request>(value.clone()) {
        Ok(request) => Witness {
            who: proof::who(&request.principal),
            signed: matches!(request.principal, RequestPrincipal::Arn(_)),
            anonymous: request.principal == RequestPrincipal::Class(PrincipalClass::Anonymous),
            command: proof::command(&request),
            context: request
                .context
                .into_iter()
                .map(|(key, value)| (key, context(value)))
                .collect(),
            action: request.action,
            resource: request.resource,
            json,
        },
        // A witness of another form is shown as it is.
        Err(_) => Witness {
            who: String::new(),
            signed: false,
            anonymous: false,
            action: String::new(),
            resource: String::new(),
            context: Vec::new(),
            command: None,
            json,
        },
    }
}

fn context(value: ContextValue) -> String {
    match value {
        ContextValue::One(text) => text,
        ContextValue::Many(texts) => texts.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_labelled_by_its_last_name() {
        assert_eq!(
            label("/accounts/1/buckets/b/policy_status/known"),
            "policy status"
        );
        assert_eq!(label("/accounts/1/buckets/b/policy"), "policy");
        assert_eq!(
            label("/accounts/1/public_access_block/known"),
            "public access block of the account"
        );
        assert_eq!(label("/accounts/1/buckets/a~1b"), "a/b");
        assert_eq!(label(""), "the snapshot");
    }

    #[test]
    fn a_policy_is_laid_out_and_a_text_is_not() {
        let policy = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}"#;
        assert!(laid_out_text(policy).starts_with("{\n  \"Statement\": [\n"));
        assert_eq!(laid_out_text("{\"a\":1}"), "{\"a\":1}");
        assert_eq!(laid_out_text("absent"), "absent");
        assert_eq!(laid_out_text("12"), "12");
        assert_eq!(laid_out_text("a\nb"), "a b");
    }
}
