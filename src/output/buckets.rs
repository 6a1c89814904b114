//! The posture of buckets as a table: its columns and its order, for every format for people.

use super::words::{self, Word};
use crate::report::numbers::number;
use crate::report::{
    AccessLog, BlockPublicAccess, BucketPosture, ClassReach, OtherAccounts, Reach, Report,
};

/// One column.
pub(super) struct BucketColumn {
    /// One of the guidance's three headings.
    pub(super) heading: &'static str,
    /// What it is called.
    pub(super) title: &'static str,
    /// The same where there is little room.
    pub(super) short: &'static str,
    /// The higher, the sooner it is left out where there is no room; 0 stays.
    pub(super) least: u8,
    /// Says what is a note of another column, for formats without notes.
    pub(super) of_notes: bool,
    pub(super) word: fn(&BucketPosture) -> Word,
}

const ACCESS: &str = "Access";
const ENCRYPTION: &str = "Encryption";
const MONITORING: &str = "Monitoring";

const fn column(
    heading: &'static str,
    title: &'static str,
    short: &'static str,
    least: u8,
    word: fn(&BucketPosture) -> Word,
) -> BucketColumn {
    BucketColumn {
        heading,
        title,
        short,
        least,
        of_notes: false,
        word,
    }
}

static COLUMNS: [BucketColumn; 13] = [
    column(ACCESS, "Anyone can", "anyone can", 0, |bucket| {
        words::anyone(&bucket.access)
    }),
    column(ACCESS, "Other accounts", "accounts", 2, |bucket| {
        words::other_accounts(&bucket.access.other_accounts)
    }),
    column(ACCESS, "Block Public Access", "block", 3, |bucket| {
        words::block_public_access(bucket.access.block_public_access)
    }),
    column(ACCESS, "ACLs", "ACLs", 4, |bucket| {
        words::acls(bucket.access.acls)
    }),
    column(ACCESS, "Plain HTTP", "http", 1, |bucket| {
        words::plain_http(bucket.access.plain_http)
    }),
    column(ACCESS, "Presigned URLs", "presigned", 8, |bucket| {
        words::presigned(bucket.access.presigned)
    }),
    column(ENCRYPTION, "Default", "default", 0, |bucket| {
        words::default_encryption(&bucket.encryption)
    }),
    BucketColumn {
        of_notes: true,
        ..column(ENCRYPTION, "Key", "key", 9, |bucket| {
            words::key(&bucket.encryption)
        })
    },
    column(ENCRYPTION, "SSE-C", "SSE-C", 6, |bucket| {
        words::sse_c(bucket.encryption.sse_c)
    }),
    column(ENCRYPTION, "Client side", "client side", 10, |bucket| {
        words::client_side(bucket.encryption.client_side)
    }),
    column(MONITORING, "Access log", "access log", 0, |bucket| {
        words::access_log(&bucket.monitoring.access_log)
    }),
    column(MONITORING, "Data events", "data events", 7, |bucket| {
        words::data_events(bucket.monitoring.data_events)
    }),
    column(MONITORING, "AWS Config", "config", 7, |bucket| {
        words::config(bucket.monitoring.config)
    }),
];

/// The columns that say something of some bucket, and those that say nothing of any.
pub(super) fn columns(
    buckets: &[&BucketPosture],
) -> (Vec<&'static BucketColumn>, Vec<&'static BucketColumn>) {
    COLUMNS
        .iter()
        .partition(|column| buckets.iter().any(|of| !(column.word)(of).is_blank()))
}

/// How many buckets the table is of, and of how many where some have no posture: `38 of 42, general purpose
/// buckets only`.
pub(super) fn with_posture(report: &Report) -> String {
    let with = report.buckets.len();
    let all = report.summary.resources.get("bucket").copied().flatten();
    let all = all.and_then(|all| usize::try_from(all).ok());
    match all
        .and_then(|all| all.checked_sub(with))
        .filter(|more| *more > 0)
    {
        None => number(with),
        Some(more) => format!(
            "{} of {}, general purpose buckets only",
            number(with),
            number(with + more)
        ),
    }
}

/// How exposed a bucket is: the more, the greater.
pub(super) fn exposure(bucket: &BucketPosture) -> (u8, usize, usize, bool, bool, bool, usize) {
    let access = &bucket.access;
    let anonymous = &access.anonymous;
    let signed = access.any_aws_account.as_ref().unwrap_or(anonymous);
    let anyone = ClassReach::from_fn(|class| *anonymous.get(class).max(signed.get(class)));
    let open = |reach: &ClassReach| {
        let open = |(_, reach): &(_, &Reach)| **reach == Reach::Reachable;
        reach.iter().filter(open).count()
    };
    let level = match anyone.iter().map(|(_, reach)| *reach).max() {
        Some(Reach::Reachable) if anyone.write.max(anyone.takeover) == Reach::Reachable => 4,
        Some(Reach::Reachable) => 3,
        Some(Reach::Unknown) => 2,
        Some(Reach::Constrained) => 1,
        Some(Reach::Unreachable) | None => 0,
    };
    (
        level,
        open(&anyone),
        open(anonymous),
        access.block_public_access != BlockPublicAccess::On,
        access.plain_http == Reach::Reachable,
        bucket.monitoring.access_log == AccessLog::Off,
        match &access.other_accounts {
            OtherAccounts::Named(names) => names.len(),
            OtherAccounts::Unknown => 1,
        },
    )
}
