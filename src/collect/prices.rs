//! What AWS charges for Lambda in a Region, from its price list (`--live-prices`).
//!
//! The Price List API has endpoints in three Regions of the partition `aws`; each answers for all Regions of
//! it. In China it has prices in CNY, and in GovCloud no endpoint: neither is asked.
//!
//! An answer lists products as JSON texts. A product counts by its usage type, which is that of us-east-1 or
//! the same behind a prefix of the Region (`EU-Lambda-GB-Second`), by the unit of its price, and by the
//! tier that begins at 0 (AWS Billing user guide, "Using the AWS Price List Query API", copy of 2026; usage
//! types and units as published offers had them in 2026). What does not fit is left out, never guessed.

use std::collections::BTreeMap;

use aws_sdk_pricing::types::{Filter, FilterType};
use serde_json::Value;

use crate::inventory::Reading;
use crate::inventory::ids::partition;
use crate::inventory::need::ReadingKind;
use crate::inventory::price::{ArchitecturePriceList, LambdaPriceList};

use super::call_error::{CallError, ErrorKind};
use super::lane::ServiceFamily;
use super::paging::pages;
use super::session::Session;
use super::{answer, now};

/// AWS's code of Lambda in its price list.
const SERVICE: &str = "AWSLambda";

/// The most pages that are read of one Region: it has about fifty products, 100 to a page.
const MOST_PAGES: usize = 20;

/// The prices of a Region.
pub async fn read(session: &Session, region: &str) -> Reading<LambdaPriceList> {
    if !session.plan.wants(ReadingKind::LambdaPrices) {
        return Reading::NotCollected;
    }
    if partition(region) != "aws" {
        session.progress.note(&format!(
            "--live-prices: not offered in {region}; prices come from the dated table"
        ));
        return Reading::NotCollected;
    }
    answer::reading(
        ReadingKind::LambdaPrices,
        ask(session, region).await.map(Some),
    )
}

/// The Region of the endpoint that is nearest to the configured one: a policy that keeps an account to its
/// continent may allow no other.
fn endpoint_region(home: &str) -> &'static str {
    match home.split('-').next() {
        Some("eu") => "eu-central-1",
        Some("ap" | "me" | "il") => "ap-south-1",
        _ => "us-east-1",
    }
}

async fn ask(session: &Session, region: &str) -> Result<LambdaPriceList, CallError> {
    let endpoint = endpoint_region(&session.home);
    let client = session.clients.pricing(endpoint);
    let filter = Filter::builder()
        .r#type(FilterType::TermMatch)
        .field("regionCode")
        .value(region)
        .build()
        .map_err(|error| {
            CallError::local(ErrorKind::Final, "InvalidRequest", &error.to_string())
        })?;
    let mut found = PricesFound::default();
    let mut read: usize = 0;
    pages(
        session,
        (ServiceFamily::Pricing, endpoint),
        |token| {
            client
                .get_products()
                .service_code(SERVICE)
                .filters(filter.clone())
                .format_version("aws_v1")
                .max_results(100)
                .set_next_token(token)
                .send()
        },
        |page| {
            for product in page.price_list() {
                found.add(product, region);
            }
            read += 1;
            page.next_token.filter(|_| read < MOST_PAGES)
        },
    )
    .await?;
    let today = now();
    let day = today.split('T').next().unwrap_or_default();
    found.list(day).ok_or_else(|| {
        CallError::local(
            ErrorKind::Final,
            "UnreadableAnswer",
            "the answer has no price of Lambda in a known unit",
        )
    })
}

/// What is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PricedUsage {
    Duration,
    Provisioned,
    ProvisionedDuration,
    Request,
    SnapStartCache,
    SnapStartRestore,
}

impl PricedUsage {
    /// By the usage type without prefix and suffix.
    fn of(usage: &str) -> Option<Self> {
        Some(match usage {
            "Lambda-GB-Second" => Self::Duration,
            "Lambda-Provisioned-Concurrency" => Self::Provisioned,
            "Lambda-Provisioned-GB-Second" => Self::ProvisionedDuration,
            "Request" => Self::Request,
            "Lambda-SnapStart-Cached-GB-S" => Self::SnapStartCache,
            "Lambda-SnapStart-Restored-GB" => Self::SnapStartRestore,
            _ => return None,
        })
    }

    /// The unit is the one that the price is taken in.
    fn is_in(self, unit: &str) -> bool {
        let units: &[&str] = match self {
            Self::Request => &["request", "requests"],
            Self::SnapStartRestore => &["gb", "gigabyte", "gigabytes", "lambda-gb"],
            _ => &[
                "lambda-gb-second",
                "lambda-gb-seconds",
                "gb-second",
                "gb-seconds",
                "gb-s",
            ],
        };
        units.contains(&unit.to_ascii_lowercase().as_str())
    }
}

/// The prices of an answer, by usage and whether they are arm64's; none where products contradict each other.
#[derive(Debug, Default)]
struct PricesFound(BTreeMap<(PricedUsage, bool), Option<f64>>);

