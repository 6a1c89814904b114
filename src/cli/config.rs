//! `coldbucket.toml`: the options a team agrees on, beside the code they are about.
//!
//! The reader walks the document by hand instead of deriving it, because a derived reader stops at
//! the first mistake and this one must not: every unknown key, wrong type and bad value is reported
//! at once with its line and column.
//!
//! Two things cannot be set here on purpose. An endpoint: the file is found upward from the working
//! directory, and a cloned repository must not be able to send somebody's signed requests elsewhere.
//! And outputs: where results go is a matter of the one run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::args::{ColorChoice, FailOn, SeverityName};
use super::{Mistake, Mistakes, Place, Placed, did_you_mean, exceptions};
use crate::findings::exceptions::Exception;

/// The file name looked for from the working directory upward.
pub const FILE_NAME: &str = "coldbucket.toml";

/// Every key there is, for suggestions and the documentation.
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

/// Parameters of checks by check id, then by parameter.
pub type CheckParams = BTreeMap<String, Placed<BTreeMap<String, Placed<Value>>>>;

/// The members of a configuration file. Everything is optional; a list that is absent is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
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

impl Config {
    /// Reads the text of the file at `path`, which is only used to name places and to resolve
    /// relative paths.
    ///
    /// # Errors
    /// All the mistakes in it.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Mistakes> {
        let name = path.display().to_string();
        let mut reader = Reader {
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
        // What recovery made of a broken document would only give mistakes that are not there.
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
        reader: &mut Reader<'_>,
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
                reader.check_each(&self.trusted_accounts, "a 12-digit account id", |id| {
                    id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())
                });
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

/// Reads typed values and gathers what is wrong with them.
pub(super) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    pub(super) fn place(&self, offset: usize) -> Option<Place> {
        Some(Place::at(self.file, self.text, offset))
    }

    pub(super) fn mistake(&mut self, offset: usize, message: String, help: Option<String>) {
        let place = self.place(offset);
        self.mistakes
            .push(Mistake::new(message).at(place).help(help));
    }

    pub(super) fn wrong_type(&mut self, key: &str, expected: &str, value: &Spanned<DeValue<'_>>) {
        let found = value.get_ref().type_str();
        self.mistake(
            value.span().start,
            format!("`{key}` must be {expected}, and this is {}", article(found)),
            None,
        );
    }

