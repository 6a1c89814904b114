//! `lambda`: the program as a Lambda function of a state machine (deploy/aws/organization.asl.json).
//!
//! Three events, all over the files of one run in a bucket: `plan` lists the accounts and writes those that
//! are to be read, `audit` reads one, `merge` reports on all. An account that cannot be read is an answer
//! with its status; only a defect, a time limit or credentials of the function itself are a failure of the
//! invocation, which the state machine retries and then records.

use std::io::{self, Write};
use std::time::Duration;

use coldbucket_policy::parse::is_account_id;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::accounts::{self, RunFolder, RunStore};
use super::audit::{self, AuditRules};
use super::console::Console;
use super::{Exit, RunError};
use crate::cli::options::{
    AccountChoice, AccountsOptions, ConsoleOptions, FunctionOptions, is_run_id,
};
use crate::collect::function_runtime::{self, FunctionFailure};
use crate::report::account_run::ReadStatus;

/// Time that is kept for writing what was read, of the time that an invocation has.
const TIME_TO_WRITE: Duration = Duration::from_secs(30);

/// What the function is asked for.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", deny_unknown_fields)]
enum FunctionEvent {
    /// List the accounts that are to be read.
    Plan {
        /// The input of the execution.
        #[serde(default)]
        input: PlanInput,
    },
    /// Read one account.
    Audit { run: String, account: String },
    /// Report on all accounts.
    Merge { run: String },
}

/// The input of an execution. All of it is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PlanInput {
    /// The run's id; the time without one. A run that is there is finished.
    run: Option<String>,
    /// These accounts instead of those of the organization.
    accounts: Option<Vec<String>>,
    /// Accounts to leave out.
    exclude: Vec<String>,
    /// Accounts to read again.
    refresh: Vec<String>,
}

/// One entry of `todo.json`, which the state machine reads.
#[derive(Serialize)]
struct TodoItem<'a> {
    account: &'a str,
}

/// Serves invocations until Lambda ends the process.
pub(super) fn run(options: FunctionOptions, console: &Console<'_>) -> Result<Exit, RunError> {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err(RunError::mistake(
            "`coldbucket lambda` runs as an AWS Lambda function",
            Some("deploy/aws/organization.yaml makes one".to_owned()),
        ));
    }
    // What is wrong with the selection fails the start, not every invocation.
    let rules = audit::prepare(&options.audit)?;
    let store = RunStore::open(&options.accounts.to, &options.audit.request)?;
    let function = Function {
        options,
        console: console.options(),
        rules,
        store,
    };
    function_runtime::serve(move |event, left| function.answer(event, left))?;
    Ok(Exit::Clean)
}

struct Function {
    options: FunctionOptions,
    console: ConsoleOptions,
    rules: AuditRules,
    store: RunStore,
}

impl Function {
    fn answer(&self, event: Value, left: Duration) -> Result<Value, FunctionFailure> {
        let mut stderr = io::stderr();
        let mut console = Console::new(self.console.clone(), &mut stderr);
        let answer = serde_json::from_value(event)
            .map_err(|error| RunError::mistake(format!("the event: {error}"), None))
            .and_then(|event| match event {
                FunctionEvent::Plan { input } => self.plan(input, &mut console),
                FunctionEvent::Audit { run, account } => {
                    self.audit(&run, &account, left, &mut console)
                }
                FunctionEvent::Merge { run } => self.merge(&run, &mut console),
            });
        answer.map_err(|error| {
            let message = error.to_string();
            console.error(&message);
            FunctionFailure {
                kind: match error.exit() {
                    // Trying again does not help.
                    Exit::Usage => "Run.Invalid",
                    _ => "Run.Failed",
                },
                message,
            }
        })
    }

    fn plan(&self, input: PlanInput, console: &mut Console<'_>) -> Result<Value, RunError> {
        let run = match input.run {
            // The scheduler gives a time, and `:` is no letter of a run's id.
            Some(run) => run.replace(':', "-"),
            None => crate::collect::now().replace(':', "-"),
        };
        let ids = [&input.exclude, &input.refresh];
        let ids = ids.into_iter().chain(&input.accounts).flatten();
        check_ids(&run, ids.map(String::as_str))?;
        let accounts = AccountsOptions {
            choice: match input.accounts {
                Some(accounts) => AccountChoice::List(accounts.into_iter().collect()),
                None => AccountChoice::Organization,
            },
            exclude: input.exclude.into_iter().collect(),
            refresh: input.refresh.into_iter().collect(),
            run: Some(run),
            ..self.options.accounts.clone()
        };
        let planned = accounts::plan(&self.options.audit, &accounts, &self.rules, console)?;
        let folder = planned.folder();
        let todo: Vec<TodoItem<'_>> = planned
            .waiting()
            .iter()
            .map(|account| TodoItem { account })
            .collect();
        folder.write_json(&folder.todo(), &todo)?;
        Ok(json!({
            "run": folder.run(),
            "key": folder.full_key(&folder.todo()),
            "status": folder.full_key(&folder.status_prefix()),
            "accounts": todo.len(),
        }))
    }

