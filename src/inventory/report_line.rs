//! The line that Lambda writes to a function's log at the end of every invocation.
//!
//! As text it begins with `REPORT` and holds `Duration`, and for a cold start `Init Duration`, or
//! `Restore Duration` with SnapStart. In the JSON log format the same stands in a `platform.report`
//! record (AWS Lambda developer guide, "Configuring JSON and plain text log formats", and the
//! Telemetry API's schema, copy of 2026). Everything is in milliseconds.
//!
//! Any identity that may write to the log may write such a line: what does not parse is skipped, and
//! nothing of a line but its numbers is kept.

use super::function::Starts;

/// One invocation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReportLine {
    /// How long the handler ran, ms.
    pub duration_ms: f64,
    /// Init, or restore: present for a cold start, ms.
    pub init_ms: Option<f64>,
}

/// Longer times than Lambda allows a call (90 minutes) are no measurement, ms.
const LONGEST_MS: f64 = 5_400_000.0;

/// Reads one message; `None` when it is no report of an invocation.
pub fn parse(message: &str) -> Option<ReportLine> {
    let message = message.trim();
    if message.starts_with('{') {
        json(message)
    } else {
        text(message)
    }
}

fn plausible(ms: f64) -> bool {
    (0.0..=LONGEST_MS).contains(&ms)
}

fn text(message: &str) -> Option<ReportLine> {
    let rest = message.strip_prefix("REPORT RequestId: ")?;
    let mut duration = None;
    let mut init = None;
    for field in rest.split('\t') {
        let Some((name, value)) = field.trim().split_once(": ") else {
            continue;
        };
        let Some(ms) = value
            .strip_suffix(" ms")
            .and_then(|number| number.parse::<f64>().ok())
            .filter(|ms| plausible(*ms))
        else {
            continue;
        };
        match name {
            "Duration" => duration = Some(ms),
            "Init Duration" | "Restore Duration" => init = Some(ms),
            _ => {}
        }
    }
    Some(ReportLine {
        duration_ms: duration?,
        init_ms: init,
    })
}

fn json(message: &str) -> Option<ReportLine> {
    let record: serde_json::Value = serde_json::from_str(message).ok()?;
    if record.get("type")?.as_str()? != "platform.report" {
        return None;
    }
    let metrics = record.get("record")?.get("metrics")?;
    let metric = |name: &str| {
        metrics
            .get(name)
            .and_then(serde_json::Value::as_f64)
            .filter(|ms| plausible(*ms))
    };
    Some(ReportLine {
        duration_ms: metric("durationMs")?,
        init_ms: metric("initDurationMs").or_else(|| metric("restoreDurationMs")),
    })
}

/// The function and the version that a log stream names: `2026/11/22/[3]0f…` in a function's own
/// group, where the name is empty, `2026/11/22/orders[$LATEST]0f…` in one that functions share.
pub fn of_stream(stream: &str) -> Option<(&str, &str)> {
    let last = stream.rsplit('/').next()?;
    let (name, rest) = last.split_once('[')?;
    let (version, _) = rest.split_once(']')?;
    let is_version = version == "$LATEST"
        || !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    is_version.then_some((name, version))
}

/// The figures of a version from its invocations.
pub fn summarize(lines: &[ReportLine]) -> Starts {
    let mut inits: Vec<f64> = lines.iter().filter_map(|line| line.init_ms).collect();
    let mut totals: Vec<f64> = lines
        .iter()
        .filter_map(|line| Some(line.init_ms? + line.duration_ms))
        .collect();
    let mut durations: Vec<f64> = lines.iter().map(|line| line.duration_ms).collect();
    for values in [&mut inits, &mut totals, &mut durations] {
        values.sort_by(f64::total_cmp);
    }
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    Starts {
        invocations: count(lines.len()),
        cold_starts: count(inits.len()),
        init_p50_ms: percentile(&inits, 50),
        init_p99_ms: percentile(&inits, 99),
        total_p50_ms: percentile(&totals, 50),
        total_p99_ms: percentile(&totals, 99),
        duration_p50_ms: percentile(&durations, 50),
    }
}

