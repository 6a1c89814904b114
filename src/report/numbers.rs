//! Numbers, times, sizes and prices as people read them: in messages and in every format for people.
//! Machine formats keep exact values.

/// A number with a comma at the thousands.
pub fn number(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number and its noun, in the singular for one: `1 bucket`, `2 identities`, `3 fixes`.
pub fn count(many: impl TryInto<u64>, noun: &str) -> String {
    let many = many.try_into().unwrap_or(u64::MAX);
    let stem = noun
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u']));
    match (many, stem) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{} {stem}ies", number(many)),
        _ if noun.ends_with('x') => format!("{} {noun}es", number(many)),
        _ => format!("{} {noun}s", number(many)),
    }
}

/// A duration: milliseconds up to a second, then seconds.
pub fn duration(ms: f64) -> String {
    if ms < 999.5 {
        format!("{ms:.0} ms")
    } else {
        format!("{} s", figure(ms / 1000.0))
    }
}

/// One decimal below a hundred, unless it is zero.
fn figure(value: f64) -> String {
    let text = if value < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    };
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// A size in MB (2^20 bytes).
pub fn size(mb: f64) -> String {
    if mb < 0.05 {
        "under 0.1 MB".to_owned()
    } else {
        format!("{} MB", figure(mb))
    }
}

/// An amount in USD; cents matter of a few dollars only, and less than a cent is nothing.
pub fn dollars(usd: f64) -> String {
    match usd.abs() {
        cents if cents < 0.005 => "$0".to_owned(),
        few if few < 9.995 => format!("${few:.2}"),
        many => format!("${many:.0}"),
    }
}

/// What a month costs: `$32 a month`, `free`, `$0.27 a month less`.
pub fn price(usd: f64) -> String {
    if usd >= 0.005 {
        format!("{} a month", dollars(usd))
    } else if usd <= -0.005 {
        format!("{} a month less", dollars(usd))
    } else {
        "free".to_owned()
    }
}

/// A time as RFC 3339 writes it in UTC, without its letters and its seconds' fractions.
pub fn time(rfc3339: &str) -> String {
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
        assert_eq!(number(0_u64), "0");
        assert_eq!(number(999_u64), "999");
        assert_eq!(number(5000_u64), "5,000");
        assert_eq!(number(1_234_567_u64), "1,234,567");
        assert_eq!(count(1_u64, "finding"), "1 finding");
        assert_eq!(count(2_u64, "identity"), "2 identities");
        assert_eq!(count(3_u64, "fix"), "3 fixes");
        assert_eq!(count(14_u64, "day"), "14 days");
    }

    #[test]
    fn durations_and_sizes_are_short() {
        assert_eq!(duration(921.4), "921 ms");
        assert_eq!(duration(999.6), "1 s");
        assert_eq!(duration(10_020.0), "10 s");
        assert_eq!(duration(4206.0), "4.2 s");
        assert_eq!(duration(11_840.0), "11.8 s");
        assert_eq!(duration(100_000.0), "100 s");
        assert_eq!(size(0.0001), "under 0.1 MB");
        assert_eq!(size(8.5), "8.5 MB");
        assert_eq!(size(56.0), "56 MB");
        assert_eq!(size(138.4), "138 MB");
    }

    #[test]
    fn prices_are_of_a_month_and_below_a_cent_there_is_none() {
        assert_eq!(price(32.12), "$32 a month");
        assert_eq!(price(5.475), "$5.47 a month");
        assert_eq!(price(-0.27), "$0.27 a month less");
        assert_eq!(price(-0.0), "free");
    }

    #[test]
    fn a_time_is_read_easily() {
        assert_eq!(time("2026-11-22T10:15:00Z"), "2026-11-22 10:15:00 UTC");
        assert_eq!(time("2026-11-22T10:15:00.123Z"), "2026-11-22 10:15:00 UTC");
        assert_eq!(time("tomorrow"), "tomorrow");
    }
}
