//! Typed values of a TOML document, each with its place. Reading goes on after an error, so that all
//! errors are reported at once.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde_json::Value;
use toml::Spanned;
use toml::de::DeValue;

use super::{FileLocation, Mistake, Placed, did_you_mean};

/// Parameters of checks by check id, then by parameter.
pub type CheckParams = BTreeMap<String, Placed<BTreeMap<String, Placed<Value>>>>;

/// Reads typed values and collects mistakes.
pub(super) struct TomlReader<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) mistakes: Vec<Mistake>,
}

impl TomlReader<'_> {
    pub(super) fn place(&self, offset: usize) -> Option<FileLocation> {
        Some(FileLocation::at(self.file, self.text, offset))
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
            format!("`{key}` must be {expected}, not {}", article(found)),
            None,
        );
    }

    pub(super) fn boolean(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<bool> {
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

    pub(super) fn check_each(
        &mut self,
        items: &[Placed<String>],
        what: &str,
        good: impl Fn(&str) -> bool,
    ) {
        for item in items.iter().filter(|item| !good(&item.value)) {
            self.mistakes.push(
                Mistake::new(format!("`{}` is not {what}", item.value)).at(item.place.clone()),
            );
        }
    }

    pub(super) fn choice<T: ValueEnum>(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<T> {
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

    pub(super) fn number(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Placed<f64>> {
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

    pub(super) fn count(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Placed<u32>> {
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

    pub(super) fn params(&mut self, value: &Spanned<DeValue<'_>>) -> CheckParams {
        let mut params = CheckParams::new();
        let Some(checks) = value.get_ref().as_table() else {
            let help = Some(
                "`checks` contains parameters, as in [checks.s3-…]; use `check` to select checks"
                    .to_owned(),
            );
            let found = article(value.get_ref().type_str());
            self.mistake(
                value.span().start,
                format!("`checks` must be a table, not {found}"),
                help,
            );
            return params;
        };
        for (id, members) in checks {
            let Some(members) = members.get_ref().as_table() else {
                let help = Some("its members are the check's parameters".to_owned());
                let found = article(members.get_ref().type_str());
                self.mistake(
                    members.span().start,
                    format!("`checks.{}` must be a table, not {found}", id.get_ref()),
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
