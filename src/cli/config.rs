//! `coldbucket.toml`: a team's options, stored beside its infrastructure code.
//!
//! The document is not read by serde, which stops at the first error: every unknown key, wrong type and
//! bad value is reported at once, with its line and column.
//!
//! Two options cannot be set here on purpose. An endpoint: the file is searched from the working directory
//! upward, and a cloned repository must not redirect the user's signed requests. And outputs, which
//! belong to one run.

use std::path::{Path, PathBuf};

use coldbucket_policy::parse::is_account_id;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::choices::{ColorChoice, FailOn, SeverityName};
use super::toml_reader::{CheckParams, TomlReader};
use super::{Mistakes, Placed, did_you_mean, exceptions};
use crate::findings::exceptions::Exception;

/// The file's name. It is searched from the working directory upward.
pub const FILE_NAME: &str = "coldbucket.toml";

/// Every key, for suggestions and the documentation.
pub const KEYS: &[&str] = &[
    "allow_incomplete",
    "baseline",
    "bucket",
    "check",
    "checks",
    "color",
    "concurrency",
    "exceptions",
    "exclude",
    "fail_on",
    "function",
    "image_sizes",
    "inspect_packages",
    "key_grants",
    "last_access",
    "live_prices",
    "max_scan_gb",
    "measure",
    "pack",
    "policies",
    "profile",
    "rate",
    "regions",
    "sample_objects",
    "severity",
    "trusted_accounts",
    "trusted_organizations",
];

/// The members of a configuration file. Everything is optional; a list that is absent is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigFile {
    /// `allow_incomplete = true`
    pub allow_incomplete: Option<bool>,
    /// `baseline = "baseline.json"`, made absolute from the file's own folder.
    pub baseline: Option<PathBuf>,
    /// `bucket = ["acme-*"]`
    pub bucket: Vec<Placed<String>>,
    /// `check = ["s3-*"]`
    pub check: Vec<Placed<String>>,
    /// `[checks.s3-plain-http]`, parameters of one check.
    pub checks: CheckParams,
    /// `color = "auto"`
    pub color: Option<ColorChoice>,
    /// `concurrency = 64`
    pub concurrency: Option<Placed<u32>>,
    /// `[[exceptions]]`, findings that are accepted.
    pub exceptions: Vec<Placed<Exception>>,
    /// `exclude = ["lambda-*"]`
    pub exclude: Vec<Placed<String>>,
    /// `fail_on = "high"`
    pub fail_on: Option<FailOn>,
    /// `function = ["orders-*"]`
    pub function: Vec<Placed<String>>,
    /// `image_sizes = true`
    pub image_sizes: Option<bool>,
    /// `key_grants = true`
    pub key_grants: Option<bool>,
    /// `last_access = true`
    pub last_access: Option<bool>,
    /// `live_prices = true`
    pub live_prices: Option<bool>,
    /// `inspect_packages = true`
    pub inspect_packages: Option<bool>,
    /// `max_scan_gb = 25`
    pub max_scan_gb: Option<Placed<f64>>,
    /// `measure = 14`, days
    pub measure: Option<Placed<u32>>,
    /// `pack = "default"`
    pub pack: Option<Placed<String>>,
    /// `policies = ["policies"]`, made absolute from the file's own folder.
    pub policies: Vec<PathBuf>,
    /// `profile = "prod"`
    pub profile: Option<Placed<String>>,
    /// `rate = 200`
    pub rate: Option<Placed<f64>>,
    /// `regions = ["eu-west-1"]`
    pub regions: Vec<Placed<String>>,
    /// `sample_objects = 20`
    pub sample_objects: Option<Placed<u32>>,
    /// `severity = "medium"`
    pub severity: Option<SeverityName>,
    /// `trusted_accounts = ["111122223333"]`
    pub trusted_accounts: Vec<Placed<String>>,
    /// `trusted_organizations = ["o-a1b2c3d4e5"]`
    pub trusted_organizations: Vec<Placed<String>>,
}

