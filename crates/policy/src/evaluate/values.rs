//! Typed values of conditions: numbers, times, networks, ARNs.
//!
//! Each is read by hand here, so that what is compared is exactly what the documentation says (IAM
//! user guide, "IAM JSON policy elements: Condition operators", 2026-09) and nothing a library adds.
//! What cannot be read is `None`, which the operators turn into a doubt.

use core::net::{Ipv4Addr, Ipv6Addr};

/// Digits kept behind the decimal point.
const SCALE: u32 = 9;

/// An integer or decimal number, exactly, as a multiple of 10⁻⁹.
pub(super) fn number(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (digits, ""),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty()
        || digits.ends_with('.')
        || whole.len() > 25
        || fraction.len() > SCALE as usize
        || !all_digits(whole)
        || !all_digits(fraction)
    {
        return None;
    }
    let mut value: i128 = 0;
    let padding = std::iter::repeat_n(b'0', SCALE as usize - fraction.len());
    for byte in whole.bytes().chain(fraction.bytes()).chain(padding) {
        value = value
            .checked_mul(10)?
            .checked_add(i128::from(byte - b'0'))?;
    }
    Some(if negative { -value } else { value })
}

/// A point in time in nanoseconds since 1970-01-01T00:00:00Z: an ISO 8601 date or date and time as
/// the W3C profile writes it, or seconds since that time.
pub(super) fn time(text: &str) -> Option<i128> {
    if let Some(seconds) = number(text) {
        return Some(seconds);
    }
    let (date, clock) = match text.split_once(['T', 't']) {
        Some((date, clock)) => (date, Some(clock)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |text| digits(text, 2))?;
    let day = parts.next().map_or(Some(1), |text| digits(text, 2))?;
    if parts.next().is_some() || !(1..=12).contains(&month) || day < 1 || day > days_in(year, month)
    {
        return None;
    }
    let seconds_of_day = match clock {
        None => 0,
        Some(clock) => clock_nanoseconds(clock)?,
    };
    let days = days_from_epoch(year, month, day);
    Some(i128::from(days) * 86_400 * 1_000_000_000 + seconds_of_day)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// `hh:mm[:ss[.fraction]]` and a zone, in nanoseconds; the zone is already taken off.
fn clock_nanoseconds(clock: &str) -> Option<i128> {
    let (clock, offset) = if let Some(clock) = clock.strip_suffix(['Z', 'z']) {
        (clock, 0)
    } else if let Some(at) = clock.rfind(['+', '-']) {
        let (clock, zone) = (clock.get(..at)?, clock.get(at..)?);
        let sign = if zone.starts_with('-') { -1 } else { 1 };
        let zone = zone.get(1..)?;
        let (hours, minutes) = match zone.split_once(':') {
            Some((hours, minutes)) => (digits(hours, 2)?, digits(minutes, 2)?),
            None if zone.len() == 4 => (digits(zone.get(..2)?, 2)?, digits(zone.get(2..)?, 2)?),
            None => return None,
        };
        if hours > 23 || minutes > 59 {
            return None;
        }
        (clock, sign * (hours * 3600 + minutes * 60))
    } else {
        // Without a zone: the documentation's own examples end in Z.
        (clock, 0)
    };
    let mut parts = clock.split(':');
    let hours = digits(parts.next()?, 2)?;
    let minutes = digits(parts.next()?, 2)?;
    let seconds = parts.next().map_or(Some(0), |text| {
        let (whole, _) = text.split_once('.').unwrap_or((text, ""));
        digits(whole, 2)?;
        number(text)
    })?;
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds >= 61_000_000_000 {
        return None;
    }
    Some(i128::from(hours * 3600 + minutes * 60 - offset) * 1_000_000_000 + seconds)
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days between 1970-01-01 and a date of the Gregorian calendar.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let before_year = |year: i64| {
        let past = year - 1;
        past * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400)
    };
    let before_month: i64 = (1..month).map(|month| days_in(year, month)).sum();
    before_year(year) - before_year(1970) + before_month + day - 1
}

/// An address: IPv4 and IPv6 are different things, mapped addresses included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    V4(u32),
    V6(u128),
}

