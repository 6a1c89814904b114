//! `-o markdown`: a comment for a pull request, in GitHub's Markdown.
//!
//! First the counts, then the checks that fail, worst first, each folded with its resources and its fix,
//! then the buckets that anyone can reach and what could not be assessed. GitHub takes a comment of
//! 65,536 characters; this stays below it by showing fewer resources, then no resources, then no more
//! checks, and says how many more there are.
//!
//! Text from an account cannot become markup, a link, a mention or a reference to an issue.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use super::buckets::exposure;
use super::by_file::{FileFindings, by_file, called, change_word, is_located};
use super::commands::Commands;
use super::policy_changes::{ChangeCounts, OpenedPolicy, opened};
use super::shortened::{
    CheckFindings, by_check, counts, label, of_severity, requirements, shown, some_of, unjudged,
    with_status,
};
use super::unassessed::{Open, Unassessed};
use super::words::{self, Tone, Word};
use super::{controls, hostile};
use crate::report::plan::Fix;
use crate::report::{BucketPosture, CheckResult, Report, ResultChange, Severity, Status, numbers};

/// What GitHub takes, characters. Bytes are counted, which are never fewer.
const LIMIT: usize = 65_536;
/// What is kept free for the lines that close the comment.
const CLOSING: usize = 2_000;
/// Resources shown of one check.
const SHOWN: usize = 20;
/// Characters of a name, of a sentence, and of a fix.
const NAME: usize = 100;
const SENTENCE: usize = 300;
const FIX: usize = 600;
/// Bytes of a fix's commands.
const COMMANDS: usize = 3_000;

/// Writes the comment.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut text = head(report);
    let controls = control_table(report);
    let planned = Planned::of(report);
    // What could not be assessed has its place kept, so that findings never push it out.
    let unassessed = unassessed(report);
    let buckets = buckets(report);
    let kept = buckets.len() + unassessed.len().min(LIMIT / 4) + controls.len().min(LIMIT / 4);
    let room = LIMIT.saturating_sub(CLOSING + kept);
    let (mut more_findings, mut more_checks) = (0, 0);
    let located = is_located(report);
    if located {
        files(report, room, &mut text);
    }
    let groups = match located {
        true => Vec::new(),
        false => by_check(report),
    };
    for group in groups {
        let fits = |block: &String| text.len() + block.len() <= room;
        let block = [SHOWN, 3, 0]
            .into_iter()
            .map(|most| block(report, &planned, &group, most))
            .find(fits);
        match block {
            Some(block) if more_checks == 0 => text.push_str(&block),
            _ => {
                more_checks += 1;
                more_findings += group.results.len();
            }
        }
    }
    if more_checks > 0 {
        let command = planned.commands.audit(&["-o", "table"]);
        text.push_str(&format!(
            "\n**And {more_findings} more findings of {more_checks} checks, none of them worse**: this comment is full. \
             {} shows all of them.\n",
            code(&command)
        ));
    }
    text.push_str(&buckets);
    if unassessed.len() <= LIMIT / 4 {
        text.push_str(&unassessed);
    } else {
        let number = unjudged(report);
        text.push_str(&format!("\n**{number} results could not be assessed.**\n"));
    }
    if controls.len() <= LIMIT / 4 {
        text.push_str(&controls);
    }
    if with_status(report, Status::Fail) > 0 {
        let form = match report.invocation.before_deployment {
            None => "commands",
            Some(_) => "a patch",
        };
        if let Some(command) = planned.commands.all_fixes() {
            text.push_str(&format!("\nAll fixes as {form}: {}\n", code(&command)));
        }
    }
    let source = format!(
        "\n<sub>{} {} · pack {} · account read {}</sub>\n",
        escaped(&shown(&report.tool.name, NAME)),
        escaped(&shown(&report.tool.version, NAME)),
        escaped(&shown(&report.scope.selection.pack, NAME)),
        escaped(&shown(&report.taken_at, NAME)),
    );
    text.push_str(&source);
    out.write_all(text.as_bytes())
}

