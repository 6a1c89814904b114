//! Ways in for the project's own tests and benchmarks: collection that takes nothing from the
//! machine it runs on, and a client as collection makes them. Not part of the API.

use super::clients::{ClientSettings, Clients, FixedEndpoint};
use super::{CollectError, CollectRequest, Progress, collect_from};
use crate::inventory::Snapshot;

/// The Region the fixed configuration names.
pub const REGION: &str = "us-east-1";

fn fixed() -> FixedEndpoint {
    FixedEndpoint {
        credentials: aws_credential_types::Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            None,
            None,
            "testing",
        ),
        region: REGION.to_owned(),
    }
}

/// [`collect`](super::collect) with AWS's own example credentials in [`REGION`], whatever the
/// environment and the profiles say.
///
/// # Errors
/// As [`collect`](super::collect).
pub fn collect(
    request: CollectRequest,
    progress: Box<dyn Progress>,
) -> Result<Snapshot, CollectError> {
    collect_from(request, Some(fixed()), progress)
}

/// An S3 client as collection makes them, guard included.
///
/// # Errors
/// When the URL is none.
pub async fn s3_client(endpoint_url: &str) -> Result<aws_sdk_s3::Client, CollectError> {
    let clients = Clients::load(ClientSettings {
        endpoint_url: Some(endpoint_url),
        fixed: Some(&fixed()),
        ..ClientSettings::default()
    })
    .await?;
    Ok(clients.s3(REGION))
}
