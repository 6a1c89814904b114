//! The users, groups, roles and managed policies of the account.
//!
//! One paginated call has all of them with every policy document. Only the access keys of users and, on
//! request, when an identity last called S3 are read one by one, and only of identities with a policy that
//! may allow an action on S3.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput as Page;
use aws_sdk_iam::types::{
    AccessAdvisorUsageGranularityType, AttachedPolicy, JobStatusType, ManagedPolicyDetail,
    PolicyDetail, Tag,
};
use aws_smithy_types::DateTime;
use percent_encoding::percent_decode_str;

use crate::inventory::Reading;
use crate::inventory::account::{AccountInventory, Listing};
use crate::inventory::identity::{
    AccessKey, IdentityInventory, LastAccess, ManagedPolicyInventory,
};
use crate::inventory::ids::{SubjectKind, account_of_arn};
use crate::inventory::need::{Guard, ReadingKind};

use super::answer::{ask, unread, unread_by};
use super::lane::ServiceFamily;
use super::paging::{each, listing, pages};
use super::session::Session;

/// Entries a page: the most that IAM gives (IAM API reference, GetAccountAuthorizationDetails).
const PAGE: i32 = 1000;

/// Reads the identities. Only the members about identities of the answer are filled.
pub async fn read(session: &Session) -> AccountInventory {
    let mut found = AccountInventory::default();
    if !session.plan.lists(SubjectKind::Identity) {
        return found;
    }
    found.identity_listing = list(session, &mut found).await;
    keep_attached_policies(&mut found);
    read_access_keys(session, &mut found).await;
    read_last_access(session, &mut found).await;
    found
}

async fn list(session: &Session, found: &mut AccountInventory) -> Reading<Listing> {
    let client = session.clients.iam();
    let went = pages(
        session,
        (ServiceFamily::Iam, &session.home),
        |marker| {
            client
                .get_account_authorization_details()
                .max_items(PAGE)
                .set_marker(marker)
                .send()
        },
        |page| {
            keep(&page, found);
            page.marker.filter(|_| page.is_truncated)
        },
    )
    .await;
    listing(ReadingKind::IdentityListing, went, true)
}

fn keep(page: &Page, found: &mut AccountInventory) {
    for user in page.user_detail_list() {
        let Some(name) = user.user_name() else {
            continue;
        };
        let mut groups = user.group_list().to_vec();
        groups.sort();
        let identity = IdentityInventory {
            arn: user.arn().unwrap_or_default().to_owned(),
            path: user.path().unwrap_or("/").to_owned(),
            unique_id: user.user_id().map(str::to_owned),
            tags: Some(tags(user.tags())),
            trust: None,
            created: user.create_date().map(DateTime::to_string),
            inline: inline(user.user_policy_list()),
            attached: attached(user.attached_managed_policies()),
            groups,
            boundary: user
                .permissions_boundary()
                .and_then(|boundary| boundary.permissions_boundary_arn())
                .map(str::to_owned),
            ..IdentityInventory::default()
        };
        found.identities.insert(format!("user/{name}"), identity);
    }
    for group in page.group_detail_list() {
        let Some(name) = group.group_name() else {
            continue;
        };
        let identity = IdentityInventory {
            arn: group.arn().unwrap_or_default().to_owned(),
            path: group.path().unwrap_or("/").to_owned(),
            created: group.create_date().map(DateTime::to_string),
            inline: inline(group.group_policy_list()),
            attached: attached(group.attached_managed_policies()),
            ..IdentityInventory::default()
        };
        found.identities.insert(format!("group/{name}"), identity);
    }
    for role in page.role_detail_list() {
        let Some(name) = role.role_name() else {
            continue;
        };
        let identity = IdentityInventory {
            arn: role.arn().unwrap_or_default().to_owned(),
            path: role.path().unwrap_or("/").to_owned(),
            unique_id: role.role_id().map(str::to_owned),
            tags: Some(tags(role.tags())),
            trust: role.assume_role_policy_document().map(decoded),
            created: role.create_date().map(DateTime::to_string),
            inline: inline(role.role_policy_list()),
            attached: attached(role.attached_managed_policies()),
            boundary: role
                .permissions_boundary()
                .and_then(|boundary| boundary.permissions_boundary_arn())
                .map(str::to_owned),
            ..IdentityInventory::default()
        };
        found.identities.insert(format!("role/{name}"), identity);
    }
    for policy in page.policies() {
        if let Some(arn) = policy.arn() {
            found
                .managed_policies
                .insert(arn.to_owned(), managed(policy));
        }
    }
}

