//! The SDK's configuration, loaded once, and the clients made from it, one a service and Region.
//!
//! They share one HTTP client (so one connection pool and one set of root certificates), one
//! credentials cache (so one AssumeRole or SSO call) and one guard.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::endpoint::{self, BareHost};
use super::error::CollectError;
use super::guard::ReadOnly;

/// The Region used when none is configured.
pub const DEFAULT_REGION: &str = "us-east-1";

/// Where configuration comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClientSettings<'a> {
    /// The profile; `None` is the environment's.
    pub profile: Option<&'a str>,
    /// The endpoint of all services; `None` is the environment's, or AWS.
    pub endpoint_url: Option<&'a str>,
    /// The Region when none is configured.
    pub fallback_region: Option<&'a str>,
    /// Credentials and Region that are given rather than found.
    pub fixed: Option<&'a FixedEndpoint>,
}

/// Credentials and Region, whatever the machine's own profiles say.
#[derive(Clone, Debug)]
pub struct FixedEndpoint {
    /// The credentials.
    pub credentials: aws_credential_types::Credentials,
    /// The configured Region.
    pub region: String,
}

/// Makes clients and keeps them.
#[derive(Debug)]
pub struct Clients {
    config: SdkConfig,
    s3: Mutex<HashMap<String, aws_sdk_s3::Client>>,
    lambda: Mutex<HashMap<String, aws_sdk_lambda::Client>>,
    lambda_web: Mutex<HashMap<String, aws_sdk_lambdaweb::Client>>,
    ecr: Mutex<HashMap<String, aws_sdk_ecr::Client>>,
    kms: Mutex<HashMap<String, aws_sdk_kms::Client>>,
    #[cfg(feature = "other-bucket-kinds")]
    s3tables: Mutex<HashMap<String, aws_sdk_s3tables::Client>>,
    #[cfg(feature = "other-bucket-kinds")]
    s3vectors: Mutex<HashMap<String, aws_sdk_s3vectors::Client>>,
    #[cfg(feature = "other-bucket-kinds")]
    s3files: Mutex<HashMap<String, aws_sdk_s3files::Client>>,
    events: Mutex<HashMap<String, aws_sdk_eventbridge::Client>>,
    scheduler: Mutex<HashMap<String, aws_sdk_scheduler::Client>>,
    scaling: Mutex<HashMap<String, aws_sdk_applicationautoscaling::Client>>,
    metrics: Mutex<HashMap<String, aws_sdk_cloudwatch::Client>>,
    cloudtrail: Mutex<HashMap<String, aws_sdk_cloudtrail::Client>>,
    config_service: Mutex<HashMap<String, aws_sdk_config::Client>>,
    logs: Mutex<HashMap<String, aws_sdk_cloudwatchlogs::Client>>,
    pricing: Mutex<HashMap<String, aws_sdk_pricing::Client>>,
    plain: OnceLock<Connector>,
}