/// Writes the controls of the pack's standard alone.
///
/// # Errors
/// Those of the writer.
pub(super) fn controls_alone(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let text = head(report) + &control_table(report);
    out.write_all(text.as_bytes())
}

fn head(report: &Report) -> String {
    let failed = with_status(report, Status::Fail);
    let mut text = match (ChangeCounts::of(report), failed) {
        (Some(counts), _) => format!("## coldbucket: {}\n\n", counts.text()) + &changes(report),
        (None, 0) => "## coldbucket found nothing\n\n".to_owned(),
        (None, _) => format!("## coldbucket: {}\n\n", numbers::count(failed, "finding")),
    };
    let severities: Vec<String> = Severity::ALL
        .iter()
        .filter_map(|severity| {
            let number = of_severity(report, *severity);
            (number > 0).then(|| format!("{} **{number} {}**", mark(*severity), severity.name()))
        })
        .collect();
    if !severities.is_empty() {
        text.push_str(&severities.join(" · "));
        text.push_str("\n\n");
    }
    let failed = words::status(Status::Fail);
    let states: Vec<String> = counts(report)
        .filter(|(word, _)| *word != failed)
        .map(|(word, number)| format!("{} {}", numbers::number(number), word.text))
        .collect();
    let accounts: Vec<String> = report
        .scope
        .accounts
        .iter()
        .take(8)
        .map(|account| code(&shown(account, NAME)))
        .collect();
    text.push_str(&format!(
        "{} · account {}\n",
        states.join(" · "),
        accounts.join(", ")
    ));
    for note in report.notes.iter().take(10) {
        text.push_str(&format!("\n> {}\n", escaped(&shown(note, SENTENCE))));
    }
    if let Some(more) = report.notes.len().checked_sub(10).filter(|more| *more > 0) {
        text.push_str(&format!("\n> and {more} more notes\n"));
    }
    text
}

/// What the change newly opens: policies that allow more, with a request that shows it, and what fails
/// after it and does not today.
fn changes(report: &Report) -> String {
    let opened = opened(report);
    let new: Vec<&CheckResult> = (report.results.iter())
        .filter(|result| result.status == Status::Fail && result.change == Some(ResultChange::New))
        .collect();
    if opened.is_empty() && new.is_empty() {
        return "This change opens nothing new.\n\n".to_owned();
    }
    let mut text = String::new();
    if !opened.is_empty() {
        text.push_str("### New access\n\n");
        for one in opened.iter().take(SHOWN) {
            text.push_str(&new_access(one));
        }
        if let Some(more) = opened.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            text.push_str(&format!("- and {more} more policies\n"));
        }
        text.push('\n');
    }
    if !new.is_empty() {
        text.push_str("### New findings\n\n");
        let mut sorted = new;
        sorted.sort_by_key(|result| Reverse(result.severity));
        for result in sorted.iter().take(SHOWN) {
            text.push_str(&finding_line(report, result));
        }
        if let Some(more) = sorted.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            text.push_str(&format!("- and {more} more\n"));
        }
        text.push('\n');
    }
    text
}

/// One policy, with its first request folded.
fn new_access(one: &OpenedPolicy<'_>) -> String {
    let place = one.change.location.as_ref();
    let place = place.map(|place| {
        format!(
            " ({})",
            code(&shown(&format!("{}:{}", place.file, place.line), NAME))
        )
    });
    let mut text = format!(
        "- **{}**{}\n",
        escaped(&shown(&one.what, NAME)),
        place.unwrap_or_default()
    );
    for sentence in &one.sentences {
        text.push_str(&format!("  - {}\n", escaped(&shown(sentence, SENTENCE))));
    }
    if let Some(request) = &one.request {
        text.push_str(&format!("  - request: {}\n", code(&shown(request, FIX))));
    }
    if let Some(command) = &one.command {
        text.push_str(&format!("  - try: {}\n", code(&shown(command, FIX))));
    }
    text
}