impl ConfigFile {
    /// Reads the text of the file at `path`, which is only used to name places and to resolve
    /// relative paths.
    ///
    /// # Errors
    /// Every mistake in the file.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Mistakes> {
        let name = path.display().to_string();
        let mut reader = TomlReader {
            file: &name,
            text,
            mistakes: Vec::new(),
        };
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let offset = error.span().map_or(0, |span| span.start);
            reader.mistake(offset, error.message().to_owned(), None);
        }
        let mut config = Self::default();
        // After a syntax error, the recovered document would give false mistakes.
        if reader.mistakes.is_empty() {
            for (key, value) in document.get_ref() {
                config.take(&mut reader, path, key.get_ref(), key.span().start, value);
            }
        }
        if reader.mistakes.is_empty() {
            Ok(config)
        } else {
            reader
                .mistakes
                .sort_by_key(|mistake| mistake.place.as_ref().map(|at| (at.line, at.column)));
            Err(Mistakes(reader.mistakes))
        }
    }

    fn take(
        &mut self,
        reader: &mut TomlReader<'_>,
        path: &Path,
        key: &str,
        key_offset: usize,
        value: &Spanned<DeValue<'_>>,
    ) {
        match key {
            "allow_incomplete" => self.allow_incomplete = reader.boolean(key, value),
            "bucket" => self.bucket = reader.strings(key, value),
            "check" => self.check = reader.strings(key, value),
            "checks" => self.checks = reader.params(value),
            "color" => self.color = reader.choice(key, value),
            "concurrency" => self.concurrency = reader.count(key, value),
            "exclude" => self.exclude = reader.strings(key, value),
            "fail_on" => self.fail_on = reader.choice(key, value),
            "function" => self.function = reader.strings(key, value),
            "image_sizes" => self.image_sizes = reader.boolean(key, value),
            "key_grants" => self.key_grants = reader.boolean(key, value),
            "last_access" => self.last_access = reader.boolean(key, value),
            "live_prices" => self.live_prices = reader.boolean(key, value),
            "inspect_packages" => self.inspect_packages = reader.boolean(key, value),
            "max_scan_gb" => self.max_scan_gb = reader.number(key, value),
            "measure" => self.measure = reader.count(key, value),
            "pack" => self.pack = reader.string(key, value),
            "policies" => {
                let folder = path.parent().unwrap_or(Path::new(""));
                self.policies = reader
                    .strings(key, value)
                    .into_iter()
                    .map(|dir| folder.join(dir.value))
                    .collect();
            }
            "profile" => self.profile = reader.string(key, value),
            "rate" => self.rate = reader.number(key, value),
            "regions" => self.regions = reader.strings(key, value),
            "sample_objects" => self.sample_objects = reader.count(key, value),
            "severity" => self.severity = reader.choice(key, value),
            "trusted_accounts" => {
                self.trusted_accounts = reader.strings(key, value);
                reader.check_each(
                    &self.trusted_accounts,
                    "a 12-digit account id",
                    is_account_id,
                );
            }
            "trusted_organizations" => {
                self.trusted_organizations = reader.strings(key, value);
                // AWS Organizations API reference, Organization.Id: ^o-[a-z0-9]{10,32}$
                reader.check_each(
                    &self.trusted_organizations,
                    "an organization id (`o-` and 10 to 32 letters or digits)",
                    |id| {
                        id.strip_prefix("o-").is_some_and(|rest| {
                            (10..=32).contains(&rest.len())
                                && rest
                                    .bytes()
                                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                        })
                    },
                );
            }
            "baseline" => {
                let folder = path.parent().unwrap_or(Path::new(""));
                self.baseline = reader
                    .string(key, value)
                    .map(|file| folder.join(file.value));
            }
            "exceptions" => self.exceptions = exceptions::read(reader, value),
            "endpoint_url" | "endpoint" => reader.mistake(
                key_offset,
                "an endpoint cannot be set in a file".to_owned(),
                Some("use --endpoint-url, or AWS_ENDPOINT_URL".to_owned()),
            ),
            "output" | "snapshot" | "sample" | "config" => reader.mistake(
                key_offset,
                format!("`{key}` cannot be set in a file"),
                Some(format!("use --{key}")),
            ),
            unknown => {
                let help = match unknown {
                    "region" => Some("did you mean `regions`?".to_owned()),
                    _ => did_you_mean(unknown, KEYS.iter().copied()),
                };
                reader.mistake(key_offset, format!("unknown key `{unknown}`"), help);
            }
        }
    }
}

