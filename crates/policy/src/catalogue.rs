//! The S3 actions a bucket policy can speak about, as data with a date
//! (`data/s3-actions.csv`): the one table behind the prover, AWS's notion of public and the
//! words of findings.
//!
//! A glob over action names means nothing until it is expanded: an action that does not exist is
//! never requested, and `s3:ListBucket` on an object's ARN grants nothing. So an Action element is a
//! set of actions here ([`Actions`], a bit each), and so is what can carry a condition key.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::document::Element;
use super::pattern::Pattern;

/// A class of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionClass {
    /// Read object data.
    Read,
    /// List the bucket.
    List,
    /// Write or delete objects.
    Write,
    /// Read or change ACLs.
    Acl,
    /// Change the bucket's policy or protection.
    Takeover,
}

impl ActionClass {
    /// The class of that name in machine outputs.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "read" => Self::Read,
            "list" => Self::List,
            "write" => Self::Write,
            "acl" => Self::Acl,
            "takeover" => Self::Takeover,
            _ => return None,
        })
    }
}

/// What an action acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// The bucket: `arn:aws:s3:::b`.
    Bucket,
    /// An object: `arn:aws:s3:::b/key`.
    Object,
}

/// One S3 action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// With its prefix, as AWS writes it: `s3:GetObject`.
    pub name: String,
    /// The name as action patterns compare it.
    pub folded: Pattern,
    /// What it acts on.
    pub on: On,
    /// What it does.
    pub class: ActionClass,
    /// It does what the class is named for, not something that is counted with it: a finding that
    /// says "anyone can list the objects" must not rest on `s3:GetBucketLocation`.
    pub core: bool,
    /// The `s3:` condition keys that it carries and others do not, in lower case and without the
    /// prefix; a closing `/` stands for a family of keys.
    pub keys: Vec<String>,
}

/// A set of actions: bit *i* is the *i*-th of [`actions`].
pub type Actions = u128;

/// Every class, in the order in which answers name them.
pub const CLASSES: [ActionClass; 5] = [
    ActionClass::Read,
    ActionClass::List,
    ActionClass::Write,
    ActionClass::Acl,
    ActionClass::Takeover,
];

/// Keys that every S3 action carries, beyond those in the table (Service Authorization Reference).
const COMMON: [&str; 7] = [
    "accessgrantsinstancearn",
    "authtype",
    "resourceaccount",
    "signatureage",
    "signatureversion",
    "tlsversion",
    "x-amz-content-sha256",
];

/// The table with what is looked up in it.
#[derive(Debug, Default)]
struct Table {
    actions: Vec<Action>,
    /// By folded name with its prefix, the place in the table.
    places: BTreeMap<String, usize>,
    /// By key, the actions that carry it.
    carriers: BTreeMap<String, Actions>,
    /// By family of keys, the same.
    families: BTreeMap<String, Actions>,
    all: Actions,
    core: Actions,
    refusals: Refusals,
}

/// What S3 refuses although a policy grants it (`data/s3-action-reality.csv`).
#[derive(Clone, Copy, Debug, Default)]
struct Refusals {
    /// Never carried out for unsigned requests.
    anonymous: Actions,
    /// Never carried out for identities of other accounts.
    other_accounts: Actions,
    /// No request of their own: they ride on another action of the same request.
    riders: Actions,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let actions = parse(include_str!("../data/s3-actions.csv")).unwrap_or_default();
        let mut table = Table::default();
        for (place, action) in actions.iter().enumerate() {
            let bit = 1 << place;
            table.all |= bit;
            if action.core {
                table.core |= bit;
            }
            table.places.insert(action.name.to_lowercase(), place);
            for key in &action.keys {
                let (map, key) = match key.strip_suffix('/') {
                    Some(family) => (&mut table.families, family),
                    None => (&mut table.carriers, key.as_str()),
                };
                *map.entry(key.to_owned()).or_default() |= bit;
            }
        }
        table.actions = actions;
        table.refusals =
            refusals(include_str!("../data/s3-action-reality.csv"), &table).unwrap_or_default();
        table
    })
}

/// Every action, those pleasant in a witness first.
pub fn actions() -> &'static [Action] {
    &table().actions
}

/// The set of all of them.
pub fn all() -> Actions {
    table().all
}

/// Those that do what their class is named for.
pub fn core() -> Actions {
    table().core
}

/// All actions for which `wanted` holds.
pub fn which(wanted: impl Fn(&Action) -> bool) -> Actions {
    actions()
        .iter()
        .enumerate()
        .filter(|(_, action)| wanted(action))
        .fold(0, |set, (place, _)| set | 1 << place)
}

/// The actions of a set, in the order of the table.
pub fn members(set: Actions) -> impl Iterator<Item = &'static Action> {
    actions()
        .iter()
        .enumerate()
        .filter(move |(place, _)| set >> place & 1 == 1)
        .map(|(_, action)| action)
}

