//! Comparing two policies: does the new one allow a request that the old one does not?
//!
//! ```text
//! new(OLD, NEW)  there is a request r with  allows(NEW, r)  and not  allows(OLD, r)
//! allows(P, r)   some Allow of P matches r, and no Deny of P does
//! ```
//!
//! Only the matching of statements counts, at any time: account and organization of the caller, and
//! who else would have to allow, do not. A request is one that can be made: the keys that follow from
//! the caller agree with it, it comes from an address or through a VPC endpoint and not both, and S3's
//! actions are on the resources that they act on.
//!
//! For each Allow *a* of NEW, two questions are asked of the [prover](crate::prove):
//!
//! 1. a request that *a* matches, and neither a Deny of NEW nor an Allow of OLD;
//! 2. for each Deny *d* of OLD: one that *a* and *d* match, and no Deny of NEW.
//!
//! Most changes need neither: [`covered`] sees by the texts that nothing is gained. What is found is
//! handed to the evaluator, which must let NEW allow it and OLD not.
//!
//! [`access`] asks whether one policy allows some access at all, or allows anyone.

mod access;
mod covered;
mod kind;
mod sentence;

pub use self::access::{Grant, forbids, public};
pub use self::kind::Attachment;

use std::cell::OnceCell;

use self::covered::TextCover;
use self::kind::RequestScopes;
use crate::contract::{CompareOutput, CompareVerdict, NewAccess, Request, RequestPrincipal};
use crate::document::{Effect, Principal, Statement};
use crate::evaluate::{DocumentJudge, implausible};
use crate::prove::{
    AccessAnswer, AccessScope, Budget, CallerSpaces, Delegation, DocumentId, DocumentSet,
    Exhausted, RuleQuestion, StatementSet,
};
use crate::{Policy, partition};

/// The steps of one comparison, both directions together; an ordinary pair uses a few thousand.
const STEPS: u64 = 3_000_000;

/// The steps for what the texts show, of each direction.
const TEXT_STEPS: u64 = 1_000_000;

/// Why a comparison is not decided when its steps are used up.
const TOO_HARD: &str = "the comparison exceeded its step limit";

/// Statements that allow something new are listed up to so many.
const LISTED: usize = 50;

/// Two policies, and what they are attached to.
#[derive(Clone, Copy, Debug)]
pub struct PolicyPair<'a> {
    /// The policy before; none where nothing was attached.
    pub old: Option<&'a Policy>,
    /// The policy after; none where nothing is attached any more.
    pub new: Option<&'a Policy>,
    /// What they are attached to.
    pub kind: Attachment,
    /// The bucket, for policies about one bucket.
    pub bucket: Option<&'a str>,
    /// Access to actions that AWS may add counts as new access.
    pub strict: bool,
}

/// Compares two policies. `id` is echoed.
pub fn compare(pair: &PolicyPair<'_>, id: String) -> CompareOutput {
    let mut budget = Budget::counting_reading(STEPS);
    let comparison = Comparison::new(pair, &mut budget);
    let gained = comparison.gained(&mut budget);
    let lost = comparison.is_access_lost(&mut budget);
    let mut remarks = comparison.remarks(&gained, &mut budget);
    let verdict = if !gained.statements.is_empty() {
        CompareVerdict::New
    } else if gained.undecided.is_some() {
        CompareVerdict::Unknown
    } else if !gained.future.is_empty() {
        CompareVerdict::Future
    } else {
        CompareVerdict::None
    };
    for index in &gained.future {
        remarks.push(format!(
            "Statement {index} of the new policy would allow S3 actions that AWS may add; it allows \
             no more of today's."
        ));
    }
    CompareOutput {
        id,
        new_access: match verdict {
            CompareVerdict::New => Some(true),
            CompareVerdict::Future => Some(pair.strict),
            CompareVerdict::None => Some(false),
            CompareVerdict::Unknown => None,
        },
        verdict,
        lost,
        reason: (verdict == CompareVerdict::Unknown)
            .then_some(gained.undecided)
            .flatten(),
        statements: gained.statements,
        remarks,
    }
}

/// What the new policy allows beyond the old one.
#[derive(Debug, Default)]
struct Gained {
    statements: Vec<NewAccess>,
    /// Statements that allow more actions that AWS may add.
    future: Vec<usize>,
    /// Statements that allow more if actions are not matched to resources.
    unmatched: Vec<usize>,
    undecided: Option<String>,
}