impl Clients {
    /// Loads environment and profile. No request is sent; credentials are resolved by the first.
    ///
    /// # Errors
    /// [`CollectError::Endpoint`] when the endpoint URL, wherever it came from, is not one.
    pub async fn load(source: ClientSettings<'_>) -> Result<Self, CollectError> {
        if let Some(url) = source.endpoint_url {
            endpoint::check(url)?;
        }
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client())
            // Every retry is made by `lane`, where it is scheduled.
            .retry_config(RetryConfig::disabled())
            // The answers are small, and every attempt has a time limit.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(5))
                    .operation_attempt_timeout(Duration::from_secs(15))
                    .operation_timeout(Duration::from_secs(60))
                    .build(),
            );
        // Slashes are not allowed in an app name: it shows as `app/coldbucket-0.1.0`.
        if let Ok(name) = AppName::new(concat!("coldbucket-", env!("CARGO_PKG_VERSION"))) {
            loader = loader.app_name(name);
        }
        if let Some(profile) = source.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = source.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(fixed) = source.fixed {
            loader = loader
                .credentials_provider(fixed.credentials.clone())
                .region(Region::new(fixed.region.clone()))
                .use_fips(false)
                .use_dual_stack(false);
        }
        let mut config = loader.load().await;
        if config.region().is_none() {
            let region = source.fallback_region.unwrap_or(DEFAULT_REGION).to_owned();
            config = config.into_builder().region(Region::new(region)).build();
        }
        let clients = Self::new(config);
        for service in [
            "S3",
            "Lambda",
            "STS",
            "S3 Control",
            "Account",
            "ECR",
            "KMS",
            "EventBridge",
            "Scheduler",
            "Application Auto Scaling",
            "CloudWatch",
            "CloudTrail",
            "Config Service",
            "CloudWatch Logs",
            "IAM",
            "Organizations",
            "Pricing",
            "S3Tables",
            "S3Vectors",
            "S3Files",
        ] {
            if let Some(url) = endpoint::of_service(&clients.config, service) {
                endpoint::check(&url)?;
            }
        }
        Ok(clients)
    }

    /// The configured Region.
    pub fn home(&self) -> String {
        self.config
            .region()
            .map_or_else(|| DEFAULT_REGION.to_owned(), ToString::to_string)
    }

    /// Uses another Region as the configured one.
    pub fn set_home(&mut self, region: &str) {
        self.config = self
            .config
            .to_builder()
            .region(Region::new(region.to_owned()))
            .build();
    }

    /// The custom endpoint, `None` for AWS. Where services have different ones, S3's.
    pub fn endpoint(&self) -> Option<String> {
        endpoint::of_service(&self.config, "S3")
            .or_else(|| self.config.endpoint_url().map(str::to_owned))
    }

    /// The custom endpoint of Lambda, `None` for AWS.
    pub fn lambda_endpoint(&self) -> Option<String> {
        endpoint::of_service(&self.config, "Lambda")
    }

    /// The configuration all clients are made from.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// sts in the configured Region.
    pub fn sts(&self) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::from_conf(
            aws_sdk_sts::config::Builder::from(&self.config)
                .interceptor(ReadOnly::default())
                .build(),
        )
    }

    /// sts in the configured Region, to open sessions in other accounts.
    pub fn hub_sts(&self) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::from_conf(
            aws_sdk_sts::config::Builder::from(&self.config)
                .interceptor(ReadOnly::of_hub())
                .build(),
        )
    }

    /// organizations, whose one endpoint a partition the SDK finds from the configured Region.
    pub fn organizations(&self) -> aws_sdk_organizations::Client {
        aws_sdk_organizations::Client::from_conf(
            aws_sdk_organizations::config::Builder::from(&self.config)
                .interceptor(ReadOnly::of_hub())
                .build(),
        )
    }

    /// Clients of another account: the same configuration and connections, other credentials.
    #[must_use]
    pub fn of_account(&self, credentials: aws_credential_types::Credentials) -> Self {
        let provider = aws_credential_types::provider::SharedCredentialsProvider::new(credentials);
        let config = self.config.to_builder();
        Self::new(config.credentials_provider(provider).build())
    }

    /// Clients of the same account.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::new(self.config.clone())
    }

    fn new(config: SdkConfig) -> Self {
        Self {
            config,
            s3: Mutex::default(),
            lambda: Mutex::default(),
            lambda_web: Mutex::default(),
            ecr: Mutex::default(),
            kms: Mutex::default(),
            #[cfg(feature = "other-bucket-kinds")]
            s3tables: Mutex::default(),
            #[cfg(feature = "other-bucket-kinds")]
            s3vectors: Mutex::default(),
            #[cfg(feature = "other-bucket-kinds")]
            s3files: Mutex::default(),
            events: Mutex::default(),
            scheduler: Mutex::default(),
            scaling: Mutex::default(),
            metrics: Mutex::default(),
            cloudtrail: Mutex::default(),
            config_service: Mutex::default(),
            logs: Mutex::default(),
            pricing: Mutex::default(),
            plain: OnceLock::new(),
        }
    }

    /// account in the configured Region.
    pub fn account(&self) -> aws_sdk_account::Client {
        aws_sdk_account::Client::from_conf(
            aws_sdk_account::config::Builder::from(&self.config)
                .interceptor(ReadOnly::default())
                .build(),
        )
    }

    /// iam, whose one endpoint a partition the SDK finds from the configured Region.
    pub fn iam(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::from_conf(
            aws_sdk_iam::config::Builder::from(&self.config)
                .interceptor(ReadOnly::default())
                .build(),
        )
    }

    /// s3control in a Region, for requests about this account.
    pub fn s3control(&self, account: &str, region: &str) -> aws_sdk_s3control::Client {
        let mut builder = aws_sdk_s3control::config::Builder::from(&self.config)
            .region(Region::new(region.to_owned()))
            .interceptor(ReadOnly::default());
        if endpoint::of_service(&self.config, "S3 Control").is_some() {
            builder = builder.interceptor(BareHost::of_account(account));
        }
        aws_sdk_s3control::Client::from_conf(builder.build())
    }

    /// s3 in a Region.
    pub fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        kept(&self.s3, region, || {
            let custom = endpoint::of_service(&self.config, "S3").is_some();
            aws_sdk_s3::Client::from_conf(
                aws_sdk_s3::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .force_path_style(custom)
                    // The calls about directory buckets need no session, and a session is not for reading
                    // alone.
                    .disable_s3_express_session_auth(true)
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// lambda in a Region.
    pub fn lambda(&self, region: &str) -> aws_sdk_lambda::Client {
        kept(&self.lambda, region, || {
            aws_sdk_lambda::Client::from_conf(
                aws_sdk_lambda::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// lambda's Web Functions in a Region.
    pub fn lambda_web(&self, region: &str) -> aws_sdk_lambdaweb::Client {
        kept(&self.lambda_web, region, || {
            aws_sdk_lambdaweb::Client::from_conf(
                aws_sdk_lambdaweb::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// kms in a Region.
    pub fn kms(&self, region: &str) -> aws_sdk_kms::Client {
        kept(&self.kms, region, || {
            aws_sdk_kms::Client::from_conf(
                aws_sdk_kms::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// s3tables in a Region.
    #[cfg(feature = "other-bucket-kinds")]
    pub fn s3tables(&self, region: &str) -> aws_sdk_s3tables::Client {
        kept(&self.s3tables, region, || {
            aws_sdk_s3tables::Client::from_conf(
                aws_sdk_s3tables::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// s3vectors in a Region.
    #[cfg(feature = "other-bucket-kinds")]
    pub fn s3vectors(&self, region: &str) -> aws_sdk_s3vectors::Client {
        kept(&self.s3vectors, region, || {
            aws_sdk_s3vectors::Client::from_conf(
                aws_sdk_s3vectors::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// s3files in a Region.
    #[cfg(feature = "other-bucket-kinds")]
    pub fn s3files(&self, region: &str) -> aws_sdk_s3files::Client {
        kept(&self.s3files, region, || {
            aws_sdk_s3files::Client::from_conf(
                aws_sdk_s3files::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// events in a Region.
    pub fn events(&self, region: &str) -> aws_sdk_eventbridge::Client {
        kept(&self.events, region, || {
            aws_sdk_eventbridge::Client::from_conf(
                aws_sdk_eventbridge::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// cloudtrail in a Region.
    pub fn cloudtrail(&self, region: &str) -> aws_sdk_cloudtrail::Client {
        kept(&self.cloudtrail, region, || {
            aws_sdk_cloudtrail::Client::from_conf(
                aws_sdk_cloudtrail::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// logs in a Region.
    pub fn logs(&self, region: &str) -> aws_sdk_cloudwatchlogs::Client {
        kept(&self.logs, region, || {
            aws_sdk_cloudwatchlogs::Client::from_conf(
                aws_sdk_cloudwatchlogs::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// scheduler in a Region.
    pub fn scheduler(&self, region: &str) -> aws_sdk_scheduler::Client {
        kept(&self.scheduler, region, || {
            aws_sdk_scheduler::Client::from_conf(
                aws_sdk_scheduler::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// application-autoscaling in a Region.
    pub fn scaling(&self, region: &str) -> aws_sdk_applicationautoscaling::Client {
        kept(&self.scaling, region, || {
            aws_sdk_applicationautoscaling::Client::from_conf(
                aws_sdk_applicationautoscaling::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// cloudwatch in a Region.
    pub fn metrics(&self, region: &str) -> aws_sdk_cloudwatch::Client {
        kept(&self.metrics, region, || {
            aws_sdk_cloudwatch::Client::from_conf(
                aws_sdk_cloudwatch::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// The Price List API in a Region that has its endpoint.
    pub fn pricing(&self, region: &str) -> aws_sdk_pricing::Client {
        kept(&self.pricing, region, || {
            aws_sdk_pricing::Client::from_conf(
                aws_sdk_pricing::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// AWS Config in a Region.
    pub fn config_service(&self, region: &str) -> aws_sdk_config::Client {
        kept(&self.config_service, region, || {
            aws_sdk_config::Client::from_conf(
                aws_sdk_config::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }

    /// Sends requests that go to no service's API: no credentials, no cookies, no redirects.
    pub fn plain(&self) -> &Connector {
        self.plain.get_or_init(|| {
            let mut connector =
                ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
            connector.set_enable_tcp_nodelay(true);
            connector.set_proxy_config(Some(ProxyConfig::from_env()));
            connector.build()
        })
    }

    /// ecr in a Region.
    pub fn ecr(&self, region: &str) -> aws_sdk_ecr::Client {
        kept(&self.ecr, region, || {
            aws_sdk_ecr::Client::from_conf(
                aws_sdk_ecr::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .interceptor(ReadOnly::default())
                    .build(),
            )
        })
    }
}

fn kept<C: Clone>(
    clients: &Mutex<HashMap<String, C>>,
    region: &str,
    make: impl FnOnce() -> C,
) -> C {
    clients
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(region.to_owned())
        .or_insert_with(make)
        .clone()
}

/// The HTTP client all services share: what the SDK makes by default (rustls on aws-lc, proxies
/// from the environment), but once rather than once a client.
fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector =
            ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.set_enable_tcp_nodelay(true);
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    })
}
