//! What calls the functions of a Region by itself. Each list is read once, after the functions: a
//! Region without functions, or one where nothing is started ahead, is not asked.

use std::collections::BTreeMap;

use crate::inventory::Reading;
use crate::inventory::account::RegionInventory;
use crate::inventory::function::FunctionInventory;
use crate::inventory::need::ReadingKind;
use crate::inventory::trigger::EventSourceMapping;

use super::call_error::CallError;
use super::functions::{ReadFunctions, ruled_out};
use super::lane::ServiceFamily;
use super::paging::pages;
use super::session::Session;
use super::{answer, events, scaling, schedules};

/// Reads the lists into the Region.
pub async fn read(session: &Session, region: &str, inventory: &mut RegionInventory) {
    let functions = &inventory.functions;
    let known = ReadFunctions::new(functions.values());
    let wanted = |kind| wanted(session, functions, kind);
    let (mappings, rules, schedules, targets) = tokio::join!(
        async {
            if !wanted(ReadingKind::EventSourceMappings) {
                return Reading::NotCollected;
            }
            answer::reading(
                ReadingKind::EventSourceMappings,
                mappings(session, region, &known).await.map(Some),
            )
        },
        async {
            if !wanted(ReadingKind::Rules) {
                return Reading::NotCollected;
            }
            events::rules(session, region, &known).await
        },
        async {
            if !wanted(ReadingKind::Schedules) {
                return Reading::NotCollected;
            }
            schedules::schedules(session, region, &known).await
        },
        async {
            if !wanted(ReadingKind::ScalableTargets) {
                return Reading::NotCollected;
            }
            scaling::targets(session, region).await
        },
    );
    inventory.event_source_mappings = mappings;
    inventory.rules = rules;
    inventory.schedules = schedules;
    inventory.scalable_targets = targets;
}

/// True when some function of the Region may have a use for the list.
fn wanted(
    session: &Session,
    functions: &BTreeMap<String, FunctionInventory>,
    kind: ReadingKind,
) -> bool {
    functions
        .values()
        .any(|function| session.plan.calls(kind, |guard| ruled_out(function, guard)))
}

async fn mappings(
    session: &Session,
    region: &str,
    known: &ReadFunctions,
) -> Result<Vec<EventSourceMapping>, CallError> {
    let client = session.clients.lambda(region);
    let mut mappings = Vec::new();
    pages(
        session,
        (ServiceFamily::Lambda, region),
        |marker| {
            client
                .list_event_source_mappings()
                .set_marker(marker)
                .send()
        },
        |page| {
            mappings.extend(page.event_source_mappings().iter().filter_map(|mapping| {
                let function_arn = mapping.function_arn()?;
                known.has(function_arn).then(|| EventSourceMapping {
                    uuid: mapping.uuid().unwrap_or_default().to_owned(),
                    function_arn: function_arn.to_owned(),
                    source: mapping.event_source_arn().unwrap_or_default().to_owned(),
                    state: mapping.state().unwrap_or_default().to_owned(),
                })
            }));
            page.next_marker
        },
    )
    .await?;
    mappings.sort_by(|a, b| {
        (&a.function_arn, &a.source, &a.uuid).cmp(&(&b.function_arn, &b.source, &b.uuid))
    });
    Ok(mappings)
}
