//! Who can reach a bucket, and what an identity can reach: proved over identity, resource, key and
//! control policies, ACL and Block Public Access together.
//!
//! ```text
//! a line, a snapshot  ->  [records]  what was read, and what was not
//!                         [rules]    every statement compiled once, in one vocabulary
//!                         [world]    identities that nothing tells apart share a profile,
//!                         [groups]   and for one question most of those are few groups
//! a question          ->  [ask]      rows: identities, the root user, everyone outside who is named
//!                         [decide]   the paths by which a caller gets in
//!                         [search]   one request, or two that fit together (S3's, and KMS's for it)
//!                         [explain]  what it takes, what blocks; [judge] asks the evaluator
//!                         [hops]     who can become a principal that gets in, or change the policy
//! ```
//!
//! *reachable*: a request exists with what the principal is and types. *constrained*: it takes more, and
//! `under` names it: a network, MFA, a session tag, another account's own policies. *unreachable*: no
//! request, whatever it carries. *unknown*: it depends on something that was not read, which is named,
//! or that AWS does not document. What was not read is never taken for a policy that denies.
//!
//! Not seen: session policies, VPC endpoint policies, object ACLs, and control policies where none are
//! given. An identity of another account is as far as its own account lets it: that is a constraint.

mod ask;
mod decide;
mod domains;
mod explain;
mod form;
mod groups;
mod hops;
mod judge;
mod outside;
mod records;
mod rules;
mod search;
mod subject;
mod world;

pub use self::ask::{AccessClass, ObjectKeys, ReachQuestion, ReachRow};
pub use self::explain::{AccessDecision, Blocked, CitedStatement, RequestPair};
pub use self::form::{
    BlockedBy, HopAnswer, PrincipalAnswer, StatementPlace, WhoCanOutput, WitnessPair, answer,
    read_account,
};
pub use self::hops::{OneHop, RoleAssumption};
pub use self::records::{
    AccountRecord, BucketRecord, CitedPolicy, DefaultKey, FunctionRecord, IdentityRecord, KeyGrant,
    KeyRecord, Knowledge,
};
pub use self::world::World;