fn tags(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter()
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect()
}

fn inline(policies: &[PolicyDetail]) -> BTreeMap<String, String> {
    policies
        .iter()
        .filter_map(|policy| {
            let name = policy.policy_name()?.to_owned();
            Some((name, decoded(policy.policy_document()?)))
        })
        .collect()
}

fn attached(policies: &[AttachedPolicy]) -> Vec<String> {
    let mut arns: Vec<String> = policies
        .iter()
        .filter_map(|policy| policy.policy_arn().map(str::to_owned))
        .collect();
    arns.sort();
    arns
}

fn managed(policy: &ManagedPolicyDetail) -> ManagedPolicyInventory {
    let count = |number: Option<i32>| number.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let default = policy
        .policy_version_list()
        .iter()
        .find(|version| version.is_default_version());
    // Some local endpoints leave the name out; the ARN ends with it.
    let by_arn = policy.arn().and_then(|arn| arn.rsplit('/').next());
    ManagedPolicyInventory {
        name: policy
            .policy_name()
            .or(by_arn)
            .unwrap_or_default()
            .to_owned(),
        document: default.and_then(|version| version.document()).map(decoded),
        attachments: count(policy.attachment_count()),
        boundary_uses: count(policy.permissions_boundary_usage_count()),
    }
}

/// IAM hands documents out percent-encoded (IAM API reference, PolicyVersion); a local endpoint may
/// not. An encoded document has no brace in it, a plain one begins with one.
fn decoded(document: &str) -> String {
    if document.trim_start().starts_with('{') {
        return document.to_owned();
    }
    percent_decode_str(document)
        .decode_utf8_lossy()
        .into_owned()
}

/// Of AWS's own policies, which are more than a thousand, only those that an identity has.
fn keep_attached_policies(found: &mut AccountInventory) {
    let named: BTreeSet<&String> = found
        .identities
        .values()
        .flat_map(|identity| identity.attached.iter().chain(&identity.boundary))
        .collect();
    found.managed_policies.retain(|arn, _| {
        let of_aws = account_of_arn(arn) == Some("aws");
        !of_aws || named.contains(arn)
    });
}

async fn read_access_keys(session: &Session, found: &mut AccountInventory) {
    const KIND: ReadingKind = ReadingKind::IdentityAccessKeys;
    let users: Vec<String> = found
        .identities
        .keys()
        .filter(|key| key.starts_with("user/"))
        .filter(|key| {
            session.plan.calls(KIND, |guard| {
                guard == Guard::OnlyUsersOfS3 && !found.may_reach_s3(key)
            })
        })
        .cloned()
        .collect();
    let client = &session.clients.iam();
    let read: Vec<(String, Reading<Vec<AccessKey>>)> = each(session, users, |key| async move {
        let name = key.trim_start_matches("user/");
        let keys = ask(
            session,
            (ServiceFamily::Iam, &session.home),
            KIND,
            || client.list_access_keys().user_name(name).send(),
            |output| Some(output.access_key_metadata.iter().map(access_key).collect()),
        );
        let keys = keys.await;
        (key, keys)
    })
    .await;
    for (key, keys) in read {
        if let Some(user) = found.identities.get_mut(&key) {
            user.access_keys = keys;
        }
    }
}