/// The nearest-rank percentile of sorted values; 0 of none.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn line(duration_ms: f64, init_ms: Option<f64>) -> Option<ReportLine> {
        Some(ReportLine {
            duration_ms,
            init_ms,
        })
    }

    #[test]
    fn a_warm_call() {
        let text = "REPORT RequestId: 8f507cfc-0e5f-4f0a-a2f1-000000000000\tDuration: 3.12 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t\n";
        assert_eq!(parse(text), line(3.12, None));
    }

    #[test]
    fn a_cold_start() {
        let text = "REPORT RequestId: 8f50\tDuration: 12.5 ms\tBilled Duration: 134 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 120.53 ms\t";
        assert_eq!(parse(text), line(12.5, Some(120.53)));
    }

    #[test]
    fn a_restore_and_not_what_is_billed_for_it() {
        let text = "REPORT RequestId: 8f50\tDuration: 40.00 ms\tBilled Duration: 183 ms\tMemory Size: 512 MB\tMax Memory Used: 90 MB\tRestore Duration: 640.22 ms\tBilled Restore Duration: 142 ms\t";
        assert_eq!(parse(text), line(40.0, Some(640.22)));
    }

    #[test]
    fn a_traced_call_has_a_second_line() {
        let text = "REPORT RequestId: 8f50\tDuration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 100.00 ms\t\nXRAY TraceId: 1-5e34a614\tSegmentId: 1aa\tSampled: true";
        assert_eq!(parse(text), line(1.0, Some(100.0)));
    }

    #[test]
    fn the_json_format() {
        let cold = r#"{"time":"2026-11-20T10:00:00.000Z","type":"platform.report","record":{"requestId":"8f50","metrics":{"durationMs":12.5,"billedDurationMs":134,"memorySizeMB":128,"maxMemoryUsedMB":36,"initDurationMs":120.53},"status":"success"}}"#;
        assert_eq!(parse(cold), line(12.5, Some(120.53)));
        let restored = r#"{"type":"platform.report","record":{"metrics":{"durationMs":40,"restoreDurationMs":640.22}}}"#;
        assert_eq!(parse(restored), line(40.0, Some(640.22)));
        let warm = r#"{"type":"platform.report","record":{"metrics":{"durationMs":3.1}}}"#;
        assert_eq!(parse(warm), line(3.1, None));
    }

    #[test]
    fn what_is_no_report_is_passed_over() {
        for text in [
            "",
            "START RequestId: 8f50 Version: $LATEST",
            "my own REPORT RequestId: 1\tDuration: 1 ms",
            "REPORT RequestId: 8f50",
            "REPORT RequestId: 8f50\tDuration: NaN ms",
            "REPORT RequestId: 8f50\tDuration: -4 ms",
            "REPORT RequestId: 8f50\tDuration: 1e300 ms",
            r#"{"type":"platform.start","record":{"metrics":{"durationMs":1}}}"#,
            r#"{"type":"platform.report"}"#,
            "{",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_version_is_in_the_name_of_the_stream() {
        assert_eq!(of_stream("2026/11/22/[$LATEST]0f0a"), Some(("", "$LATEST")));
        assert_eq!(of_stream("2026/11/22/[12]0f0a"), Some(("", "12")));
        assert_eq!(of_stream("2026/11/22/orders[3]0f0a"), Some(("orders", "3")));
        for other in ["", "2026/11/22/0f0a", "2026/11/22/[]0f", "[live]x"] {
            assert_eq!(of_stream(other), None, "{other}");
        }
    }

    #[test]
    fn figures_of_a_version() {
        let lines: Vec<ReportLine> = [
            line(10.0, None),
            line(12.0, None),
            line(11.0, None),
            line(50.0, Some(200.0)),
            line(60.0, Some(400.0)),
            line(70.0, Some(300.0)),
        ]
        .into_iter()
        .flatten()
        .collect();
        let starts = summarize(&lines);
        assert_eq!((starts.invocations, starts.cold_starts), (6, 3));
        let figures = [
            starts.init_p50_ms,
            starts.init_p99_ms,
            starts.total_p50_ms,
            starts.total_p99_ms,
            starts.duration_p50_ms,
        ];
        // Inits 200 300 400; with their calls 250 370 460; of six durations the third.
        assert_eq!(figures, [300.0, 400.0, 370.0, 460.0, 12.0]);
        assert_eq!(summarize(&[]), Starts::default());
    }
}