    fn boolean(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<bool> {
        let found = value.get_ref().as_bool();
        if found.is_none() {
            self.wrong_type(key, "true or false", value);
        }
        found
    }

    pub(super) fn string(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Placed<String>> {
        match value.get_ref().as_str() {
            Some("") => {
                self.mistake(value.span().start, format!("`{key}` is empty"), None);
                None
            }
            Some(text) => Some(Placed {
                value: text.to_owned(),
                place: self.place(value.span().start),
            }),
            None => {
                self.wrong_type(key, "a string", value);
                None
            }
        }
    }

    /// A list of strings, or one string for a list of one.
    pub(super) fn strings(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Vec<Placed<String>> {
        match value.get_ref() {
            DeValue::String(_) => self.string(key, value).into_iter().collect(),
            DeValue::Array(items) => items
                .iter()
                .filter_map(|item| match item.get_ref() {
                    DeValue::String(_) => self.string(key, item),
                    _ => {
                        self.wrong_type(key, "a list of strings", item);
                        None
                    }
                })
                .collect(),
            _ => {
                self.wrong_type(key, "a list of strings", value);
                Vec::new()
            }
        }
    }

    fn check_each(&mut self, items: &[Placed<String>], what: &str, good: impl Fn(&str) -> bool) {
        for item in items.iter().filter(|item| !good(&item.value)) {
            self.mistakes.push(
                Mistake::new(format!("`{}` is not {what}", item.value)).at(item.place.clone()),
            );
        }
    }

    fn choice<T: ValueEnum>(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<T> {
        let text = self.string(key, value)?;
        if let Ok(choice) = T::from_str(&text.value, false) {
            return Some(choice);
        }
        let names: Vec<String> = T::value_variants()
            .iter()
            .filter_map(|variant| variant.to_possible_value())
            .map(|possible| possible.get_name().to_owned())
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let help = did_you_mean(&text.value, names.iter().copied())
            .unwrap_or_else(|| format!("choose from {}", names.join(", ")));
        self.mistake(
            value.span().start,
            format!("`{key}` cannot be `{}`", text.value),
            Some(help),
        );
        None
    }

    fn number(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Placed<f64>> {
        let found = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        match found {
            Some(number) => Some(Placed {
                value: number,
                place: self.place(value.span().start),
            }),
            None => {
                self.wrong_type(key, "a number", value);
                None
            }
        }
    }

    fn count(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Placed<u32>> {
        match integer(value.get_ref()).and_then(|number| u32::try_from(number).ok()) {
            Some(number) => Some(Placed {
                value: number,
                place: self.place(value.span().start),
            }),
            None => {
                self.wrong_type(key, "a whole number", value);
                None
            }
        }
    }

    fn params(&mut self, value: &Spanned<DeValue<'_>>) -> CheckParams {
        let mut params = CheckParams::new();
        let Some(checks) = value.get_ref().as_table() else {
            let help = Some(
                "`checks` holds parameters, as in [checks.s3-…]; to select checks use `check`"
                    .to_owned(),
            );
            let found = article(value.get_ref().type_str());
            self.mistake(
                value.span().start,
                format!("`checks` must be a table, and this is {found}"),
                help,
            );
            return params;
        };
        for (id, members) in checks {
            let Some(members) = members.get_ref().as_table() else {
                let help = Some("its members are parameters of that check".to_owned());
                let found = article(members.get_ref().type_str());
                self.mistake(
                    members.span().start,
                    format!(
                        "`checks.{}` must be a table, and this is {found}",
                        id.get_ref()
                    ),
                    help,
                );
                continue;
            };
            let mut of_check = BTreeMap::new();
            for (name, value) in members {
                match plain(value.get_ref()) {
                    Some(plain) => {
                        let place = self.place(name.span().start);
                        of_check.insert(
                            name.get_ref().to_string(),
                            Placed {
                                value: plain,
                                place,
                            },
                        );
                    }
                    None => self.wrong_type(
                        name.get_ref(),
                        "a string, a number, true or false, or a list of those",
                        value,
                    ),
                }
            }
            let place = self.place(id.span().start);
            params.insert(
                id.get_ref().to_string(),
                Placed {
                    value: of_check,
                    place,
                },
            );
        }
        params
    }
}

pub(super) fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
}

/// A parameter as JSON; `None` for dates, tables and numbers out of range.
fn plain(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::String(text) => Some(Value::String(text.to_string())),
        DeValue::Boolean(truth) => Some(Value::Bool(*truth)),
        DeValue::Integer(_) => integer(value).map(Value::from),
        DeValue::Float(number) => number
            .as_str()
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map(Value::Number),
        DeValue::Array(items) => items
            .iter()
            .map(|item| plain(item.get_ref()))
            .collect::<Option<Vec<Value>>>()
            .map(Value::Array),
        DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, Vec<String>> {
        Config::parse(Path::new("/r/coldbucket.toml"), text)
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
                "/r/coldbucket.toml:3:8: `rate` must be a number, and this is a string",
                "/r/coldbucket.toml:4:12: `exclude` must be a list of strings, and this is an integer",
                "/r/coldbucket.toml:5:21: `12` is not a 12-digit account id",
                "/r/coldbucket.toml:6:1: an endpoint cannot be set in a file; use --endpoint-url, or AWS_ENDPOINT_URL",
                "/r/coldbucket.toml:7:12: `baseline` must be a string, and this is an integer",
                "/r/coldbucket.toml:9:8: `checks.s3-x` must be a table, and this is an integer; its members are parameters of that check",
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
            if let Err(mistakes) = Config::parse(Path::new("c.toml"), &text) {
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