impl PricesFound {
    /// Takes the price of a product, if it is one of ours.
    fn add(&mut self, product: &str, region: &str) {
        let Ok(product) = serde_json::from_str::<Value>(product) else {
            return;
        };
        let Some((usage, arm)) = usage_of(&product, region) else {
            return;
        };
        let Some(price) = price_of(&product, usage) else {
            return;
        };
        self.0
            .entry((usage, arm))
            .and_modify(|known| {
                if *known != Some(price) {
                    *known = None;
                }
            })
            .or_insert(Some(price));
    }

    /// The list; none where there is no price at all.
    fn list(&self, day: &str) -> Option<LambdaPriceList> {
        let price = |usage, arm| self.0.get(&(usage, arm)).copied().flatten();
        let architecture = |arm| ArchitecturePriceList {
            duration: price(PricedUsage::Duration, arm),
            provisioned: price(PricedUsage::Provisioned, arm),
            provisioned_duration: price(PricedUsage::ProvisionedDuration, arm),
            request: price(PricedUsage::Request, arm),
        };
        self.0
            .values()
            .any(Option::is_some)
            .then(|| LambdaPriceList {
                read_on: day.to_owned(),
                x86_64: architecture(false),
                arm64: architecture(true),
                snapstart_cache: price(PricedUsage::SnapStartCache, false),
                snapstart_restore_per_gb: price(PricedUsage::SnapStartRestore, false),
            })
    }
}

/// What a product of the Region prices, and whether that is arm64's.
fn usage_of(product: &Value, region: &str) -> Option<(PricedUsage, bool)> {
    let attributes = product.get("product")?.get("attributes")?;
    let attribute = |name: &str| attributes.get(name).and_then(Value::as_str);
    if attribute("regionCode") != Some(region) || attribute("servicecode") != Some(SERVICE) {
        return None;
    }
    let usage = attribute("usagetype")?;
    let (usage, arm) = match usage.strip_suffix("-ARM") {
        Some(usage) => (usage, true),
        None => (usage, false),
    };
    let priced = PricedUsage::of(usage).or_else(|| {
        let (prefix, usage) = usage.split_once('-')?;
        let of_region = (2..=8).contains(&prefix.len())
            && prefix
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        PricedUsage::of(usage).filter(|_| of_region)
    })?;
    Some((priced, arm))
}

