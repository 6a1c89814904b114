//! Which Regions are read.

use crate::inventory::Reading;
use crate::inventory::account::RegionListing;
use crate::inventory::ids::partition;
use crate::inventory::need::ReadingKind;

use super::answer;
use super::call_error::CallError;
use super::error::CollectError;
use super::lane::ServiceFamily;
use super::paging::pages;
use super::session::Session;

/// The Regions of the commercial partition that are enabled in every account. Source: AWS
/// Account Management reference guide, "Enable or disable AWS Regions" (Regions introduced before
/// 2019-03-20), read 2026-11-22.
pub const ENABLED_BY_DEFAULT: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Other Regions known on 2026-11-22 (botocore 1.43 `partitions.json`): opt-in ones and those of
/// the other public partitions. Only used to tell a typo from a new Region.
const OTHERS: [&str; 22] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "us-gov-east-1",
    "us-gov-west-1",
];

/// Refuses a name that cannot be a Region's: it must look like `eu-west-1`.
///
/// # Errors
/// [`CollectError::Region`] with the nearest known name.
pub fn check(name: &str) -> Result<(), CollectError> {
    if plausible(name) {
        Ok(())
    } else {
        Err(not_a_region(name))
    }
}

/// `^[a-z]{2,4}(-[a-z]+)+-\d+$`
fn plausible(name: &str) -> bool {
    let mut parts: Vec<&str> = name.split('-').collect();
    let (Some(number), Some(area)) = (parts.pop(), parts.first().copied()) else {
        return false;
    };
    parts.len() >= 2
        && (2..=4).contains(&area.len())
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// True for a Region this program has heard of.
pub fn is_known(name: &str) -> bool {
    known().any(|region| region == name)
}

fn known() -> impl Iterator<Item = &'static str> {
    ENABLED_BY_DEFAULT.into_iter().chain(OTHERS)
}

fn not_a_region(name: &str) -> CollectError {
    let suggestion = known()
        .map(|region| (strsim::osa_distance(region, name), region))
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, region)| region.to_owned());
    CollectError::Region {
        name: super::call_error::clean(name),
        suggestion,
    }
}

/// Asks AWS about given Regions that this program has not heard of: a new Region, or a typo.
///
/// # Errors
/// [`CollectError::Region`] for one that the account's own list does not have.
pub async fn verify(session: &Session) -> Result<(), CollectError> {
    let strange: Vec<&String> = session
        .request
        .resources
        .regions
        .iter()
        .filter(|name| !is_known(name))
        .collect();
    if strange.is_empty() || session.clients.endpoint().is_some() {
        return Ok(());
    }
    // Where the list is refused, the calls in the Region will tell.
    let Ok(listed) = list(session).await else {
        return Ok(());
    };
    match strange
        .into_iter()
        .find(|name| !listed.iter().any(|(listed, _)| listed == *name))
    {
        Some(name) => Err(not_a_region(name)),
        None => Ok(()),
    }
}

/// The Regions to read and the reading that says how they were found.
pub async fn choose(session: &Session) -> (Vec<String>, Reading<RegionListing>) {
    let known = |mut regions: Vec<String>| {
        regions.sort();
        regions.dedup();
        let listing = RegionListing {
            regions: regions.clone(),
        };
        (regions, Reading::Known(listing))
    };
    let given = &session.request.resources.regions;
    if !given.is_empty() {
        return known(given.clone());
    }
    match list(session).await {
        Ok(listed) => known(
            listed
                .into_iter()
                .filter_map(|(name, enabled)| enabled.then_some(name))
                .collect(),
        ),
        Err(error) => {
            let reading = answer::unread(ReadingKind::RegionListing, &error);
            (fallback(session), reading)
        }
    }
}

/// What is read when it is not known which Regions are enabled.
fn fallback(session: &Session) -> Vec<String> {
    let home = &session.home;
    if session.clients.endpoint().is_some() {
        return vec![home.clone()];
    }
    let mut regions: Vec<String> = match partition(home) {
        "aws" => ENABLED_BY_DEFAULT.map(str::to_owned).to_vec(),
        "aws-cn" => vec!["cn-north-1".to_owned(), "cn-northwest-1".to_owned()],
        "aws-us-gov" => vec!["us-gov-east-1".to_owned(), "us-gov-west-1".to_owned()],
        _ => Vec::new(),
    };
    if !regions.contains(home) {
        regions.push(home.clone());
        regions.sort();
    }
    regions
}

/// Every Region there is, and whether it is enabled in this account.
async fn list(session: &Session) -> Result<Vec<(String, bool)>, CallError> {
    let client = session.clients.account();
    let mut regions = Vec::new();
    pages(
        session,
        (ServiceFamily::Account, &session.home),
        |token| {
            client
                .list_regions()
                .max_results(50)
                .set_next_token(token)
                .send()
        },
        |page| {
            for region in page.regions() {
                let enabled = region.region_opt_status().is_some_and(|status| {
                    matches!(status.as_str(), "ENABLED" | "ENABLED_BY_DEFAULT")
                });
                if let Some(name) = region.region_name() {
                    regions.push((name.to_owned(), enabled));
                }
            }
            page.next_token
        },
    )
    .await?;
    Ok(regions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_a_region() {
        for name in known() {
            assert!(plausible(name), "{name}");
        }
        for name in [
            "",
            "eu",
            "eu-west",
            "EU-west-1",
            "eu-west-1a",
            "eu_west_1",
            "e-west-1",
            "-west-1",
            "eu--1",
            "eu-west-1 ",
            "https://x",
            "eu-1",
        ] {
            assert!(!plausible(name), "{name:?}");
        }
    }

    #[test]
    fn a_typo_gets_a_suggestion() {
        assert_eq!(
            check("eu-west1"),
            Err(CollectError::Region {
                name: "eu-west1".to_owned(),
                suggestion: Some("eu-west-1".to_owned())
            })
        );
        assert_eq!(
            check("mars").map_err(|error| error.to_string()),
            Err("`mars` is not a Region".to_owned())
        );
    }
}
