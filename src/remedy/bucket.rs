//! A bucket with its settings, who uses it, and its neighbours.
//!
//! A bucket may be public on purpose: a website, a public data set, a partner. Block Public Access ends
//! that at once. So it is proposed as it stands only where nothing of the kind is there and everything
//! that could be was read; otherwise the plan says what would break and asks.

use std::cell::OnceCell;

use crate::facts::bucket::BucketFacts;
use crate::facts::{Because, CurrentSettings, Fact, Facts, Subject, SubjectFacts};
use crate::findings::Reason;
use crate::inventory::ids::SubjectKind;
use coldbucket_policy::wording::{Target, grants_log_delivery};
use coldbucket_policy::{Policy, PolicyKind};

/// A bucket with its facts and its settings.
pub struct BucketState<'a> {
    pub subject: Subject,
    pub facts: BucketFacts<'a>,
    pub settings: CurrentSettings<'a>,
}

/// Every bucket of the snapshot, derived once and only when something asks.
pub struct AllBuckets<'f> {
    facts: &'f Facts<'f>,
    buckets: OnceCell<Vec<BucketState<'f>>>,
}

impl<'f> AllBuckets<'f> {
    pub fn new(facts: &'f Facts<'f>) -> Self {
        Self {
            facts,
            buckets: OnceCell::new(),
        }
    }

    /// The buckets, sorted.
    pub fn all(&self) -> &[BucketState<'f>] {
        self.buckets.get_or_init(|| {
            self.facts
                .subjects(SubjectKind::Bucket)
                .filter_map(|subject| BucketState::of(self.facts, &subject))
                .collect()
        })
    }

    /// The bucket of an account.
    pub fn find(&self, account: &str, name: &str) -> Option<&BucketState<'f>> {
        self.all()
            .iter()
            .find(|bucket| bucket.facts.name == name && bucket.subject.id.account == account)
    }
}

impl<'a> BucketState<'a> {
    /// The bucket of a subject.
    pub fn of(facts: &'a Facts<'_>, subject: &Subject) -> Option<Self> {
        if subject.id.kind != SubjectKind::Bucket {
            return None;
        }
        match facts.view(subject)? {
            SubjectFacts::Bucket(bucket) => Some(Self {
                subject: subject.clone(),
                facts: *bucket,
                settings: facts.current_settings(subject)?,
            }),
            _ => None,
        }
    }

    pub fn name(&self) -> &str {
        &self.facts.name
    }

    pub fn arn(&self) -> &str {
        &self.facts.arn
    }

    /// The text of its policy, where it has one that was read.
    pub fn policy_text(&self) -> Option<&'a str> {
        self.settings.policy.known().copied().flatten()
    }

    /// The ARN of the KMS key of its default encryption, where it has one that was read.
    pub fn key(&self) -> Option<&'a str> {
        self.settings.key.known().copied().flatten()
    }

    /// The target of its access log, where it has one.
    pub fn log_target(&self) -> Option<&str> {
        let target = self.facts.logging.target_bucket.known();
        target
            .map(String::as_str)
            .filter(|target| !target.is_empty())
    }

    /// The other accounts that its policy or ACL names.
    pub fn other_accounts(&self, via: Option<&str>) -> Vec<&str> {
        let accounts = self.facts.exposure.other_accounts.known();
        accounts
            .into_iter()
            .flatten()
            .filter(|other| via.is_none_or(|via| other.via == via))
            .map(|other| other.account.as_str())
            .collect()
    }

    /// Whether AWS deems the policy public: by its own answer, or by its documentation where it was
    /// not asked. `None` where neither is known.
    pub fn is_public(&self) -> Option<bool> {
        let status = &self.facts.public_status;
        let public = status.aws.known().or_else(|| status.documented.known());
        public.copied()
    }

    /// True when its policy or its ACL lets log delivery write.
    pub fn takes_log_delivery(&self) -> bool {
        let grants = self.settings.grants.known();
        self.policy_takes_log_delivery()
            || grants.into_iter().flatten().any(|grant| {
                grant.grantee == "LogDelivery"
                    && matches!(grant.permission.as_str(), "WRITE" | "FULL_CONTROL")
            })
    }

    /// True when its ACL lets log delivery write and its policy does not.
    pub fn log_delivery_by_acl(&self) -> bool {
        self.takes_log_delivery() && !self.policy_takes_log_delivery()
    }

    /// True when its policy does.
    fn policy_takes_log_delivery(&self) -> bool {
        let Some(text) = self.policy_text() else {
            return false;
        };
        let policy = Policy::parse(text, PolicyKind::Resource);
        let target = Target {
            arn: self.facts.arn.clone(),
            owner: self.facts.account.clone(),
        };
        policy.is_sound() && grants_log_delivery(&policy, &target)
    }

    /// What Block Public Access would end here, a sentence each; empty when it is known to end
    /// nothing.
    pub fn public_use(&self) -> Vec<String> {
        let (facts, name) = (&self.facts, self.name());
        let mut uses = Vec::new();
        if facts.website.enabled.known() == Some(&true) {
            uses.push(format!(
                "{name} serves a website: its visitors would get 403 until it is behind CloudFront with an origin access control."
            ));
        }
        match self.is_public() {
            Some(true) => {
                uses.push(format!(
                    "The policy of {name} is public: everyone outside the account loses what it grants, and S3 refuses later policies that are public."
                ));
                let named = self.other_accounts(Some("policy"));
                if !named.is_empty() {
                    uses.push(format!(
                        "It also names {}: with RestrictPublicBuckets that access ends as well, because another statement is public. Move one of the two to another bucket, or name everyone who needs access.",
                        named.join(", ")
                    ));
                }
            }
            None => uses.push(format!(
                "It is not known whether AWS deems the policy of {name} public ({}); if it does, everyone outside the account loses what it grants.",
                why(&facts.public_status.documented)
            )),
            Some(false) => {}
        }
        match facts.acl.public_grants.known() {
            Some(grants) if !grants.is_empty() => {
                let granted: Vec<&str> = grants
                    .iter()
                    .map(|grant| grant.permission.as_str())
                    .collect();
                uses.push(format!(
                    "Its ACL grants {} to everyone: that ends.",
                    granted.join(", ")
                ));
            }
            Some(_) => {}
            None => uses.push(format!(
                "Its ACL could not be read ({}); a public grant in it would end.",
                why(&facts.acl.public_grants)
            )),
        }
        if facts.website.enabled.known().is_none() {
            uses.push(format!(
                "Whether it serves a website could not be read ({}).",
                why(&facts.website.enabled)
            ));
        }
        uses
    }
}

/// Why something is not known, in a few words.
pub fn why<T>(fact: &Fact<T>) -> String {
    let words: Vec<String> = fact
        .because()
        .iter()
        .map(|because: &Because| {
            let word = match because.reason {
                Reason::Denied => "refused: ",
                Reason::Failed => "failed: ",
                Reason::NotCollected => "not read: ",
                Reason::Undecidable => "",
            };
            if because.action.is_empty() {
                because.detail.clone()
            } else {
                format!("{word}{}", because.action)
            }
        })
        .collect();
    words.join("; ")
}
