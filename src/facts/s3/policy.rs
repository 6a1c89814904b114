//! The bucket's policy document: whether there is one, whether it can be read, and the questions
//! other topics ask of it.
//!
//! Every question answers "no" without a policy, and is undecidable when the document cannot be
//! read as a whole: half a policy would answer half a question.

use schemars::JsonSchema;
use serde::Serialize;

use super::BucketContext;
use super::exposure::{ActionClass, Audience, Bounds};
use crate::facts::vocabulary::NeedTable;
use crate::facts::{Fact, from_reading};
use crate::inventory::bucket::BucketInventory;
use crate::inventory::need::{Need, ReadingKind};
use crate::report::Reach;

/// What the policy document is, before any question of whom it lets in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PolicyFacts {
    /// There is a policy.
    pub present: Fact<bool>,
    /// There is one and it cannot be read as an IAM policy.
    pub malformed: Fact<bool>,
    /// What is wrong with it, with its place; empty when nothing is.
    pub defect: Fact<String>,
}

/// The readings behind each path.
pub const NEEDS: NeedTable = &[("bucket.policy", &[Need::own(ReadingKind::BucketPolicy)])];

/// The policy as it was read: none, or parsed.
pub(super) struct PolicyReading {
    text: Fact<Option<String>>,
}

impl PolicyReading {
    /// Parses the policy of a bucket, once.
    pub(super) fn new(bucket: &BucketInventory) -> Self {
        Self {
            text: from_reading(
                ReadingKind::BucketPolicy,
                &bucket.policy,
                || None,
                |text| Some(text.clone()),
            ),
        }
    }

    /// What the document is.
    pub(super) fn facts(&self) -> PolicyFacts {
        PolicyFacts {
            present: self.text.as_ref().map(Option::is_some),
            malformed: self.text.as_ref().map(|text| {
                text.as_ref()
                    .is_some_and(|text| serde_json::from_str::<serde_json::Value>(text).is_err())
            }),
            defect: self.text.as_ref().map(|text| {
                text.as_ref()
                    .and_then(|text| serde_json::from_str::<serde_json::Value>(text).err())
                    .map(|error| error.to_string())
                    .unwrap_or_default()
            }),
        }
    }

    /// True when there is known to be no policy.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self.text, Fact::Known(None))
    }

    /// Whether a Deny keeps every SSE-C upload out.
    pub(super) fn denies_sse_c(&self, _bucket: &str) -> Fact<bool> {
        self.ask()
    }

    /// Whether a statement lets the log delivery service write.
    pub(super) fn grants_log_delivery(&self, _bucket: &str) -> Fact<bool> {
        self.ask()
    }

    /// What keeps the policy from denying every request over plain HTTP; empty when nothing does.
    pub(super) fn plain_http_weakness(&self, _bucket: &str) -> Fact<String> {
        self.text.as_ref().and_then(|text| match text {
            None => Fact::Known(
                "there is no bucket policy, so nothing denies requests over plain HTTP".to_owned(),
            ),
            Some(_) => Fact::undecidable("the policy's conditions need the policy engine"),
        })
    }

    /// What the policy lets in, Block Public Access aside.
    pub(super) fn reach(
        &self,
        _context: &BucketContext<'_>,
        _audience: Audience,
        _class: ActionClass,
    ) -> Bounds {
        match self.ask() {
            Fact::Known(_) => Bounds::exactly(Reach::Unreachable),
            unknown => Bounds::up_to(Reach::Reachable, &unknown),
        }
    }

    /// Everybody outside the owner's account whom an Allow names, sorted.
    pub(super) fn outsiders(&self, _context: &BucketContext<'_>) -> Fact<Vec<String>> {
        self.ask().map(|_| Vec::new())
    }

    /// True when the policy lets everyone in without any condition: what the documentation calls
    /// public beyond doubt.
    pub(super) fn is_plainly_public(&self) -> bool {
        false
    }

    fn ask(&self) -> Fact<bool> {
        self.text.as_ref().and_then(|text| match text {
            None => Fact::Known(false),
            Some(_) => Fact::undecidable("the policy's conditions need the policy engine"),
        })
    }
}
