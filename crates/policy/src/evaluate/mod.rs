//! The concrete evaluator: one request, all the policies that apply to it, one decision.
//!
//! It is the independent judge of the prover's witnesses, so it shares the parsed tree with it and
//! no line of matching. It answers like AWS: a Deny that matches decides; otherwise the request must
//! be allowed by everything that has a say (IAM user guide, "Policy evaluation logic", 2026-09):
//!
//! ```text
//! no signature   bucket policy or ACL
//! AWS service     bucket policy (or ACL, for log delivery)
//! other account   (bucket policy or ACL), and the caller's identity side; its root needs none
//! own account     bucket policy or identity side: a grant to the account is the identity side's to
//!                 use, a grant to a role stays within boundary and session policy, any other grant
//!                 stands by itself; the account's root needs no identity policy
//!
//! identity side   some identity policy allows, and so do the boundary and the session policy
//! everyone        every level of resource control policies; the VPC endpoint's policy
//! any account     every level of service control policies: they are those of the caller's account,
//!                 and bind its identities wherever the resource is
//! other account, no signature: nothing, while RestrictPublicBuckets is on and the policy is public
//! ```
//!
//! Compile once with [`Policies`], then ask [`Policies::evaluate`] for each request. What the
//! documentation leaves open is never guessed: an atom that cannot be decided counts as not allowing
//! and as denying, and the [`Outcome`] says which statement held the doubt. So `Allow` is always
//! certain.
//!
//! Not modelled: the bucket owner's root user may change the bucket policy whatever it denies (API
//! reference, PutBucketPolicy), and object ACLs.
//!
//! Rooms: [`glob`] and [`variables`] match texts, [`values`] reads typed values, [`condition`] is the
//! table of operators, [`principal`] whom a statement means, [`request`] what a key holds,
//! [`statement`] joins them, [`acl`] is the bucket's ACL, [`authorise`] the picture above.

mod acl;
mod authorise;
mod condition;
mod glob;
mod principal;
pub(super) mod probe;
mod request;
mod statement;
mod truth;
mod values;
mod variables;

#[cfg(test)]
mod tests;

pub(super) use authorise::PolicySources;
pub use authorise::{DocumentJudge, Doubt, Outcome, Policies};
pub use request::implausible;
pub use truth::Why;