/// One of the two policies.
struct Side<'a> {
    policy: Option<&'a Policy>,
    document: Option<DocumentId>,
    judge: OnceCell<DocumentJudge>,
    /// About how many steps the evaluator needs for a request.
    steps: usize,
    /// What the texts show of what this policy allows beyond the other one.
    cover: TextCover,
}

/// What is found of one Allow.
enum Found<'a> {
    /// A request that its policy allows and the other one does not. Only the account behind a canonical
    /// user id has none. The Deny of the other policy that matches it, if one of its Allows does too.
    New(Option<Request>, Option<&'a Statement>),
    Nothing,
    Undecided(String),
}

/// The two policies, compiled together.
struct Comparison<'a> {
    kind: Attachment,
    old: Side<'a>,
    new: Side<'a>,
    search: PreparedSearch,
}

/// Whether there is something to search.
enum PreparedSearch {
    /// The texts show that the policies allow the same.
    NotNeeded,
    /// One for each partition that the policies name.
    Ready(Vec<SearchState>),
    /// Compiling the policies exceeds the step limit.
    TooLong,
}

/// What searches need.
struct SearchState {
    documents: DocumentSet,
    callers: CallerSpaces,
    scopes: RequestScopes,
}

const INCONSISTENT: &str = "the prover found a request on which the evaluator does not agree; one of \
                            the two is wrong";

