//! Which provisioned concurrency Application Auto Scaling may change.

use aws_sdk_applicationautoscaling::types::ServiceNamespace;

use crate::inventory::Reading;
use crate::inventory::need::ReadingKind;
use crate::inventory::trigger::ScalableTarget;

use super::answer;
use super::call_error::CallError;
use super::lane::ServiceFamily;
use super::paging::pages;
use super::session::Session;

/// The scalable targets of a Region.
pub async fn targets(session: &Session, region: &str) -> Reading<Vec<ScalableTarget>> {
    answer::reading(
        ReadingKind::ScalableTargets,
        read(session, region).await.map(Some),
    )
}

async fn read(session: &Session, region: &str) -> Result<Vec<ScalableTarget>, CallError> {
    let client = session.clients.scaling(region);
    let mut targets = Vec::new();
    pages(
        session,
        (ServiceFamily::Scaling, region),
        |token| {
            client
                .describe_scalable_targets()
                .service_namespace(ServiceNamespace::Lambda)
                .set_next_token(token)
                .send()
        },
        |page| {
            targets.extend(page.scalable_targets().iter().filter_map(|target| {
                // function:NAME:QUALIFIER (Application Auto Scaling API reference, ResourceId).
                let mut parts = target.resource_id().splitn(3, ':');
                let (_, function, qualifier) = (parts.next()?, parts.next()?, parts.next()?);
                Some(ScalableTarget {
                    function: function.to_owned(),
                    qualifier: qualifier.to_owned(),
                    min: u32::try_from(target.min_capacity()).unwrap_or(0),
                    max: u32::try_from(target.max_capacity()).unwrap_or(0),
                })
            }));
            page.next_token
        },
    )
    .await?;
    targets.sort_by(|a, b| (&a.function, &a.qualifier).cmp(&(&b.function, &b.qualifier)));
    Ok(targets)
}
