//! Reading AWS Organizations with the fewest calls, one at a time.
//!
//! The tree gives the accounts too: units and accounts of each parent, then each policy with its
//! document and its targets. No call is made once an account. A page may be empty and still have a next
//! one. What is refused stays refused: without the tree there are the accounts of ListAccounts, without
//! policies there is a caveat.

use std::collections::BTreeMap;

use aws_sdk_organizations::types::{self as sdk, PolicyType as SdkPolicyType};

use crate::inventory::Reading;
use crate::inventory::account::Listing;
use crate::inventory::organization::{
    MemberAccount, Organization, OrganizationPolicy, OrganizationalUnit, PolicyType, SCHEMA,
};

use super::answer;
use super::call_error::{CallError, ErrorKind, clean};
use super::error::CollectError;
use super::lane::ServiceFamily;
use super::paging::pages;
use super::session::Session;

/// The most that Organizations returns a page.
const PAGE: i32 = 20;

/// AWS's RCP that allows everything. It is attached everywhere and cannot be detached.
const RCP_FULL_ACCESS: &str = "p-RCPFullAWSAccess";

/// A state that AWS did not return. Such an account is read like an active one.
const NO_STATE: &str = "UNKNOWN";

const LIST_ACCOUNTS: &str = "organizations:ListAccounts";
const LIST_UNITS: &str = "organizations:ListOrganizationalUnitsForParent";
const LIST_ROOTS: &str = "organizations:ListRoots";
const LIST_POLICIES: &str = "organizations:ListPolicies";

/// Reads the organization of the session's account.
///
/// # Errors
/// When its accounts cannot be listed.
pub async fn read(session: &Session, taken_at: String) -> Result<Organization, CollectError> {
    let client = session.clients.organizations();
    let described = session
        .call(ServiceFamily::Organizations, HOME, || {
            client.describe_organization().send()
        })
        .await
        .map_err(|error| failed("organizations:DescribeOrganization", error))?;
    let described = described.organization;
    let mut organization = Organization {
        schema: SCHEMA.to_owned(),
        taken_at,
        id: described
            .as_ref()
            .and_then(|found| found.id())
            .map(clean)
            .unwrap_or_default(),
        management_account: described
            .as_ref()
            .and_then(|found| found.master_account_id())
            .map(clean)
            .unwrap_or_default(),
        ..Organization::default()
    };
    let reader = OrganizationReader { session, client };
    match reader.tree(&mut organization).await {
        Ok(()) => organization.tree = Reading::Known(Listing { complete: true }),
        Err((action, error)) if is_denied(&error) => {
            organization.tree = denied(action, &error);
            organization.units.clear();
            organization.accounts = reader.accounts().await?;
        }
        Err((action, error)) => return Err(failed(action, error)),
    }
    for kind in PolicyType::ALL {
        reader.policies(kind, &mut organization).await?;
    }
    Ok(organization)
}

/// Organizations has one endpoint a partition, so one lane.
const HOME: &str = "global";

struct OrganizationReader<'s> {
    session: &'s Session,
    client: aws_sdk_organizations::Client,
}

