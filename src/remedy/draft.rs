//! A finding with its check's fix, the change it names, and the fix in the making.

use serde_json::Value;

use super::quote::TextPiece;
use super::target::{ChangeTarget, RenderedChange};
use crate::findings::{Finding, ResourceId};
use crate::report::plan::{Effort, FixedFinding, Level};

/// A finding with what its check says about fixing it.
#[derive(Clone, Debug)]
pub struct FixRequest {
    /// The finding.
    pub finding: Finding,
    /// The check's title.
    pub title: String,
    /// The check's identifiers in standards, as `catalogue:identifier`.
    pub controls: Vec<String>,
    /// How to fix it, in one sentence, about this resource.
    pub summary: String,
    /// The check's thresholds.
    pub params: Value,
    /// What a person has to decide, where the check itself says so.
    pub decide: Option<String>,
    /// The change that the check names.
    pub change: Option<String>,
    /// The check's own commands for a shell.
    pub shell: Option<Vec<TextPiece>>,
    /// The check's own HCL.
    pub terraform: Option<Vec<TextPiece>>,
}

impl FixRequest {
    pub(super) fn names(&self, change: &NamedChange) -> bool {
        self.change.as_deref() == Some(change.name)
    }

    pub(super) fn item(&self) -> &str {
        self.finding.item.as_deref().unwrap_or_default()
    }

    /// A threshold of the check that the change takes too.
    pub(super) fn number(&self, param: &str) -> Option<u64> {
        self.params.get(param).and_then(Value::as_u64)
    }

    fn fixed(&self) -> FixedFinding {
        FixedFinding {
            check: self.finding.check.clone(),
            severity: self.finding.severity,
            title: self.title.clone(),
            controls: self.controls.clone(),
            message: self.finding.message.clone().unwrap_or_default(),
            item: self.finding.item.clone(),
            fingerprint: self.finding.fingerprint.clone(),
        }
    }
}

/// A change that a check can name.
pub struct NamedChange {
    /// Kebab case, an imperative.
    pub name: &'static str,
    /// What to do, with placeholders of the subject's facts: for checks that say nothing themselves.
    pub summary: &'static str,
    /// What is different afterwards.
    pub effect: &'static str,
    /// How likely it breaks something.
    pub risk: Level,
    /// What it may break.
    pub risk_note: &'static str,
    /// What a person decides first; empty when the commands never wait.
    pub decide: &'static str,
    /// The change of a target, with placeholders for what only a plan knows.
    pub(super) make: fn(&ChangeTarget) -> RenderedChange,
}

/// One fix of one resource.
#[derive(Debug)]
pub struct FixDraft {
    /// What is changed.
    pub resource: ResourceId,
    /// Where, for the commands.
    pub target: ChangeTarget,
    /// In one sentence.
    pub what: String,
    /// The findings it fixes.
    pub findings: Vec<FixedFinding>,
    /// The names of the changes that these findings asked for.
    pub names: Vec<String>,
    /// What is different afterwards, a sentence each.
    pub effects: Vec<String>,
    /// How likely it breaks something.
    pub risk: Level,
    /// What it may break, a sentence each.
    pub risks: Vec<String>,
    /// The work beyond running it.
    pub effort: Effort,
    /// What a person has to decide first, a sentence each.
    pub decide: Vec<String>,
    /// What is to be replaced in the commands before they can run: no decision makes them ready.
    pub gaps: Vec<String>,
    /// What is set, in its order.
    pub changes: Vec<RenderedChange>,
    /// Set where other resources may ask for the same change.
    pub shared: Option<SharedChange>,
}

/// A change that is made once for all resources that ask for it: of a KMS key, of a trail.
#[derive(Debug)]
pub struct SharedChange {
    /// The same for drafts that are one.
    pub key: String,
    /// What each resource brings.
    pub items: Vec<String>,
    /// The sentence and the change for the items of all.
    pub of_all: fn(&SharedChange) -> Option<(String, RenderedChange)>,
    /// What `of_all` also needs.
    pub details: Vec<String>,
}

impl FixDraft {
    /// A fix that does nothing yet.
    pub fn new(resource: &ResourceId, target: &ChangeTarget, what: impl Into<String>) -> Self {
        Self {
            resource: resource.clone(),
            target: target.clone(),
            what: what.into(),
            findings: Vec::new(),
            names: Vec::new(),
            effects: Vec::new(),
            risk: Level::Low,
            risks: Vec::new(),
            effort: Effort::Minutes,
            decide: Vec::new(),
            gaps: Vec::new(),
            changes: Vec::new(),
            shared: None,
        }
    }

    /// It makes the change for these requests: their findings and the change's words are added.
    pub fn apply(&mut self, change: &NamedChange, requests: &[&FixRequest]) {
        self.fixes(requests);
        self.effect(change.effect);
        self.risk(change.risk, change.risk_note);
    }

    /// It fixes the findings of these requests.
    pub fn fixes(&mut self, requests: &[&FixRequest]) {
        for request in requests {
            push_new(&mut self.findings, request.fixed());
            self.names.extend(request.change.clone());
            if let Some(decide) = &request.decide {
                self.decide(decide);
            }
        }
    }

    /// What is different afterwards.
    pub fn effect(&mut self, text: impl Into<String>) {
        push_new(&mut self.effects, text.into());
    }

    /// What may break, and how likely; the worst counts.
    pub fn risk(&mut self, level: Level, text: impl Into<String>) {
        self.risk = self.risk.max(level);
        let text = text.into();
        if !text.is_empty() {
            push_new(&mut self.risks, text);
        }
    }

    /// A person has to decide this first.
    pub fn decide(&mut self, text: impl Into<String>) {
        self.effort = self.effort.max(Effort::Hours);
        push_new(&mut self.decide, text.into());
    }

    /// A person has to replace these words in the commands.
    pub fn replace(&mut self, gaps: Vec<String>) {
        if !gaps.is_empty() {
            self.decide(format!("Replace {} in the commands.", gaps.join(", ")));
        }
        self.gaps.extend(gaps);
    }
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, new: T) {
    if !list.contains(&new) {
        list.push(new);
    }
}

/// Makes one fix of all that share a change.
pub fn join(drafts: &mut Vec<FixDraft>) {
    let mut kept: Vec<FixDraft> = Vec::new();
    for draft in drafts.drain(..) {
        let same = |other: &&mut FixDraft| match (&other.shared, &draft.shared) {
            (Some(other), Some(this)) => other.key == this.key,
            _ => false,
        };
        match kept.iter_mut().find(same) {
            Some(other) => {
                other.findings.extend(draft.findings);
                other.names.extend(draft.names);
                if let (Some(all), Some(this)) = (&mut other.shared, draft.shared) {
                    all.items.extend(this.items);
                    if let Some((what, change)) = (all.of_all)(all) {
                        other.what = what;
                        other.changes = vec![change];
                    }
                }
            }
            None => kept.push(draft),
        }
    }
    *drafts = kept;
}