impl<'a> Comparison<'a> {
    fn new(pair: &PolicyPair<'a>, budget: &mut Budget) -> Self {
        let is_sound = [pair.old, pair.new]
            .into_iter()
            .flatten()
            .all(covered::is_readable);
        let side = |from: Option<&Policy>, to: Option<&'a Policy>| Side {
            policy: to,
            document: None,
            judge: OnceCell::new(),
            steps: to.map_or(0, evaluation_steps),
            cover: match (from, to) {
                (Some(from), Some(to)) if is_sound => {
                    TextCover::of(from, to, &mut Budget::new(TEXT_STEPS))
                }
                _ => TextCover::default(),
            },
        };
        let mut this = Self {
            kind: pair.kind,
            old: side(pair.new, pair.old),
            new: side(pair.old, pair.new),
            search: PreparedSearch::NotNeeded,
        };
        let is_settled = match (pair.old, pair.new) {
            (Some(_), Some(_)) => this.old.cover.allows_no_more && this.new.cover.allows_no_more,
            (None, None) => true,
            _ => false,
        };
        if !is_settled {
            this.search = match this.compile(pair, budget) {
                Ok(search) => PreparedSearch::Ready(search),
                Err(Exhausted) => PreparedSearch::TooLong,
            };
        }
        this
    }

    fn compile(
        &mut self,
        pair: &PolicyPair<'a>,
        budget: &mut Budget,
    ) -> Result<Vec<SearchState>, Exhausted> {
        let policies = pair.old.into_iter().chain(pair.new);
        partition::of_all(policies, &[])
            .into_iter()
            .map(|partition| self.compile_for(partition, pair, budget))
            .collect()
    }

    fn compile_for(
        &mut self,
        partition: &'static str,
        pair: &PolicyPair<'a>,
        budget: &mut Budget,
    ) -> Result<SearchState, Exhausted> {
        for policy in pair.old.into_iter().chain(pair.new) {
            budget.spend_reading(compilation_steps(policy))?;
        }
        let policies = || pair.old.into_iter().chain(pair.new);
        let mut builder = DocumentSet::builder(partition, []);
        let kind = pair.kind.policy_kind();
        self.old.document = pair.old.map(|policy| builder.add(policy, kind));
        self.new.document = pair.new.map(|policy| builder.add(policy, kind));
        let documents = builder.complete();
        budget.spend_reading(documents.caller_steps())?;
        let mut callers = documents.callers(&pair.kind.callers(), false, &[], None);
        documents.merge_callers(&mut callers, budget)?;
        let bucket = match (pair.bucket, pair.kind) {
            (Some(bucket), _) => Some(bucket.to_owned()),
            (None, Attachment::S3) => kind::only_bucket(policies()),
            (None, _) => None,
        };
        let elements = policies()
            .flat_map(|policy| &policy.statements)
            .map(|statement| &statement.action);
        let scopes = pair.kind.scopes(bucket.as_deref(), &documents, elements);
        Ok(SearchState {
            documents,
            callers,
            scopes,
        })
    }

    /// What the new policy allows beyond the old one.
    fn gained(&self, budget: &mut Budget) -> Gained {
        let mut gained = Gained::default();
        let searches = match self.searches(&self.old, &self.new) {
            Ok(searches) => searches,
            Err(reason) => {
                gained.undecided = Some(reason);
                return gained;
            }
        };
        for allow in self.new.allows() {
            let asked = AskedAllow::new(searches, &self.old, &self.new, allow);
            match asked.find(self.kind, budget) {
                Found::New(request, denied_by) => {
                    let access = asked.described(request, denied_by, self.kind, budget);
                    gained.statements.push(access);
                    if gained.statements.len() >= LISTED {
                        return gained;
                    }
                }
                Found::Undecided(reason) => {
                    gained.undecided.get_or_insert(reason);
                }
                Found::Nothing => {
                    if asked.may_be_more(|scopes| &scopes.unmatched, budget) {
                        if asked.may_be_more(|scopes| &scopes.future, budget) {
                            gained.future.push(allow.index);
                        } else {
                            gained.unmatched.push(allow.index);
                        }
                    }
                }
            }
        }
        gained
    }

    /// Whether the old policy allows what the new one does not; none where that is not decided.
    fn is_access_lost(&self, budget: &mut Budget) -> Option<bool> {
        let searches = self.searches(&self.new, &self.old).ok()?;
        let mut is_decided = true;
        for allow in self.old.allows() {
            let asked = AskedAllow::new(searches, &self.new, &self.old, allow);
            match asked.find(self.kind, budget) {
                Found::New(..) => return Some(true),
                Found::Undecided(_) => is_decided = false,
                Found::Nothing => {}
            }
        }
        is_decided.then_some(false)
    }

    /// Where to search what one policy allows beyond another; nowhere if it allows no more.
    ///
    /// # Errors
    /// Why that cannot be searched.
    fn searches(&self, from: &Side<'_>, to: &Side<'_>) -> Result<&[SearchState], String> {
        if to.policy.is_none() || to.cover.allows_no_more {
            return Ok(&[]);
        }
        let searches = match &self.search {
            PreparedSearch::NotNeeded => return Ok(&[]),
            PreparedSearch::Ready(searches) => searches,
            PreparedSearch::TooLong => return Err(TOO_HARD.to_owned()),
        };
        let unreadable =
            |search: &SearchState| search.unreadable(to).or_else(|| search.unreadable(from));
        match searches.first().and_then(unreadable) {
            Some(reason) => Err(reason),
            None => Ok(searches),
        }
    }

    /// What else a reviewer should know.
    fn remarks(&self, gained: &Gained, budget: &mut Budget) -> Vec<String> {
        let mut remarks = Vec::new();
        let (PreparedSearch::Ready(searches), Some(new)) = (&self.search, self.new.policy) else {
            return remarks;
        };
        for index in &gained.unmatched {
            remarks.push(format!(
                "Statement {index} of the new policy names S3 actions on resources that they do not \
                 act on. That allows nothing; a check that does not match actions to resources, such as \
                 IAM Access Analyzer's, reports it as new access."
            ));
        }
        let names_account = |policy: &Policy| {
            policy.with_effect(Effect::Allow).any(|statement| {
                statement
                    .principal
                    .iter()
                    .flat_map(|element| &element.items)
                    .any(|item| matches!(item, Principal::Account(_)))
            })
        };
        if !self.old.policy.is_some_and(names_account) {
            return remarks;
        }
        for allow in new.with_effect(Effect::Allow) {
            let is_new = gained
                .statements
                .iter()
                .any(|found| found.index == allow.index);
            let asked = AskedAllow::new(searches, &self.old, &self.new, allow);
            if !is_new && asked.is_stronger(budget) {
                remarks.push(format!(
                    "Statement {index} of the new policy grants directly what the old policy granted \
                     to the account: the account's identity policies no longer need to allow it.",
                    index = allow.index
                ));
            }
        }
        remarks
    }
}

impl<'a> Side<'a> {
    fn allows(&self) -> impl Iterator<Item = &'a Statement> + use<'a> {
        let policy = self.policy.into_iter();
        policy.flat_map(|policy| policy.with_effect(Effect::Allow))
    }
}

impl SearchState {
    fn unreadable(&self, side: &Side<'_>) -> Option<String> {
        self.documents.unreadable(side.document?)
    }
}

/// An Allow of one policy, asked about against the other.
struct AskedAllow<'a> {
    searches: &'a [SearchState],
    from: &'a Side<'a>,
    to: &'a Side<'a>,
    allow: &'a Statement,
}

impl<'a> AskedAllow<'a> {
    const fn new(
        searches: &'a [SearchState],
        from: &'a Side<'a>,
        to: &'a Side<'a>,
        allow: &'a Statement,
    ) -> Self {
        Self {
            searches,
            from,
            to,
            allow,
        }
    }

