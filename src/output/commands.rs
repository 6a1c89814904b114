//! The command lines that outputs print: each names the data of this run and can be copied.

use std::collections::{BTreeMap, BTreeSet};

use super::proof::quoted;
use crate::report::invocation::{BeforeDeployment, Invocation};
use crate::report::{
    BucketKind, CheckResult, Report, ResourceId, SubjectKind, is_selected_by_full_name,
};

/// Writes the command lines of a run.
pub struct Commands<'r> {
    run: &'r Invocation,
    /// Names that several resources of a kind have: an ARN distinguishes them.
    repeated: BTreeSet<(SubjectKind, &'r str)>,
}

impl<'r> Commands<'r> {
    /// The command lines of a report.
    pub fn of(report: &'r Report) -> Self {
        let mut arns: BTreeMap<(SubjectKind, &str), &str> = BTreeMap::new();
        let mut repeated = BTreeSet::new();
        for result in &report.results {
            let id = &result.resource;
            let key = (id.kind, id.name.as_str());
            if *arns.entry(key).or_insert(&id.arn) != id.arn {
                repeated.insert(key);
            }
        }
        Self {
            run: &report.invocation,
            repeated,
        }
    }

    /// The command lines of a run that explains nothing.
    pub fn of_run(run: &'r Invocation) -> Self {
        Self {
            run,
            repeated: BTreeSet::new(),
        }
    }

    /// The verdict on a resource, step by step; none for a template.
    pub fn explain(&self, check: &str, resource: &ResourceId) -> Option<String> {
        if self.run.before_deployment.is_some() {
            return None;
        }
        let is_repeated = self
            .repeated
            .contains(&(resource.kind, resource.name.as_str()));
        let name = if is_repeated || !is_found_by_name(resource) {
            &resource.arn
        } else {
            &resource.name
        };
        let run = self.run;
        let names: &[&str] = &[check, name];
        Some(line(&["explain"], &[&run.source, &run.catalogue], names))
    }

    /// The fix of one finding; none for a Terraform plan.
    pub fn fix_of(&self, result: &CheckResult) -> Option<String> {
        match self.run.before_deployment {
            None => Some(self.fix(&result.check, &result.resource, &[])),
            // A template names resources by their addresses.
            Some(_) => self.fix_of_check(&result.check),
        }
    }

    /// The fixes of some checks, separated by commas, for one resource.
    pub fn fix(&self, checks: &str, id: &ResourceId, options: &[&str]) -> String {
        let option = match id.kind {
            SubjectKind::Bucket if is_found_by_name(id) => Some("--bucket"),
            SubjectKind::Function | SubjectKind::WebFunction => Some("--function"),
            _ => None,
        };
        let narrowed: Vec<&str> = option
            .map(|option| vec![option, id.name.as_str()])
            .unwrap_or_default();
        self.remediate(&[&["--check", checks], narrowed.as_slice(), options].concat())
    }

    /// The fixes of a check; none for a Terraform plan.
    pub fn fix_of_check(&self, check: &str) -> Option<String> {
        self.fixes(&["--check", check], &[])
    }

    /// All fixes, ready to use; none for a Terraform plan.
    pub fn all_fixes(&self) -> Option<String> {
        self.fixes(&[], &["--format", "shell"])
    }

    /// The format of fixes that can be used as they are: commands, or a patch of templates.
    pub fn ready_format(&self) -> &'static str {
        match self.run.before_deployment {
            None => "shell",
            Some(_) => "patch",
        }
    }

    /// Fixes: of an account in this format, of templates as a patch.
    fn fixes(&self, narrowed: &[&str], format: &[&str]) -> Option<String> {
        match self.run.before_deployment {
            None => Some(self.remediate(&[narrowed, format].concat())),
            Some(BeforeDeployment::Templates) => {
                Some(self.remediate(&[narrowed, &["--format", "patch"]].concat()))
            }
            Some(BeforeDeployment::Plans) => None,
        }
    }

    /// `remediate` with these options.
    pub fn remediate(&self, options: &[&str]) -> String {
        let run = self.run;
        line(
            &["remediate"],
            &[&run.source, &run.catalogue, &run.pack],
            options,
        )
    }

    /// The same audit with other outputs.
    pub fn audit(&self, options: &[&str]) -> String {
        let run = self.run;
        line(
            &["audit"],
            &[&run.source, &run.catalogue, &run.pack, &run.audit],
            options,
        )
    }

    /// The policy that grants what the selected checks read.
    pub fn permissions(&self) -> String {
        let run = self.run;
        line(&["permissions"], &[&run.catalogue, &run.pack], &[])
    }
}

/// False for a bucket that `--bucket NAME` does not select.
fn is_found_by_name(id: &ResourceId) -> bool {
    id.kind != SubjectKind::Bucket || is_selected_by_full_name(BucketKind::of_arn(&id.arn))
}

/// A command line, quoted for a POSIX shell.
fn line(command: &[&str], groups: &[&Vec<String>], rest: &[&str]) -> String {
    let groups = groups.iter().flat_map(|group| group.iter());
    let words = command
        .iter()
        .copied()
        .chain(groups.map(String::as_str))
        .chain(rest.iter().copied());
    let mut text = "coldbucket".to_owned();
    for word in words {
        text.push(' ');
        // An option's name is not to be quoted, and `quoted` does so for what begins with a dash.
        if word == "-" || is_option(word) {
            text.push_str(word);
        } else {
            text.push_str(&quoted(word));
        }
    }
    text
}

/// A flag such as `--fail-on` or `-o`.
fn is_option(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_quoted_for_a_shell() {
        let source = vec!["--snapshot".to_owned(), "my account's.json".to_owned()];
        assert_eq!(
            line(&["explain"], &[&source], &["s3-plain-http", "acme-logs"]),
            r"coldbucket explain --snapshot 'my account'\''s.json' s3-plain-http acme-logs"
        );
        assert_eq!(
            line(&["audit"], &[], &["-o", "html=report.html"]),
            "coldbucket audit -o html=report.html"
        );
    }
}