/// The action of that name with its prefix, in any case.
pub fn find(name: &str) -> Option<&'static Action> {
    actions().get(place_of(name)?)
}

/// Whether an action, by its name in any case, is one of S3's.
pub fn is_of_s3(name: &str) -> bool {
    let service = name.get(..3);
    service.is_some_and(|service| service.eq_ignore_ascii_case("s3:"))
}

/// Where the action of that name stands in the table.
fn place_of(name: &str) -> Option<usize> {
    if !is_of_s3(name) {
        return None;
    }
    table().places.get(&name.to_lowercase()).copied()
}

/// The actions that a pattern of an Action element names. Case is not regarded.
pub fn named(pattern: &Pattern) -> Actions {
    let table = table();
    if pattern.is_literal() {
        return place_of(&pattern.text).map_or(0, |place| 1 << place);
    }
    let text = pattern.text.as_str();
    if text == "*" || text.eq_ignore_ascii_case("s3:*") {
        return table.all;
    }
    table
        .places
        .iter()
        .filter(|(name, _)| pattern.matches(name))
        .fold(0, |set, (_, place)| set | 1 << place)
}

/// The actions that an Action or NotAction element names.
pub fn of_element(element: &Element<Pattern>) -> Actions {
    let named = element
        .items
        .iter()
        .fold(0, |set, pattern| set | named(pattern));
    if element.negated {
        all() & !named
    } else {
        named
    }
}

/// The actions whose requests can carry a condition key (in lower case, with its prefix). Keys
/// outside of `s3:`, and `s3:` keys that the table does not know, can be on any request.
pub fn carrying(key: &str) -> Actions {
    let table = table();
    let Some(name) = key.strip_prefix("s3:") else {
        return table.all;
    };
    if COMMON.contains(&name) {
        return table.all;
    }
    let family = name
        .split_once('/')
        .and_then(|(family, _)| table.families.get(family));
    match table.carriers.get(name).or(family) {
        Some(carriers) => *carriers,
        None => table.all,
    }
}

/// Actions that ride on a request of another action, and those that they ride on (Service
/// Authorization Reference; S3 user guide, "Managing Object Lock" and "Changing the replica owner").
const RIDERS: [(&str, &[&str]); 2] = [
    (
        "s3:BypassGovernanceRetention",
        &[
            "s3:DeleteObjectVersion",
            "s3:PutObjectRetention",
            "s3:PutObject",
        ],
    ),
    (
        "s3:ObjectOwnerOverrideToBucketOwner",
        &["s3:ReplicateObject"],
    ),
];

/// The actions that write an ACL: refused while ACLs are off.
pub fn acl_writes() -> Actions {
    static WRITES: OnceLock<Actions> = OnceLock::new();
    *WRITES.get_or_init(|| {
        which(|action| {
            matches!(
                action.name.as_str(),
                "s3:PutBucketAcl" | "s3:PutObjectAcl" | "s3:PutObjectVersionAcl"
            )
        })
    })
}

/// The actions that S3 never carries out for unsigned requests, whatever a policy grants.
pub fn refused_to_anonymous() -> Actions {
    table().refusals.anonymous
}

/// The actions that S3 never carries out for identities of other accounts, whatever a policy grants.
pub fn refused_to_other_accounts() -> Actions {
    table().refusals.other_accounts
}

/// Those of a caller's actions that no request of the caller can use: they ride on an action that is
/// not among them.
pub fn stranded(granted: Actions) -> Actions {
    let riders = granted & table().refusals.riders;
    if riders == 0 {
        return 0;
    }
    let carried = RIDERS.iter().filter(|(_, carriers)| {
        carriers
            .iter()
            .any(|carrier| granted & exactly(carrier) != 0)
    });
    carried.fold(riders, |left, (rider, _)| left & !exactly(rider))
}

/// The set of the one action of that name.
fn exactly(name: &str) -> Actions {
    place_of(name).map_or(0, |place| 1 << place)
}

/// Reads what S3 refuses.
///
/// # Errors
/// The first line that does not have its form, with its number.
fn refusals(text: &str, table: &Table) -> Result<Refusals, String> {
    let mut refusals = Refusals::default();
    for (index, line) in text.lines().enumerate() {
        let wrong = || format!("s3-action-reality.csv:{}: {line}", index + 1);
        if line.is_empty() || line.starts_with('#') || line.starts_with("action,") {
            continue;
        }
        let mut fields = line.split(',');
        let (Some(name), Some(anonymous), Some(other)) =
            (fields.next(), fields.next(), fields.next())
        else {
            return Err(wrong());
        };
        let folded = format!("s3:{}", name.to_lowercase());
        let bit = 1 << table.places.get(&folded).ok_or_else(wrong)?;
        for (said, set) in [
            (anonymous, &mut refusals.anonymous),
            (other, &mut refusals.other_accounts),
        ] {
            match said {
                "no" => *set |= bit,
                "no-standalone" => refusals.riders |= bit,
                "yes" | "cond" | "?" => {}
                _ => return Err(wrong()),
            }
        }
    }
    Ok(refusals)
}

