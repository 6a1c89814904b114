//! What the levers cost: dated prices, per Region where they are known.
//!
//! A month is 730 hours, as AWS's own calculator counts. Free tier and savings plans are left out.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

/// The identifier of the file format.
pub const SCHEMA: &str = "coldbucket-lambda-prices/1";

/// Seconds of a month of 730 hours.
pub const MONTH_S: f64 = 730.0 * 3600.0;

/// The price table, as in `data/lambda-prices.yaml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// [`SCHEMA`].
    pub schema: String,
    /// When the prices were read, `YYYY-MM`.
    pub date: String,
    /// The Region whose prices stand in for those that are not listed.
    pub default_region: String,
    /// Prices by Region.
    pub regions: BTreeMap<String, RegionPrices>,
}

/// Prices of one Region, USD.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionPrices {
    /// On x86_64.
    pub x86_64: ArchitecturePrices,
    /// On arm64.
    pub arm64: ArchitecturePrices,
    /// Keeping a SnapStart snapshot, per GB-second of memory; Python and .NET only.
    pub snapstart_cache: f64,
    /// Restoring a snapshot, per GB of memory; Python and .NET only.
    pub snapstart_restore_per_gb: f64,
}

/// Prices of one architecture, USD per GB-second.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchitecturePrices {
    /// On demand, first tier.
    pub duration: f64,
    /// Provisioned concurrency, used or not.
    pub provisioned: f64,
    /// Duration on provisioned concurrency.
    pub provisioned_duration: f64,
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
        if !prices.regions.contains_key(&prices.default_region) {
            return Err(format!(
                "default_region {:?} is not among the regions",
                prices.default_region
            ));
        }
        Ok(prices)
    }

    /// A Region's prices, and whether they are its own.
    pub fn of(&self, region: &str) -> Option<(&RegionPrices, bool)> {
        match self.regions.get(region) {
            Some(prices) => Some((prices, true)),
            None => Some((self.regions.get(&self.default_region)?, false)),
        }
    }
}

impl RegionPrices {
    /// Prices of an architecture.
    pub fn architecture(&self, arm: bool) -> &ArchitecturePrices {
        if arm { &self.arm64 } else { &self.x86_64 }
    }

    /// Keeping `environments` ready for a month, USD, before anything is run on them.
    pub fn provisioned_month(&self, arm: bool, memory_mb: u32, environments: u32) -> f64 {
        self.architecture(arm).provisioned
            * gigabytes(memory_mb)
            * f64::from(environments)
            * MONTH_S
    }

    /// Keeping one SnapStart snapshot for a month and restoring it so many times, USD. Java pays
    /// nothing.
    pub fn snapstart_month(&self, java: bool, memory_mb: u32, restores: f64) -> f64 {
        if java {
            return 0.0;
        }
        gigabytes(memory_mb)
            * (self.snapstart_cache * MONTH_S + self.snapstart_restore_per_gb * restores)
    }

    /// Running so many milliseconds a month, USD.
    pub fn duration_month(&self, arm: bool, memory_mb: u32, milliseconds: f64) -> f64 {
        self.architecture(arm).duration * gigabytes(memory_mb) * milliseconds / 1000.0
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

    #[test]
    fn a_provisioned_gigabyte_month_costs_what_aws_says() {
        let (prices, own) = Prices::builtin().unwrap().of("us-east-1").unwrap();
        assert!(own);
        // 4.1667e-6 * 2628000 s = 10.95; arm 8.76 (Price List API, us-east-1).
        near(prices.provisioned_month(false, 1024, 1), 10.95);
        near(prices.provisioned_month(true, 1024, 1), 8.76);
        near(prices.provisioned_month(false, 512, 4), 21.90);
    }

    #[test]
    fn snapstart_is_free_for_java_and_billed_for_python() {
        let (prices, _) = Prices::builtin().unwrap().of("us-east-1").unwrap();
        near(prices.snapstart_month(true, 1024, 1000.0), 0.0);
        // 1.5046e-6 * 2628000 = 3.954; 1000 restores of 1 GB 0.14.
        near(prices.snapstart_month(false, 1024, 1000.0), 4.094);
    }

    #[test]
    fn a_region_without_prices_is_priced_like_the_default_and_says_so() {
        let (_, own) = Prices::builtin().unwrap().of("eu-west-1").unwrap();
        assert!(!own);
    }

    #[test]
    fn a_table_without_its_default_region_is_refused() {
        let text = include_str!("../data/lambda-prices.yaml")
            .replace("default_region: us-east-1", "default_region: mars-1");
        assert!(Prices::parse(&text).unwrap_err().contains("mars-1"));
    }
}
