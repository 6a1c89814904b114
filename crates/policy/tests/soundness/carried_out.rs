//! What S3 carries out whatever a policy says, written down apart from the prover's tables.

use coldbucket_policy::contract::{ContextValue, PrincipalClass, Request, RequestPrincipal};

use crate::grammar::OWNER;

/// A bucket's settings that have a say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// `BucketOwnerEnforced`.
    pub acls_off: bool,
    /// BlockPublicAcls.
    pub public_acls_refused: bool,
}

/// Whether S3 carries out a request that the policies allow.
pub fn carried_out(request: &Request, settings: Settings) -> bool {
    let header = |name: &str| match request.context.get(name) {
        Some(ContextValue::One(value)) => Some(value.as_str()),
        _ => None,
    };
    let action = request.action.as_str();
    let (unsigned, service, own) = match &request.principal {
        RequestPrincipal::Class(PrincipalClass::Anonymous) => (true, false, false),
        RequestPrincipal::Class(
            PrincipalClass::Service { .. } | PrincipalClass::Federated { .. },
        ) => (false, true, false),
        RequestPrincipal::Arn(arn) => (false, false, arn.split(':').nth(4) == Some(OWNER)),
    };
    // The bucket policy is for identities of the owner's account: 405 for everyone else.
    let policy_call = action.ends_with("BucketPolicy");
    let acl_write = action.starts_with("s3:Put") && action.ends_with("Acl");
    let replication = action.starts_with("s3:Replicate");
    if policy_call && !own && !service || unsigned && (acl_write || replication) {
        return false;
    }
    if settings.acls_off
        && (acl_write
            || header("s3:x-amz-acl").is_some_and(|acl| acl != "bucket-owner-full-control"))
    {
        return false;
    }
    let public = ["public-read", "public-read-write", "authenticated-read"];
    if settings.public_acls_refused
        && header("s3:x-amz-acl").is_some_and(|acl| public.contains(&acl))
    {
        return false;
    }
    // No algorithm of KMS and no version of a signature without one.
    let of_kms = header("s3:x-amz-server-side-encryption").is_some_and(|how| how != "AES256");
    !unsigned || !of_kms && header("s3:signatureversion").is_none()
}