/// Reads the table.
///
/// # Errors
/// The first line that does not have its form, with its number.
pub fn parse(text: &str) -> Result<Vec<Action>, String> {
    let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut actions = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let wrong = || format!("s3-actions.csv:{}: {line}", index + 1);
        if line.is_empty() || line.starts_with('#') || line.starts_with("action,") {
            continue;
        }
        if line.starts_with('@') {
            let (name, keys) = line.split_once(" = ").ok_or_else(wrong)?;
            lists.insert(name, keys.split(' ').collect());
            continue;
        }
        let fields: Vec<&str> = line.split(',').collect();
        let [name, on, class, core, keys] = fields.as_slice() else {
            return Err(wrong());
        };
        let mut carried = Vec::new();
        for key in keys.split(' ').filter(|key| !key.is_empty()) {
            if key.starts_with('@') {
                let list = lists.get(key).ok_or_else(wrong)?;
                carried.extend(list.iter().map(|key| (*key).to_owned()));
            } else {
                carried.push(key.to_owned());
            }
        }
        actions.push(Action {
            name: format!("s3:{name}"),
            folded: Pattern::action(format!("s3:{name}")),
            on: match *on {
                "bucket" => On::Bucket,
                "object" => On::Object,
                _ => return Err(wrong()),
            },
            class: ActionClass::from_name(class).ok_or_else(wrong)?,
            core: match *core {
                "core" => true,
                "aside" => false,
                _ => return Err(wrong()),
            },
            keys: carried,
        });
    }
    Ok(actions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Actions {
        named(&Pattern::action(pattern))
    }

    fn names(set: Actions) -> Vec<&'static str> {
        members(set).map(|action| action.name.as_str()).collect()
    }

    #[test]
    fn every_action_has_a_bit_and_a_name_of_its_own() {
        assert!((100..=128).contains(&actions().len()));
        assert_eq!(table().places.len(), actions().len());
    }

    #[test]
    fn names_are_matched_in_any_case_and_only_whole() {
        assert_eq!(names(of("S3:getobject")), ["s3:GetObject"]);
        assert_eq!(names(of("s3:GetObjectTor*")), ["s3:GetObjectTorrent"]);
        assert_eq!(of("s3:Get"), 0);
        assert_eq!(of("kms:*"), 0);
        assert_eq!(of("*"), of("s3:*"));
        assert!(names(of("*:PutBucketPolicy")).contains(&"s3:PutBucketPolicy"));
    }

    #[test]
    fn a_key_is_on_the_actions_that_carry_it() {
        assert_eq!(
            names(carrying("s3:prefix")),
            ["s3:ListBucket", "s3:ListBucketVersions"]
        );
        assert!(!names(carrying("s3:x-amz-acl")).contains(&"s3:GetObject"));
        assert!(names(carrying("s3:existingobjecttag/public")).contains(&"s3:GetObject"));
        assert_eq!(carrying("s3:signatureage"), all());
        assert_eq!(carrying("aws:sourceip"), all());
    }

    #[test]
    fn every_action_says_what_s3_does_with_it() {
        let text = include_str!("../data/s3-action-reality.csv");
        refusals(text, table()).unwrap();
        let rows = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .count();
        assert_eq!(rows - 1, actions().len());
        assert!(names(refused_to_other_accounts()).contains(&"s3:PutBucketPolicy"));
        assert!(names(refused_to_anonymous()).contains(&"s3:ReplicateObject"));
        assert!(!names(refused_to_other_accounts()).contains(&"s3:PutBucketAcl"));
        assert_eq!(acl_writes().count_ones(), 3);
        let riders = RIDERS.iter().fold(0, |set, (name, _)| set | exactly(name));
        assert_eq!(riders, table().refusals.riders);
    }

    #[test]
    fn a_rider_needs_what_it_rides_on() {
        let bypass = exactly("s3:BypassGovernanceRetention");
        assert_eq!(stranded(bypass), bypass);
        assert_eq!(stranded(bypass | exactly("s3:GetObject")), bypass);
        assert_eq!(stranded(bypass | exactly("s3:DeleteObjectVersion")), 0);
        assert_eq!(stranded(all()), 0);
    }

    #[test]
    fn an_action_on_the_bucket_is_not_one_on_its_objects() {
        let on = |name| find(name).map(|action| action.on);
        assert_eq!(on("s3:ListBucket"), Some(On::Bucket));
        assert_eq!(on("S3:GETOBJECT"), Some(On::Object));
        assert_eq!(on("s3:ListMultipartUploadParts"), Some(On::Object));
        assert_eq!(on("s3:Get*"), None);
    }
}
