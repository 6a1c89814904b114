//! When a user or role last called S3: a right that it never uses is one that only an attacker needs.
//!
//! IAM's report covers all of S3, management and data, and no single bucket (IAM user guide, "Refine
//! permissions in AWS using last accessed information", copy of 2026).

use schemars::JsonSchema;

use super::context::IdentityContext;
use crate::facts::fact::{Fact, from_reading};
use crate::facts::group::FactValue;
use crate::inventory::identity::{IdentityInventory, LastAccess};
use crate::inventory::need::ReadingKind;

/// How far back IAM's report looks, days (the same guide, "Things to know about last accessed information").
const TRACKED_DAYS: u32 = 400;

/// When a user or role that has some right on S3 last called it. All others count as active.
#[derive(Clone, Debug, JsonSchema, FactValue)]
#[needs(own(IdentityListing), own(IdentityLastAccess))]
pub struct S3UseFacts {
    /// Whole days since its last request to S3, allowed or refused; without one, since it was created, 400
    /// at most, which is how far IAM looks back. 0 for those without a right on S3.
    pub idle_days: Fact<u32>,
    /// The same in words: `on 2026-03-01` or `never in the last 400 days`.
    pub last: Fact<String>,
}

impl S3UseFacts {
    /// Nothing that could go unused.
    pub(super) fn none() -> Self {
        Self {
            idle_days: Fact::Known(0),
            last: Fact::Known(String::new()),
        }
    }

    /// Concludes from IAM's report.
    pub(super) fn derive(
        context: &IdentityContext<'_>,
        kind: &str,
        identity: &IdentityInventory,
        uses_s3: &Fact<bool>,
    ) -> Self {
        let is_caller = matches!(kind, "user" | "role") && !identity.is_service_linked();
        if !is_caller || uses_s3.known() == Some(&false) {
            return Self::none();
        }
        let found = from_reading(
            ReadingKind::IdentityLastAccess,
            &identity.last_access,
            || Fact::Known((0, String::new())),
            |found| idle(context, identity, found),
        )
        .and_then(|found| found);
        let found = found.zip(uses_s3.clone()).map(|(found, _)| found);
        Self {
            idle_days: found.as_ref().map(|(days, _)| *days),
            last: found.map(|(_, last)| last),
        }
    }
}

fn idle(
    context: &IdentityContext<'_>,
    identity: &IdentityInventory,
    found: &LastAccess,
) -> Fact<(u32, String)> {
    let days = |time: Option<&str>| context.days_since(time);
    match found.s3.as_deref() {
        Some(last) => match days(Some(last)) {
            Some(days) => {
                let day = last.split('T').next().unwrap_or(last);
                Fact::Known((days, format!("on {day}")))
            }
            None => Fact::undecidable(format!("the time {last:?} of its last request is no time")),
        },
        None if !found.covers_s3 => {
            Fact::undecidable("IAM's report on the services it called does not speak of S3")
        }
        None => match days(identity.created.as_deref()) {
            Some(age) => {
                let days = age.min(TRACKED_DAYS);
                Fact::Known((days, format!("never in the last {days} days")))
            }
            None => Fact::undecidable("AWS did not say when it was created"),
        },
    }
}