/// A finding with its line.
fn finding_line(report: &Report, result: &CheckResult) -> String {
    let title = report
        .checks
        .get(&result.check)
        .map(|summary| summary.title.as_str());
    let message = result.message.as_deref().or(title).unwrap_or(&result.check);
    let place = match &result.location {
        Some(place) => format!(
            " {}",
            code(&shown(&format!("{}:{}", place.file, place.line), NAME))
        ),
        None => String::new(),
    };
    let change = match change_word(result) {
        Some(word) => format!(" _{word}_"),
        None => String::new(),
    };
    format!(
        "- {} **{}**{change}{place} {}: {} ({})\n",
        mark(result.severity),
        result.severity.name(),
        code(&shown(&called(result), NAME)),
        escaped(&shown(message, SENTENCE)),
        code(&shown(&result.check, NAME)),
    )
}

/// The findings on templates: a list a file, folded; those that the change brings are above.
fn files(report: &Report, room: usize, text: &mut String) {
    let mut more = 0;
    for FileFindings { file, results } in by_file(report) {
        let block = [results.len(), SHOWN, 3, 0].into_iter().find_map(|most| {
            let block = file_block(report, file, &results, most);
            (text.len() + block.len() <= room).then_some(block)
        });
        match block {
            Some(block) => text.push_str(&block),
            None => more += results.len(),
        }
    }
    if more > 0 {
        text.push_str(&format!(
            "\n**And {more} more findings**: this comment is full. `-o table` or `-o csv` shows all of them.\n"
        ));
    }
}

fn file_block(
    report: &Report,
    file: Option<&str>,
    results: &[&CheckResult],
    most: usize,
) -> String {
    let mut text = format!(
        "\n<details>\n<summary>📄 <code>{}</code> · {}</summary>\n\n",
        html(&shown(file.unwrap_or("not in a template"), NAME)),
        numbers::count(results.len(), "finding"),
    );
    for result in results.iter().take(most) {
        text.push_str(&finding_line(report, result));
    }
    if let Some(more) = results.len().checked_sub(most).filter(|more| *more > 0) {
        text.push_str(&format!("- and {more} more\n"));
    }
    text.push_str("\n</details>\n");
    text
}

/// Meaning never hangs on the colour alone; the word stands beside it.
const fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "🟥",
        Severity::High => "🟧",
        Severity::Medium => "🟨",
        Severity::Low => "🟦",
        Severity::Info => "⬜",
    }
}

/// What blocks draw on: the planned fixes and the commands that print them.
struct Planned<'r> {
    commands: Commands<'r>,
    /// By the fingerprints of what they fix.
    fixes: BTreeMap<&'r str, &'r Fix>,
}

impl<'r> Planned<'r> {
    fn of(report: &'r Report) -> Self {
        let of_fix = |fix: &'r Fix| {
            let findings = fix.findings.iter();
            findings.map(move |finding| (finding.fingerprint.as_str(), fix))
        };
        Self {
            commands: Commands::of(report),
            fixes: report.fixes.iter().flat_map(of_fix).collect(),
        }
    }

    /// The fix of the first finding, folded: its commands, or what has to be decided first.
    fn example(&self, results: &[&CheckResult]) -> Option<String> {
        let first = results.first()?;
        let fix = self.fixes.get(first.fingerprint.as_str())?;
        let shell = fix.shell.as_deref().filter(|text| text.len() <= COMMANDS)?;
        let mut text = format!(
            "<details>\n<summary>Fix of <code>{}</code></summary>\n\n",
            html(&shown(&label(first), NAME))
        );
        if let (Some(decide), false) = (&fix.decide, fix.is_ready()) {
            let decide = escaped(&shown(decide, FIX));
            text.push_str(&format!("**Needs your decision.** {decide}\n\n"));
        }
        text.push_str(&listing("sh", shell));
        text.push_str("\n</details>\n");
        Some(text)
    }
}

