//! Which events a trail's selectors record.
//!
//! Selectors of a trail are alternatives. A basic selector records the data events of the ARN prefixes
//! it names, of its kind (all, reads, writes). Of an advanced selector every field must match; within a
//! field one positive operator suffices and every negative one vetoes (CloudTrail user guide,
//! "Logging data events", "Filtering data events by using advanced event selectors", copy of 2026).
//!
//! The question is never whether a selector *mentions* S3, but whether it records every read, or every
//! write, of a bucket's objects: a prefix, one event name or one caller is a part of them. Parts of
//! several selectors are not added up.

use std::cmp::{max, min};

use crate::inventory::trail::{AdvancedSelector, BasicSelector, EventSelectors, FieldSelector};

/// The resource type of S3 object events. Access points, directory buckets and tables have types of
/// their own, and their events are not these.
const S3_OBJECT: &str = "AWS::S3::Object";

/// How much of something is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cover {
    /// Nothing.
    None,
    /// Something, not everything.
    Part,
    /// Everything.
    All,
}

impl Cover {
    /// `none`, `part` or `all`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Part => "part",
            Self::All => "all",
        }
    }
}

/// How much is recorded of what reads and of what writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covers {
    /// Events that read.
    pub read: Cover,
    /// Events that write or delete.
    pub write: Cover,
}

impl Covers {
    const NOTHING: Self = Self::both(Cover::None);

    const fn both(cover: Cover) -> Self {
        Self {
            read: cover,
            write: cover,
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            read: max(self.read, other.read),
            write: max(self.write, other.write),
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            read: min(self.read, other.read),
            write: min(self.write, other.write),
        }
    }
}

/// The data events of a bucket's objects. `bucket` is the bucket's ARN.
pub fn of_objects(selectors: &EventSelectors, bucket: &str) -> Covers {
    let objects = format!("{bucket}/");
    let basic = selectors
        .basic
        .iter()
        .map(|selector| basic_objects(selector, &objects));
    let advanced = selectors
        .advanced
        .iter()
        .map(|selector| advanced_objects(selector, &objects));
    basic.chain(advanced).fold(Covers::NOTHING, Covers::or)
}

/// Management events. A trail whose selectors were never set records all of them.
pub fn of_management(selectors: &EventSelectors) -> Covers {
    if selectors.basic.is_empty() && selectors.advanced.is_empty() {
        return Covers::both(Cover::All);
    }
    let basic = selectors
        .basic
        .iter()
        .filter(|selector| selector.management)
        .map(|selector| of_kind(&selector.read_write));
    let advanced = selectors.advanced.iter().map(advanced_management);
    basic.chain(advanced).fold(Covers::NOTHING, Covers::or)
}

fn of_kind(read_write: &str) -> Covers {
    let all_if = |wanted: bool| if wanted { Cover::All } else { Cover::None };
    Covers {
        read: all_if(read_write != "WriteOnly"),
        write: all_if(read_write != "ReadOnly"),
    }
}

fn basic_objects(selector: &BasicSelector, objects: &str) -> Covers {
    let reach = selector
        .data
        .iter()
        .filter(|resources| resources.kind == S3_OBJECT)
        .flat_map(|resources| &resources.values)
        .map(|value| prefix(value, objects))
        .fold(Cover::None, max);
    of_kind(&selector.read_write).and(Covers::both(reach))
}

/// How many of the ARNs that begin with `objects` begin with `value` too. `arn:aws:s3:::b` without a
/// slash is a prefix of those of `b`, and of those of `b-other`.
fn prefix(value: &str, objects: &str) -> Cover {
    if objects.starts_with(value) {
        Cover::All
    } else if value.starts_with(objects) {
        Cover::Part
    } else {
        Cover::None
    }
}

fn advanced_objects(selector: &AdvancedSelector, objects: &str) -> Covers {
    let named = |field: &str, value: &str| {
        selector.fields.iter().any(|selector| {
            selector.field == field && selector.equals.iter().any(|equal| equal == value)
        })
    };
    if !named("eventCategory", "Data") || !named("resources.type", S3_OBJECT) {
        return Covers::NOTHING;
    }
    selector
        .fields
        .iter()
        .map(|field| match field.field.as_str() {
            "eventCategory" | "resources.type" => Covers::both(Cover::All),
            "resources.ARN" => Covers::both(arns(field, objects)),
            "readOnly" => read_only(field),
            "eventName" => event_names(field),
            "eventSource" => Covers::both(source(field)),
            // The caller, the session, the type of event: some of the events, whichever it says.
            _ => Covers::both(Cover::Part),
        })
        .fold(Covers::both(Cover::All), Covers::and)
}

