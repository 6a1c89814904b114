//! The line of the posture table for one bucket.
//!
//! A posture always says something: what is not known is `unknown`, or null where the report's type
//! has no words.

use super::BucketFacts;
use crate::facts::fact::Fact;
use crate::report::{
    AccessLog, AccessPosture, Acls, BlockPublicAccess, BucketPosture, ClassReach,
    ClientSideEncryption, ConfigRecording, DataEvents, DefaultEncryption, EncryptionPosture,
    MonitoringPosture, OtherAccounts, Reach, SseC,
};
use coldbucket_policy::contract::Classes;

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
                Fact::Known(named) => {
                    let accounts = named.iter().map(|named| named.account.clone());
                    let mut accounts: Vec<String> = accounts.collect();
                    accounts.sort();
                    accounts.dedup();
                    OtherAccounts::Named(accounts)
                }
                Fact::Unknown { .. } => OtherAccounts::Unknown,
            },
            acls: match self.acl.enabled {
                Fact::Known(true) => Acls::On,
                Fact::Known(false) => Acls::Off,
                Fact::Unknown { .. } => Acls::Unknown,
            },
            block_public_access: self.block_public_access(),
            plain_http: match self.transport.plain_http_reachable {
                Fact::Known(true) => Reach::Reachable,
                Fact::Known(false) => Reach::Unreachable,
                Fact::Unknown { .. } => Reach::Unknown,
            },
            presigned: known(&self.exposure.presigned.reach),
            control_policies: self.control_policies(),
        }
    }

    fn control_policies(&self) -> Vec<String> {
        let mut ids = self.exposure.closed_by.clone();
        ids.extend(self.transport.closed_by.iter().cloned());
        ids.sort();
        ids.dedup();
        ids
    }

    fn block_public_access(&self) -> BlockPublicAccess {
        let block = &self.public_access_block;
        let flags = [
            &block.block_public_acls,
            &block.ignore_public_acls,
            &block.block_public_policy,
            &block.restrict_public_buckets,
        ];
        let some = |value: bool| flags.iter().any(|flag| flag.known() == Some(&value));
        match &block.all {
            Fact::Known(true) => BlockPublicAccess::On,
            Fact::Known(false) if some(true) => BlockPublicAccess::Partial,
            Fact::Known(false) if flags.iter().all(|flag| flag.known() == Some(&false)) => {
                BlockPublicAccess::Off
            }
            // Some flag is off and the others are not known: partial or off.
            _ => BlockPublicAccess::Unknown,
        }
    }

    fn encryption_posture(&self) -> EncryptionPosture {
        let facts = &self.encryption;
        let kms = facts.kms.known() == Some(&true);
        EncryptionPosture {
            default: match facts.default.known().map(String::as_str) {
                Some("sse-s3") => DefaultEncryption::SseS3,
                Some("sse-kms") => DefaultEncryption::SseKms,
                Some("dsse-kms") => DefaultEncryption::DsseKms,
                Some(other) => DefaultEncryption::Other(other.to_owned()),
                None => DefaultEncryption::Unknown,
            },
            key: facts.key.known().filter(|key| !key.is_empty()).cloned(),
            bucket_key: facts.bucket_key.known().filter(|_| kms).copied(),
            sse_c: match facts.sse_c.known().map(String::as_str) {
                Some("blocked") => SseC::Blocked,
                Some("allowed") => SseC::Allowed,
                _ => SseC::Unknown,
            },
            // Encryption before the upload leaves no trace in the configuration, only in objects.
            client_side: match self.objects.client_side.count.known() {
                Some(count) if *count > 0 => ClientSideEncryption::Evidence,
                _ => ClientSideEncryption::NotVisible,
            },
        }
    }

    fn monitoring(&self) -> MonitoringPosture {
        let logging = &self.logging;
        let access_log = match (logging.target_bucket.known(), logging.is_log_target.known()) {
            (Some(bucket), _) if !bucket.is_empty() => AccessLog::To {
                bucket: bucket.clone(),
                prefix: logging.target_prefix.known().cloned().unwrap_or_default(),
                delivered: logging.deliverable.known() != Some(&false),
            },
            (Some(_), Some(true)) => AccessLog::LogTarget,
            (Some(_), _) => AccessLog::Off,
            (None, _) => AccessLog::Unknown,
        };
        MonitoringPosture {
            access_log,
            data_events: self.recorded_data_events(),
            config: match self.config.known().map(String::as_str) {
                Some("on") => ConfigRecording::On,
                Some("daily") => ConfigRecording::Daily,
                Some("not recorded") => ConfigRecording::NotRecorded,
                Some("off") => ConfigRecording::Off,
                _ => ConfigRecording::Unknown,
            },
        }
    }

    fn recorded_data_events(&self) -> DataEvents {
        let events = &self.data_events;
        let recorded = (
            events.read.known().map(String::as_str),
            events.write.known().map(String::as_str),
        );
        match recorded {
            (Some("all"), Some("all")) => DataEvents::ReadWrite,
            (Some("all"), Some(_)) => DataEvents::Read,
            (Some(_), Some("all")) => DataEvents::Write,
            (Some("none"), Some("none")) => DataEvents::Off,
            (Some(_), Some(_)) => DataEvents::Part,
            _ => DataEvents::Unknown,
        }
    }
}

fn known(reach: &Fact<Reach>) -> Reach {
    reach.known().copied().unwrap_or(Reach::Unknown)
}

fn classes(facts: &Classes<Fact<Reach>>) -> ClassReach {
    facts.map(known)
}