/// Lines in a fence that is longer than any within.
fn listing(language: &str, text: &str) -> String {
    let longest = text
        .split(|letter| letter != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let lines: Vec<_> = text.lines().map(hostile::plain).collect();
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

/// The controls of the pack's standard, folded.
fn control_table(report: &Report) -> String {
    let lines = controls::of(report);
    let Some(standard) = report.standard.as_ref().filter(|_| !lines.is_empty()) else {
        return String::new();
    };
    let mut text = format!(
        "\n<details>\n<summary>📋 <b>{}</b> · {}</summary>\n\n| control | state | failed | passed | unknown | requires | checks |\n|---|---|---:|---:|---:|---|---|\n",
        html(&shown(&standard.title, NAME)),
        html(&controls::summary(&lines)),
    );
    for line in &lines {
        let checks: Vec<String> = line
            .checks
            .iter()
            .map(|id| code(&shown(id, NAME)))
            .collect();
        let title = match line.why {
            "" => line.title.to_owned(),
            why => format!("{} ({why})", line.title),
        };
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} |\n",
            escaped(&shown(line.id, NAME)),
            line.word.text,
            line.failed,
            line.passed,
            line.unknown,
            escaped(&shown(&title, SENTENCE)),
            checks.join(", "),
        ));
    }
    text.push_str("\n</details>\n");
    text
}

/// One check, folded: its controls, its resources, at most `most` of them, and its fix.
fn block(report: &Report, planned: &Planned<'_>, group: &CheckFindings<'_>, most: usize) -> String {
    let CheckFindings {
        severity,
        check,
        results,
    } = group;
    let summary = report.checks.get(*check);
    let title = summary.map_or(*check, |summary| summary.title.as_str());
    let number = numbers::count(results.len(), "finding");
    // Within <summary>, GitHub reads HTML: no Markdown marks there.
    let mut text = format!(
        "\n<details>\n<summary>{} <b>{}</b> · {} · {number} · <code>{}</code></summary>\n\n",
        mark(*severity),
        severity.name(),
        html(&shown(title, SENTENCE)),
        html(&shown(check, NAME)),
    );
    for result in results.iter().take(most) {
        text.push_str(&format!(
            "- {}: {}\n",
            code(&shown(&label(result), NAME)),
            escaped(&shown(result.message.as_deref().unwrap_or(title), SENTENCE)),
        ));
    }
    if let Some(more) = results.len().checked_sub(most).filter(|more| *more > 0) {
        text.push_str(&format!("- and {more} more\n"));
    }
    let fix = summary.map_or("", |summary| summary.remediation.as_str());
    if !fix.is_empty() {
        text.push_str(&format!("\n**Fix:** {}\n", escaped(&shown(fix, FIX))));
    }
    if let Some(example) = planned.example(results).filter(|_| most > 0) {
        text.push_str(&format!("\n{example}"));
    }
    if let Some(command) = planned.commands.fix_of_check(check) {
        text.push_str(&format!("\n**Command:** {}\n", code(&command)));
    }
    let controls: Vec<String> = summary
        .map(|about| requirements(about).collect())
        .unwrap_or_default();
    if !controls.is_empty() {
        let controls = some_of(controls.iter().map(String::as_str), 6);
        text.push_str(&format!(
            "\n**Controls:** {}\n",
            escaped(&shown(&controls, FIX))
        ));
    }
    text.push_str("\n</details>\n");
    text
}

/// The buckets that are not known to be closed to anyone, most exposed first.
fn buckets(report: &Report) -> String {
    let mut open: Vec<(&BucketPosture, Word)> = report
        .buckets
        .iter()
        .map(|bucket| (bucket, words::anyone(&bucket.access)))
        .filter(|(_, word)| !word.is_blank() && word.tone != Tone::Good)
        .collect();
    if open.is_empty() {
        return String::new();
    }
    open.sort_by_key(|(bucket, _)| Reverse(exposure(bucket)));
    let mut text = format!(
        "\n<details>\n<summary>🪣 <b>what anyone can do</b> · {} of {}</summary>\n\n",
        open.len(),
        numbers::count(report.buckets.len(), "bucket")
    );
    for (bucket, word) in open.iter().take(SHOWN) {
        let name = code(&shown(&bucket.name, NAME));
        let mut can = word.text.to_string();
        if !word.notes.is_empty() {
            can.push_str(&format!(" ({})", word.notes.join("; ")));
        }
        text.push_str(&format!("- {name}: {}\n", escaped(&can)));
    }
    if let Some(more) = open.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("- and {more} more\n"));
    }
    text.push_str("\n</details>\n");
    text
}

