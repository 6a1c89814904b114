//! The line of the posture table for one bucket.
//!
//! A posture always says something: what is not known is the word `unknown`, or null where the
//! report's type has no words.

use super::BucketFacts;
use super::exposure::ReachFacts;
use crate::facts::fact::Fact;
use crate::report::{
    AccessPosture, BucketPosture, ClassReach, EncryptionPosture, MonitoringPosture, Reach,
};

/// The word for what could not be concluded.
const UNKNOWN: &str = "unknown";

impl BucketFacts<'_> {
    /// The posture of the bucket under the guidance's three headings.
    pub fn posture(&self) -> BucketPosture {
        BucketPosture {
            name: self.name.clone(),
            region: self.region.clone(),
            account: self.account.clone(),
            access: self.access(),
            encryption: self.encryption_posture(),
            monitoring: self.monitoring(),
        }
    }

    fn access(&self) -> AccessPosture {
        AccessPosture {
            anonymous: classes(&self.exposure.anonymous),
            any_aws_account: Some(classes(&self.exposure.any_aws_account)),
            other_accounts: match &self.exposure.other_accounts {
                Fact::Known(outsiders) => {
                    let mut accounts: Vec<String> = outsiders
                        .iter()
                        .map(|outsider| outsider.account.clone())
                        .collect();
                    accounts.sort();
                    accounts.dedup();
                    accounts
                }
                Fact::Unknown { .. } => vec![UNKNOWN.to_owned()],
            },
            acls: word(
                &self.acl.enabled,
                |enabled| if *enabled { "on" } else { "off" },
            ),
            block_public_access: self.block_public_access(),
            plain_http: match self.transport.plain_http_reachable {
                Fact::Known(true) => Reach::Reachable,
                Fact::Known(false) => Reach::Unreachable,
                Fact::Unknown { .. } => Reach::Unknown,
            },
            presigned: self
                .exposure
                .presigned
                .reach
                .known()
                .copied()
                .unwrap_or(Reach::Unknown),
        }
    }

    fn block_public_access(&self) -> String {
        let block = &self.public_access_block;
        let flags = [
            &block.block_public_acls,
            &block.ignore_public_acls,
            &block.block_public_policy,
            &block.restrict_public_buckets,
        ];
        let some = |value: bool| flags.iter().any(|flag| flag.known() == Some(&value));
        let word = match &block.all {
            Fact::Known(true) => "on",
            Fact::Known(false) if some(true) => "partial",
            Fact::Known(false) if flags.iter().all(|flag| flag.known() == Some(&false)) => "off",
            // Some flag is off and the others are not known: partial or off.
            _ => UNKNOWN,
        };
        word.to_owned()
    }

    fn encryption_posture(&self) -> EncryptionPosture {
        let facts = &self.encryption;
        let kms = facts.kms.known() == Some(&true);
        EncryptionPosture {
            default: word(&facts.default, |default| default),
            key: facts.key.known().filter(|key| !key.is_empty()).cloned(),
            bucket_key: facts.bucket_key.known().filter(|_| kms).copied(),
            sse_c: word(&facts.sse_c, |sse_c| sse_c),
            // Encryption before the upload leaves no trace in the configuration, only in objects.
            client_side: match self.objects.client_side.count.known() {
                Some(count) if *count > 0 => "evidence",
                _ => "not visible",
            }
            .to_owned(),
        }
    }

    fn monitoring(&self) -> MonitoringPosture {
        let logging = &self.logging;
        let access_log = match (
            logging.target_bucket.known(),
            logging.target_prefix.known(),
            logging.is_log_target.known(),
        ) {
            (Some(bucket), prefix, _) if !bucket.is_empty() => {
                let prefix = prefix.map_or("", String::as_str);
                let lost = if logging.deliverable.known() == Some(&false) {
                    " (not delivered)"
                } else {
                    ""
                };
                format!("{bucket}/{prefix}{lost}")
            }
            (Some(_), _, Some(true)) => "log target".to_owned(),
            (Some(_), ..) => "off".to_owned(),
            (None, ..) => UNKNOWN.to_owned(),
        };
        MonitoringPosture {
            access_log,
            data_events: self.data_events_word(),
            config: word(&self.config, |config| config),
        }
    }

    /// Which data events are recorded: `read+write`, all of one kind (`read`, `write`), `part`, `off`.
    fn data_events_word(&self) -> String {
        let events = &self.data_events;
        let words = (
            events.read.known().map(String::as_str),
            events.write.known().map(String::as_str),
        );
        match words {
            (Some("all"), Some("all")) => "read+write",
            (Some("all"), Some(_)) => "read",
            (Some(_), Some("all")) => "write",
            (Some("none"), Some("none")) => "off",
            (Some(_), Some(_)) => "part",
            _ => UNKNOWN,
        }
        .to_owned()
    }
}

fn classes(facts: &ReachFacts) -> ClassReach {
    let reach = |fact: &Fact<Reach>| fact.known().copied().unwrap_or(Reach::Unknown);
    ClassReach {
        read: reach(&facts.read),
        list: reach(&facts.list),
        write: reach(&facts.write),
        acl: reach(&facts.acl),
        takeover: reach(&facts.takeover),
    }
}

fn word<T>(fact: &Fact<T>, of: impl FnOnce(&T) -> &str) -> String {
    fact.known().map_or(UNKNOWN, of).to_owned()
}