#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn parse(text: &str) -> Result<ConfigFile, Vec<String>> {
        ConfigFile::parse(Path::new("/r/coldbucket.toml"), text)
            .map_err(|mistakes| mistakes.0.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn everything_that_can_be_set() {
        let config = parse(
            r#"
            fail_on = "medium"
            severity = "low"
            pack = "default"
            check = "s3-*"
            exclude = ["s3-no-versioning", "s3-no-access-log"]
            policies = ["ours"]
            regions = ["eu-west-1"]
            profile = "prod"
            trusted_accounts = ["111122223333"]
            trusted_organizations = ["o-a1b2c3d4e5"]
            concurrency = 32
            rate = 150
            color = "never"
            allow_incomplete = true
            [checks.lambda-package-oversized]
            max_mb = 20
            "#,
        )
        .unwrap();
        assert_eq!(config.fail_on, Some(FailOn::Medium));
        assert_eq!(config.check[0].value, "s3-*");
        assert_eq!(config.exclude.len(), 2);
        assert_eq!(config.policies, [PathBuf::from("/r/ours")]);
        assert_eq!(config.rate.map(|rate| rate.value), Some(150.0));
        let params = &config.checks["lambda-package-oversized"];
        assert_eq!(params.value["max_mb"].value, Value::from(20));
        assert_eq!(
            params.value["max_mb"].place.as_ref().map(|at| at.line),
            Some(17)
        );
    }

    #[test]
    fn all_mistakes_at_once_with_their_places() {
        let mistakes = parse(
            "fail-on = \"high\"\nseverity = \"hihg\"\nrate = \"fast\"\nexclude = [1]\ntrusted_accounts = [\"12\"]\nendpoint_url = \"http://x\"\nbaseline = 1\n[checks]\ns3-x = 1\n",
        )
        .unwrap_err();
        assert_eq!(
            mistakes,
            [
                "/r/coldbucket.toml:1:1: unknown key `fail-on`; did you mean `fail_on`?",
                "/r/coldbucket.toml:2:12: `severity` cannot be `hihg`; did you mean `high`?",
                "/r/coldbucket.toml:3:8: `rate` must be a number, not a string",
                "/r/coldbucket.toml:4:12: `exclude` must be a list of strings, not an integer",
                "/r/coldbucket.toml:5:21: `12` is not a 12-digit account id",
                "/r/coldbucket.toml:6:1: an endpoint cannot be set in a file; use --endpoint-url, or AWS_ENDPOINT_URL",
                "/r/coldbucket.toml:7:12: `baseline` must be a string, not an integer",
                "/r/coldbucket.toml:9:8: `checks.s3-x` must be a table, not an integer; its members are the check's parameters",
            ]
        );
    }

    #[test]
    fn broken_toml_is_reported_by_place_and_nothing_is_made_up() {
        let mistakes = parse("fail_on = \n[checks\n").unwrap_err();
        assert!(
            mistakes[0].starts_with("/r/coldbucket.toml:1:"),
            "{mistakes:?}"
        );
        assert!(
            mistakes.iter().any(|text| text.contains(":2:")),
            "{mistakes:?}"
        );
    }

    #[test]
    fn keys_are_sorted_so_that_documents_can_list_them() {
        assert!(KEYS.is_sorted());
    }

    proptest::proptest! {
        /// No text makes the reader panic, and every mistake has a place in the text.
        #[test]
        fn any_text_is_read_or_refused_with_places(
            text in "([a-z_]{1,12} = (true|1|2\\.5|\"[a-z*-]{0,6}\"|\\[\"a\", 1\\]|\\{ x = 1 \\})\n|\\[checks\\.[a-z-]{1,5}\\]\n|\\PC{0,20}\n){0,6}"
        ) {
            if let Err(mistakes) = ConfigFile::parse(Path::new("c.toml"), &text) {
                proptest::prop_assert!(!mistakes.0.is_empty());
                let lines = text.lines().count().max(1) + 1;
                for mistake in mistakes.0 {
                    let place = mistake.place.unwrap();
                    proptest::prop_assert!((1..=lines).contains(&place.line), "{place} in {text:?}");
                }
            }
        }
    }
}
