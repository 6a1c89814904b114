//! `-o patch`: fixes of templates as a unified diff of their own text, for `git apply`.
//!
//! What no edit of one property or one statement makes stands above it as comments, with the reason and
//! the snippet: git passes over what is no diff.

use std::io::{self, Write};

use super::super::hostile;
use super::comment;
use crate::report::plan::{Plan, TemplateChange, UnpatchedFix};

/// Lines around a change.
const CONTEXT: usize = 3;

/// The most pairs of lines that are compared; above it, all between the first and the last change is
/// one change.
const MOST_PAIRS: usize = 4_000_000;

/// Writes the patch.
pub(super) fn render(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let patch = &plan.patch;
    comment(
        &format!(
            "Made by {} {}. Apply it at the root of the repository: git apply FILE",
            plan.tool.name, plan.tool.version
        ),
        out,
    )?;
    for fix in &patch.others {
        other(fix, out)?;
    }
    for file in &patch.files {
        writeln!(out)?;
        diff(file, out)?;
    }
    Ok(())
}

fn other(fix: &UnpatchedFix, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    comment(&format!("--- {} ({})", fix.what, fix.address), out)?;
    comment(&format!("Not in the patch: {}.", fix.because), out)?;
    for line in fix.snippet.lines() {
        writeln!(out, "#   {}", hostile::plain(line))?;
    }
    Ok(())
}

/// What becomes of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DiffStep {
    Keep,
    Remove,
    Add,
}

fn diff(file: &TemplateChange, out: &mut dyn Write) -> io::Result<()> {
    let old: Vec<&str> = file.old.split_inclusive('\n').collect();
    let new: Vec<&str> = file.new.split_inclusive('\n').collect();
    writeln!(out, "--- a/{}", file.file)?;
    writeln!(out, "+++ b/{}", file.file)?;
    let steps = steps(&old, &new);
    for hunk in hunks(&steps) {
        write_hunk(&steps, hunk, &old, &new, out)?;
    }
    Ok(())
}

/// The steps from one text to the other, by the longest common subsequence of what differs.
fn steps(old: &[&str], new: &[&str]) -> Vec<DiffStep> {
    let same = |(one, other): &(&&str, &&str)| one == other;
    let head = old.iter().zip(new).take_while(same).count();
    let tail_of = |lines: usize| lines.saturating_sub(head);
    let tail = (old.iter().rev().zip(new.iter().rev()))
        .take(tail_of(old.len()).min(tail_of(new.len())))
        .take_while(same)
        .count();
    let middle = |lines: &[&'_ str]| head..lines.len() - tail;
    let (a, b) = (
        old.get(middle(old)).unwrap_or_default(),
        new.get(middle(new)).unwrap_or_default(),
    );
    let mut steps = vec![DiffStep::Keep; head];
    if a.len().saturating_mul(b.len()) > MOST_PAIRS {
        steps.extend(a.iter().map(|_| DiffStep::Remove));
        steps.extend(b.iter().map(|_| DiffStep::Add));
    } else {
        steps.extend(common(a, b));
    }
    steps.extend(std::iter::repeat_n(DiffStep::Keep, tail));
    steps
}

fn common(a: &[&str], b: &[&str]) -> Vec<DiffStep> {
    // lengths[i][j]: of what a[i..] and b[j..] have in common.
    let mut lengths = vec![vec![0_u32; b.len() + 1]; a.len() + 1];
    let at = |lengths: &[Vec<u32>], i: usize, j: usize| -> u32 {
        lengths
            .get(i)
            .and_then(|row| row.get(j))
            .copied()
            .unwrap_or(0)
    };
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            let length = match a.get(i) == b.get(j) {
                true => at(&lengths, i + 1, j + 1) + 1,
                false => at(&lengths, i + 1, j).max(at(&lengths, i, j + 1)),
            };
            if let Some(cell) = lengths.get_mut(i).and_then(|row| row.get_mut(j)) {
                *cell = length;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut steps = Vec::new();
    while i < a.len() || j < b.len() {
        let step = if i < a.len() && j < b.len() && a.get(i) == b.get(j) {
            DiffStep::Keep
        } else if j >= b.len() || (i < a.len() && at(&lengths, i + 1, j) >= at(&lengths, i, j + 1))
        {
            DiffStep::Remove
        } else {
            DiffStep::Add
        };
        i += usize::from(step != DiffStep::Add);
        j += usize::from(step != DiffStep::Remove);
        steps.push(step);
    }
    steps
}

/// Ranges of steps: changes with the lines around them, those that meet together.
fn hunks(steps: &[DiffStep]) -> Vec<std::ops::Range<usize>> {
    let mut hunks: Vec<std::ops::Range<usize>> = Vec::new();
    for (index, _) in steps
        .iter()
        .enumerate()
        .filter(|(_, step)| **step != DiffStep::Keep)
    {
        let from = index.saturating_sub(CONTEXT);
        let to = (index + 1 + CONTEXT).min(steps.len());
        match hunks.last_mut() {
            Some(last) if from <= last.end => last.end = to,
            _ => hunks.push(from..to),
        }
    }
    hunks
}

fn write_hunk(
    steps: &[DiffStep],
    hunk: std::ops::Range<usize>,
    old: &[&str],
    new: &[&str],
    out: &mut dyn Write,
) -> io::Result<()> {
    let count = |steps: &[DiffStep], without: DiffStep| {
        steps.iter().filter(|step| **step != without).count()
    };
    let before = steps.get(..hunk.start).unwrap_or_default();
    let within = steps.get(hunk).unwrap_or_default();
    let (mut i, mut j) = (
        count(before, DiffStep::Add),
        count(before, DiffStep::Remove),
    );
    writeln!(
        out,
        "@@ -{},{} +{},{} @@",
        i + 1,
        count(within, DiffStep::Add),
        j + 1,
        count(within, DiffStep::Remove)
    )?;
    for step in within {
        let (mark, line) = match step {
            DiffStep::Keep => (' ', old.get(i)),
            DiffStep::Remove => ('-', old.get(i)),
            DiffStep::Add => ('+', new.get(j)),
        };
        i += usize::from(*step != DiffStep::Add);
        j += usize::from(*step != DiffStep::Remove);
        let line = line.copied().unwrap_or_default();
        write!(out, "{mark}{line}")?;
        if !line.ends_with('\n') {
            writeln!(out, "\n\\ No newline at end of file")?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn diff_of(old: &str, new: &str) -> String {
        let change = TemplateChange {
            file: "t.yaml".to_owned(),
            old: old.to_owned(),
            new: new.to_owned(),
        };
        let mut out = Vec::new();
        diff(&change, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn changes_far_from_each_other_are_hunks_of_their_own() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
        let new = "a\nX\nb\nc\nd\ne\nf\ng\nh\nI\nj\n";
        assert_eq!(
            diff_of(old, new),
            "--- a/t.yaml\n+++ b/t.yaml\n@@ -1,4 +1,5 @@\n a\n+X\n b\n c\n d\n@@ -6,5 +7,5 @@\n f\n g\n h\n-i\n+I\n j\n"
        );
    }

    #[test]
    fn a_file_may_end_without_a_line_feed() {
        assert_eq!(
            diff_of("a\nb", "a\nc"),
            "--- a/t.yaml\n+++ b/t.yaml\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n"
        );
    }
}
