//! Default encryption of a bucket: S3 replaces its rule as a whole, so all changes are made by one
//! put, and the members that nothing changes stay.

use crate::remedy::prelude::*;
use std::collections::BTreeMap;

use crate::inventory::bucket::Encryption;

pub(super) const FAMILY: ChangeFamily = ChangeFamily::new(
    SubjectKind::Bucket,
    &[ENCRYPT_WITH_KEY, NAME_KEY, BUCKET_KEY, BLOCK_SSE_C],
    plan,
);

const ENCRYPT_WITH_KEY: NamedChange = NamedChange {
    name: "encrypt-with-kms-key",
    summary: "Set the default encryption of {bucket.name} to SSE-KMS with a customer managed key and the S3 Bucket Key; existing objects keep their encryption.",
    effect: "New objects are encrypted with that key; existing ones keep their encryption.",
    risk: Level::High,
    risk_note: "Readers and writers also need kms:Decrypt and kms:GenerateDataKey on the key.",
    decide: "May everyone who reads and writes the bucket use the key, other accounts and services included?",
    make: |target| {
        let key = target.arn_beside("kms:REGION:ACCOUNT:key/KEY-ID");
        let mut rule = with_key("aws:kms", &key);
        rule.bucket_key = Some(true);
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
    make: ENCRYPT_WITH_KEY.make,
};

const BUCKET_KEY: NamedChange = NamedChange {
    name: "enable-bucket-key",
    summary: "Enable the S3 Bucket Key of {bucket.name}; it applies to objects written from then on.",
    effect: "S3 calls KMS far less often, which costs less.",
    risk: Level::Low,
    risk_note: "Key policies that test the encryption context of single objects no longer match.",
    decide: "",
    make: |target| {
        let rule = Encryption {
            bucket_key: Some(true),
            ..Encryption::default()
        };
        put(target, &Encryption::default(), &rule)
    },
};

const BLOCK_SSE_C: NamedChange = NamedChange {
    name: "block-sse-c",
    summary: "Block SSE-C in the default encryption of {bucket.name}; objects written with it stay readable with their key.",
    effect: "Uploads encrypted with customer-provided keys (SSE-C) are denied; existing objects stay readable with their key.",
    risk: Level::Medium,
    risk_note: "Uploads with SSE-C headers are denied. Terraform needs hashicorp/aws 6.40.0 or later: 6.22.0 to 6.39 remove the block at the next apply, and earlier ones do not know it. The AWS CDK needs 2.245.0 or later.",
    decide: "",
    make: |target| {
        let rule = Encryption {
            blocked_encryption_types: Some(vec!["SSE-C".to_owned()]),
            ..Encryption::default()
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
    let mut rule = Encryption {
        bucket_key: (!bucket_key.is_empty()).then_some(true),
        blocked_encryption_types: (!sse_c.is_empty()).then(|| vec!["SSE-C".to_owned()]),
        ..Encryption::default()
    };
    let mut waiting = None;
    if !no_key.is_empty() {
        match key_to_use(context, bucket) {
            Ok((key, buckets)) => {
                let keyed = Encryption {
                    bucket_key: Some(true),
                    blocked_encryption_types: rule.blocked_encryption_types.clone(),
                    ..with_key("aws:kms", &key)
                };
                if context.is_decided(&no_key) {
                    what.push(format!("encrypt with {key}"));
                    with_kms_key(&mut draft, &no_key, buckets);
                    rule = keyed;
                } else {
                    let mut waits = context.draft_of(
                        format!("Change the default encryption of {name}: encrypt with {key}."),
                        put(context.target, &was, &keyed),
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
                if rule.algorithm.is_none() {
                    rule.algorithm = Some(algorithm.to_owned());
                    rule.kms_key = Some(key.to_owned());
                }
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
        draft.what = format!(
            "Change the default encryption of {name}: {}.",
            what.join("; ")
        );
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

/// A change to a key.
fn with_key(algorithm: &str, key: &str) -> Encryption {
    Encryption {
        algorithm: Some(algorithm.to_owned()),
        kms_key: Some(key.to_owned()),
        ..Encryption::default()
    }
}

/// The members of a rule that are set, as the API names them; the first one's name is given.
fn members(rule: &Encryption, default_name: &str) -> Map<String, Value> {
    let mut members = Map::new();
    if let Some(algorithm) = &rule.algorithm {
        let default = match &rule.kms_key {
            Some(key) => json!({"SSEAlgorithm": algorithm, "KMSMasterKeyID": key}),
            None => json!({"SSEAlgorithm": algorithm}),
        };
        members.insert(default_name.to_owned(), default);
    }
    if let Some(on) = rule.bucket_key {
        members.insert("BucketKeyEnabled".to_owned(), json!(on));
    }
    if let Some(types) = &rule.blocked_encryption_types {
        let types = json!({"EncryptionType": types});
        members.insert("BlockedEncryptionTypes".to_owned(), types);
    }
    members
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

/// The set members of `rule` in place of those of the rule as it was.
fn put(target: &ChangeTarget, was: &Encryption, rule: &Encryption) -> RenderedChange {
    let key = rule.algorithm.as_ref().map_or(was, |_| rule);
    let after = Encryption {
        algorithm: key.algorithm.clone(),
        kms_key: key.kms_key.clone(),
        bucket_key: rule.bucket_key.or(was.bucket_key),
        blocked_encryption_types: rule
            .blocked_encryption_types
            .clone()
            .or_else(|| was.blocked_encryption_types.clone()),
    };
    let mut code = String::new();
    if let Some(algorithm) = &after.algorithm {
        code.push_str(&format!(
            "    apply_server_side_encryption_by_default {{\n      sse_algorithm = {}\n",
            hcl(algorithm)
        ));
        if let Some(key) = &after.kms_key {
            code.push_str(&format!("      kms_master_key_id = {}\n", hcl(key)));
        }
        code.push_str("    }\n");
    }
    if let Some(on) = after.bucket_key {
        code.push_str(&format!("    bucket_key_enabled = {on}\n"));
    }
    if let Some(types) = &after.blocked_encryption_types {
        let types = hcl_value(&json!(types), 4);
        code.push_str(
            "    # hashicorp/aws 6.40.0 or later: earlier versions remove the block again.\n",
        );
        code.push_str(&format!("    blocked_encryption_types = {types}\n"));
    }
    let set = members(rule, "ApplyServerSideEncryptionByDefault");
    let stack = members(&after, "ServerSideEncryptionByDefault");
    RenderedChange::call(PUT_ENCRYPTION, target, &[literal(&set.into())])
        .terraform_bucket(
            "aws_s3_bucket_server_side_encryption_configuration",
            target,
            true,
            &format!("  rule {{\n{code}  }}\n"),
        )
        .bucket_properties(
            target,
            json!({"BucketEncryption": {"ServerSideEncryptionConfiguration": [stack]}}),
        )
}
