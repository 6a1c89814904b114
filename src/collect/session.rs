//! What every part of collection has at hand.

use std::future::Future;
use std::sync::PoisonError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::CollectRequest;
use super::accounts::MemoryBudget;
use super::call_error::CallError;
use super::clients::Clients;
use super::lane::{Lanes, ServiceFamily};
use super::plan::CollectionPlan;
use super::progress::Progress;

/// One run.
pub struct Session {
    /// What was asked for.
    pub request: CollectRequest,
    /// What is read for it.
    pub plan: CollectionPlan,
    /// The clients.
    pub clients: Clients,
    /// The schedules.
    pub lanes: Lanes,
    /// Bytes of logs that queries will have scanned.
    pub scan: std::sync::atomic::AtomicU64,
    /// The layers that were inspected.
    pub layers: super::layers::Layers,
    /// Where a person watches.
    pub progress: Box<dyn Progress>,
    /// The configured Region.
    pub home: String,
    /// Resources known so far, for the progress bar.
    pub known: std::sync::atomic::AtomicU64,
    /// The memory that accounts share which are read at the same time.
    pub memory: Option<MemoryBudget>,
    /// What is reserved of it.
    pub reserved: std::sync::Mutex<Option<tokio::sync::OwnedSemaphorePermit>>,
}

impl Session {
    /// Sends a call through its lane.
    ///
    /// # Errors
    /// What the lane says.
    pub async fn call<T, E, F, Fut>(
        &self,
        family: ServiceFamily,
        region: &str,
        send: F,
    ) -> Result<T, CallError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.lanes.lane(family, region).call(send).await
    }

    /// Waits until there is memory for so many buckets.
    pub async fn reserve(&self, buckets: usize) {
        if let Some(memory) = &self.memory {
            let permit = memory.reserve(buckets).await;
            let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
            *reserved = permit;
        }
    }

    /// What was reserved, for as long as it is kept.
    pub fn take_memory(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        reserved.take()
    }

    /// True once the run was interrupted.
    pub fn interrupted(&self) -> bool {
        self.lanes.gate().interrupted()
    }

    /// So many more resources are to be read.
    pub fn found(&self, resources: usize) {
        use std::sync::atomic::Ordering;
        let more = u64::try_from(resources).unwrap_or(u64::MAX);
        let total = self
            .known
            .fetch_add(more, Ordering::Relaxed)
            .saturating_add(more);
        self.progress.stage("reading", total);
    }
}
