//! What a condition says of one value, of no value, and of a value nobody knows.
//!
//! The table is `policy-prover` §2.2: values are alternatives, a negated operator means none of
//! them, `IfExists` and a negated operator hold when the key is absent, `ForAllValues:` too. The
//! answer is three-valued because a key's value may not be known, a policy variable may stand in the
//! policy's value, and AWS does not document what a value of the wrong type does.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::document::{Comparison, Condition, Operator, Quantifier, TextMatch, Version};
use super::pattern::{Pattern, Token};

/// Whether something holds for every request that is looked at, for none, or that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// For every one.
    Always,
    /// For none.
    Never,
    /// For some, or it cannot be told.
    Perhaps,
}

impl Certainty {
    /// A plain truth value.
    pub const fn from_bool(value: bool) -> Self {
        if value { Self::Always } else { Self::Never }
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Always, Self::Always) => Self::Always,
            _ => Self::Perhaps,
        }
    }

    /// Either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, _) | (_, Self::Always) => Self::Always,
            (Self::Never, Self::Never) => Self::Never,
            _ => Self::Perhaps,
        }
    }

    /// The opposite.
    #[must_use]
    pub const fn negate(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            Self::Perhaps => Self::Perhaps,
        }
    }
}

/// What is known of a condition key's value in the requests that are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// The request does not carry the key.
    Absent,
    /// It carries this one value.
    Value(String),
    /// Not known, not even whether it is there.
    Unknown,
}

impl Condition {
    /// Whether the condition holds for such a key.
    pub fn holds(&self, key: &Key, version: Version) -> Certainty {
        if self.operator == Operator::Null {
            return match key {
                Key::Unknown => Certainty::Perhaps,
                Key::Absent => self.null(true),
                Key::Value(_) => self.null(false),
            };
        }
        match key {
            Key::Unknown => Certainty::Perhaps,
            Key::Absent if self.if_exists => Certainty::Always,
            Key::Absent => Certainty::from_bool(match self.quantifier {
                Quantifier::Single => self.operator.is_negated(),
                Quantifier::ForAllValues => true,
                Quantifier::ForAnyValue => false,
            }),
            // Of one value, "all" and "any" say the same.
            Key::Value(value) => {
                let some = self
                    .values
                    .iter()
                    .fold(Certainty::Never, |found, expected| {
                        found.or(self.matches(value, expected, version))
                    });
                if self.operator.is_negated() {
                    some.negate()
                } else {
                    some
                }
            }
        }
    }

    fn null(&self, absent: bool) -> Certainty {
        self.values.iter().fold(Certainty::Never, |found, value| {
            found.or(match value.to_lowercase().as_str() {
                "true" => Certainty::from_bool(absent),
                "false" => Certainty::from_bool(!absent),
                _ => Certainty::Perhaps,
            })
        })
    }

    /// Whether the request's value matches one of the policy's, negation aside.
    fn matches(&self, value: &str, expected: &str, version: Version) -> Certainty {
        match self.operator {
            Operator::Text { how, .. } => text_matches(how, value, expected, version),
            Operator::Arn { .. } => arn_matches(value, expected, version),
            Operator::Numeric(comparison) => {
                match (value.trim().parse::<f64>(), expected.trim().parse::<f64>()) {
                    (Ok(value), Ok(expected)) => compare(comparison, &value, &expected),
                    _ => Certainty::Perhaps,
                }
            }
            Operator::Date(comparison) => match (time(value), time(expected)) {
                (Some(value), Some(expected)) => compare(comparison, &value, &expected),
                _ => Certainty::Perhaps,
            },
            Operator::Bool => {
                let known = |text: &str| matches!(text, "true" | "false");
                let (value, expected) = (value.to_lowercase(), expected.to_lowercase());
                if known(&value) && known(&expected) {
                    Certainty::from_bool(value == expected)
                } else {
                    Certainty::Perhaps
                }
            }
            Operator::Binary => Certainty::from_bool(value == expected),
            Operator::Ip { .. } => match (value.parse::<IpAddr>(), Network::parse(expected)) {
                (Ok(address), Some(network)) => Certainty::from_bool(network.contains(address)),
                _ => Certainty::Perhaps,
            },
            Operator::Null => Certainty::Perhaps,
        }
    }
}

