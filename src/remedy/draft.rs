//! A fix in the making: what is known about it before it is written for any target.

use super::Problem;
use super::change::{Change, Place};
use crate::findings::ResourceId;
use crate::report::plan::{Effort, Level, Mended};

/// One fix of one resource.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What is changed.
    pub resource: ResourceId,
    /// Where, for the targets.
    pub place: Place,
    /// In one sentence.
    pub what: String,
    /// The findings it settles.
    pub mends: Vec<Mended>,
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
    /// What is to be put into the commands before they can run: no decision makes them ready.
    pub gaps: Vec<String>,
    /// What is set, in its order.
    pub changes: Vec<Change>,
}

impl Draft {
    /// A fix that does nothing yet.
    pub fn new(resource: &ResourceId, place: &Place, what: impl Into<String>) -> Self {
        Self {
            resource: resource.clone(),
            place: place.clone(),
            what: what.into(),
            mends: Vec::new(),
            effects: Vec::new(),
            risk: Level::Low,
            risks: Vec::new(),
            effort: Effort::Minutes,
            decide: Vec::new(),
            gaps: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// It settles these findings.
    pub fn mends(&mut self, problems: &[&Problem]) {
        for problem in problems {
            let mended = problem.mended();
            if !self.mends.contains(&mended) {
                self.mends.push(mended);
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
        push_new(&mut self.risks, text.into());
    }

    /// A person has to decide this first.
    pub fn decide(&mut self, text: impl Into<String>) {
        self.effort = self.effort.max(Effort::Hours);
        push_new(&mut self.decide, text.into());
    }
}

fn push_new(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}
