//! What the levers cost: prices that were read from AWS's price list, else dated prices, per Region where
//! they are known.
//!
//! A month is 730 hours, as AWS's own calculator counts. Free tier and savings plans are left out. A
//! price that a Region's entry lacks is the default Region's, and every amount says what it rests on.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

/// The identifier of the file format.
pub const SCHEMA: &str = "coldbucket-lambda-prices/2";

/// Seconds of a month of 730 hours.
pub const MONTH_S: f64 = 730.0 * 3600.0;

/// The price table, as in `data/lambda-prices.yaml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// [`SCHEMA`].
    pub schema: String,
    /// When the table was compiled, `YYYY-MM-DD`.
    pub date: String,
    /// The Region whose prices stand in for those that are not listed; all of its own are.
    pub default_region: String,
    /// Prices by Region.
    pub regions: BTreeMap<String, ListedPrices>,
}

/// The prices of a Region that a source gives, USD.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedPrices {
    /// When they were read, `YYYY-MM`.
    pub date: String,
    /// How good the source is.
    pub quality: PriceQuality,
    /// The source.
    pub source: String,
    /// On x86_64.
    #[serde(default)]
    pub x86_64: ListedArchitecture,
    /// On arm64.
    #[serde(default)]
    pub arm64: ListedArchitecture,
    /// Keeping a SnapStart snapshot, per GB-second of memory; Python and .NET only.
    #[serde(default)]
    pub snapstart_cache: Option<f64>,
    /// Restoring a snapshot, per GB of memory; Python and .NET only.
    #[serde(default)]
    pub snapstart_restore_per_gb: Option<f64>,
}

/// How good the source of prices is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PriceQuality {
    /// AWS's price list.
    List,
    /// A public program's copy of AWS's pricing page.
    #[default]
    Copy,
}

/// Prices of one architecture that a source gives, USD per GB-second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedArchitecture {
    /// On demand, first tier.
    #[serde(default)]
    pub duration: Option<f64>,
    /// Provisioned concurrency, used or not.
    #[serde(default)]
    pub provisioned: Option<f64>,
    /// Duration on provisioned concurrency.
    #[serde(default)]
    pub provisioned_duration: Option<f64>,
}

impl ListedPrices {
    /// Prices of an architecture.
    pub fn architecture(&self, arm: bool) -> &ListedArchitecture {
        if arm { &self.arm64 } else { &self.x86_64 }
    }
}

/// An amount a month.
#[derive(Clone, Debug, PartialEq)]
pub struct MonthlyAmount {
    /// USD; it may be below zero, where a change saves money.
    pub usd: f64,
    /// What the amount rests on, for a reader: `AWS Price List of 2026-11-30`, `prices of 2025-10`, `priced as
    /// us-east-1, 2025-10`.
    pub basis: String,
}

/// The prices of one Region with those that stand in for the missing ones.
#[derive(Clone, Copy, Debug)]
pub struct RegionPrices<'a> {
    live: Option<&'a ListedPrices>,
    own: Option<&'a ListedPrices>,
    default: &'a ListedPrices,
    default_region: &'a str,
}

impl Prices {
    /// The table shipped with the program.
    ///
    /// # Errors
    /// Only when the shipped file is defective, which a test rules out.
    pub fn builtin() -> Result<&'static Self, String> {
        static PRICES: OnceLock<Result<Prices, String>> = OnceLock::new();
        PRICES
            .get_or_init(|| Self::parse(include_str!("../data/lambda-prices.yaml")))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Reads a table.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let prices: Self = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        if prices.schema != SCHEMA {
            return Err(format!("schema is {:?}, not {SCHEMA:?}", prices.schema));
        }
        let Some(default) = prices.regions.get(&prices.default_region) else {
            return Err(format!(
                "default_region {:?} is not among the regions",
                prices.default_region
            ));
        };
        let architectures = [&default.x86_64, &default.arm64].map(|prices| {
            [
                prices.duration,
                prices.provisioned,
                prices.provisioned_duration,
            ]
        });
        let snapstart = [default.snapstart_cache, default.snapstart_restore_per_gb];
        if architectures
            .as_flattened()
            .iter()
            .chain(&snapstart)
            .any(Option::is_none)
        {
            return Err(format!(
                "default_region {:?} lacks a price",
                prices.default_region
            ));
        }
        Ok(prices)
    }

    /// A Region's prices.
    pub fn of(&self, region: &str) -> Option<RegionPrices<'_>> {
        Some(RegionPrices {
            live: None,
            own: self.regions.get(region),
            default: self.regions.get(&self.default_region)?,
            default_region: &self.default_region,
        })
    }
}