fn text_matches(how: TextMatch, value: &str, expected: &str, version: Version) -> Certainty {
    let expected = Pattern::new(expected, version);
    if expected.has_variable() {
        return Certainty::Perhaps;
    }
    // Outside of Like a wildcard is an ordinary character.
    let literal = || -> String {
        expected
            .tokens
            .iter()
            .filter_map(|token| match token {
                Token::Char(found) => Some(*found),
                Token::One => Some('?'),
                Token::Many => Some('*'),
                Token::Variable { .. } => None,
            })
            .collect()
    };
    Certainty::from_bool(match how {
        TextMatch::Like => expected.matches(value),
        // `**` was merged into one token, so a text with stars is compared as written.
        TextMatch::Exact => literal() == value || expected.text == value,
        TextMatch::IgnoreCase => {
            literal().to_lowercase() == value.to_lowercase()
                || expected.text.to_lowercase() == value.to_lowercase()
        }
    })
}

/// Both sides in six parts, each a pattern of its own: a star does not cross a colon but in the last
/// part (IAM user guide, "ARN condition operators").
fn arn_matches(value: &str, expected: &str, version: Version) -> Certainty {
    if Pattern::new(expected, version).has_variable() {
        return Certainty::Perhaps;
    }
    let value: Vec<&str> = value.splitn(6, ':').collect();
    let expected: Vec<&str> = expected.splitn(6, ':').collect();
    if value.len() != 6 || expected.len() != 6 {
        return Certainty::Perhaps;
    }
    Certainty::from_bool(
        value
            .iter()
            .zip(&expected)
            .all(|(value, expected)| Pattern::new(expected, version).matches(value)),
    )
}

fn compare<T: PartialOrd>(comparison: Comparison, value: &T, expected: &T) -> Certainty {
    Certainty::from_bool(match comparison {
        // The negation is applied once, over all values.
        Comparison::Equals | Comparison::NotEquals => value == expected,
        Comparison::LessThan => value < expected,
        Comparison::LessThanEquals => value <= expected,
        Comparison::GreaterThan => value > expected,
        Comparison::GreaterThanEquals => value >= expected,
    })
}

/// A date as IAM takes it: RFC 3339, a day, or seconds since 1970.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    let civil = text
        .parse::<DateTime>()
        .ok()
        .or_else(|| text.parse::<Date>().ok().map(DateTime::from))?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// A range of addresses in CIDR notation; a bare address is a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The address, with the host bits cleared.
    address: IpAddr,
    /// Length of the prefix, bits.
    prefix: u8,
}

impl Network {
    /// Reads `203.0.113.0/24`, `2001:db8::/32` or a bare address.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(width);
        (prefix <= width).then(|| Self {
            address: masked(address, prefix),
            prefix,
        })
    }

    /// True when the address is in the range. The two families are disjoint.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4() && masked(address, self.prefix) == self.address
    }

    /// True when every address of `other` is in the range.
    pub fn covers(&self, other: &Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }

    /// Some address of the range.
    pub const fn address(&self) -> IpAddr {
        self.address
    }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

/// Private IPv4 ranges (RFC 1918), which no internet caller has.
const PRIVATE: [(Ipv4Addr, u8); 3] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
];

/// More public IPv4 addresses than this are no constraint: anyone can rent one.
const CONSTRAINT_LIMIT: u64 = 1 << 24;

/// True when the union of the ranges is so small that an address in it is something a caller must
/// hold. IPv6 ranges count as AWS counts them: a /32 or narrower is one holder's.
pub fn is_constraint(networks: &[Network]) -> bool {
    let private = |network: &Network| {
        PRIVATE.iter().any(|(address, prefix)| {
            Network {
                address: IpAddr::V4(*address),
                prefix: *prefix,
            }
            .covers(network)
        })
    };
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for network in networks.iter().filter(|network| !private(network)) {
        match network.address {
            IpAddr::V4(address) => {
                let first = u64::from(address.to_bits());
                ranges.push((
                    first,
                    first + (1 << (32 - u64::from(network.prefix.min(32)))),
                ));
            }
            IpAddr::V6(_) if network.prefix < 32 => return false,
            IpAddr::V6(_) => {}
        }
    }
    ranges.sort_unstable();
    let mut size = 0;
    let mut behind = 0;
    for (first, end) in ranges {
        size += end.saturating_sub(first.max(behind));
        behind = behind.max(end);
    }
    size <= CONSTRAINT_LIMIT
}
