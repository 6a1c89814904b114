//! Whose account it is; and, when nothing can be read at all, the one message that says why.

use aws_credential_types::provider::ProvideCredentials;

use crate::inventory::Reading;
use crate::inventory::account::Caller;
use crate::inventory::need::ReadingKind;

use super::answer;
use super::call_error::{CallError, ErrorKind, clean};
use super::clients::Clients;
use super::endpoint;
use super::error::CollectError;
use super::lane::{Lanes, ServiceFamily};

/// The account id used when an endpoint does not know sts. AWS itself always answers
/// GetCallerIdentity; it cannot be denied (IAM user guide).
pub const UNKNOWN_ACCOUNT: &str = "000000000000";

/// Codes by which AWS refuses the credentials themselves rather than an action.
pub const BAD_CREDENTIALS: [&str; 9] = [
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
    profile: Option<&str>,
) -> Result<(String, Reading<Caller>), CollectError> {
    let sts = clients.sts();
    let home = clients.home();
    let answer = lanes
        .lane(ServiceFamily::Sts, &home)
        .call(|| sts.get_caller_identity().send())
        .await;
    let error = match answer {
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
        Err(error) => error,
    };
    if error.kind == ErrorKind::Interrupted {
        return Err(CollectError::Interrupted);
    }
    if error.status.is_some() {
        if BAD_CREDENTIALS.contains(&error.code.as_str()) {
            return Err(CollectError::BadCredentials {
                code: error.code,
                detail: error.message,
            });
        }
        let caller = answer::unread_by(ReadingKind::Caller, "sts:GetCallerIdentity", &error);
        return Ok((UNKNOWN_ACCOUNT.to_owned(), caller));
    }
    Err(silence(clients, &home, profile, error).await)
}

/// Why nothing answered: no credentials, or no endpoint.
async fn silence(
    clients: &Clients,
    home: &str,
    profile: Option<&str>,
    error: CallError,
) -> CollectError {
    // The SDK reports missing credentials and a dead endpoint alike as a failure to dispatch;
    // asking the provider again distinguishes them.
    let credentials = match clients.config().credentials_provider() {
        Some(provider) => provider.provide_credentials().await.err(),
        None => {
            Some(aws_credential_types::provider::error::CredentialsError::not_loaded_no_source())
        }
    };
    if let Some(error) = credentials {
        let detail = match profile {
            Some(profile) => format!(
                "profile `{}` does not exist or gives none: {}",
                clean(profile),
                causes(&error)
            ),
            None => causes(&error),
        };
        return CollectError::NoCredentials { detail };
    }
    match endpoint::of_service(clients.config(), "STS") {
        Some(url) => CollectError::Unreachable {
            endpoint: endpoint::shown(&url),
            code: error.code,
            detail: error.message,
            hint: "Check the endpoint URL (--endpoint-url, AWS_ENDPOINT_URL or the profile) and that something listens there".to_owned(),
        },
        None => CollectError::Unreachable {
            endpoint: format!("AWS in {home}"),
            code: error.code,
            detail: error.message,
            hint: format!("Check that `{home}` is the Region you mean, the network and HTTPS_PROXY"),
        },
    }
}

/// What the credential providers said, as one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut deepest = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        deepest = cause.to_string();
        source = cause.source();
    }
    said(&deepest)
}

/// The providers' summary is a list of lines, one a provider; most say only that they were not
/// asked to do anything. What a credential process wrote to its standard error is left out: it may
/// be anything.
fn said(text: &str) -> String {
    let text = text.split(" Stderr:").next().unwrap_or(text);
    let Some((_, list)) = text.split_once("Attempted:") else {
        return clean(text.trim_end_matches('.'));
    };
    let tried: Vec<&str> = list
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| match line.split_once(':') {
            Some((provider, why)) if why.contains("was not enabled") => provider,
            _ => line,
        })
        .collect();
    clean(&format!("none were found (tried {})", tried.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_what_was_tried_becomes_one_line() {
        let text = "no credentials found in chain. Attempted:\n  Environment: the credential provider was not enabled: not set\n  Profile: broken file";
        assert_eq!(
            said(text),
            "none were found (tried Environment, Profile: broken file)"
        );
    }

    #[test]
    fn what_a_credential_process_printed_is_not_repeated() {
        assert_eq!(
            said("external process exited with code 1. Stderr: secret"),
            "external process exited with code 1"
        );
    }
}