pub(super) fn address(text: &str) -> Option<Address> {
    if let Ok(found) = text.parse::<Ipv4Addr>() {
        return Some(Address::V4(u32::from(found)));
    }
    text.parse::<Ipv6Addr>()
        .ok()
        .map(|found| Address::V6(u128::from(found)))
}

/// A network in CIDR notation; an address alone is a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    first: Address,
    /// Length of the prefix, bits.
    bits: u32,
}

impl Network {
    pub(super) fn new(text: &str) -> Option<Self> {
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base, Some(bits)),
            None => (text, None),
        };
        let first = address(base)?;
        let width = match first {
            Address::V4(_) => 32,
            Address::V6(_) => 128,
        };
        let bits = match bits {
            None => width,
            Some(bits) if bits.len() <= 3 && bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().ok()?
            }
            Some(_) => return None,
        };
        (bits <= width).then_some(Self { first, bits })
    }

    pub(super) fn contains(&self, address: Address) -> bool {
        // A shift by the whole width is no shift at all to the processor.
        match (self.first, address) {
            (Address::V4(first), Address::V4(found)) => {
                (first ^ found).checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (Address::V6(first), Address::V6(found)) => {
                (first ^ found).checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// The six parts of an ARN, cut at its first five colons.
pub(super) fn arn_parts(text: &str) -> Option<[&str; 6]> {
    let mut parts = text.splitn(6, ':');
    Some([
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        assert_eq!(number("600000"), Some(600_000_000_000_000));
        assert_eq!(number("0.1"), Some(100_000_000));
        assert_eq!(number("-2.5"), Some(-2_500_000_000));
        assert_eq!(number("1.0"), number("1"));
        assert_ne!(number("9007199254740993"), number("9007199254740992"));
        for odd in ["", "-", "1.", ".", "1e3", "0x1", " 1", "1 ", "--1", "1.2.3"] {
            assert_eq!(number(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn times_count_from_1970() {
        assert_eq!(time("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(time("1970-01-02"), Some(86_400_000_000_000));
        // 2020-01-01 is 18,262 days after the epoch.
        assert_eq!(
            time("2020-01-01T00:00:00Z"),
            Some(18_262 * 86_400 * 1_000_000_000)
        );
        assert_eq!(time("2020-01-01T00:00:00Z"), time("1577836800"));
        assert_eq!(time("2020-02-29T12:00Z"), time("2020-02-29T13:30:00+01:30"));
        assert_eq!(time("2000-03-01"), time("951868800"));
        for odd in [
            "2019-02-29",
            "2020-13-01",
            "2020-1-1",
            "yesterday",
            "2020-01-01T25:00Z",
        ] {
            assert_eq!(time(odd), None, "{odd}");
        }
    }

    #[test]
    fn networks_mask_their_host_bits() {
        let holds = |network: &str, found: &str| {
            Network::new(network)
                .unwrap()
                .contains(address(found).unwrap())
        };
        assert!(holds("203.0.113.0/24", "203.0.113.255"));
        assert!(!holds("203.0.113.0/24", "203.0.114.0"));
        assert!(holds("10.1.2.3/8", "10.255.0.1"));
        assert!(holds("0.0.0.0/0", "255.255.255.255"));
        assert!(holds("192.0.2.7", "192.0.2.7"));
        assert!(!holds("192.0.2.7", "192.0.2.8"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1"));
        assert!(holds("::/0", "::1"));
        assert!(!holds("0.0.0.0/0", "::1"));
        assert!(!holds("::/0", "10.0.0.1"));
        for odd in [
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "any",
        ] {
            assert_eq!(Network::new(odd), None, "{odd}");
        }
    }
}
