//! Default encryption of a bucket: S3 replaces its rule as a whole, so all changes are made by one
//! put, and the members that nothing changes stay.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::bucket::BucketState;
use super::super::draft::FixDraft;
use super::super::quote::{hcl, hcl_value};
use super::super::shell::literal;
use super::super::{FixContext, FixRequest};
use super::{Change, ChangeTarget, Family, NamedChange, Requests};
use crate::inventory::bucket::Encryption;
use crate::inventory::ids::SubjectKind;
use crate::report::plan::{Effort, Level};

pub(super) const FAMILY: Family = Family {
    subject: SubjectKind::Bucket,
    changes: &[ENCRYPT_WITH_KEY, NAME_KEY, BUCKET_KEY, BLOCK_SSE_C],
    plan,
};

const ENCRYPT_WITH_KEY: NamedChange = NamedChange {
    name: "encrypt-with-kms-key",
    summary: "Set the default encryption of {bucket.name} to SSE-KMS with a customer managed key and the S3 Bucket Key; existing objects keep their encryption.",
    effect: "New objects are encrypted with that key; existing ones keep their encryption.",
    risk: Level::High,
    risk_note: "Readers and writers also need kms:Decrypt and kms:GenerateDataKey on the key.",
    decide: "May everyone who reads and writes the bucket use the key, other accounts and services included?",
    example: |target| {
        let key = "arn:aws:kms:REGION:ACCOUNT:key/KEY-ID".to_owned();
        let rule = RuleChange {
            key: Some(("aws:kms".to_owned(), key)),
            bucket_key: true,
            block_sse_c: false,
        };
        put(target, &Encryption::default(), &rule)
    },
};

const NAME_KEY: NamedChange = NamedChange {
    name: "name-kms-key-by-arn",
    summary: "Set the KMS key of {bucket.name} by its full ARN instead of an alias.",
    effect: "Objects are encrypted with this very key, in whichever account the uploader is.",
    risk: Level::Low,
    risk_note: "Moving the alias to another key no longer moves the bucket.",
    decide: "",
    example: ENCRYPT_WITH_KEY.example,
};

const BUCKET_KEY: NamedChange = NamedChange {
    name: "enable-bucket-key",
    summary: "Enable the S3 Bucket Key of {bucket.name}; it applies to objects written from then on.",
    effect: "S3 calls KMS far less often, which costs less.",
    risk: Level::Low,
    risk_note: "Key policies that test the encryption context of single objects no longer match.",
    decide: "",
    example: |target| {
        let rule = RuleChange {
            bucket_key: true,
            ..RuleChange::default()
        };
        put(target, &Encryption::default(), &rule)
    },
};