fn advanced_management(selector: &AdvancedSelector) -> Covers {
    let management = selector.fields.iter().any(|field| {
        field.field == "eventCategory" && field.equals.iter().any(|value| value == "Management")
    });
    if !management {
        return Covers::NOTHING;
    }
    selector
        .fields
        .iter()
        .map(|field| match field.field.as_str() {
            "eventCategory" => Covers::both(Cover::All),
            "readOnly" => read_only(field),
            "eventName" => event_names(field),
            // Leaving the events of KMS or the RDS Data API out is what AWS itself offers.
            "eventSource" if positives(field).next().is_none() => Covers::both(Cover::All),
            _ => Covers::both(Cover::Part),
        })
        .fold(Covers::both(Cover::All), Covers::and)
}

fn positives(field: &FieldSelector) -> impl Iterator<Item = &String> {
    field
        .equals
        .iter()
        .chain(&field.starts_with)
        .chain(&field.ends_with)
}

/// How many objects of the bucket a `resources.ARN` field leaves in.
fn arns(field: &FieldSelector, objects: &str) -> Cover {
    // An object by its whole name; the bucket's own ARN is no object's.
    let one = |value: &String| {
        if value.starts_with(objects) {
            Cover::Part
        } else {
            Cover::None
        }
    };
    let wanted = if positives(field).next().is_none() {
        Cover::All
    } else {
        field
            .equals
            .iter()
            .map(one)
            .chain(field.starts_with.iter().map(|value| prefix(value, objects)))
            .chain(field.ends_with.iter().map(|_| Cover::Part))
            .fold(Cover::None, max)
    };
    // What is vetoed whole, in part or not at all leaves nothing, a part or everything.
    let left = |vetoed| match vetoed {
        Cover::All => Cover::None,
        Cover::Part => Cover::Part,
        Cover::None => Cover::All,
    };
    field
        .not_equals
        .iter()
        .map(one)
        .chain(
            field
                .not_starts_with
                .iter()
                .map(|value| prefix(value, objects)),
        )
        .chain(field.not_ends_with.iter().map(|_| Cover::Part))
        .map(left)
        .fold(wanted, min)
}

fn read_only(field: &FieldSelector) -> Covers {
    let holds = |value: &str| {
        let is = |text: &String| text.eq_ignore_ascii_case(value);
        let wanted = field.equals.is_empty() || field.equals.iter().any(is);
        if wanted && !field.not_equals.iter().any(is) {
            Cover::All
        } else {
            Cover::None
        }
    };
    Covers {
        read: holds("true"),
        write: holds("false"),
    }
}

/// Some event names are never all of them; but those of reads leave the writes as they are.
fn event_names(field: &FieldSelector) -> Covers {
    let among = |read: bool| {
        let concerns = |name: &String| is_read(name) == read;
        let wanted = if positives(field).next().is_none() {
            Cover::All
        } else if positives(field).any(concerns) {
            Cover::Part
        } else {
            Cover::None
        };
        let vetoed = field
            .not_equals
            .iter()
            .chain(&field.not_starts_with)
            .any(concerns)
            || !field.not_ends_with.is_empty();
        if vetoed {
            min(wanted, Cover::Part)
        } else {
            wanted
        }
    };
    Covers {
        read: among(true),
        write: among(false),
    }
}

/// The object events that only read (CloudTrail user guide, "Amazon S3 object-level operations
/// tracked by CloudTrail"; `readOnly` is true for them).
fn is_read(name: &str) -> bool {
    ["Get", "Head", "List", "Select"]
        .iter()
        .any(|verb| name.starts_with(verb))
}

fn source(field: &FieldSelector) -> Cover {
    let s3 = |value: &String| value == "s3.amazonaws.com";
    if field.not_equals.iter().any(s3) {
        Cover::None
    } else if positives(field).next().is_none() || field.equals.iter().any(s3) {
        Cover::All
    } else {
        Cover::None
    }
}