/// What could not be assessed, by the permission that would decide it.
fn unassessed(report: &Report) -> String {
    let found = Unassessed::of(report);
    let total = unjudged(report);
    if total == 0 && found.not_requested == 0 {
        return String::new();
    }
    let mut text = format!(
        "\n<details>\n<summary>❔ <b>not assessed</b> · {} neither passed nor failed; {} not requested</summary>\n\n",
        numbers::count(total, "result"),
        numbers::number(found.not_requested)
    );
    for (action, open) in found.by_action.iter().take(SHOWN) {
        text.push_str(&format!(
            "- {} would decide {}: {}\n",
            code(&shown(action, NAME)),
            open.results,
            checks(open),
        ));
    }
    let unseen = found.by_action.len().saturating_sub(SHOWN);
    if unseen > 0 {
        text.push_str(&format!("- and {unseen} more permissions\n"));
    }
    for (option, open) in &found.by_option {
        let (results, checks) = (open.results, checks(open));
        text.push_str(&format!(
            "- not requested: {} would decide {results}: {checks}\n",
            code(option)
        ));
    }
    let without: usize = found.by_reason.values().map(|open| open.results).sum();
    if without > 0 {
        text.push_str(&format!("- {without} are not decided by what was read\n"));
    }
    text.push_str("\n</details>\n");
    text
}

/// A few checks by name.
fn checks(open: &Open<'_>) -> String {
    let named: Vec<String> = open
        .checks
        .iter()
        .take(4)
        .map(|id| code(&shown(id, NAME)))
        .collect();
    match open.checks.len().saturating_sub(4) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// Text that is shown as it is: no markup, no link, no mention, no reference.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '|' | '~' | '!' => {
                safe.push('\\');
                safe.push(letter);
            }
            // GitHub finds these in the text that is shown; a comment takes them apart.
            '@' | '#' => {
                safe.push(letter);
                safe.push_str("<!-- -->");
            }
            ':' if text.get(at..).is_some_and(|rest| rest.starts_with("://")) => {
                safe.push_str(":<!-- -->");
            }
            '.' if before.eq_ignore_ascii_case(&'w') => safe.push_str("<!-- -->."),
            // What begins a list, a heading or a quotation does so at the beginning.
            '-' | '+' | '=' if safe.is_empty() => {
                safe.push('\\');
                safe.push(letter);
            }
            other => safe.push(other),
        }
        before = letter;
    }
    safe
}

/// Text in a code span, where GitHub neither marks up nor mentions.
pub(super) fn code(text: &str) -> String {
    if text.trim().is_empty() {
        return "` `".to_owned();
    }
    // A fence that is longer than any within.
    let longest = text
        .split(|letter| letter != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Text within HTML.
fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // Markdown is read within inline HTML too.
            '`' | '*' | '_' | '[' | ']' | '~' | '\\' | '!' | '@' | '#' | ':' => {
                safe.push_str(&format!("&#{};", u32::from(letter)));
            }
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_does_not_become_markup() {
        assert_eq!(
            escaped("<b> *x* [a](b) `c` | ~~d~~"),
            "&lt;b&gt; \\*x\\* \\[a\\](b) \\`c\\` \\| \\~\\~d\\~\\~"
        );
        assert_eq!(escaped("- a"), "\\- a");
    }

    #[test]
    fn no_one_is_mentioned_and_nothing_is_linked() {
        assert_eq!(escaped("@all #1"), "@<!-- -->all #<!-- -->1");
        assert_eq!(
            escaped("https://x www.x"),
            "https:<!-- -->//x www<!-- -->.x"
        );
        assert_eq!(html("@a <i> https://x"), "&#64;a &lt;i&gt; https&#58;//x");
    }

    #[test]
    fn a_code_span_holds_any_text() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code("`"), "`` ` ``");
    }
}
