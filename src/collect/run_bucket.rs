//! The bucket that holds the files of runs (`--to s3://BUCKET/PREFIX`): the one place that coldbucket
//! writes to in AWS.
//!
//! Its client is made here and kept here. Another guard than that of collection lets it send three
//! operations, and every request names this bucket, so nothing of an audited account can be written.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::primitives::ByteStream;

use super::call_error::CallError;
use super::clients::{ClientSettings, Clients};
use super::guard::RunFilesOnly;
use super::{CollectError, CollectRequest};

/// Tries of one request.
const ATTEMPTS: u32 = 5;

/// A bucket, and the part of its keys that all files of runs begin with.
#[derive(Debug)]
pub struct RunBucket {
    bucket: String,
    prefix: String,
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl RunBucket {
    /// The bucket, reached with the credentials and the endpoint of a request. No call is made.
    ///
    /// `prefix` is empty or ends in `/`.
    ///
    /// # Errors
    /// When the endpoint URL is not one, or the machine refuses a thread.
    pub fn open(
        bucket: &str,
        prefix: &str,
        request: &CollectRequest,
    ) -> Result<Self, CollectError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CollectError::Setup {
                detail: error.to_string(),
            })?;
        let clients = runtime.block_on(Clients::load(ClientSettings {
            profile: request.profile.as_deref(),
            endpoint_url: request.endpoint_url.as_deref(),
            ..ClientSettings::default()
        }))?;
        let client = Client::from_conf(
            Builder::from(clients.config())
                .force_path_style(clients.endpoint().is_some())
                .retry_config(
                    RetryConfig::standard()
                        .with_max_attempts(ATTEMPTS)
                        .with_initial_backoff(Duration::from_millis(200)),
                )
                .timeout_config(
                    TimeoutConfig::builder()
                        .connect_timeout(Duration::from_secs(5))
                        // A report may have hundreds of megabytes.
                        .operation_attempt_timeout(Duration::from_secs(120))
                        .build(),
                )
                .interceptor(RunFilesOnly)
                .build(),
        );
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            client,
            runtime,
        })
    }

    /// The key with the part that all keys begin with.
    pub fn full_key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// How a file is named to a person.
    pub fn shown(&self, key: &str) -> String {
        format!("s3://{}/{}", self.bucket, self.full_key(key))
    }

    /// The bytes of a file; none where there is none. Blocks.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, key: &str) -> Result<Option<Vec<u8>>, CollectError> {
        let request = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(self.full_key(key));
        self.runtime.block_on(async {
            let object = match request.send().await {
                Ok(object) => object,
                Err(error) => {
                    let error = CallError::from(error);
                    return match error.code.as_str() {
                        "NoSuchKey" => Ok(None),
                        _ => Err(self.failed("read", key, error)),
                    };
                }
            };
            match object.body.collect().await {
                Ok(bytes) => Ok(Some(bytes.to_vec())),
                Err(error) => Err(CollectError::RunFile {
                    action: "read",
                    file: self.shown(key),
                    code: "Body".to_owned(),
                    detail: error.to_string(),
                }),
            }
        })
    }

    /// Writes a file, whole or not at all. Blocks.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, key: &str, bytes: &[u8]) -> Result<(), CollectError> {
        self.runtime.block_on(self.put(key, bytes.to_vec().into()))
    }

    async fn put(&self, key: &str, body: ByteStream) -> Result<(), CollectError> {
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(self.full_key(key))
            .body(body);
        let sent = request.send().await;
        sent.map(|_| ())
            .map_err(|error| self.failed("written", key, error.into()))
    }

    /// Writes what a file of this machine holds. Blocks.
    ///
    /// # Errors
    /// When the file cannot be read or the object cannot be written.
    #[cfg(feature = "lambda")]
    pub fn write_file(&self, key: &str, file: &std::path::Path) -> Result<(), CollectError> {
        self.runtime.block_on(async {
            let body = ByteStream::from_path(file).await;
            let body = body.map_err(|error| CollectError::RunFile {
                action: "written",
                file: self.shown(key),
                code: "Body".to_owned(),
                detail: error.to_string(),
            })?;
            self.put(key, body).await
        })
    }

    /// The folders right below a folder, which ends in `/`. Blocks.
    ///
    /// # Errors
    /// When the bucket cannot be listed.
    pub fn folders(&self, folder: &str) -> Result<Vec<String>, CollectError> {
        let prefix = self.full_key(folder);
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&prefix)
            .delimiter("/")
            .into_paginator()
            .send();
        self.runtime.block_on(async {
            let mut found = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| self.failed("listed", folder, error.into()))?;
                for one in page.common_prefixes() {
                    let name = one.prefix().and_then(|one| one.strip_prefix(&prefix));
                    found.extend(name.map(|name| name.trim_end_matches('/').to_owned()));
                }
            }
            Ok(found)
        })
    }

    fn failed(&self, action: &'static str, key: &str, error: CallError) -> CollectError {
        CollectError::RunFile {
            action,
            file: self.shown(key),
            code: error.code,
            detail: error.message,
        }
    }
}