const BLOCK_SSE_C: NamedChange = NamedChange {
    name: "block-sse-c",
    summary: "Block SSE-C in the default encryption of {bucket.name}; objects written with it stay readable with their key.",
    effect: "Uploads encrypted with customer-provided keys (SSE-C) are denied; existing objects stay readable with their key.",
    risk: Level::Medium,
    risk_note: "Uploads with SSE-C headers are denied.",
    decide: "",
    example: |target| {
        let rule = RuleChange {
            block_sse_c: true,
            ..RuleChange::default()
        };
        put(target, &Encryption::default(), &rule)
    },
};

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    let Some(bucket) = &context.bucket else {
        return;
    };
    let name = bucket.name();
    let no_key = requests.take(&ENCRYPT_WITH_KEY);
    let alias = requests.take(&NAME_KEY);
    let bucket_key = requests.take(&BUCKET_KEY);
    let sse_c = requests.take(&BLOCK_SSE_C);
    let known = bucket.settings.encryption.known().copied().flatten();
    let mut was = known.cloned().unwrap_or_default();
    was.kms_key = was.kms_key.filter(|key| !key.is_empty());
    let mut draft = context.draft(String::new());
    let mut what = Vec::new();
    let mut rule = RuleChange {
        key: None,
        bucket_key: !bucket_key.is_empty(),
        block_sse_c: !sse_c.is_empty(),
    };
    let mut waiting = None;
    if !no_key.is_empty() {
        match key_to_use(context, bucket) {
            Ok((key, buckets)) => {
                let with_key = RuleChange {
                    key: Some(("aws:kms".to_owned(), key.clone())),
                    bucket_key: true,
                    ..rule
                };
                if context.is_decided(&no_key) {
                    what.push(format!("encrypt with {key}"));
                    with_kms_key(&mut draft, &no_key, buckets);
                    rule = with_key;
                } else {
                    let mut waits = context.draft_of(
                        format!("In the default encryption of {name}: encrypt with {key}."),
                        put(context.target, &was, &with_key),
                    );
                    with_kms_key(&mut waits, &no_key, buckets);
                    waits.decide(format!(
                        "May everyone who reads and writes {name} use the key, other accounts and services included? New objects are not readable without it."
                    ));
                    waiting = Some(waits);
                }
            }
            Err(because) => {
                let mut draft =
                    context.draft(format!("Encrypt {name} with a customer managed KMS key."));
                draft.apply(&ENCRYPT_WITH_KEY, &no_key);
                draft.decide(because);
                drafts.push(draft);
            }
        }
    }
    if !alias.is_empty() {
        let foreign = bucket.facts.key.foreign.known() != Some(&false);
        match bucket.key().filter(|_| !foreign) {
            Some(key) => {
                let algorithm = was.algorithm.as_deref().unwrap_or("aws:kms");
                what.push(format!("name the key by its ARN, {key}"));
                draft.apply(&NAME_KEY, &alias);
                rule.key
                    .get_or_insert_with(|| (algorithm.to_owned(), key.to_owned()));
            }
            None => {
                let mut waits = context.draft(format!("Name the KMS key of {name} by its ARN."));
                waits.fixes(&alias);
                waits.decide("Which key the alias points to could not be read, or the key belongs to another account: look it up and name the key.");
                drafts.push(waits);
            }
        }
    }
    if !bucket_key.is_empty() {
        what.push("enable the S3 Bucket Key".to_owned());
        draft.apply(&BUCKET_KEY, &bucket_key);
    }
    if !sse_c.is_empty() {
        what.push("block SSE-C".to_owned());
        draft.apply(&BLOCK_SSE_C, &sse_c);
    }
    if !what.is_empty() {
        draft.what = format!("In the default encryption of {name}: {}.", what.join("; "));
        draft.changes.push(put(context.target, &was, &rule));
        drafts.push(draft);
    }
    drafts.extend(waiting);
}

/// Says what a customer managed key brings.
fn with_kms_key(draft: &mut FixDraft, requests: &[&FixRequest], buckets: usize) {
    draft.apply(&ENCRYPT_WITH_KEY, requests);
    draft.effect(if buckets == 1 {
        "One other bucket of the Region uses it already.".to_owned()
    } else {
        format!("{buckets} other buckets of the Region use it already.")
    });
    draft.effort = Effort::Hours;
}

/// The key to use and the number of buckets that use it; or why a person has to choose one.
fn key_to_use(
    context: &FixContext<'_, '_>,
    bucket: &BucketState<'_>,
) -> Result<(String, usize), String> {
    let (facts, name) = (&bucket.facts, bucket.name());
    if facts.exposure.public.read.known() != Some(&false) {
        return Err(format!(
            "{name} can be read without credentials, or it is not known, and objects under a KMS key cannot: decide on that first."
        ));
    }
    let rules = facts.replication.rules.known();
    let uncopied: Vec<&str> = rules
        .into_iter()
        .flatten()
        .filter(|rule| !rule.copies_kms)
        .map(|rule| rule.id.as_str())
        .collect();
    if rules.is_none() || !uncopied.is_empty() {
        return Err(format!(
            "Replication of {name} {}, and skips objects under KMS keys unless a rule includes them: enable SseKmsEncryptedObjects in the rules first, with a key for the replicas.",
            match rules {
                Some(_) => format!("uses {}", uncopied.join(", ")),
                None => "could not be read".to_owned(),
            }
        ));
    }
    let others = bucket.other_accounts(None);
    if !others.is_empty() {
        return Err(format!(
            "{name} shares with {}, who would need kms:Decrypt in the key's policy as well: choose a key whose policy grants it.",
            others.join(", ")
        ));
    }
    common_key(context, bucket).ok_or_else(|| {
        format!(
            "No bucket of {} uses a customer managed KMS key: choose or create one (aws kms create-key), and decide who may use it.",
            facts.region
        )
    })
}

