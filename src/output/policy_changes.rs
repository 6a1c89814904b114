//! What a deployment newly opens, for a reviewer: the policies that allow more, each with a request that
//! shows it.

use super::proof;
use crate::report::policy::{CompareVerdict, NewAccess, PrincipalClass, RequestPrincipal};
use crate::report::policy_change::{PolicyChange, PolicyName};
use crate::report::{CheckResult, Report, ResultChange, Status};

/// Statements of one policy that are shown.
const STATEMENTS: usize = 5;

/// One policy that allows more than before, or may.
pub(super) struct OpenedPolicy<'r> {
    /// The change.
    pub(super) change: &'r PolicyChange,
    /// `bucket policy of acme-data`.
    pub(super) what: String,
    /// What it allows now; why that is not known.
    pub(super) sentences: Vec<String>,
    /// The first request, and a command that sends one like it.
    pub(super) request: Option<String>,
    /// See above.
    pub(super) command: Option<String>,
    /// It is known that it allows more.
    pub(super) certain: bool,
    /// It allows requests without credentials.
    anonymous: bool,
}

/// The policies that allow more: those that anyone can use first, then those of resources that exist;
/// last those of which it is not known.
pub(super) fn opened(report: &Report) -> Vec<OpenedPolicy<'_>> {
    let mut found: Vec<OpenedPolicy<'_>> = report
        .policy_changes
        .iter()
        .filter(|change| {
            matches!(
                change.comparison.verdict,
                CompareVerdict::New | CompareVerdict::Unknown
            )
        })
        .map(shown)
        .collect();
    found.sort_by_key(|one| (!one.certain, !one.anonymous, one.change.new_resource));
    found
}

fn shown(change: &PolicyChange) -> OpenedPolicy<'_> {
    let answer = &change.comparison;
    let certain = answer.verdict == CompareVerdict::New;
    let mut sentences: Vec<String> = answer
        .statements
        .iter()
        .take(STATEMENTS)
        .map(|access| sentence(change, access, certain))
        .collect();
    if answer.statements.len() > STATEMENTS {
        let more = answer.statements.len() - STATEMENTS;
        sentences.push(format!("{more} more statements allow something new."));
    }
    if !certain {
        let reason = answer.reason.as_deref().unwrap_or("no reason is known");
        sentences.push(format!(
            "Whether it allows more than before could not be decided: {reason}."
        ));
    }
    let request = answer
        .statements
        .iter()
        .find_map(|access| access.witness.as_ref());
    OpenedPolicy {
        change,
        what: what(change),
        sentences,
        request: request.and_then(|request| serde_json::to_string(request).ok()),
        command: request.and_then(proof::command),
        certain,
        anonymous: answer.statements.iter().any(|access| {
            let caller = access.witness.as_ref().map(|request| &request.principal);
            caller == Some(&RequestPrincipal::Class(PrincipalClass::Anonymous))
        }),
    }
}

/// The comparison's words are those of two files, OLD and NEW.
fn sentence(change: &PolicyChange, access: &NewAccess, certain: bool) -> String {
    let subject = match certain {
        true => "The change lets ",
        false => "The change may let ",
    };
    let today = match change.new_resource {
        true => "the resource is new",
        false => "today no Allow statement matches that",
    };
    let text = access
        .because
        .replacen("NEW lets ", subject, 1)
        .replace("no Allow statement of OLD matches that", today)
        .replace("OLD denied it", "today it is denied");
    let of = change
        .from
        .get(access.index)
        .map(|name| format!(" of {name}"));
    let sid = access.sid.as_ref().map(|sid| format!(", {sid}"));
    format!(
        "{text} (statement {}{}{}).",
        access.index,
        sid.unwrap_or_default(),
        of.unwrap_or_default()
    )
}

/// The policy, for a person.
pub(super) fn what(change: &PolicyChange) -> String {
    let name = &change.resource.name;
    match (change.policy, &change.qualifier) {
        (PolicyName::BucketPolicy, _) => format!("bucket policy of {name}"),
        (PolicyName::KeyPolicy, _) => format!("key policy of {name}"),
        (PolicyName::FunctionPolicy, None) => format!("function policy of {name}"),
        (PolicyName::FunctionPolicy, Some(alias)) => format!("function policy of {name}:{alias}"),
        (PolicyName::TrustPolicy, _) => format!("trust policy of {name}"),
        (PolicyName::Permissions, _) => format!("permissions of {name}"),
        (PolicyName::ManagedPolicy, _) => format!("managed policy {name}"),
    }
}

/// How many results of each change: new findings, fixed ones, and findings that stay.
pub(super) struct ChangeCounts {
    /// Findings that the deployment brings.
    pub(super) new: usize,
    /// Findings that it fixes.
    pub(super) fixed: usize,
    /// Findings that it leaves.
    pub(super) same: usize,
}

impl ChangeCounts {
    /// Counts; none without `--onto`.
    pub(super) fn of(report: &Report) -> Option<Self> {
        report.scope.template.as_ref()?.onto.as_ref()?;
        let count = |such: &dyn Fn(&CheckResult) -> bool| {
            report.results.iter().filter(|result| such(result)).count()
        };
        let is = |result: &CheckResult, change| result.change == Some(change);
        let fails = |result: &CheckResult| result.status == Status::Fail;
        Some(Self {
            new: count(&|result| fails(result) && is(result, ResultChange::New)),
            fixed: count(&|result| is(result, ResultChange::Fixed)),
            same: count(&|result| fails(result) && is(result, ResultChange::Same)),
        })
    }

    /// `2 new, 1 fixed, 3 as before`.
    pub(super) fn text(&self) -> String {
        format!(
            "{} new, {} fixed, {} as before",
            self.new, self.fixed, self.same
        )
    }
}
