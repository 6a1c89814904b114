//! What the files of the changes use.

pub use serde_json::{Map, Value, json};

pub use super::bucket::{AllBuckets, BucketState, why};
pub use super::context::{ChangeFamily, FixContext, Requests};
pub use super::draft::{FixDraft, FixRequest, NamedChange, SharedChange};
pub use super::quote::{hcl, hcl_value, word, yaml, yaml_lines};
pub use super::shell::{escaped, literal, quoted};
pub use super::target::{ChangeTarget, RenderedChange, StackEdit};
pub use crate::facts::SubjectFacts;
pub use crate::inventory::ids::SubjectKind;
pub use crate::report::plan::{Effort, Level};
