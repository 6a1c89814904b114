//! `[[exceptions]]` of the configuration file.
//!
//! ```toml
//! [[exceptions]]
//! check = "s3-public-*"
//! resource = "acme-www-*"
//! tag = "exposure=public"
//! reason = "static website, reviewed in SEC-118"
//! owner = "web-team@acme.example"
//! expires = 2027-03-31
//! ```
//!
//! Reason, owner and last day are required, because an exception without them is never removed. At
//! least one of check, resource and tag is required, so that an exception never covers everything.

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::toml_reader::{TomlReader, article};
use super::{Placed, did_you_mean};
use crate::findings::exceptions::{Exception, TagPattern};

/// Every member of an exception.
const KEYS: &[&str] = &["check", "expires", "owner", "reason", "resource", "tag"];

/// Reads the list. Each exception carries the place of its first member.
pub(super) fn read(
    reader: &mut TomlReader<'_>,
    value: &Spanned<DeValue<'_>>,
) -> Vec<Placed<Exception>> {
    let Some(items) = value.get_ref().as_array() else {
        let found = article(value.get_ref().type_str());
        reader.mistake(
            value.span().start,
            format!("`exceptions` must be a list of tables, not {found}"),
            Some("start each with a line [[exceptions]]".to_owned()),
        );
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| {
            let Some(table) = item.get_ref().as_table() else {
                reader.wrong_type("exceptions", "a list of tables", item);
                return None;
            };
            one(reader, table, item.span().start)
        })
        .collect()
}

fn one(
    reader: &mut TomlReader<'_>,
    table: &DeTable<'_>,
    offset: usize,
) -> Option<Placed<Exception>> {
    let (mut checks, mut resources, mut tag) = (Vec::new(), Vec::new(), None);
    let (mut reason, mut owner, mut expires) = (None, None, None);
    let mut given = Vec::new();
    for (key, value) in table {
        let name: &str = key.get_ref();
        given.push(name.to_owned());
        match name {
            "check" => checks = reader.strings(name, value),
            "resource" => resources = reader.strings(name, value),
            "tag" => tag = reader.string(name, value).map(|text| pattern(&text.value)),
            "reason" => reason = reader.string(name, value),
            "owner" => owner = reader.string(name, value),
            "expires" => expires = day(reader, name, value),
            unknown => {
                let help = did_you_mean(unknown, KEYS.iter().copied());
                reader.mistake(
                    key.span().start,
                    format!("unknown member `{unknown}` of an exception"),
                    help,
                );
            }
        }
    }
    let has = |name: &str| given.iter().any(|given| given == name);
    let missing: Vec<&str> = ["reason", "owner", "expires"]
        .into_iter()
        .filter(|name| !has(name))
        .collect();
    if !missing.is_empty() {
        reader.mistake(
            offset,
            format!("an exception needs {}", missing.join(" and ")),
            None,
        );
    }
    if !(has("check") || has("resource") || has("tag")) {
        reader.mistake(
            offset,
            "this exception covers everything".to_owned(),
            Some("give it a check, a resource or a tag".to_owned()),
        );
    }
    let values = |globs: Vec<Placed<String>>| globs.into_iter().map(|glob| glob.value).collect();
    Some(Placed {
        place: reader.place(offset),
        value: Exception {
            checks: values(checks),
            resources: values(resources),
            tag,
            reason: reason?.value,
            owner: owner?.value,
            expires: expires?,
        },
    })
}

/// `key` or `key=glob`.
fn pattern(text: &str) -> TagPattern {
    match text.split_once('=') {
        Some((key, value)) => TagPattern {
            key: key.to_owned(),
            value: Some(value.to_owned()),
        },
        None => TagPattern {
            key: text.to_owned(),
            value: None,
        },
    }
}

/// A day, as TOML writes it or in quotes.
fn day(reader: &mut TomlReader<'_>, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Date> {
    let text = match value.get_ref() {
        DeValue::Datetime(time) if time.time.is_none() => time.to_string(),
        DeValue::String(text) => text.to_string(),
        _ => {
            reader.wrong_type(key, "a day like 2027-03-31", value);
            return None;
        }
    };
    match text.parse() {
        Ok(day) => Some(day),
        Err(_) => {
            reader.mistake(
                value.span().start,
                format!("`{key}` cannot be `{text}`"),
                Some("write a day like 2027-03-31".to_owned()),
            );
            None
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use std::path::Path;

    use super::super::config::ConfigFile;
    use super::*;

    fn parse(text: &str) -> Result<Vec<Placed<Exception>>, Vec<String>> {
        ConfigFile::parse(Path::new("c.toml"), text)
            .map(|config| config.exceptions)
            .map_err(|mistakes| mistakes.0.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_member_is_read() {
        let read = parse(
            "[[exceptions]]\ncheck = ['s3-public-*', 's3-no-tags']\nresource = 'acme-www-*'\ntag = 'exposure=public'\nreason = 'website'\nowner = 'web'\nexpires = 2027-03-31\n\n[[exceptions]]\ntag = 'scratch'\nreason = 'r'\nowner = 'o'\nexpires = '2027-01-01'\n",
        )
        .unwrap();
        assert_eq!(
            read[0].value.about(),
            "check s3-public-* or s3-no-tags, resource acme-www-*, tag exposure=public"
        );
        assert_eq!(read[0].value.expires.to_string(), "2027-03-31");
        assert_eq!(read[1].value.about(), "tag scratch");
        assert_eq!(read[1].place.as_ref().map(|place| place.line), Some(9));
    }

    #[test]
    fn missing_and_wrong_members_are_reported_with_their_place() {
        let mistakes = parse(
            "[[exceptions]]\nreason = 'r'\n\n[[exceptions]]\nchek = 'x'\nresource = 'b'\nreason = 'r'\nowner = 'o'\nexpires = '31.3.2027'\n\n[[exceptions]]\ncheck = 'x'\nreason = 'r'\nowner = 'o'\nexpires = 2027-03-31T10:00:00Z\n",
        )
        .unwrap_err();
        assert_eq!(
            mistakes,
            [
                "c.toml:1:1: an exception needs owner and expires",
                "c.toml:1:1: this exception covers everything; give it a check, a resource or a tag",
                "c.toml:5:1: unknown member `chek` of an exception; did you mean `check`?",
                "c.toml:9:11: `expires` cannot be `31.3.2027`; write a day like 2027-03-31",
                "c.toml:15:11: `expires` must be a day like 2027-03-31, not a datetime",
            ]
        );
    }

    #[test]
    fn a_list_of_tables_and_nothing_else() {
        assert_eq!(
            parse("exceptions = 'x'").unwrap_err(),
            [
                "c.toml:1:14: `exceptions` must be a list of tables, not a string; start each with a line [[exceptions]]"
            ]
        );
    }
}
