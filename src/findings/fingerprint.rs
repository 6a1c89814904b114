//! The identity of a result, stable across runs.

use sha2::{Digest, Sha256};

/// How many hex digits of the hash are kept: 128 bits.
const DIGITS: usize = 32;

/// The fingerprint of a result: SHA-256 over the check's id, NUL, the resource's ARN, NUL and the
/// item's key (empty without one), its first 32 hex digits.
///
/// Only what makes two results the same thing goes in: never the message, the severity or a
/// position in a list. A renamed check passes its *first* id, so baselines survive the rename.
pub fn fingerprint(check_id: &str, arn: &str, item: Option<&str>) -> String {
    let mut hash = Sha256::new();
    hash.update(check_id.as_bytes());
    hash.update([0]);
    hash.update(arn.as_bytes());
    hash.update([0]);
    hash.update(item.unwrap_or_default().as_bytes());
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    let mut digits = String::with_capacity(DIGITS);
    for byte in hash.finalize().iter().take(DIGITS / 2) {
        digits.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    /// `printf 's3-plain-http\0arn:aws:s3:::b\0' | sha256sum | cut -c1-32`
    #[test]
    fn the_first_32_digits_of_the_hash() {
        assert_eq!(
            fingerprint("s3-plain-http", "arn:aws:s3:::b", None),
            "317b77eb916c94580c5117f73f5fb437"
        );
    }

    /// `printf 'lambda-x\0arn\0$LATEST' | sha256sum | cut -c1-32`
    #[test]
    fn an_item_is_part_of_the_identity() {
        assert_eq!(
            fingerprint("lambda-x", "arn", Some("$LATEST")),
            "9964af441d2d0fce2ae3d4b158b09a05"
        );
    }
}
