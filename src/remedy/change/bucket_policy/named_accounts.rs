//! Other accounts that a policy names.

use super::edit::{PolicyEdit, document, put_edited};
use crate::remedy::prelude::*;

pub(super) const REMOVE: NamedChange = NamedChange {
    name: "remove-account-from-policy",
    summary: "Remove the account from the policy of {bucket.name}, or declare it under trusted_accounts or trusted_organizations in coldbucket.toml.",
    effect: "The account no longer has the access that the policy granted.",
    risk: Level::High,
    risk_note: "What uses the account's access stops working.",
    decide: "Is the account meant to have this access? If so, declare it under trusted_accounts or trusted_organizations in coldbucket.toml.",
    make: |target| {
        let root = |account: &str| target.arn_beside(&format!("iam::{account}:root"));
        let allow = json!({
            "Sid": "Partners", "Effect": "Allow",
            "Principal": {"AWS": [root("ACCOUNT-A"), root("ACCOUNT-B")]},
            "Action": "s3:GetObject", "Resource": format!("{}/*", target.arn),
        });
        put_edited(target, Some(allow), |document| {
            document.remove_account("ACCOUNT-B");
        })
    },
};

/// Removes named accounts from the policy. For those that the ACL names, ACLs are disabled instead.
pub(super) fn plan<'p>(
    bucket: &BucketState<'_>,
    requests: &mut Requests<'p>,
    edits: &mut Vec<PolicyEdit<'p>>,
) {
    for request in requests.take(&REMOVE) {
        let account = request.item().to_owned();
        let by_policy = bucket
            .other_accounts(Some("policy"))
            .contains(&account.as_str())
            || !bucket.other_accounts(None).contains(&account.as_str());
        let removable = by_policy
            && document(bucket).is_ok_and(|(_, mut document)| document.remove_account(&account));
        let how = match (by_policy, removable) {
            (_, true) => "",
            (false, _) => " The ACL names it: disable ACLs, or put the ACL again without it.",
            _ => " A condition names it, not a principal: change the statement by hand.",
        };
        let mut edit = PolicyEdit::new(&REMOVE, vec![request], format!("remove {account}"), {
            let account = account.clone();
            move |document| {
                document.remove_account(&account);
            }
        });
        edit.risk = Some(format!("{account} loses its access."));
        edit.decide = Some(format!(
            "Is {account} meant to have this access? If so, declare it under trusted_accounts or trusted_organizations in coldbucket.toml; if not, remove it.{how}"
        ));
        if !removable {
            edit.edit = None;
        }
        edits.push(edit);
    }
}
