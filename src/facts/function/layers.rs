//! Layers that other accounts publish.
//!
//! The code of a layer runs in the function, with the rights of its role, from whatever account the
//! layer is. A layer version never changes, so its publisher cannot exchange what runs; but the next
//! version is the publisher's, and when it deletes a version, functions that use it can no longer be
//! updated (Lambda developer guide, "Managing Lambda dependencies with layers", copy of 2026). AWS and
//! vendors publish layers for everyone, by a dated table (`policies/data/layer-publishers.csv`).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use coldbucket_policy::parse::is_account_id;

use super::context::{FunctionContext, member};
use crate::facts::{Fact, dated_table};
use crate::inventory::function::FunctionConfiguration;
use crate::inventory::ids::account_of_arn;

/// The ARNs of a version's layers that another account publishes: neither the audited one nor one that
/// the configuration trusts nor a known publisher. In the order of the configuration, with commas
/// between them; empty where there are none.
pub(super) fn foreign(
    context: &FunctionContext<'_>,
    version: &Fact<&FunctionConfiguration>,
) -> Fact<String> {
    member(version, &["layers"], |version| {
        let foreign: Vec<&str> = version
            .layers
            .iter()
            .map(|layer| layer.arn.as_str())
            .filter(|arn| is_foreign(context, arn))
            .collect();
        foreign.join(", ")
    })
}

fn is_foreign(context: &FunctionContext<'_>, arn: &str) -> bool {
    let Some(account) = account_of_arn(arn) else {
        return false;
    };
    account != context.account_id
        && !context.trust.covers(account)
        && !publishers().contains_key(account)
}

/// The publishers by account.
fn publishers() -> &'static BTreeMap<String, String> {
    static TABLE: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    TABLE.get_or_init(|| {
        parse(include_str!("../../../policies/data/layer-publishers.csv")).unwrap_or_default()
    })
}

fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut publishers = BTreeMap::new();
    dated_table::read(
        "layer-publishers.csv",
        "publisher,",
        text,
        |fields, wrong| {
            let [publisher, account] = fields else {
                return Err(wrong("not two fields"));
            };
            if !is_account_id(account) {
                return Err(wrong("not an account id"));
            }
            match publishers.insert((*account).to_owned(), (*publisher).to_owned()) {
                None => Ok(()),
                Some(_) => Err(wrong("an account that is in the table already")),
            }
        },
    )?;
    Ok(publishers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_publishers_by_account() {
        let table = parse(include_str!("../../../policies/data/layer-publishers.csv"));
        assert!(table.is_ok_and(|table| table.len() > 60));
        let publisher = |account| publishers().get(account).map(String::as_str);
        assert_eq!(
            publisher("580247275435"),
            Some("CloudWatch Lambda Insights")
        );
        assert_eq!(publisher("464622532012"), Some("Datadog"));
        assert_eq!(publisher("222222222222"), None);
    }

    #[test]
    fn a_row_that_is_no_row_is_named() {
        assert!(parse("x,123\n").is_err());
        assert!(parse("x,111111111111\ny,111111111111\n").is_err());
    }
}