/// One price of a list, for arm64 or x86_64; none where the list lacks it.
type PriceOf = fn(&ListedPrices, bool) -> Option<f64>;

/// No price of Lambda is outside of this range, USD: what is outside is a mistake of its source. The lowest in
/// 2026 is about 1e-6, the highest about 2e-4.
const PLAUSIBLE: std::ops::Range<f64> = 1e-9..1e-2;

impl<'a> RegionPrices<'a> {
    /// The same with prices that were read from AWS's price list, which count before those of the table.
    /// Their `date` is the day on which they were read.
    #[must_use]
    pub fn with_live(self, live: Option<&'a ListedPrices>) -> Self {
        Self { live, ..self }
    }

    /// A sum over prices, each by what it is multiplied with. The first source that has all of them gives
    /// all: prices of two Regions, or of two days, are not mixed in one amount.
    fn sum(&self, parts: &[(PriceOf, bool, f64)]) -> MonthlyAmount {
        let of = |listed: &ListedPrices| {
            parts.iter().try_fold(0.0, |sum, (price, arm, times)| {
                let price = price(listed, *arm).filter(|price| PLAUSIBLE.contains(price))?;
                Some(sum + price * times)
            })
        };
        if let Some(live) = self.live
            && let Some(usd) = of(live)
        {
            return MonthlyAmount {
                usd,
                basis: format!("AWS Price List of {}", live.date),
            };
        }
        if let Some(own) = self.own
            && let Some(usd) = of(own)
        {
            return MonthlyAmount {
                usd,
                basis: format!("prices of {}", own.date),
            };
        }
        MonthlyAmount {
            usd: of(self.default).unwrap_or_default(),
            basis: format!("priced as {}, {}", self.default_region, self.default.date),
        }
    }

    /// Keeping `environments` ready for a month, before anything is run on them.
    pub fn provisioned_month(&self, arm: bool, memory_mb: u32, environments: u32) -> MonthlyAmount {
        let seconds = gigabytes(memory_mb) * f64::from(environments) * MONTH_S;
        self.sum(&[(
            |prices, arm| prices.architecture(arm).provisioned,
            arm,
            seconds,
        )])
    }

    /// Keeping one SnapStart snapshot for a month and restoring it so many times. Java pays nothing.
    pub fn snapstart_month(&self, java: bool, memory_mb: u32, restores: f64) -> MonthlyAmount {
        if java {
            return MonthlyAmount {
                usd: 0.0,
                basis: "free for Java".to_owned(),
            };
        }
        let gb = gigabytes(memory_mb);
        self.sum(&[
            (|prices, _| prices.snapstart_cache, false, gb * MONTH_S),
            (
                |prices, _| prices.snapstart_restore_per_gb,
                false,
                gb * restores,
            ),
        ])
    }

    /// What running so many milliseconds a month costs more after a change of architecture or memory
    /// than before it; each is whether it is arm64, and the memory in MB.
    pub fn duration_change(
        &self,
        before: (bool, u32),
        after: (bool, u32),
        milliseconds: f64,
    ) -> MonthlyAmount {
        let duration = |prices: &ListedPrices, arm| prices.architecture(arm).duration;
        let seconds = |memory_mb| gigabytes(memory_mb) * milliseconds / 1000.0;
        self.sum(&[
            (duration, after.0, seconds(after.1)),
            (duration, before.0, -seconds(before.1)),
        ])
    }
}

