//! Readings of the account as a whole.

use crate::inventory::Reading;
use crate::inventory::bucket::PublicAccessBlock;
use crate::inventory::need::ReadingKind;

use super::answer;
use super::lane::Family;
use super::session::Session;

/// Account-level Block Public Access.
pub async fn public_access_block(session: &Session, account: &str) -> Reading<PublicAccessBlock> {
    let client = session.clients.s3control(account, &session.home);
    let answer = session
        .call(Family::S3Control, &session.home, || {
            client.get_public_access_block().account_id(account).send()
        })
        .await;
    answer::reading(
        ReadingKind::AccountPublicAccessBlock,
        answer.map(|output| {
            output
                .public_access_block_configuration()
                .map(|flags| PublicAccessBlock {
                    block_public_acls: flags.block_public_acls().unwrap_or(false),
                    ignore_public_acls: flags.ignore_public_acls().unwrap_or(false),
                    block_public_policy: flags.block_public_policy().unwrap_or(false),
                    restrict_public_buckets: flags.restrict_public_buckets().unwrap_or(false),
                })
        }),
    )
}