async fn read_last_access(session: &Session, found: &mut AccountInventory) {
    let callers: Vec<(String, String)> = found
        .identities
        .iter()
        .filter(|(key, _)| {
            session.plan.calls(LAST_ACCESS, |guard| {
                guard == Guard::OnlyCallersOfS3 && !found.may_call_s3(key)
            })
        })
        .map(|(key, identity)| (key.clone(), identity.arn.clone()))
        .collect();
    let read: Vec<(String, Reading<LastAccess>)> =
        each(session, callers, |(key, arn)| async move {
            let last = last_access(session, &arn).await;
            (key, last)
        })
        .await;
    for (key, last) in read {
        if let Some(identity) = found.identities.get_mut(&key) {
            identity.last_access = last;
        }
    }
}

const LAST_ACCESS: ReadingKind = ReadingKind::IdentityLastAccess;

/// How often a report is asked for before it counts as failed: about a minute.
const LOOKS_AT_A_REPORT: u32 = 34;

/// IAM makes a report on every service, which takes a moment, and keeps it for an hour.
async fn last_access(session: &Session, arn: &str) -> Reading<LastAccess> {
    let action = "iam:GetServiceLastAccessedDetails";
    let (family, region) = (ServiceFamily::Iam, session.home.as_str());
    let client = session.clients.iam();
    let made = session
        .call(family, region, || {
            client
                .generate_service_last_accessed_details()
                .arn(arn)
                .granularity(AccessAdvisorUsageGranularityType::ServiceLevel)
                .send()
        })
        .await;
    let job = match made {
        Ok(made) => made.job_id.unwrap_or_default(),
        Err(error) => return unread(LAST_ACCESS, &error),
    };
    let mut marker: Option<String> = None;
    let mut wait = Duration::from_millis(250);
    for _ in 0..LOOKS_AT_A_REPORT {
        let report = session
            .call(family, region, || {
                client
                    .get_service_last_accessed_details()
                    .job_id(&job)
                    .max_items(PAGE)
                    .set_marker(marker.clone())
                    .send()
            })
            .await;
        let report = match report {
            Ok(report) => report,
            Err(error) => return unread_by(LAST_ACCESS, action, &error),
        };
        match report.job_status {
            JobStatusType::InProgress => {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(2));
                continue;
            }
            JobStatusType::Completed => {}
            _ => {
                let why = report.error.map(|error| error.message).unwrap_or_default();
                return no_report(action, &format!("IAM could not make the report: {why}"));
            }
        }
        let services = &report.services_last_accessed;
        if let Some(of_s3) = services.iter().find(|one| one.service_namespace == "s3") {
            return Reading::Known(LastAccess {
                covers_s3: true,
                s3: of_s3.last_authenticated.map(|time| time.to_string()),
            });
        }
        match report.marker.filter(|_| report.is_truncated) {
            Some(next) => marker = Some(next),
            None => return Reading::Known(LastAccess::default()),
        }
    }
    no_report(action, "IAM has not made the report within a minute")
}

fn no_report(action: &str, message: &str) -> Reading<LastAccess> {
    Reading::Failed {
        action: action.to_owned(),
        code: "ReportFailed".to_owned(),
        message: message.to_owned(),
    }
}

fn access_key(key: &aws_sdk_iam::types::AccessKeyMetadata) -> AccessKey {
    let id = key.access_key_id().unwrap_or_default();
    let start = id
        .char_indices()
        .rev()
        .nth(3)
        .map_or(0, |(position, _)| position);
    AccessKey {
        id_ends: id.get(start..).unwrap_or_default().to_owned(),
        active: key
            .status()
            .is_some_and(|status| status.as_str() == "Active"),
        created: key.create_date().map(DateTime::to_string),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read_encoded_and_plain() {
        let plain = r#"{"Statement": "100% a+b"}"#;
        assert_eq!(decoded(plain), plain);
        assert_eq!(
            decoded("%7B%22Statement%22%3A%20%22100%25%20a%2Bb%22%7D"),
            plain
        );
    }
}
