//! What a bucket's ACL lets in.
//!
//! Four permissions map to actions (S3 user guide, "Mapping of ACL permissions and access policy
//! permissions", 2026-09); FULL_CONTROL on a bucket is those four and never object data. Object ACLs
//! are not known here.

use crate::contract::Grant;

use super::request::{RequestCaller, View};
use super::truth::{Truth, Why};

/// The ACL of a bucket whose ownership lets ACLs work.
#[derive(Clone, Debug)]
pub(super) struct AclGrants {
    bucket: String,
    grants: Vec<Grant>,
    ignore_public: bool,
}

impl AclGrants {
    pub(super) fn new(bucket: &str, grants: &[Grant], ignore_public: bool) -> Self {
        Self {
            bucket: bucket.to_owned(),
            grants: grants.to_vec(),
            ignore_public,
        }
    }

    pub(super) fn set_ignore_public(&mut self, ignore_public: bool) {
        self.ignore_public = ignore_public;
    }

    /// `own` says that the caller is of the owner's account. A grant to a group lets it in without a
    /// policy of its own, one to an account does not (S3 user guide, "How Amazon S3 authorizes a request
    /// for a bucket operation", 2026-09).
    pub(super) fn allows(&self, view: &View<'_>, own: bool) -> Truth {
        let Some((wanted, on_objects)) = permission_for(&view.action) else {
            return Truth::False;
        };
        let mut parts = view.request.resource.splitn(6, ':');
        let path = parts.nth(5).unwrap_or_default();
        let here = match path.strip_prefix(self.bucket.as_str()) {
            Some("") => !on_objects,
            Some(rest) => on_objects && rest.starts_with('/'),
            None => false,
        };
        if !here {
            return Truth::False;
        }
        Truth::any(&self.grants, |grant| {
            let speaks = !own || grant.is_public();
            if speaks && (grant.permission == wanted || grant.permission == "FULL_CONTROL") {
                self.speaks_of(grant, view)
            } else {
                Truth::False
            }
        })
    }

    fn speaks_of(&self, grant: &Grant, view: &View<'_>) -> Truth {
        match (grant.grantee.as_str(), view.caller) {
            ("AllUsers", RequestCaller::Anonymous | RequestCaller::Arn(_)) => {
                Truth::of(!self.ignore_public)
            }
            ("AuthenticatedUsers", RequestCaller::Arn(_)) => Truth::of(!self.ignore_public),
            ("LogDelivery", RequestCaller::Service(name)) => {
                Truth::of(name == "logging.s3.amazonaws.com")
            }
            ("AllUsers" | "AuthenticatedUsers" | "LogDelivery", RequestCaller::Odd) => {
                Truth::Maybe(Why::OddCaller)
            }
            ("AllUsers" | "AuthenticatedUsers" | "LogDelivery", _) => Truth::False,
            (
                _,
                RequestCaller::Anonymous | RequestCaller::Service(_) | RequestCaller::Provider(_),
            ) => Truth::False,
            // A canonical user id names an account that cannot be derived from it.
            (_, RequestCaller::Arn(_) | RequestCaller::Odd) => Truth::Maybe(Why::CanonicalUser),
        }
    }
}

/// The permission that allows an action (in lower case), and whether the action is on objects.
fn permission_for(action: &str) -> Option<(&'static str, bool)> {
    match action {
        "s3:listbucket" | "s3:listbucketversions" | "s3:listbucketmultipartuploads" => {
            Some(("READ", false))
        }
        "s3:putobject" => Some(("WRITE", true)),
        "s3:getbucketacl" => Some(("READ_ACP", false)),
        "s3:putbucketacl" => Some(("WRITE_ACP", false)),
        _ => None,
    }
}
