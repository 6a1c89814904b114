//! AWS's own accounts that deliver logs, by a dated table (`policies/data/log-delivery-accounts.csv`).
//!
//! Before services had principals of their own, a bucket policy named the account of the service:
//! `arn:aws:iam::127311923021:root` is Elastic Load Balancing in us-east-1. Such a grant is to the
//! service, like one to `logdelivery.elasticloadbalancing.amazonaws.com`.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::facts::dated_table;

/// True for the account id or canonical user id of an AWS service that delivers logs.
pub(super) fn is_log_delivery(id: &str) -> bool {
    static TABLE: OnceLock<BTreeSet<String>> = OnceLock::new();
    TABLE
        .get_or_init(|| {
            let text = include_str!("../../../policies/data/log-delivery-accounts.csv");
            parse(text).unwrap_or_default()
        })
        .contains(id)
}

/// The ids of a table.
fn parse(text: &str) -> Result<BTreeSet<String>, String> {
    let mut ids = BTreeSet::new();
    dated_table::read(
        "log-delivery-accounts.csv",
        "service,",
        text,
        |fields, wrong| {
            let [_service, _region, id] = fields else {
                return Err(wrong("not three fields"));
            };
            let digits = |length: usize, is: fn(&char) -> bool| {
                id.len() == length && id.chars().all(|letter| is(&letter))
            };
            if !digits(12, char::is_ascii_digit) && !digits(64, char::is_ascii_hexdigit) {
                return Err(wrong("neither an account id nor a canonical user id"));
            }
            ids.insert((*id).to_owned());
            Ok(())
        },
    )?;
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_accounts_of_aws() {
        let text = include_str!("../../../policies/data/log-delivery-accounts.csv");
        assert!(parse(text).is_ok_and(|ids| ids.len() > 80));
        for (id, expected) in [
            ("127311923021", true),
            ("048591011584", true),
            ("086441151436", true),
            ("193672423079", true),
            (
                "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0",
                true,
            ),
            ("111111111111", false),
            ("", false),
        ] {
            assert_eq!(is_log_delivery(id), expected, "{id}");
        }
        assert!(parse("elb,us-east-1,12731192302").is_err());
        assert!(parse("elb,127311923021").is_err());
    }
}
