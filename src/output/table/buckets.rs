//! One line a bucket, under the guidance's three headings: access, encryption, monitoring.

use std::io::{self, Write};

use super::grid::{Column, Grid, Text};
use super::paint::Tone;
use super::{SHOWN, heading, prose};
use crate::output::Look;
use crate::report::{BucketPosture, ClassReach, Reach, Report};

pub(super) fn render(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    if report.buckets.is_empty() {
        return Ok(());
    }
    let mut buckets: Vec<&BucketPosture> = report.buckets.iter().collect();
    buckets.sort_by_key(|bucket| std::cmp::Reverse(weight(bucket)));
    let shown = buckets.get(..SHOWN.min(buckets.len())).unwrap_or(&buckets);
    let grid = table(shown);
    if grid.is_bare() {
        return Ok(());
    }
    heading(look, "Buckets", &buckets.len().to_string(), out)?;
    grid.write(look.width, look.color, out)?;
    if let Some(more) = buckets.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let text = format!("and {more} more, none of them more exposed; -o json has them all");
        prose(look, 2, Tone::Quiet, &text, out)?;
    }
    Ok(())
}

/// Most exposed first; equals stay in the order of their names.
fn weight(bucket: &BucketPosture) -> (u8, bool, bool, bool, usize) {
    let ClassReach {
        read,
        list,
        write,
        acl,
        takeover,
    } = bucket.access.anonymous;
    let any = |wanted: Reach, classes: &[Reach]| classes.contains(&wanted);
    let all = [read, list, write, acl, takeover];
    let exposure = if any(Reach::Reachable, &[write, takeover]) {
        4
    } else if any(Reach::Reachable, &all) {
        3
    } else if any(Reach::Unknown, &all) {
        2
    } else {
        u8::from(any(Reach::Constrained, &all))
    };
    (
        exposure,
        bucket.access.block_public_access != "on",
        bucket.access.plain_http == Reach::Reachable,
        bucket.monitoring.access_log == "off",
        bucket.access.other_accounts.len(),
    )
}

/// What anybody on the internet can do, in a few words.
fn anonymous(reach: &ClassReach) -> Text {
    let classes = [
        ("read", reach.read),
        ("list", reach.list),
        ("write", reach.write),
        ("acl", reach.acl),
        ("takeover", reach.takeover),
    ];
    let those = |wanted: Reach| -> Vec<&str> {
        classes
            .iter()
            .filter(|(_, reach)| *reach == wanted)
            .map(|(name, _)| *name)
            .collect()
    };
    let reachable = those(Reach::Reachable);
    let unknown = those(Reach::Unknown);
    let constrained = those(Reach::Constrained);
    if !reachable.is_empty() {
        let tone = if reachable.contains(&"write") || reachable.contains(&"takeover") {
            Tone::Worst
        } else {
            Tone::Bad
        };
        Text::new(tone, &reachable.join(" "))
    } else if !unknown.is_empty() {
        Text::new(Tone::Unknown, "unknown")
    } else if !constrained.is_empty() {
        Text::new(Tone::Warn, "conditional")
    } else {
        Text::new(Tone::Good, "nothing")
    }
}

/// Which other accounts are let in.
fn others(accounts: &[String]) -> Text {
    match accounts {
        [] => Text::new(Tone::Quiet, "none"),
        [one] if one == "unknown" => Text::new(Tone::Unknown, "unknown"),
        // Account and organization ids; canonical user ids are five times as long.
        [one] if one.len() <= 14 => Text::new(Tone::Warn, one),
        several => Text::new(Tone::Warn, &several.len().to_string()),
    }
}

fn http(reach: Reach) -> Text {
    match reach {
        Reach::Reachable => Text::new(Tone::Warn, "allowed"),
        Reach::Constrained => Text::new(Tone::Warn, "partly"),
        Reach::Unknown => Text::new(Tone::Unknown, "unknown"),
        Reach::Unreachable => Text::new(Tone::Good, "denied"),
    }
}

/// The target's name is left to the machine formats: it would take the width of a bucket name.
fn access_log(text: &str) -> Text {
    match text {
        "off" => Text::new(Tone::Warn, "off"),
        "unknown" => Text::new(Tone::Unknown, "unknown"),
        "log target" => Text::new(Tone::Quiet, "log target"),
        text if text.ends_with(" (not delivered)") => Text::new(Tone::Warn, "lost"),
        _ => Text::new(Tone::Good, "on"),
    }
}

fn word(text: &str, good: &[&str], warn: &[&str]) -> Text {
    let tone = if text == "unknown" {
        Tone::Unknown
    } else if good.contains(&text) {
        Tone::Good
    } else if warn.contains(&text) {
        Tone::Warn
    } else {
        Tone::Plain
    };
    Text::new(tone, text)
}

fn table(buckets: &[&BucketPosture]) -> Grid {
    let (access, encryption, monitoring) = ("ACCESS", "ENCRYPTION", "MONITORING");
    let mut grid = Grid::new(
        2,
        [
            Column::new("bucket"),
            Column::new("region").sacrifice(5),
            Column::new("anyone can").group(access),
            Column::new("accounts").group(access).sacrifice(2),
            Column::new("ACLs").group(access).sacrifice(4),
            Column::new("block").group(access).sacrifice(3),
            Column::new("http").group(access).sacrifice(1),
            Column::new("presigned").group(access).sacrifice(8),
            Column::new("default").group(encryption),
            Column::new("key").group(encryption).sacrifice(9),
            Column::new("SSE-C").group(encryption).sacrifice(6),
            Column::new("access log").group(monitoring),
            Column::new("data events").group(monitoring).sacrifice(7),
            Column::new("config").group(monitoring).sacrifice(7),
        ],
    );
    for bucket in buckets {
        let (access, encryption, monitoring) =
            (&bucket.access, &bucket.encryption, &bucket.monitoring);
        let key = encryption.key.as_deref().unwrap_or("");
        grid.row([
            Text::plain(&bucket.name),
            Text::new(Tone::Quiet, &bucket.region),
            anonymous(&access.anonymous),
            others(&access.other_accounts),
            word(&access.acls, &["off"], &["on"]),
            word(&access.block_public_access, &["on"], &["off", "partial"]),
            http(access.plain_http),
            http(access.presigned),
            word(&encryption.default, &["sse-kms", "dsse-kms"], &[]),
            Text::new(Tone::Quiet, key.rsplit('/').next().unwrap_or(key)),
            word(&encryption.sse_c, &["blocked"], &["allowed"]),
            access_log(&monitoring.access_log),
            word(&monitoring.data_events, &["read+write"], &["off", "part"]),
            word(&monitoring.config, &["on"], &["off", "not recorded"]),
        ]);
    }
    // Nothing reads these yet, or nothing was selected that does.
    grid.drop_where_all(|text| text == "unknown" || text.is_empty());
    grid
}
