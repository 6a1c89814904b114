//! How large a deployment package is, before it is made.

/// Bytes that a zip archive takes beside the contents of one file: local header, central directory
/// entry and end record (ZIP specification 6.3, §4.3), with a short name twice.
const OVERHEAD: u64 = 30 + 46 + 22 + 2 * 8;

/// The size of the archive that CloudFormation makes of code in a template: at most that of its text.
/// Such code is at most 4 MiB (CloudFormation template reference, Lambda function Code, copy of 2026).
pub fn zipped_text(text: &str) -> u64 {
    u64::try_from(text.len())
        .unwrap_or(u64::MAX)
        .saturating_add(OVERHEAD)
}