/// The customer managed key that most buckets of the Region use, by ARN, with their number. A key of
/// another account, one that does not work and one that is only an alias are none.
fn common_key(context: &FixContext<'_, '_>, bucket: &BucketState<'_>) -> Option<(String, usize)> {
    let id = &bucket.subject.id;
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    for other in context.buckets.all() {
        let key = &other.facts.key;
        let fit = other.subject.id.account == id.account
            && other.subject.id.region == id.region
            && key.manager.known().map(String::as_str) == Some("customer")
            && key.usable.known() == Some(&true)
            && key.foreign.known() == Some(&false);
        if let (true, Some(arn)) = (fit, other.key()) {
            *used.entry(arn).or_default() += 1;
        }
    }
    used.into_iter()
        .max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)))
        .map(|(arn, number)| (arn.to_owned(), number))
}

/// What changes in the rule.
#[derive(Clone, Debug, Default)]
struct RuleChange {
    /// The default algorithm and its key.
    key: Option<(String, String)>,
    /// S3 Bucket Key on.
    bucket_key: bool,
    /// SSE-C blocked.
    block_sse_c: bool,
}

impl RuleChange {
    /// The changed members, as the API names them.
    fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        if let Some((algorithm, key)) = &self.key {
            members.insert(
                "ApplyServerSideEncryptionByDefault".to_owned(),
                json!({"SSEAlgorithm": algorithm, "KMSMasterKeyID": key}),
            );
        }
        if self.bucket_key {
            members.insert("BucketKeyEnabled".to_owned(), json!(true));
        }
        if self.block_sse_c {
            members.insert(
                "BlockedEncryptionTypes".to_owned(),
                json!({"EncryptionType": ["SSE-C"]}),
            );
        }
        members
    }

    /// The whole rule afterwards.
    fn after(&self, was: &Encryption) -> Encryption {
        let mut after = was.clone();
        if let Some((algorithm, key)) = &self.key {
            after.algorithm = Some(algorithm.clone());
            after.kms_key = Some(key.clone());
        }
        if self.bucket_key {
            after.bucket_key = Some(true);
        }
        if self.block_sse_c {
            after.blocked_encryption_types = Some(vec!["SSE-C".to_owned()]);
        }
        after
    }
}

const PUT_ENCRYPTION: &str = r#"# put_encryption BUCKET MEMBERS [--region R]: puts the members into the rule there is; its others stay.
put_encryption() {
  bucket=$1 members=$2
  shift 2
  rules=$(aws s3api get-bucket-encryption --bucket "$bucket" "$@" --output json --query \
    'ServerSideEncryptionConfiguration.{Rules: [merge(Rules[0], `'"$members"'`)]}')
  aws s3api put-bucket-encryption --bucket "$bucket" "$@" --server-side-encryption-configuration "$rules"
}
"#;

fn put(target: &ChangeTarget, was: &Encryption, rule: &RuleChange) -> Change {
    let after = rule.after(was);
    let mut hcl_rule = String::new();
    let mut stack_rule = Map::new();
    if let Some(algorithm) = &after.algorithm {
        let mut default = Map::from_iter([("SSEAlgorithm".to_owned(), json!(algorithm))]);
        hcl_rule.push_str(&format!(
            "    apply_server_side_encryption_by_default {{\n      sse_algorithm = {}\n",
            hcl(algorithm)
        ));
        if let Some(key) = &after.kms_key {
            default.insert("KMSMasterKeyID".to_owned(), json!(key));
            hcl_rule.push_str(&format!("      kms_master_key_id = {}\n", hcl(key)));
        }
        hcl_rule.push_str("    }\n");
        stack_rule.insert("ServerSideEncryptionByDefault".to_owned(), default.into());
    }
    if let Some(on) = after.bucket_key {
        stack_rule.insert("BucketKeyEnabled".to_owned(), json!(on));
        hcl_rule.push_str(&format!("    bucket_key_enabled = {on}\n"));
    }
    if let Some(types) = &after.blocked_encryption_types {
        stack_rule.insert(
            "BlockedEncryptionTypes".to_owned(),
            json!({"EncryptionType": types}),
        );
        hcl_rule.push_str(&format!(
            "    blocked_encryption_types = {}\n",
            hcl_value(&json!(types), 4)
        ));
    }
    Change::calling(
        PUT_ENCRYPTION,
        format!(
            "put_encryption {} \\\n  {}{}\n",
            target.word(),
            literal(&rule.members().into()),
            target.region_option()
        ),
    )
    .terraform_bucket(
        "aws_s3_bucket_server_side_encryption_configuration",
        target,
        true,
        &format!("  rule {{\n{hcl_rule}  }}\n"),
    )
    .bucket_properties(
        target,
        json!({"BucketEncryption": {"ServerSideEncryptionConfiguration": [stack_rule]}}),
    )
}