    /// A request that its policy allows by it and the other policy does not.
    fn find(&self, kind: Attachment, budget: &mut Budget) -> Found<'a> {
        let mut undecided = None;
        for search in self.searches {
            let scopes: Vec<&AccessScope> = self.named_in(&search.scopes.today).collect();
            for question in self.questions() {
                for scope in &scopes {
                    let found = match question.ask(search, scope, budget) {
                        AccessAnswer::Satisfiable(found) => {
                            self.checked(found.request, kind, budget)
                        }
                        AccessAnswer::Unsatisfiable => continue,
                        AccessAnswer::Undecided(reason) => Err(reason),
                    };
                    match found {
                        Ok(request) => return Found::New(request, question.denied_by),
                        Err(reason) => undecided = Some(reason),
                    }
                }
            }
        }
        undecided.map_or(Found::Nothing, Found::Undecided)
    }

    fn questions(&self) -> impl Iterator<Item = AllowQuestion<'a>> {
        self.not_allowed().into_iter().chain(self.denied())
    }

    /// What the Allow matches, and neither a Deny of its policy nor an Allow of the other one does; none
    /// where an Allow of the other one covers it.
    fn not_allowed(&self) -> Option<AllowQuestion<'a>> {
        if self.to.cover.is_allowed(self.allow) {
            return None;
        }
        let mut denies = self.own_denies();
        denies.extend(self.from.document.map(StatementSet::allows));
        Some(AllowQuestion {
            musts: vec![vec![self.must()?]],
            denies,
            denied_by: None,
        })
    }

    /// For each Deny of the other policy that none of its own covers: what the Allow and that Deny match,
    /// and no Deny of its policy does.
    fn denied(&self) -> impl Iterator<Item = AllowQuestion<'a>> {
        let (must, own_denies) = (self.must(), self.own_denies());
        let (cover, document) = (&self.to.cover, self.from.document);
        let of_other = self.from.policy.into_iter();
        of_other
            .flat_map(|policy| policy.with_effect(Effect::Deny))
            .filter(|deny| !cover.is_denied(deny))
            .filter_map(move |deny| {
                let deny_set = StatementSet::denies(document?).only(deny.index);
                Some(AllowQuestion {
                    musts: vec![vec![must?], vec![deny_set]],
                    denies: own_denies.clone(),
                    denied_by: Some(deny),
                })
            })
    }

    /// The Allow itself, as a must.
    fn must(&self) -> Option<StatementSet> {
        Some(StatementSet::allows(self.to.document?).only(self.allow.index))
    }

    /// Those of the scopes that may hold an action that it names.
    fn named_in<'s>(&'s self, scopes: &'s [AccessScope]) -> impl Iterator<Item = &'s AccessScope> {
        // What could not be read may name any action.
        let is_readable = self.to.policy.is_some_and(covered::is_readable);
        scopes.iter().filter(move |scope| {
            !is_readable || kind::may_name(&self.allow.action, scope.actions())
        })
    }

    /// The denies of the policy that it is in.
    fn own_denies(&self) -> Vec<StatementSet> {
        self.to
            .document
            .map(StatementSet::denies)
            .into_iter()
            .collect()
    }

    /// Whether the policy may allow more by it, of requests that need no witness.
    fn may_be_more(
        &self,
        scopes: impl Fn(&RequestScopes) -> &[AccessScope],
        budget: &mut Budget,
    ) -> bool {
        let Some(question) = self.not_allowed() else {
            return false;
        };
        self.searches.iter().any(|search| {
            self.named_in(scopes(&search.scopes))
                .any(|scope| question.is_answered(search, scope, budget))
        })
    }

    /// Whether it grants to a principal what the other policy grants to its account only.
    fn is_stronger(&self, budget: &mut Budget) -> bool {
        let (Some(must), Some(before)) = (self.must(), self.from.document) else {
            return false;
        };
        let mut denies = self.own_denies();
        denies.push(StatementSet::allows(before).at_least(Delegation::Role));
        let question = AllowQuestion {
            musts: vec![vec![must.at_least(Delegation::Role)]],
            denies,
            denied_by: None,
        };
        self.searches.iter().any(|search| {
            let mut scopes = search.scopes.today.iter();
            scopes.any(|scope| question.is_answered(search, scope, budget))
        })
    }

    /// About how many steps the evaluator needs for a request, with both policies.
    const fn evaluation_steps(&self) -> usize {
        self.from.steps.saturating_add(self.to.steps)
    }

    /// Hands a request to the evaluator. Without one, the account behind a canonical user id is the
    /// caller, and there is no ARN to ask about.
    fn checked(
        &self,
        mut request: Option<Request>,
        kind: Attachment,
        budget: &mut Budget,
    ) -> Result<Option<Request>, String> {
        if let Some(request) = &mut request {
            if kind == Attachment::Identity {
                owned_by_caller(request);
            }
            if budget.spend_reading(self.evaluation_steps()).is_err() {
                return Err(TOO_HARD.to_owned());
            }
            if !self.stands(request, kind) {
                return Err(INCONSISTENT.to_owned());
            }
        }
        Ok(request)
    }

    /// What was found, as a reviewer reads it.
    fn described(
        &self,
        mut request: Option<Request>,
        denied_by: Option<&Statement>,
        kind: Attachment,
        budget: &mut Budget,
    ) -> NewAccess {
        if let Some(request) = &mut request {
            sentence::make_readable(request, |other| {
                budget.spend_reading(self.evaluation_steps()).is_ok() && self.stands(other, kind)
            });
        }
        NewAccess {
            index: self.allow.index,
            sid: self.allow.sid.clone(),
            because: sentence::because(self.allow, denied_by, request.as_ref()),
            witness: request,
        }
    }

    /// Whether the evaluator agrees: its policy allows the request, and the other one does not.
    fn stands(&self, request: &Request, kind: Attachment) -> bool {
        let allows = |side: &Side<'_>| match side.policy {
            None => Some(false),
            Some(policy) => side
                .judge
                .get_or_init(|| DocumentJudge::new(policy, kind.policy_kind()))
                .allows(request),
        };
        implausible(request).is_none()
            && allows(self.to) == Some(true)
            && allows(self.from) == Some(false)
    }
}

