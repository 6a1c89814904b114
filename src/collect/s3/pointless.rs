//! What is known to make a call pointless, from the answers to earlier ones.
//!
//! Each answer here is on the safe side: whatever was not read, or is not of the plainest form, makes
//! no call pointless. What a policy means is for the facts to say; this only looks at its form.

use serde_json::Value;

use crate::inventory::Reading;
use crate::inventory::bucket::{Ownership, PublicAccessBlock, Versioning};

/// Versioning is known not to be enabled.
pub(super) fn is_unversioned(versioning: &Reading<Versioning>) -> bool {
    match versioning {
        Reading::Absent => true,
        Reading::Known(versioning) => versioning.status.as_deref() != Some("Enabled"),
        _ => false,
    }
}

/// ACLs are known to be off.
pub(in crate::collect) fn acls_are_off(ownership: &Reading<Ownership>) -> bool {
    ownership.known().is_some_and(Ownership::acls_off)
}

/// One level is known to set all four flags of Block Public Access.
pub(super) fn all_are_blocked(block: &Reading<PublicAccessBlock>) -> bool {
    block.known().is_some_and(PublicAccessBlock::all)
}

/// RestrictPublicBuckets is known to be off on both levels.
pub(super) fn restricts_nothing(
    account: &Reading<PublicAccessBlock>,
    bucket: &Reading<PublicAccessBlock>,
) -> bool {
    [account, bucket].into_iter().all(|level| match level {
        Reading::Absent => true,
        Reading::Known(block) => !block.restrict_public_buckets,
        _ => false,
    })
}

/// Every Allow of the policy is to principals that it names: accounts, users, roles, services. A
/// wildcard, NotPrincipal, a federated provider, or anything unexpected is none.
pub(super) fn names_its_principals(policy: &Reading<String>) -> bool {
    let Reading::Known(text) = policy else {
        return false;
    };
    let Ok(Value::Object(policy)) = serde_json::from_str(text) else {
        return false;
    };
    match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().all(names),
        Some(statement @ Value::Object(_)) => names(statement),
        _ => false,
    }
}

fn names(statement: &Value) -> bool {
    match statement.get("Effect").and_then(Value::as_str) {
        Some("Deny") => true,
        Some("Allow") => match statement.get("Principal") {
            Some(Value::Object(principals)) => principals.iter().all(|(kind, who)| {
                matches!(kind.as_str(), "AWS" | "Service" | "CanonicalUser") && is_fixed(who)
            }),
            _ => false,
        },
        _ => false,
    }
}

fn is_fixed(who: &Value) -> bool {
    match who {
        Value::String(who) => !who.contains(['*', '?', '$']),
        Value::Array(all) => all.iter().all(|who| who.is_string() && is_fixed(who)),
        _ => false,
    }
}

/// False when the policy surely tests no tag of the bucket. Keys have no case, and an escaped
/// character could be part of one. Without the policy it is not known whether its tags count.
pub(super) fn may_test_tags(policy: &Reading<String>) -> bool {
    policy.known().is_some_and(|text| {
        let text = text.to_lowercase();
        ["aws:resourcetag/", "s3:buckettag/", "\\u"]
            .iter()
            .any(|part| text.contains(part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(statements: &str) -> Reading<String> {
        Reading::Known(format!(
            r#"{{"Version":"2012-10-17","Statement":{statements}}}"#
        ))
    }

    #[test]
    fn a_deny_for_all_and_allows_by_name_are_no_public_policy() {
        for statements in [
            r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"}}"#,
            r#"[{"Effect":"Deny","Principal":"*"},{"Effect":"Allow","Principal":{"Service":["logging.s3.amazonaws.com"]}}]"#,
            r#"{"Effect":"Allow","Principal":{"AWS":["444455556666","AIDAEXAMPLE"],"CanonicalUser":"79a59df900b949e5"}}"#,
            r#"{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"}}"#,
        ] {
            assert!(names_its_principals(&policy(statements)), "{statements}");
        }
    }

    #[test]
    fn what_could_be_public_is_called_for() {
        for statements in [
            r#"{"Effect":"Allow","Principal":"*"}"#,
            r#"{"Effect":"Allow","Principal":{"AWS":"*"}}"#,
            r#"{"Effect":"Allow","Principal":{"AWS":["111122223333","*"]}}"#,
            r#"{"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"}}"#,
            r#"{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"}}"#,
            r#"{"Effect":"Allow","Principal":{"AWS":7}}"#,
            r#"{"Effect":"Allow"}"#,
            r#"{"Effect":"allow","Principal":{"AWS":"111122223333"}}"#,
            r#"[[{"Effect":"Deny","Principal":"*"}]]"#,
            r#""*""#,
        ] {
            assert!(!names_its_principals(&policy(statements)), "{statements}");
        }
        assert!(!names_its_principals(&Reading::Known(
            "no policy".to_owned()
        )));
        assert!(!names_its_principals(&Reading::NotCollected));
    }

    #[test]
    fn only_two_levels_that_are_known_not_to_restrict_cut_off_no_access() {
        let restricts = |restrict_public_buckets| {
            Reading::Known(PublicAccessBlock {
                restrict_public_buckets,
                ..PublicAccessBlock::default()
            })
        };
        assert!(restricts_nothing(&Reading::Absent, &Reading::Absent));
        assert!(restricts_nothing(&restricts(false), &Reading::Absent));
        assert!(!restricts_nothing(&restricts(true), &Reading::Absent));
        assert!(!restricts_nothing(&Reading::Absent, &restricts(true)));
        assert!(!restricts_nothing(
            &Reading::NotCollected,
            &restricts(false)
        ));
        assert!(!restricts_nothing(
            &restricts(false),
            &Reading::NotCollected
        ));
    }

    #[test]
    fn the_account_blocks_all_only_with_all_four_flags() {
        let block = |flags: [bool; 4]| {
            Reading::Known(PublicAccessBlock {
                block_public_acls: flags[0],
                ignore_public_acls: flags[1],
                block_public_policy: flags[2],
                restrict_public_buckets: flags[3],
            })
        };
        assert!(all_are_blocked(&block([true; 4])));
        for off in 0..4 {
            let mut flags = [true; 4];
            flags[off] = false;
            assert!(!all_are_blocked(&block(flags)));
        }
        assert!(!all_are_blocked(&Reading::NotCollected));
        assert!(!all_are_blocked(&Reading::Absent));
    }
}
