//! The documentation that is made from the checks: a page a check, their index, and the coverage.
//!
//! Markdown, with anchors and file names that are the checks' ids. What goes in is our own text from
//! `policies/`; it is escaped all the same, since a `|` or a `<` in it would break a table.

use std::io::{self, Write};

use super::checks::{CheckLine, CheckPage};

/// The head of every generated file.
const MADE: &str = "<!-- Made by `make docs` from policies/; a test compares. Do not edit. -->\n";

/// Which controls or topics are answered, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// What the guidance names.
    pub topics: Vec<Line>,
    /// The standards, each with the pack that selects its checks.
    pub standards: Vec<Standard>,
}

/// One standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standard {
    /// As its publisher calls it.
    pub title: String,
    /// The pack's name.
    pub pack: String,
    /// Its controls.
    pub controls: Vec<Line>,
}

/// One control or topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: String,
    /// What it asks for.
    pub title: String,
    /// The checks that answer it.
    pub checks: Vec<String>,
    /// Why none does.
    pub not_covered: Option<String>,
}

/// The checks by what fixes them, for the page about fixes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixCoverage {
    /// Checks whose commands fixed a failing resource: id, title, what a person decides first.
    pub verified: Vec<[String; 3]>,
    /// Checks whose commands were not run: id, title, why.
    pub not_verified: Vec<[String; 3]>,
    /// Checks that no command alone fixes: id, title, what a person decides.
    pub manual: Vec<[String; 3]>,
}

/// The page about fixes.
///
/// # Errors
/// Those of the writer.
pub fn fixes(fixes: &FixCoverage, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{MADE}")?;
    writeln!(
        out,
        "# Fixes\n\n\
         `coldbucket remediate` plans fixes for failing checks. It prints them and never applies anything.\n\
         A fix that may end access that is in use is commented out until `--decided CHECK` approves it.\n\n\
         `tests/round_trip.rs` deploys a failing resource for each check to LocalStack 4.14.0 (trails: moto 5.2.5),\n\
         runs the printed commands with the AWS CLI 1.46.3, and judges again: the check must pass, and nothing that\n\
         passed may fail. LocalStack enforces neither Block Public Access nor policies, so the test does not show what\n\
         AWS itself would refuse.\n\n\
         {} of the {} checks that configuration alone can fix are verified.",
        fixes.verified.len(),
        fixes.verified.len() + fixes.not_verified.len()
    )?;
    let tables = [
        ("Verified", "Decide first", &fixes.verified),
        ("Not verified", "Why not", &fixes.not_verified),
        ("For a person", "Decide", &fixes.manual),
    ];
    for (title, last, rows) in tables {
        writeln!(
            out,
            "\n## {title}\n\n| Check | Fixes | {last} |\n|---|---|---|"
        )?;
        for [id, about, note] in rows {
            writeln!(
                out,
                "| [{id}](checks/{id}.md) | {} | {} |",
                text(about),
                text(note.trim())
            )?;
        }
    }
    Ok(())
}

/// The page of one check.
///
/// # Errors
/// Those of the writer.
pub fn check(page: &CheckPage, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{MADE}")?;
    writeln!(out, "# {}\n", page.line.id)?;
    writeln!(out, "{}\n", text(&page.line.title))?;
    writeln!(out, "| | |\n|---|---|")?;
    writeln!(out, "| severity | {} |", page.line.severity.name())?;
    for (label, value) in page.members.iter().filter(|(_, value)| !value.is_empty()) {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        let code = matches!(*label, "applies" | "fails when" | "for each" | "reads");
        if code {
            writeln!(out, "| {label} | `{}` |", value.replace('|', "\\|"))?;
        } else {
            writeln!(out, "| {label} | {} |", text(&value))?;
        }
    }
    for (title, prose) in page
        .prose
        .iter()
        .filter(|(_, prose)| !prose.trim().is_empty())
    {
        writeln!(out, "\n## {title}\n\n{}", text(prose.trim()))?;
    }
    for (title, code) in page.code.iter().filter(|(_, code)| !code.trim().is_empty()) {
        let language = match *title {
            "With the AWS CLI" => "sh",
            "With Terraform" => "hcl",
            _ => "yaml",
        };
        writeln!(
            out,
            "\n## {title}\n\n```{language}\n{}\n```",
            code.trim_end()
        )?;
    }
    for (title, lines) in page.lists.iter().filter(|(_, lines)| !lines.is_empty()) {
        writeln!(out, "\n## {title}\n")?;
        for line in lines {
            if line.starts_with("https://") {
                writeln!(out, "- <{line}>")?;
            } else {
                writeln!(out, "- {}", text(line))?;
            }
        }
    }
    Ok(())
}

/// The list of all checks, with links to their pages.
///
/// # Errors
/// Those of the writer.
pub fn index(lines: &[CheckLine], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{MADE}")?;
    writeln!(out, "# The {} checks\n", lines.len())?;
    writeln!(
        out,
        "`coldbucket checks show ID` prints the same in a terminal. What the guidance names, and what is not covered: [coverage.md](../coverage.md).\n"
    )?;
    let mut subject = "";
    for line in lines {
        if line.subject != subject {
            subject = &line.subject;
            writeln!(
                out,
                "\n## {subject}\n\n| check | severity | |\n|---|---|---|"
            )?;
        }
        writeln!(
            out,
            "| [{id}]({id}.md) | {} | {} |",
            line.severity.name(),
            text(&line.title),
            id = line.id
        )?;
    }
    Ok(())
}

/// What is covered, by topic and by standard.
///
/// # Errors
/// Those of the writer.
pub fn coverage(coverage: &Coverage, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{MADE}")?;
    writeln!(out, "# Coverage\n")?;
    writeln!(
        out,
        "What the guidance on S3 and Lambda names, and the checks that answer it; then the same by standard. Where no check answers, it says why.\n"
    )?;
    writeln!(out, "## By topic\n")?;
    lines("topic", &coverage.topics, out)?;
    for standard in &coverage.standards {
        let answered = standard
            .controls
            .iter()
            .filter(|line| !line.checks.is_empty())
            .count();
        writeln!(
            out,
            "\n## {}\n\n`coldbucket audit --pack {}`: {answered} of the {} controls that are about what coldbucket reads.\n",
            text(&standard.title),
            standard.pack,
            standard.controls.len()
        )?;
        lines("control", &standard.controls, out)?;
    }
    Ok(())
}

fn lines(what: &str, lines: &[Line], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| {what} | | checks |\n|---|---|---|")?;
    for line in lines {
        let checks: Vec<String> = line
            .checks
            .iter()
            .map(|id| format!("[{id}](checks/{id}.md)"))
            .collect();
        let answer = match &line.not_covered {
            Some(why) => format!("not covered: {}", text(why.trim())),
            None => checks.join(", "),
        };
        writeln!(out, "| {} | {} | {answer} |", line.id, text(&line.title))?;
    }
    Ok(())
}

/// Text that no Markdown reader takes for a tag or for the end of a cell.
fn text(text: &str) -> String {
    text.replace('<', "&lt;").replace('|', "\\|")
}
