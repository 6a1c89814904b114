//! Lambda Web Functions.

use std::collections::{BTreeMap, BTreeSet};

use super::super::regional_pointer;
use super::super::settings::{Setting, WebFunctionSettings};
use super::super::value::shown;
use super::{Builder, Made};
use crate::inventory::Reading;
use crate::inventory::account::Listing;
use crate::inventory::ids::{SubjectKind, web_function_arn};
use crate::inventory::web_function::{WebEndpoint, WebFunctionInventory, WebRevision};

impl<'a> Builder<'a> {
    pub(super) fn web_function(&mut self, settings: &'a WebFunctionSettings) {
        let source = &settings.source;
        let mut made = Made::new(source);
        let region = self.region;
        let name = Self::name_of(&settings.name, source);
        let arn = web_function_arn(region, self.account, &name);
        let own_arn = web_function_arn(
            region,
            self.account,
            &Self::symbolic_name(&settings.name, source),
        );
        let function = WebFunctionInventory {
            endpoints: endpoints(settings, &arn, &mut made),
            policy: self.policy(&settings.policy, Some(&own_arn), &mut made),
            revisions: revisions(settings, &mut made),
            arn: arn.clone(),
            state: "Active".to_owned(),
        };
        let at = regional_pointer(self.account, region, "web_functions", &name);
        self.register(SubjectKind::WebFunction, arn, at, made);
        let closed = self.below().is_none();
        let inventory = self.region_inventory(region);
        if closed {
            inventory.web_function_listing = Reading::Known(Listing { complete: true });
        }
        inventory.web_functions.insert(name, function);
    }
}

/// The endpoints as they serve requests after the deployment.
fn endpoints(
    settings: &WebFunctionSettings,
    arn: &str,
    made: &mut Made<'_>,
) -> Reading<Vec<WebEndpoint>> {
    let mut found = Vec::new();
    for endpoint in &settings.endpoints {
        let auth_type = match &endpoint.auth_type {
            Setting::Written(auth_type) => auth_type.clone(),
            // AuthType is required.
            Setting::LeftOut => return made.undetermined("AuthType"),
            Setting::Undetermined(reference) => return made.undetermined(reference),
        };
        let revisions = match &endpoint.revisions {
            Setting::Written(revisions) => revisions.iter().map(|id| shown(id)).collect(),
            // Which one it serves is not documented: any of them.
            Setting::LeftOut => settings.revisions.keys().map(|id| shown(id)).collect(),
            Setting::Undetermined(reference) => return made.undetermined(reference),
        };
        let name = shown(&endpoint.name);
        found.push(WebEndpoint {
            arn: format!("{arn}/endpoint/{name}"),
            name,
            auth_type,
            kind: shown(&endpoint.kind),
            regions: endpoint.regions.clone(),
            revisions,
            state: "Active".to_owned(),
        });
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Reading::Known(found)
}

/// The revisions that its endpoints serve.
fn revisions(
    settings: &WebFunctionSettings,
    made: &mut Made<'_>,
) -> Reading<BTreeMap<String, WebRevision>> {
    let mut served: BTreeSet<&String> = BTreeSet::new();
    for endpoint in &settings.endpoints {
        match &endpoint.revisions {
            Setting::Written(revisions) => served.extend(revisions),
            Setting::LeftOut => served.extend(settings.revisions.keys()),
            Setting::Undetermined(reference) => return made.undetermined(reference),
        }
    }
    let mut found = BTreeMap::new();
    for id in served {
        match settings.revisions.get(id) {
            Some(Some(code)) => {
                let stored_in = Some(code.clone());
                found.insert(shown(id), WebRevision { stored_in });
            }
            _ => return made.undetermined(&format!("the code of revision {}", shown(id))),
        }
    }
    Reading::Known(found)
}
