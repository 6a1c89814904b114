//! Where requests go, and what a custom endpoint changes.
//!
//! A custom endpoint comes from `--endpoint-url`, `AWS_ENDPOINT_URL[_<SERVICE>]` or the profile.
//! Two habits of the SDK do not work there: S3 would put the bucket in front of the host, and
//! s3control puts the account there in any case. Neither name resolves on a local endpoint.

use aws_config::SdkConfig;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::service_config::ServiceConfigKey;

use super::error::CollectError;

/// The custom endpoint of a service, as the SDK itself would choose it; `None` is AWS.
pub fn of_service(config: &SdkConfig, service_id: &str) -> Option<String> {
    let given = config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return given;
    }
    let specific = config.service_config().and_then(|source| {
        let key = ServiceConfigKey::builder()
            .service_id(service_id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok()?;
        source.load_config(key)
    });
    specific.or(given)
}

/// Refuses what cannot be an endpoint URL before the SDK fails on it call by call.
///
/// # Errors
/// [`CollectError::Endpoint`].
pub fn check(url: &str) -> Result<(), CollectError> {
    let host = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"))
        .map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match host {
        Some(host) if !host.is_empty() && !url.contains(char::is_whitespace) => Ok(()),
        _ => Err(CollectError::Endpoint {
            url: super::call_error::clean(url),
        }),
    }
}

/// The URL without user name, password and query, for messages and the snapshot.
pub fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let rest = rest.get(..end).unwrap_or(rest);
    let (authority, path) = rest
        .find('/')
        .map_or((rest, ""), |slash| rest.split_at(slash));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    super::call_error::clean(&format!("{scheme}://{host}{path}"))
}

/// Takes the account id off the host name of s3control requests to a custom endpoint.
#[derive(Clone, Debug)]
pub struct BareHost {
    /// What the host name begins with, for example `123456789012.`.
    prefix: String,
}

impl BareHost {
    /// For requests about this account.
    pub fn of_account(account: &str) -> Self {
        Self {
            prefix: format!("{account}."),
        }
    }
}

impl Intercept for BareHost {
    fn name(&self) -> &'static str {
        "BareHost"
    }

    // Before signing, so that the Host header that is signed is the one that is sent.
    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let with_prefix = format!("://{}", self.prefix);
        if request.uri().contains(&with_prefix) {
            let bare = request.uri().replacen(&with_prefix, "://", 1);
            request.set_uri(bare)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_endpoint_url() {
        assert!(check("http://127.0.0.1:4566").is_ok());
        assert!(check("https://s3.example.com/base").is_ok());
        for bad in [
            "",
            "localhost:4566",
            "http://",
            "http:///x",
            "ftp://host",
            "http://a b",
        ] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_password_in_the_url_is_not_shown() {
        assert_eq!(
            shown("http://user:secret@host:4566/base?token=x"),
            "http://host:4566/base"
        );
        assert_eq!(shown("http://127.0.0.1:4566"), "http://127.0.0.1:4566");
    }
}
