//! Whose account it is; and, when nothing can be read at all, the one message that says why.

use aws_credential_types::provider::ProvideCredentials;

use crate::inventory::Reading;
use crate::inventory::account::Caller;
use crate::inventory::need::ReadingKind;

use super::answer;
use super::clients::Clients;
use super::endpoint;
use super::error::CollectError;
use super::lane::{Family, Lanes};
use super::trouble::{Kind, Trouble, clean};

/// The account id used when an endpoint does not know sts. AWS itself always answers
/// GetCallerIdentity; it cannot be denied (IAM user guide).
pub const UNKNOWN_ACCOUNT: &str = "000000000000";

/// Codes by which AWS refuses the credentials themselves rather than an action.
const BAD_CREDENTIALS: [&str; 9] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "RequestTimeTooSkewed",
    "MissingAuthenticationToken",
];

/// The account id and who reads it.
///
/// # Errors
/// When there are no credentials, they are not accepted, or nothing answers: then no other call
/// can succeed either.
pub async fn identify(
    clients: &Clients,
    lanes: &Lanes,
) -> Result<(String, Reading<Caller>), CollectError> {
    let sts = clients.sts();
    let home = clients.home();
    let answer = lanes
        .lane(Family::Sts, &home)
        .call(|| sts.get_caller_identity().send())
        .await;
    let trouble = match answer {
        Ok(identity) => {
            let caller = Caller {
                arn: identity.arn().unwrap_or_default().to_owned(),
            };
            let account = identity
                .account()
                .filter(|account| !account.is_empty())
                .unwrap_or(UNKNOWN_ACCOUNT);
            return Ok((account.to_owned(), Reading::Known(caller)));
        }
        Err(trouble) => trouble,
    };
    if trouble.kind == Kind::Interrupted {
        return Err(CollectError::Interrupted);
    }
    if trouble.status.is_some() {
        if BAD_CREDENTIALS.contains(&trouble.code.as_str()) {
            return Err(CollectError::BadCredentials {
                code: trouble.code,
                detail: trouble.message,
            });
        }
        let caller = answer::unread_by(ReadingKind::Caller, "sts:GetCallerIdentity", &trouble);
        return Ok((UNKNOWN_ACCOUNT.to_owned(), caller));
    }
    Err(silence(clients, &home, trouble).await)
}

/// Why nothing answered: no credentials, or nobody there.
async fn silence(clients: &Clients, home: &str, trouble: Trouble) -> CollectError {
    // The SDK reports missing credentials and a dead endpoint alike as a failure to dispatch;
    // asking the provider again tells them apart.
    let credentials = match clients.config().credentials_provider() {
        Some(provider) => provider.provide_credentials().await.err(),
        None => {
            Some(aws_credential_types::provider::error::CredentialsError::not_loaded_no_source())
        }
    };
    if let Some(error) = credentials {
        return CollectError::NoCredentials {
            detail: causes(&error),
        };
    }
    match endpoint::of_service(clients.config(), "STS") {
        Some(url) => CollectError::Unreachable {
            endpoint: endpoint::shown(&url),
            code: trouble.code,
            detail: trouble.message,
            hint: "Check the endpoint URL (--endpoint-url, AWS_ENDPOINT_URL or the profile) and that something listens there".to_owned(),
        },
        None => CollectError::Unreachable {
            endpoint: format!("AWS in {home}"),
            code: trouble.code,
            detail: trouble.message,
            hint: format!("Check that `{home}` is the Region you mean, the network and HTTPS_PROXY"),
        },
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    clean(&text)
}
