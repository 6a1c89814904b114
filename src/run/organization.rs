//! `organization`: reads the tree, the accounts and the policies of the organization.

use super::accounts::{RunFolder, RunStore};
use super::console::Console;
use super::files::{self, Stdout};
use super::{Exit, RunError};
use crate::cli::options::OrganizationOptions;
use crate::inventory::Reading;
use crate::inventory::organization::Organization;
use crate::output::json;

pub(super) fn run(
    options: &OrganizationOptions,
    console: &mut Console<'_>,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError> {
    if let Some(file) = &options.output {
        files::check_writable(file)?;
    }
    let organization = read(options, console)?;
    console.note(&format!(
        "organization {}: {} accounts, {} policies",
        organization.id,
        organization.accounts.len(),
        organization.policies.len()
    ));
    if let Some(action) = refused(&organization) {
        console.note(&format!(
            "note: {action} was refused; what control policies deny is reported as if they allowed it"
        ));
    }
    match (&options.to, &options.output) {
        (Some(to), _) => {
            let run = options.run.clone().unwrap_or_else(|| {
                // `:` is no letter of a folder's name everywhere.
                organization.taken_at.replace(':', "-")
            });
            let store = RunStore::open(to, &options.request)?;
            let folder = RunFolder::new(&store, &run);
            let key = folder.organization();
            folder.write_json(&key, &organization)?;
            console.note(&format!("run {run}: {}", folder.shown(&key)));
        }
        (None, Some(file)) => {
            files::write(file, |out| json::document(&organization, out))?;
        }
        (None, None) => stdout.write(|out| json::document(&organization, out))?,
    }
    Ok(Exit::Clean)
}

#[cfg(feature = "aws")]
fn read(
    options: &OrganizationOptions,
    console: &mut Console<'_>,
) -> Result<Organization, RunError> {
    let request = options.request.clone();
    Ok(crate::collect::accounts::read_organization(
        request,
        console.progress(),
    )?)
}

#[cfg(not(feature = "aws"))]
fn read(
    _options: &OrganizationOptions,
    _console: &mut Console<'_>,
) -> Result<Organization, RunError> {
    Err(RunError::Offline)
}

/// An action that was refused, if one was.
fn refused(organization: &Organization) -> Option<&str> {
    fn action<T>(reading: &Reading<T>) -> Option<&str> {
        match reading {
            Reading::Denied { action, .. } | Reading::Failed { action, .. } => Some(action),
            _ => None,
        }
    }
    let of_types = organization.policy_types.values();
    let of_policies = organization.policies.values();
    action(&organization.tree)
        .or_else(|| of_types.filter_map(action).next())
        .or_else(|| {
            of_policies
                .filter_map(|policy| action(&policy.content))
                .next()
        })
}
