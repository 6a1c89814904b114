//! Lists that come in pages, and what is read of every item of a list.
//!
//! AWS's lists differ in what they call the token and in whether an empty one stands for none. One
//! rule holds for all of them: an empty token ends the list, and so does one that repeats, which
//! would otherwise never end.

use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures::StreamExt;

use crate::inventory::Reading;
use crate::inventory::account::Listing;
use crate::inventory::need::ReadingKind;

use super::answer;
use super::call_error::{CallError, ErrorKind};
use super::lane::ServiceFamily;
use super::session::Session;

/// A list that ended before its last page.
#[derive(Debug)]
pub struct CutShort {
    /// Pages that were read.
    pages: u64,
    /// Why the next one was not.
    error: CallError,
}

impl CutShort {
    /// The service does not have the operation that lists.
    pub fn is_unknown_operation(&self) -> bool {
        self.pages == 0 && self.error.is_unknown_operation()
    }
}

impl From<CutShort> for CallError {
    fn from(cut: CutShort) -> Self {
        cut.error
    }
}

/// Calls page after page, each with its token; `keep` takes what a page holds and returns the token of
/// the next.
///
/// # Errors
/// When a page cannot be read. What `keep` has of earlier pages stays.
pub async fn pages<P, E, F>(
    session: &Session,
    (family, region): (ServiceFamily, &str),
    call: impl Fn(Option<String>) -> F,
    mut keep: impl FnMut(P) -> Option<String>,
) -> Result<(), CutShort>
where
    F: Future<Output = Result<P, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let mut token: Option<String> = None;
    let mut pages: u64 = 0;
    loop {
        let page = session.call(family, region, || call(token.clone())).await;
        let page = page.map_err(|error| CutShort { pages, error })?;
        pages = pages.saturating_add(1);
        match following(keep(page).as_deref(), token.as_deref()) {
            Some(next) => token = Some(next),
            None => return Ok(()),
        }
    }
}

/// How a listing went. A page that failed makes the whole listing a failed or refused one; an
/// interrupted listing is merely not complete.
pub fn listing(kind: ReadingKind, went: Result<(), CutShort>, complete: bool) -> Reading<Listing> {
    match went {
        Ok(()) => Reading::Known(Listing { complete }),
        Err(cut) if cut.pages > 0 && cut.error.kind == ErrorKind::Interrupted => {
            Reading::Known(Listing { complete: false })
        }
        Err(cut) => answer::unread(kind, &cut.error),
    }
}

/// Reads every item, side by side, and reports progress.
pub async fn each<I, F, C>(session: &Session, items: I, read: impl Fn(I::Item) -> F) -> C
where
    I: IntoIterator<IntoIter: ExactSizeIterator>,
    F: Future,
    C: Default + Extend<F::Output>,
{
    let items = items.into_iter();
    if items.len() > 0 {
        session.found(items.len());
    }
    futures::stream::iter(items)
        .map(|item| {
            let read = read(item);
            async move {
                let value = read.await;
                session.progress.step(1);
                value
            }
        })
        .buffer_unordered(session.request.concurrency.max(1))
        .collect()
        .await
}

/// The token of the next page, after the page that was called with `present`.
fn following(next: Option<&str>, present: Option<&str>) -> Option<String> {
    next.filter(|next| !next.is_empty() && Some(*next) != present)
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::following;

    #[test]
    fn a_list_ends_without_a_token_with_an_empty_one_and_with_one_that_repeats() {
        assert_eq!(following(Some("b"), Some("a")).as_deref(), Some("b"));
        assert_eq!(following(Some("a"), None).as_deref(), Some("a"));
        for (next, present) in [
            (None, Some("a")),
            (Some(""), Some("a")),
            (Some("a"), Some("a")),
        ] {
            assert_eq!(following(next, present), None);
        }
    }
}
