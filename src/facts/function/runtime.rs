//! Runtimes by a dated table.
//!
//! AWS patches a runtime until its deprecation date; after it functions still run, and AWS no longer patches
//! what is found in them. The dates are data with a date of their own
//! (`policies/data/runtimes.csv`), compared with the day the snapshot was taken: yesterday's
//! snapshot keeps yesterday's verdict. An identifier that the table does not know is not decided;
//! it is more likely new than deprecated, and a guess either way would be wrong one day.
//!
//! Customer-managed runtimes (since 2026-10) all have the identifier `custom`: which one it is stands in
//! `RuntimeConfig.RuntimeArn`, and its publisher sets the dates of its lifecycle. aws-sdk-lambda 1.156
//! drops that member, so neither the dates nor a publisher in another account are known.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};
use schemars::JsonSchema;

use super::context::member;
use crate::facts::group::FactValue;
use crate::facts::{Fact, dated_table};
use crate::inventory::function::FunctionConfiguration;

/// Runtime of a version, judged on the day the snapshot was taken.
#[derive(Clone, Debug, JsonSchema, FactValue)]
pub struct RuntimeFacts {
    /// Identifier, for example `python3.13`. Not decidable for container images, which name none.
    pub name: Fact<String>,
    /// `java`, `dotnet`, `python`, `nodejs`, `ruby`, `go`, `provided`, or `other`.
    pub family: Fact<String>,
    /// AWS no longer patches it. Not decidable for identifiers that the table does not know, nor for
    /// customer-managed runtimes.
    pub deprecated: Fact<bool>,
    /// Day of deprecation, `YYYY-MM-DD`; empty when none is scheduled.
    pub deprecation_date: Fact<String>,
    /// Days until deprecation; negative when it is past; 100000 when none is scheduled.
    pub days_left: Fact<i64>,
    /// Day from which functions can no longer be updated, `YYYY-MM-DD`; empty when none is known.
    pub update_block_date: Fact<String>,
}

/// The identifier of every customer-managed runtime (Lambda API reference, `Runtime`, 2026-10).
pub const CUSTOMER_MANAGED: &str = "custom";

/// Why nothing is known of such a runtime.
pub(in crate::facts::function) const CUSTOMER_MANAGED_UNREAD: &str = "a customer-managed runtime: its publisher sets its \
    dates, and which runtime it is cannot be read yet";

/// What [`RuntimeFacts::days_left`] says when no deprecation is scheduled.
pub const NOT_SCHEDULED: i64 = 100_000;

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeRow {
    /// Day of deprecation; none is scheduled where it is absent.
    pub deprecation: Option<Date>,
    /// Day from which functions can no longer be updated.
    pub update_block: Option<Date>,
    /// SnapStart serves it; absent where AWS has not said.
    pub snapstart: Option<bool>,
}

/// The runtime table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuntimeTable {
    /// The day the table's sources were read, `YYYY-MM-DD`.
    pub date: String,
    /// Rows by runtime identifier.
    pub rows: BTreeMap<String, RuntimeRow>,
}

impl RuntimeTable {
    /// The table shipped with the program.
    pub fn builtin() -> &'static Self {
        static TABLE: OnceLock<RuntimeTable> = OnceLock::new();
        TABLE.get_or_init(|| {
            Self::parse(include_str!("../../../policies/data/runtimes.csv")).unwrap_or_default()
        })
    }

    /// Reads a table: `#` comments (one of them `# table-date: YYYY-MM-DD`), a heading, then
    /// `runtime,deprecation_date,update_block_date,snapstart`.
    ///
    /// # Errors
    /// The first line that does not have this form, with its number.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut table = Self::default();
        table.date = dated_table::read("runtimes.csv", "runtime,", text, |fields, wrong| {
            let [name, deprecation, update_block, snapstart] = fields else {
                return Err(wrong("not four fields"));
            };
            let date = |field: &str| match field {
                "" => Ok(None),
                field => field
                    .parse::<Date>()
                    .map(Some)
                    .map_err(|_| wrong("not a date")),
            };
            let row = RuntimeRow {
                deprecation: date(deprecation)?,
                update_block: date(update_block)?,
                snapstart: match *snapstart {
                    "yes" => Some(true),
                    "no" => Some(false),
                    "unknown" => None,
                    _ => return Err(wrong("snapstart is not yes, no or unknown")),
                },
            };
            table.rows.insert((*name).to_owned(), row);
            Ok(())
        })?;
        Ok(table)
    }
}

impl RuntimeFacts {
    /// Concludes from a version's configuration. `taken_at` is the snapshot's time, RFC 3339.
    pub(super) fn derive(version: &Fact<&FunctionConfiguration>, taken_at: &str) -> Self {
        let name = name(version);
        let row = name.as_ref().and_then(|name| {
            if name == CUSTOMER_MANAGED {
                return Fact::undecidable(CUSTOMER_MANAGED_UNREAD);
            }
            RuntimeTable::builtin().rows.get(name).map_or_else(
                || {
                    Fact::undecidable(format!(
                        "the runtime table of {} does not know {name}",
                        RuntimeTable::builtin().date
                    ))
                },
                Fact::Known,
            )
        });
        let text = |of: fn(&RuntimeRow) -> Option<Date>| {
            row.as_ref()
                .map(|row| of(row).map_or_else(String::new, |date| date.to_string()))
        };
        let days_left = row.as_ref().and_then(|row| match row.deprecation {
            None => Fact::Known(NOT_SCHEDULED),
            Some(date) => today(taken_at).and_then(|today| days_between(today, date)),
        });
        Self {
            family: name.as_ref().map(|name| family(name).to_owned()),
            deprecated: days_left.as_ref().map(|days| *days <= 0),
            deprecation_date: text(|row| row.deprecation),
            update_block_date: text(|row| row.update_block),
            days_left,
            name,
        }
    }
}

/// The runtime identifier.
pub(super) fn name(version: &Fact<&FunctionConfiguration>) -> Fact<String> {
    member(
        version,
        &["runtime", "package_type"],
        |version| match version.runtime.as_deref() {
            Some(runtime) if !runtime.is_empty() => Fact::Known(runtime.to_owned()),
            _ if version.package_type == "Image" => {
                Fact::undecidable("a container image names no runtime")
            }
            _ => Fact::undecidable("the function names no runtime"),
        },
    )
    .and_then(|name| name)
}

/// The family of a runtime identifier. `provided` is everything that brings its own runtime.
pub fn family(runtime: &str) -> &'static str {
    [
        "java", "dotnet", "python", "nodejs", "ruby", "go", "provided",
    ]
    .into_iter()
    .find(|family| runtime.starts_with(family))
    .unwrap_or("other")
}

/// The day the snapshot was taken, in UTC.
fn today(taken_at: &str) -> Fact<Date> {
    taken_at.parse::<Timestamp>().map_or_else(
        |_| Fact::undecidable(format!("the snapshot's time {taken_at:?} is not RFC 3339")),
        |time| Fact::Known(time.to_zoned(TimeZone::UTC).date()),
    )
}

fn days_between(today: Date, date: Date) -> Fact<i64> {
    today.until((Unit::Day, date)).map_or_else(
        |_| Fact::undecidable("the date is out of range"),
        |span| Fact::Known(i64::from(span.get_days())),
    )
}
