//! The kinds of subjects, each with the type of its facts: the one list of them.

use serde_json::Value;

use super::access_point::AccessPointFacts;
use super::account::AccountFacts;
use super::bucket::BucketFacts;
use super::document::FactDocument;
use super::function::FunctionFacts;
use super::group::{FactPaths, Paths, Writer};
use super::identity::IdentityFacts;
use super::region::RegionFacts;
use super::subject::{Facts, Posture, Subject, SubjectView};
use super::trail::TrailFacts;
use super::web_function::WebFunctionFacts;
use crate::inventory::ids::SubjectKind;
use crate::inventory::need::Need;

/// Defines [`SubjectFacts`] and what is asked of a kind or of the facts of one.
macro_rules! kinds {
    ($($(#[$about:meta])* $kind:ident($facts:ident $(<$lifetime:lifetime>)?)),* $(,)?) => {
        /// The facts of one subject, each group concluded when it is first read.
        #[derive(Debug)]
        pub enum SubjectFacts<'a> {
            $($(#[$about])* $kind(Box<$facts $(<$lifetime>)?>),)*
        }

        impl SubjectFacts<'_> {
            /// The facts as conditions see them: what is known on these paths, and what is not.
            pub fn document(&self, paths: &FactPaths) -> FactDocument {
                match self {
                    $(Self::$kind(facts) => {
                        Writer::document(SubjectKind::$kind.variable(), facts.as_ref(), paths)
                    })*
                }
            }

            /// A request that shows the fact at a path, ready for `policy evaluate`: found by the
            /// prover and let in by the evaluator. None for facts that no request shows.
            pub fn witness(&self, path: &str) -> Option<Value> {
                match self {
                    $(Self::$kind(facts) => SubjectView::witness(facts.as_ref(), path),)*
                }
            }

            /// What the report says of the subject as a whole.
            pub fn posture(&self) -> Posture {
                match self {
                    $(Self::$kind(facts) => SubjectView::posture(facts.as_ref()),)*
                }
            }
        }

        impl<'a> Facts<'a> {
            /// The subjects of one kind, sorted by account, Region and name.
            ///
            /// Where a listing was refused or failed there is, beside what is known by name, one
            /// subject `*` that carries the reasons: it stands for the resources that could not be
            /// counted. A listing that is merely incomplete because the user named the resources has
            /// none.
            pub fn subjects(&self, kind: SubjectKind) -> impl Iterator<Item = Subject> + use<'a> {
                let list = match kind {
                    $(SubjectKind::$kind => <$facts as SubjectView>::list,)*
                };
                let snapshot = self.snapshot;
                let mut subjects: Vec<Subject> = snapshot
                    .accounts
                    .iter()
                    .flat_map(|(id, account)| list(id, account, snapshot.complete))
                    .collect();
                subjects.sort_by(|a, b| {
                    let (a, b) = (&a.id, &b.id);
                    (&a.account, &a.region, &a.name).cmp(&(&b.account, &b.region, &b.name))
                });
                subjects.into_iter()
            }

            /// The facts of a subject; `None` for the stand-in `*`, and for a subject that is not in
            /// the snapshot.
            pub fn view(&self, subject: &Subject) -> Option<SubjectFacts<'_>> {
                match subject.id.kind {
                    $(SubjectKind::$kind => <$facts as SubjectView>::view(self, subject)
                        .map(|facts| SubjectFacts::$kind(Box::new(facts))),)*
                }
            }
        }

        /// The JSON Schema of a subject's facts.
        pub fn schema(kind: SubjectKind) -> Value {
            match kind {
                $(SubjectKind::$kind => schemars::schema_for!($facts).to_value(),)*
            }
        }

        /// The paths of a subject's facts, with the readings that each declares.
        pub(super) fn paths(kind: SubjectKind) -> Vec<(String, Vec<Need>)> {
            match kind {
                $(SubjectKind::$kind => Paths::of::<$facts>(kind.variable()),)*
            }
        }
    };
}

kinds! {
    /// Of the account.
    Account(AccountFacts),
    /// Of a bucket.
    Bucket(BucketFacts<'a>),
    /// Of a function.
    Function(FunctionFacts<'a>),
    /// Of a Region.
    Region(RegionFacts),
    /// Of a trail.
    Trail(TrailFacts),
    /// Of a user, group, role or managed policy.
    Identity(IdentityFacts),
    /// Of an access point.
    AccessPoint(AccessPointFacts),
    /// Of a Lambda Web Function.
    WebFunction(WebFunctionFacts),
}