/// The on-demand price of a product's first tier, USD; none where it has another unit or currency, several
/// prices, or no number above 0.
fn price_of(product: &Value, usage: PricedUsage) -> Option<f64> {
    let terms = product.get("terms")?.get("OnDemand")?.as_object()?;
    let mut first_tiers = terms
        .values()
        .filter_map(|term| term.get("priceDimensions")?.as_object())
        .flat_map(|dimensions| dimensions.values())
        .filter(|dimension| dimension.get("beginRange").and_then(Value::as_str) == Some("0"));
    let first = first_tiers.next()?;
    if first_tiers.next().is_some() || !usage.is_in(first.get("unit")?.as_str()?) {
        return None;
    }
    let text = first.get("pricePerUnit")?.get("USD")?.as_str()?;
    // A decimal number, so that no other form of one (`inf`, `1e9`) counts.
    let decimal = text.len() <= 32
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let price: f64 = text.parse().ok().filter(|_| decimal)?;
    (price > 0.0).then_some(price)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn product(usage: &str, unit: &str, price: &str) -> Value {
        json!({
            "product": {"productFamily": "Serverless", "sku": "GU2ZS9HVP6QTQ7KE", "attributes": {
                "regionCode": "eu-west-1", "servicecode": "AWSLambda", "usagetype": usage}},
            "serviceCode": "AWSLambda",
            "terms": {"OnDemand": {"GU2ZS9HVP6QTQ7KE.JRTCKXETXF": {"priceDimensions": {
                "one": {"unit": unit, "beginRange": "0", "endRange": "6000000000",
                    "pricePerUnit": {"USD": price}},
                "two": {"unit": unit, "beginRange": "6000000000", "endRange": "Inf",
                    "pricePerUnit": {"USD": "0.0000000001"}},
            }}}},
            "publicationDate": "2026-11-20T00:00:00Z",
        })
    }

    fn listed(products: &[Value]) -> Option<LambdaPriceList> {
        let mut found = PricesFound::default();
        for product in products {
            found.add(&product.to_string(), "eu-west-1");
        }
        found.list("2026-11-30")
    }

    #[test]
    fn each_usage_type_has_its_place() {
        let seconds = "Lambda-GB-Second";
        let list = listed(&[
            product("EU-Lambda-GB-Second", seconds, "0.0000166667"),
            product("EU-Lambda-GB-Second-ARM", seconds, "0.0000133334"),
            product("EU-Lambda-Provisioned-Concurrency", seconds, "0.0000041667"),
            product(
                "EU-Lambda-Provisioned-Concurrency-ARM",
                seconds,
                "0.0000033334",
            ),
            product("EU-Lambda-Provisioned-GB-Second", seconds, "0.0000097222"),
            product(
                "EU-Lambda-Provisioned-GB-Second-ARM",
                seconds,
                "0.0000077778",
            ),
            product("EU-Request", "Requests", "0.0000002000"),
            product("Request-ARM", "Requests", "0.0000002000"),
            product("EU-Lambda-SnapStart-Cached-GB-S", "GB-S", "0.0000015046"),
            product("EU-Lambda-SnapStart-Restored-GB", "GB", "0.0001397998"),
            // Others that Lambda has.
            product("EU-Lambda-Edge-GB-Second", seconds, "0.00005001"),
            product("EU-Lambda-Storage-GB-Second", "GB-Seconds", "0.0000000309"),
        ]);
        let expected = LambdaPriceList {
            read_on: "2026-11-30".to_owned(),
            x86_64: ArchitecturePriceList {
                duration: Some(0.000_016_666_7),
                provisioned: Some(0.000_004_166_7),
                provisioned_duration: Some(0.000_009_722_2),
                request: Some(0.000_000_2),
            },
            arm64: ArchitecturePriceList {
                duration: Some(0.000_013_333_4),
                provisioned: Some(0.000_003_333_4),
                provisioned_duration: Some(0.000_007_777_8),
                request: Some(0.000_000_2),
            },
            snapstart_cache: Some(0.000_001_504_6),
            snapstart_restore_per_gb: Some(0.000_139_799_8),
        };
        assert_eq!(list, Some(expected));
    }

    /// Each alone leaves no price: nothing of it can be taken for another.
    #[test]
    fn what_does_not_fit_is_left_out() {
        let seconds = "Lambda-GB-Second";
        let good = || product("EU-Lambda-GB-Second", seconds, "0.0000166667");
        let with = |pointer: &str, value: Value| {
            let mut product = good();
            *product.pointer_mut(pointer).unwrap() = value;
            product
        };
        let dimension = "/terms/OnDemand/GU2ZS9HVP6QTQ7KE.JRTCKXETXF/priceDimensions/one";
        let attributes = "/product/attributes";
        let cases = [
            // A thousand GB-seconds, or calls, are not one.
            with(&format!("{dimension}/unit"), json!("1K Lambda-GB-Second")),
            with(&format!("{dimension}/unit"), json!("")),
            with(&format!("{dimension}/unit"), json!(7)),
            product("EU-Request", "1M requests", "0.20"),
            // Another currency, and no number.
            with(
                &format!("{dimension}/pricePerUnit"),
                json!({"CNY": "0.0001136"}),
            ),
            with(
                &format!("{dimension}/pricePerUnit/USD"),
                json!("0.0000000000"),
            ),
            with(&format!("{dimension}/pricePerUnit/USD"), json!("-1")),
            with(&format!("{dimension}/pricePerUnit/USD"), json!("inf")),
            with(&format!("{dimension}/pricePerUnit/USD"), json!("1e-5")),
            with(
                &format!("{dimension}/pricePerUnit/USD"),
                json!("\u{1b}[31m0.1<script>"),
            ),
            with(
                &format!("{dimension}/pricePerUnit/USD"),
                json!("1".repeat(4000)),
            ),
            // No first tier.
            with(&format!("{dimension}/beginRange"), json!("1")),
            // Two first tiers.
            with(
                "/terms/OnDemand/GU2ZS9HVP6QTQ7KE.JRTCKXETXF/priceDimensions/two/beginRange",
                json!("0"),
            ),
            // Another Region, another service, another usage.
            with(&format!("{attributes}/regionCode"), json!("eu-west-2")),
            with(&format!("{attributes}/servicecode"), json!("AmazonEC2")),
            with(
                &format!("{attributes}/usagetype"),
                json!("eu-Lambda-GB-Second"),
            ),
            with(
                &format!("{attributes}/usagetype"),
                json!("EU-Edge-Lambda-GB-Second"),
            ),
            with(
                &format!("{attributes}/usagetype"),
                json!("EU-Lambda-GB-Second-ARM-ARM"),
            ),
            with("/terms", json!({"Reserved": {}})),
            json!("a text"),
            json!(null),
        ];
        for case in cases {
            assert_eq!(listed(std::slice::from_ref(&case)), None, "{case}");
        }
        assert!(listed(&[good()]).is_some());
    }

    #[test]
    fn products_that_contradict_each_other_give_no_price() {
        let seconds = "Lambda-GB-Second";
        let one = product("EU-Lambda-GB-Second", seconds, "0.0000166667");
        let same = product("Lambda-GB-Second", seconds, "0.00001666670");
        let other = product("EU-Lambda-GB-Second", seconds, "0.0000200000");
        assert!(listed(&[one.clone(), same.clone()]).is_some());
        assert_eq!(listed(&[one.clone(), other, same]), None);
        assert_eq!(listed(&[]), None);
    }

    #[test]
    fn an_account_asks_on_its_own_continent() {
        assert_eq!(endpoint_region("eu-west-3"), "eu-central-1");
        assert_eq!(endpoint_region("ap-southeast-2"), "ap-south-1");
        assert_eq!(endpoint_region("us-west-2"), "us-east-1");
        assert_eq!(endpoint_region("sa-east-1"), "us-east-1");
        assert_eq!(endpoint_region(""), "us-east-1");
    }
}