fn gigabytes(memory_mb: u32) -> f64 {
    f64::from(memory_mb) / 1024.0
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn near(left: f64, right: f64) {
        assert!((left - right).abs() < 0.01, "{left} is not {right}");
    }

    fn of(region: &str) -> RegionPrices<'static> {
        Prices::builtin().unwrap().of(region).unwrap()
    }

    #[test]
    fn a_provisioned_gigabyte_month_costs_what_aws_says() {
        let prices = of("us-east-1");
        // 4.1667e-6 * 2628000 s = 10.95; arm 8.76 (Price List API, us-east-1).
        let found = prices.provisioned_month(false, 1024, 1);
        near(found.usd, 10.95);
        assert_eq!(found.basis, "prices of 2025-10");
        near(prices.provisioned_month(true, 1024, 1).usd, 8.76);
        near(prices.provisioned_month(false, 512, 4).usd, 21.90);
    }

    #[test]
    fn snapstart_is_free_for_java_and_billed_for_python() {
        let prices = of("us-east-1");
        near(prices.snapstart_month(true, 1024, 1000.0).usd, 0.0);
        // 1.5046e-6 * 2628000 = 3.954; 1000 restores of 1 GB 0.14.
        near(prices.snapstart_month(false, 1024, 1000.0).usd, 4.094);
    }

    #[test]
    fn a_region_without_prices_is_priced_like_the_default_and_says_so() {
        let found = of("eu-west-1").provisioned_month(false, 1024, 1);
        near(found.usd, 10.95);
        assert_eq!(found.basis, "priced as us-east-1, 2025-10");
    }

    /// 100 000 calls of 100 ms at 1 GB are 10 000 GB-seconds.
    #[test]
    fn a_regions_own_price_counts_where_it_is_known() {
        let cape_town = of("af-south-1");
        let twice = cape_town.duration_change((false, 1024), (false, 2048), 1e7);
        // 2.21e-5 * 10000.
        near(twice.usd, 0.221);
        assert_eq!(twice.basis, "prices of 2026-11");
        let to_arm = cape_town.duration_change((false, 1024), (true, 1024), 1e7);
        // (1.768e-5 - 2.21e-5) * 10000.
        assert!((to_arm.usd + 0.0442).abs() < 1e-9, "{}", to_arm.usd);
        // Provisioned concurrency is not known there.
        let kept = cape_town.provisioned_month(false, 1024, 1);
        assert_eq!(kept.basis, "priced as us-east-1, 2025-10");
        // Nor is arm64 in Hong Kong: neither side of the change is that Region's then.
        let to_arm = of("ap-east-1").duration_change((false, 1024), (true, 1024), 1e9);
        near(to_arm.usd, -3.3333);
        assert_eq!(to_arm.basis, "priced as us-east-1, 2025-10");
    }

    /// What was read counts where it has all prices of an amount; else the table's, and then us-east-1's.
    #[test]
    fn prices_that_were_read_go_before_the_table() {
        let live = ListedPrices {
            date: "2026-11-30".to_owned(),
            x86_64: ListedArchitecture {
                duration: Some(2.5e-5),
                ..ListedArchitecture::default()
            },
            snapstart_cache: Some(2e-6),
            snapstart_restore_per_gb: Some(2e-4),
            ..ListedPrices::default()
        };
        let cape_town = of("af-south-1").with_live(Some(&live));
        // 10000 GB-seconds.
        let twice = cape_town.duration_change((false, 1024), (false, 2048), 1e7);
        near(twice.usd, 0.25);
        assert_eq!(twice.basis, "AWS Price List of 2026-11-30");
        // 2e-6 * 2628000 + 2e-4 * 1000.
        near(cape_town.snapstart_month(false, 1024, 1000.0).usd, 5.456);
        // arm64 was not in the answer: neither side of the change is the answer's.
        let to_arm = cape_town.duration_change((false, 1024), (true, 1024), 1e7);
        assert!((to_arm.usd + 0.0442).abs() < 1e-9, "{}", to_arm.usd);
        assert_eq!(to_arm.basis, "prices of 2026-11");
        let kept = cape_town.provisioned_month(false, 1024, 1);
        assert_eq!(kept.basis, "priced as us-east-1, 2025-10");
    }

    #[test]
    fn a_price_that_cannot_be_is_none() {
        for wrong in [0.0, -1e-5, 0.2, f64::NAN, f64::INFINITY] {
            let mut live = ListedPrices::default();
            live.x86_64.provisioned = Some(wrong);
            let kept = of("eu-west-1")
                .with_live(Some(&live))
                .provisioned_month(false, 1024, 1);
            assert_eq!(kept.basis, "priced as us-east-1, 2025-10", "{wrong}");
        }
    }

    #[test]
    fn a_table_without_its_default_region_is_refused() {
        let text = include_str!("../data/lambda-prices.yaml")
            .replace("default_region: us-east-1", "default_region: mars-1");
        assert!(Prices::parse(&text).unwrap_err().contains("mars-1"));
        let text = include_str!("../data/lambda-prices.yaml")
            .replace("default_region: us-east-1", "default_region: af-south-1");
        assert!(Prices::parse(&text).unwrap_err().contains("lacks a price"));
    }
}
