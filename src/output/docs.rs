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
