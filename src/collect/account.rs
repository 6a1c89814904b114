//! Readings of the account as a whole.

use crate::inventory::Reading;
use crate::inventory::bucket::PublicAccessBlock;
use crate::inventory::need::ReadingKind;

use super::answer::ask;
use super::lane::ServiceFamily;
use super::session::Session;

/// Account-level Block Public Access.
pub async fn public_access_block(session: &Session, account: &str) -> Reading<PublicAccessBlock> {
    let client = session.clients.s3control(account, &session.home);
    ask(
        session,
        (ServiceFamily::S3Control, &session.home),
        ReadingKind::AccountPublicAccessBlock,
        || client.get_public_access_block().account_id(account).send(),
        |output| {
            let block = output.public_access_block_configuration()?;
            Some(PublicAccessBlock {
                block_public_acls: block.block_public_acls().unwrap_or(false),
                ignore_public_acls: block.ignore_public_acls().unwrap_or(false),
                block_public_policy: block.block_public_policy().unwrap_or(false),
                restrict_public_buckets: block.restrict_public_buckets().unwrap_or(false),
            })
        },
    )
    .await
}
