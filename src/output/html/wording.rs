//! Numbers, times and sizes as a reader of the page wants them.

/// A number with a comma at the thousands.
pub(super) fn number(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number and its noun, in the singular for one.
pub(super) fn count(many: usize, noun: &str) -> String {
    let stem = noun
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    match (many, stem) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{} {stem}ies", number(many)),
        _ => format!("{} {noun}s", number(many)),
    }
}

/// A duration: milliseconds up to a second, seconds beyond.
pub(super) fn duration(ms: f64) -> String {
    if ms < 999.5 {
        format!("{ms:.0} ms")
    } else if ms < 9_995.0 {
        format!("{:.2} s", ms / 1000.0)
    } else {
        format!("{:.1} s", ms / 1000.0)
    }
}

/// A size in MB (2^20 bytes).
pub(super) fn size(mb: f64) -> String {
    if mb < 0.05 {
        "under 0.1 MB".to_owned()
    } else if mb < 99.95 {
        format!("{mb:.1} MB")
    } else {
        format!("{mb:.0} MB")
    }
}

/// What a month costs, USD. Amounts below a cent are none.
pub(super) fn price(usd: f64) -> String {
    if usd >= 0.005 {
        format!("${usd:.2} a month")
    } else if usd <= -0.005 {
        format!("${:.2} a month less", -usd)
    } else {
        "at no charge".to_owned()
    }
}

/// A time as RFC 3339 writes it in UTC, without its letters and its seconds' fractions.
pub(super) fn time(rfc3339: &str) -> String {
    match rfc3339
        .strip_suffix('Z')
        .and_then(|utc| utc.split_once('T'))
    {
        Some((date, clock)) => {
            let clock = clock.split('.').next().unwrap_or(clock);
            format!("{date} {clock} UTC")
        }
        None => rfc3339.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_a_comma() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(5000), "5,000");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(1, "finding"), "1 finding");
        assert_eq!(count(2, "identity"), "2 identities");
        assert_eq!(count(14, "day"), "14 days");
    }

    #[test]
    fn durations_and_sizes_are_short() {
        assert_eq!(duration(921.4), "921 ms");
        assert_eq!(duration(999.6), "1.00 s");
        assert_eq!(duration(4206.0), "4.21 s");
        assert_eq!(duration(12_340.0), "12.3 s");
        assert_eq!(size(0.0001), "under 0.1 MB");
        assert_eq!(size(8.5), "8.5 MB");
        assert_eq!(size(393.0), "393 MB");
    }

    #[test]
    fn a_price_below_a_cent_is_none() {
        assert_eq!(price(10.95), "$10.95 a month");
        assert_eq!(price(-0.01), "$0.01 a month less");
        assert_eq!(price(-0.0), "at no charge");
    }

    #[test]
    fn a_time_is_read_easily() {
        assert_eq!(time("2026-11-22T10:15:00Z"), "2026-11-22 10:15:00 UTC");
        assert_eq!(time("2026-11-22T10:15:00.123Z"), "2026-11-22 10:15:00 UTC");
        assert_eq!(time("tomorrow"), "tomorrow");
    }
}