    fn audit(
        &self,
        run: &str,
        account: &str,
        left: Duration,
        console: &mut Console<'_>,
    ) -> Result<Value, RunError> {
        check_ids(run, [account])?;
        let folder = RunFolder::new(&self.store, run);
        let options = AccountsOptions {
            in_flight: 1,
            account_timeout: left
                .saturating_sub(TIME_TO_WRITE)
                .min(self.options.accounts.account_timeout),
            ..self.options.accounts.clone()
        };
        let audit = &self.options.audit;
        let status = accounts::read_one(audit, &options, &self.rules, &folder, account, console)?;
        Ok(json!({"account": account, "status": status.status}))
    }

    fn merge(&self, run: &str, console: &mut Console<'_>) -> Result<Value, RunError> {
        check_ids(run, [])?;
        let folder = RunFolder::new(&self.store, run);
        let formats = &self.options.reports;
        let audit = &self.options.audit;
        let merged = accounts::merge_into_reports(audit, &self.rules, &folder, formats, console)?;
        let number = |wanted: fn(ReadStatus) -> bool| {
            let rows = merged.report.accounts.iter();
            rows.filter(|row| wanted(row.status)).count()
        };
        let not_read = number(|status| !status.is_read() && status != ReadStatus::Skipped);
        let summary = &merged.report.summary;
        let critical = summary.failed_by_severity.get("critical").copied();
        write_metrics(&[
            ("AccountsRead", number(ReadStatus::is_read) as u64),
            ("AccountsNotRead", not_read as u64),
            ("CriticalFindings", critical.unwrap_or(0)),
        ]);
        Ok(json!({
            "run": run,
            "accounts": merged.summary.accounts,
            "results": merged.summary.results,
            "exit": merged.report.gate.as_ref().map(|gate| gate.exit_code),
        }))
    }
}

/// Ids are parts of keys and of role ARNs.
fn check_ids<'a>(run: &str, accounts: impl IntoIterator<Item = &'a str>) -> Result<(), RunError> {
    if !is_run_id(run) {
        return Err(RunError::mistake(
            format!("`{run}` is not the id of a run"),
            None,
        ));
    }
    match accounts.into_iter().find(|account| !is_account_id(account)) {
        Some(account) => Err(RunError::mistake(
            format!("`{account}` is not a 12-digit account id"),
            None,
        )),
        None => Ok(()),
    }
}

/// Metrics in the embedded metric format, which CloudWatch Logs turns into metrics (CloudWatch user guide,
/// "Embedded metric format specification", copy of 2026). No permission is needed for it.
fn write_metrics(metrics: &[(&str, u64)]) {
    let time = crate::collect::now()
        .parse::<jiff::Timestamp>()
        .map_or(0, jiff::Timestamp::as_millisecond);
    let names: Vec<Value> = metrics
        .iter()
        .map(|(name, _)| json!({"Name": name, "Unit": "Count"}))
        .collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": time,
            "CloudWatchMetrics": [{
                "Namespace": "coldbucket",
                "Dimensions": [["FunctionName"]],
                "Metrics": names,
            }],
        },
        "FunctionName": std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
    });
    if let Value::Object(members) = &mut line {
        for (name, value) in metrics {
            members.insert((*name).to_owned(), json!(value));
        }
    }
    // A metric that cannot be written is no reason to fail the report.
    let _ = writeln!(io::stdout(), "{line}");
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_what_is_done() {
        let event = |text: &str| serde_json::from_str::<FunctionEvent>(text);
        match event(r#"{"op": "plan", "input": {"run": "2026-11-29T16:30:05Z", "comment": "x"}}"#) {
            Ok(FunctionEvent::Plan { input }) => {
                assert_eq!(input.run.as_deref(), Some("2026-11-29T16:30:05Z"));
                assert_eq!(input.accounts, None);
            }
            other => panic!("{other:?}"),
        }
        assert!(event(r#"{"op": "plan"}"#).is_ok());
        assert!(event(r#"{"op": "audit", "run": "r", "account": "111111111111"}"#).is_ok());
        assert!(event(r#"{"op": "audit", "run": "r"}"#).is_err());
        assert!(event(r#"{"op": "delete", "run": "r"}"#).is_err());
    }

    #[test]
    fn ids_that_are_no_parts_of_keys_are_refused() {
        assert!(check_ids("nightly", ["111111111111"]).is_ok());
        for run in ["", "../x", "a/b", ".."] {
            assert!(check_ids(run, []).is_err(), "{run}");
        }
        for account in ["", "1", "11111111111x", "../../111111"] {
            assert!(check_ids("nightly", [account]).is_err(), "{account}");
        }
    }
}
