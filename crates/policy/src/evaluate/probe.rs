//! Statements looked at without their principal, and with conditions that may stay open: what the
//! questions about an identity need, which are not about one request.

use std::collections::BTreeSet;

use crate::contract::Request;
use crate::document::{Effect, Policy};

use super::request::View;
use super::statement::{CompiledStatement, StatementVerdict};

/// A policy's statements, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    statements: Vec<CompiledStatement>,
}

/// How a statement stands to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It matches.
    Surely { statement: usize },
    /// It matches if conditions on these keys hold.
    Under {
        statement: usize,
        keys: BTreeSet<String>,
    },
    /// Part of it was not understood.
    Perhaps { statement: usize },
}

impl Probe {
    pub(crate) fn new(policy: &Policy) -> Self {
        Self {
            statements: CompiledStatement::all(policy),
        }
    }

    /// The statements of an effect that match the request's action and resource, or may. Conditions
    /// on the keys in `settled` are decided by the request; others stay open.
    pub(crate) fn look(&self, request: &Request, effect: Effect, settled: &[&str]) -> Vec<Sight> {
        let view = View::new(request);
        self.statements
            .iter()
            .filter(|statement| statement.effect.is_none_or(|found| found == effect))
            .filter_map(|statement| {
                let index = statement.index;
                match statement.says(&view, settled) {
                    StatementVerdict::No => None,
                    StatementVerdict::Yes => Some(Sight::Surely { statement: index }),
                    StatementVerdict::If(keys) => Some(Sight::Under {
                        statement: index,
                        keys,
                    }),
                    StatementVerdict::Perhaps => Some(Sight::Perhaps { statement: index }),
                }
            })
            .collect()
    }
}
