//! Control policies of an organization, as the prover and the evaluator take them.
//!
//! Policies stand in *levels*: those attached to the root, to each organizational unit on the path, and
//! to the account (Organizations user guide, "SCP evaluation" and "RCP evaluation", copy of 2026). At
//! every level one of the policies must allow, and none may deny.

use crate::Policy;

/// The service control policies of one account. They bind every principal of that account, its root user
/// included, wherever the resource is; not service-linked roles, services and anonymous callers. An
/// organization's management account is under none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountControls {
    /// 12-digit id.
    pub account: String,
    /// The policies, level by level from the root.
    pub levels: Vec<Vec<Policy>>,
}