/// A question about an Allow.
struct AllowQuestion<'a> {
    musts: Vec<Vec<StatementSet>>,
    denies: Vec<StatementSet>,
    /// The Deny of the other policy that is one of the musts.
    denied_by: Option<&'a Statement>,
}

impl AllowQuestion<'_> {
    fn ask(&self, search: &SearchState, scope: &AccessScope, budget: &mut Budget) -> AccessAnswer {
        if budget.spend_reading(1).is_err() {
            return AccessAnswer::Undecided(TOO_HARD.to_owned());
        }
        let question = RuleQuestion {
            musts: &self.musts,
            denies: &self.denies,
            bounded: false,
            scope,
        };
        search
            .documents
            .ask_callers(&search.callers, question, budget)
    }

    fn is_answered(&self, search: &SearchState, scope: &AccessScope, budget: &mut Budget) -> bool {
        matches!(
            self.ask(search, scope, budget),
            AccessAnswer::Satisfiable(_)
        )
    }
}

/// How long the texts of a policy are, in characters, each text counted as at least four.
fn length(policy: &Policy) -> usize {
    let patterns = |items: &[crate::pattern::Pattern]| -> usize {
        items.iter().map(|item| item.tokens.len() + 4).sum()
    };
    let of_statement = |statement: &Statement| -> usize {
        let values = statement
            .conditions
            .iter()
            .flat_map(|condition| &condition.values)
            .map(|value| value.len() + 4);
        let principals = statement
            .principal
            .iter()
            .map(|element| element.items.len());
        patterns(&statement.action.items)
            + statement
                .resource
                .iter()
                .map(|element| patterns(&element.items))
                .sum::<usize>()
            + values.sum::<usize>()
            + principals.sum::<usize>() * 4
            + 4
    };
    policy.statements.iter().map(of_statement).sum()
}

/// About how many steps the evaluator needs for a request.
fn evaluation_steps(policy: &Policy) -> usize {
    length(policy) / 4
}

/// About how many steps it takes to compile a policy for the prover. Each pattern of an action is matched
/// against the whole catalogue.
fn compilation_steps(policy: &Policy) -> usize {
    let actions = policy
        .statements
        .iter()
        .map(|statement| statement.action.items.len());
    let conditions = policy
        .statements
        .iter()
        .map(|statement| statement.conditions.len());
    length(policy) + actions.sum::<usize>() * 64 + conditions.sum::<usize>() * 64
}

/// An identity policy speaks of what is in the holder's own account, unless it says otherwise.
fn owned_by_caller(request: &mut Request) {
    if request.context.contains_key("aws:ResourceAccount") {
        return;
    }
    if let RequestPrincipal::Arn(arn) = &request.principal
        && let Some(account) = arn.split(':').nth(4)
    {
        account.clone_into(&mut request.resource_account);
    }
}
