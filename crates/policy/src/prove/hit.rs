//! What the passes over callers look at and what they find.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compile::ActionGroup;
use super::dpll::RequestModel;
use super::questions::RequestForm;
use crate::contract::Request;

/// By condition key as AWS writes it, or `principal`, what is held.
pub(super) type Holding = BTreeMap<String, Vec<String>>;

/// Something that gets in.
#[derive(Debug)]
pub(super) struct WayIn {
    /// Position among the Allow statements; none for the owner's identities.
    pub(super) rule: Option<usize>,
    pub(super) state: usize,
    pub(super) group: ActionGroup,
    pub(super) fix: Arc<RequestForm>,
    pub(super) model: Arc<RequestModel>,
    /// How `only_from` calls the principal.
    pub(super) held_as: Option<Arc<str>>,
    /// What it takes; only looked at for callers who hold something.
    pub(super) held: Holding,
}

/// The request that the evaluator was asked about last: classes that nothing distinguishes differ in
/// its action only.
#[derive(Debug)]
pub(super) struct EvaluatedRequest {
    pub(super) state: usize,
    pub(super) fix: Arc<RequestForm>,
    pub(super) model: Arc<RequestModel>,
    pub(super) request: Request,
}

/// A caller on the around.
#[derive(Clone, Debug)]
pub(super) struct AskedCaller {
    pub(super) state: usize,
    pub(super) held_as: Option<Arc<str>>,
}

/// The callers of questions that share them.
#[derive(Debug, Default)]
pub(super) struct QuestionCallers {
    pub(super) fresh: Option<Arc<[AskedCaller]>>,
    pub(super) holders: Option<Arc<[AskedCaller]>>,
}
