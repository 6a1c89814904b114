//! The prices of a Region that `--live-prices` read, in the form of the price table.

use coldbucket_cold_start::prices::{ListedArchitecture, ListedPrices, PriceQuality};

use crate::inventory::price::{ArchitecturePriceList, LambdaPriceList};

/// The day as it stands in a sentence; a snapshot may have been edited.
fn day(text: &str) -> &str {
    let date = text.len() == 10
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
    if date { text } else { "an unknown day" }
}

/// The prices as the levers take them.
pub(super) fn listed(list: &LambdaPriceList) -> ListedPrices {
    let architecture = |prices: &ArchitecturePriceList| ListedArchitecture {
        duration: prices.duration,
        provisioned: prices.provisioned,
        provisioned_duration: prices.provisioned_duration,
    };
    ListedPrices {
        date: day(&list.read_on).to_owned(),
        quality: PriceQuality::List,
        source: "AWS Price List API, AWSLambda".to_owned(),
        x86_64: architecture(&list.x86_64),
        arm64: architecture(&list.arm64),
        snapstart_cache: list.snapstart_cache,
        snapstart_restore_per_gb: list.snapstart_restore_per_gb,
    }
}