/// A call that failed, with its IAM action.
type Failure = (&'static str, CallError);

impl OrganizationReader<'_> {
    fn lane(&self) -> (ServiceFamily, &'static str) {
        (ServiceFamily::Organizations, HOME)
    }

    /// The root, which policy types are enabled there, and everything below it.
    async fn tree(&self, organization: &mut Organization) -> Result<(), Failure> {
        let mut roots: Vec<sdk::Root> = Vec::new();
        pages(
            self.session,
            self.lane(),
            |token| self.client.list_roots().set_next_token(token).send(),
            |page| {
                roots.extend(page.roots.unwrap_or_default());
                page.next_token
            },
        )
        .await
        .map_err(|cut| (LIST_ROOTS, cut.into()))?;
        let mut parents = Vec::new();
        for root in roots {
            let enabled: Vec<&str> = root
                .policy_types()
                .iter()
                .filter(|kind| kind.status() == Some(&sdk::PolicyTypeStatus::Enabled))
                .filter_map(|kind| Some(kind.r#type()?.as_str()))
                .collect();
            for kind in PolicyType::ALL {
                let reading = Reading::Known(enabled.contains(&kind.name()));
                organization.policy_types.insert(kind, reading);
            }
            let id = clean(root.id().unwrap_or_default());
            let unit = OrganizationalUnit {
                name: clean(root.name().unwrap_or_default()),
                parent: None,
            };
            organization.units.insert(id.clone(), unit);
            parents.push(id);
        }
        while let Some(parent) = parents.pop() {
            self.units_in(&parent, organization, &mut parents).await?;
            self.accounts_in(&parent, organization).await?;
        }
        Ok(())
    }

    async fn units_in(
        &self,
        parent: &str,
        organization: &mut Organization,
        parents: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let mut units = Vec::new();
        pages(
            self.session,
            self.lane(),
            |token| {
                self.client
                    .list_organizational_units_for_parent()
                    .parent_id(parent)
                    .max_results(PAGE)
                    .set_next_token(token)
                    .send()
            },
            |page| {
                units.extend(page.organizational_units.unwrap_or_default());
                page.next_token
            },
        )
        .await
        .map_err(|cut| (LIST_UNITS, cut.into()))?;
        for unit in units {
            let id = clean(unit.id().unwrap_or_default());
            let found = OrganizationalUnit {
                name: clean(unit.name().unwrap_or_default()),
                parent: Some(parent.to_owned()),
            };
            // One that is listed twice would be walked for ever.
            if organization.units.insert(id.clone(), found).is_none() {
                parents.push(id);
            }
        }
        Ok(())
    }

    async fn accounts_in(
        &self,
        parent: &str,
        organization: &mut Organization,
    ) -> Result<(), Failure> {
        pages(
            self.session,
            self.lane(),
            |token| {
                self.client
                    .list_accounts_for_parent()
                    .parent_id(parent)
                    .max_results(PAGE)
                    .set_next_token(token)
                    .send()
            },
            |page| {
                for account in page.accounts.unwrap_or_default() {
                    if let Some((id, member)) = member(account, Some(parent)) {
                        organization.accounts.insert(id, member);
                    }
                }
                page.next_token
            },
        )
        .await
        .map_err(|cut| ("organizations:ListAccountsForParent", cut.into()))
    }

    /// The accounts alone.
    async fn accounts(&self) -> Result<BTreeMap<String, MemberAccount>, CollectError> {
        let mut accounts = BTreeMap::new();
        pages(
            self.session,
            self.lane(),
            |token| {
                self.client
                    .list_accounts()
                    .max_results(PAGE)
                    .set_next_token(token)
                    .send()
            },
            |page| {
                let found = page.accounts.unwrap_or_default();
                accounts.extend(
                    found
                        .into_iter()
                        .filter_map(|account| member(account, None)),
                );
                page.next_token
            },
        )
        .await
        .map_err(|cut| failed(LIST_ACCOUNTS, cut.into()))?;
        Ok(accounts)
    }

    /// The policies of a type, with their documents and targets.
    async fn policies(
        &self,
        kind: PolicyType,
        organization: &mut Organization,
    ) -> Result<(), CollectError> {
        match organization.policy_types.get(&kind) {
            Some(Reading::Known(true)) => {}
            Some(_) => return Ok(()),
            // The roots were refused, and so which types are enabled is not known.
            None => {
                let unread = match &organization.tree {
                    Reading::Denied { action, code } => Reading::Denied {
                        action: action.clone(),
                        code: code.clone(),
                    },
                    _ => Reading::NotCollected,
                };
                organization.policy_types.insert(kind, unread);
                return Ok(());
            }
        }
        let mut summaries = Vec::new();
        let went = pages(
            self.session,
            self.lane(),
            |token| {
                self.client
                    .list_policies()
                    .filter(SdkPolicyType::from(kind.name()))
                    .max_results(PAGE)
                    .set_next_token(token)
                    .send()
            },
            |page| {
                summaries.extend(page.policies.unwrap_or_default());
                page.next_token
            },
        )
        .await;
        if let Err(cut) = went {
            let error = CallError::from(cut);
            ended(&error)?;
            let reading = denied(LIST_POLICIES, &error);
            organization.policy_types.insert(kind, reading);
            return Ok(());
        }
        for summary in summaries {
            let id = clean(summary.id().unwrap_or_default());
            let policy = OrganizationPolicy {
                kind,
                name: clean(summary.name().unwrap_or_default()),
                aws_managed: summary.aws_managed,
                content: self.content(&id).await?,
                targets: if id == RCP_FULL_ACCESS {
                    Reading::NotCollected
                } else {
                    self.targets(&id).await?
                },
            };
            organization.policies.insert(id, policy);
        }
        Ok(())
    }

    async fn content(&self, id: &str) -> Result<Reading<String>, CollectError> {
        let answer = self
            .session
            .call(ServiceFamily::Organizations, HOME, || {
                self.client.describe_policy().policy_id(id).send()
            })
            .await;
        match answer {
            Ok(found) => Ok(found
                .policy
                .and_then(|policy| policy.content)
                .map_or(Reading::Absent, Reading::Known)),
            Err(error) => {
                ended(&error)?;
                Ok(denied("organizations:DescribePolicy", &error))
            }
        }
    }

    async fn targets(&self, id: &str) -> Result<Reading<Vec<String>>, CollectError> {
        let mut targets = Vec::new();
        let went = pages(
            self.session,
            self.lane(),
            |token| {
                self.client
                    .list_targets_for_policy()
                    .policy_id(id)
                    .max_results(PAGE)
                    .set_next_token(token)
                    .send()
            },
            |page| {
                let found = page.targets.unwrap_or_default();
                targets.extend(
                    found
                        .iter()
                        .filter_map(|target| target.target_id().map(clean)),
                );
                page.next_token
            },
        )
        .await;
        match went {
            Ok(()) => {
                targets.sort();
                Ok(Reading::Known(targets))
            }
            Err(cut) => {
                let error = CallError::from(cut);
                ended(&error)?;
                Ok(denied("organizations:ListTargetsForPolicy", &error))
            }
        }
    }
}

/// An account with its id. `Status` is what older endpoints return in place of `State`.
fn member(account: sdk::Account, parent: Option<&str>) -> Option<(String, MemberAccount)> {
    let status = account.status().map(|status| status.as_str());
    let state = account.state().map(|state| state.as_str()).or(status);
    let member = MemberAccount {
        name: clean(account.name().unwrap_or_default()),
        state: clean(state.unwrap_or(NO_STATE)),
        parent: parent.map(str::to_owned),
    };
    Some((clean(account.id()?), member))
}

fn is_denied(error: &CallError) -> bool {
    matches!(denied::<()>("", error), Reading::Denied { .. })
}

/// The reading that a failed call makes.
fn denied<T>(action: &str, error: &CallError) -> Reading<T> {
    answer::unread_action(action, error)
}

/// An interrupt ends the reading as a whole.
fn ended(error: &CallError) -> Result<(), CollectError> {
    match error.kind {
        ErrorKind::Interrupted => Err(CollectError::Interrupted),
        _ => Ok(()),
    }
}

/// Why the accounts could not be listed.
fn failed(action: &'static str, error: CallError) -> CollectError {
    if error.kind == ErrorKind::Interrupted {
        return CollectError::Interrupted;
    }
    if error.code == "AWSOrganizationsNotInUseException" {
        return CollectError::NoOrganization;
    }
    if is_denied(&error) {
        return CollectError::Unlisted {
            action,
            code: error.code,
        };
    }
    CollectError::Organization {
        action,
        code: error.code,
        detail: error.message,
    }
}
