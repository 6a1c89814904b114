//! Fixes of a bucket: which of its findings one change settles, and in which order.
//!
//! First what lets somebody in or only adds to what is there (the policy, encryption, versioning,
//! lifecycle, logging), then what shuts others out (website, replication, ACLs), and Block Public
//! Access last: from then on S3 refuses policies and ACLs that are public.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::change::Change;
use super::draft::Draft;
use super::policy::{self, Draft as Document};
use super::public::{Neighbour, is_public, why, would_break};
use super::{Case, Problem, data_events, keys, logging};
use crate::report::plan::{Effort, Level};
use coldbucket_policy::guards;
use coldbucket_policy::{Policy, PolicyKind};

/// Days after which an upload that was never finished is given up.
const ABORT_AFTER_DAYS: u32 = 7;
/// Days for which old versions are kept, in the command that somebody has to decide on.
const KEEP_VERSIONS_DAYS: u32 = 90;
/// The checks that a rule about unfinished uploads settles.
const UPLOAD_CHECKS: [&str; 2] = ["s3-no-lifecycle", "s3-incomplete-uploads-kept"];
/// The longest signature a Deny lets through, ms, where the check does not say.
const SIGNATURE_MS: u64 = 3_600_000;

/// Services that say for which account they act when they come to a bucket (their own user guides,
/// "confused deputy", copy of 2026). Others may not, and a condition would shut them out.
const SAYS_ITS_SOURCE: [&str; 8] = [
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "delivery.logs.amazonaws.com",
    "logging.s3.amazonaws.com",
    "s3.amazonaws.com",
    "serverlessrepo.amazonaws.com",
    "sns.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
];

/// The lifecycle rule that ends old versions.
fn expire() -> Value {
    json!({
        "ID": "expire-old-versions", "Status": "Enabled", "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": KEEP_VERSIONS_DAYS},
    })
}

/// The findings of one bucket, by check, each taken once.
struct Findings<'p>(BTreeMap<&'p str, Vec<&'p Problem>>);

impl<'p> Findings<'p> {
    fn take(&mut self, checks: &[&'p str]) -> Vec<&'p Problem> {
        checks
            .iter()
            .flat_map(|check| self.0.remove(check).unwrap_or_default())
            .collect()
    }
}

/// Plans what is known about buckets.
pub(super) fn plan<'p>(
    case: &Case<'_, '_>,
    problems: Vec<&'p Problem>,
    drafts: &mut Vec<Draft>,
    rest: &mut Vec<&'p Problem>,
) {
    let Some(bucket) = Neighbour::of(case.facts, case.subject) else {
        rest.extend(problems);
        return;
    };
    let mut findings = Findings(BTreeMap::new());
    for problem in problems {
        findings
            .0
            .entry(&problem.finding.check)
            .or_default()
            .push(problem);
    }
    let planner = Planner { case, bucket };
    planner.policy(&mut findings, drafts);
    planner.encryption(&mut findings, drafts);
    planner.rotation(&mut findings, drafts);
    let ends_new_versions = planner.versioning(&mut findings, drafts);
    planner.lifecycle(&mut findings, drafts, ends_new_versions);
    planner.logging(&mut findings, drafts);
    planner.data_events(&mut findings, drafts);
    planner.website(&mut findings, drafts);
    planner.replication(&mut findings, drafts);
    planner.acls(&mut findings, drafts);
    planner.public_access(&mut findings, drafts);
    rest.extend(findings.0.into_values().flatten());
}

pub(super) struct Planner<'c, 'f> {
    pub(super) case: &'c Case<'c, 'f>,
    pub(super) bucket: Neighbour<'f>,
}

/// A change of a policy.
type Edit = Box<dyn Fn(&mut Document)>;

/// A change of the policy that waits for a decision, on top of those that do not.
struct Pending<'p> {
    problems: Vec<&'p Problem>,
    what: String,
    risk: String,
    decide: String,
    edit: Option<Edit>,
}

/// What a key of the customer's asks of everybody.
const NEEDS_THE_KEY: &str =
    "Whoever reads or writes needs kms:Decrypt and kms:GenerateDataKey on the key besides.";

/// Says what a key of the customer's brings.
fn encrypts_with_key(draft: &mut Draft, problems: &[&Problem], buckets: usize) {
    draft.mends(problems);
    draft.effect(format!(
        "New objects are encrypted with that key, which {} already; old ones stay as they are.",
        if buckets == 1 {
            "one bucket of the Region uses".to_owned()
        } else {
            format!("{buckets} buckets of the Region use")
        }
    ));
    draft.risk(Level::High, NEEDS_THE_KEY);
    draft.effort = Effort::Hours;
}

impl<'p> Planner<'_, '_> {
    fn name(&self) -> &str {
        &self.bucket.facts.name
    }

    fn draft(&self, what: impl Into<String>) -> Draft {
        self.case.draft(what)
    }

    fn is_decided(&self, problems: &[&Problem]) -> bool {
        !problems.is_empty()
            && problems
                .iter()
                .all(|problem| (self.case.decided)(&problem.finding.check))
    }

    /// Everything that is a change of the policy, as one.
    fn policy(&self, findings: &mut Findings<'p>, drafts: &mut Vec<Draft>) {
        let statements = findings.take(&[
            "s3-plain-http",
            "s3-presigned-url-long-lived",
            "s3-sigv2-accepted",
        ]);
        let tls = findings.take(&["s3-tls-1-2-accepted"]);
        let services = findings.take(&["s3-service-without-source"]);
        let headers = findings.take(&["s3-uploads-need-a-header"]);
        let outsiders = findings.take(&["s3-cross-account-access"]);
        // Turning ACLs off is planned later; what they grant to log delivery moves here first.
        let carries = self.carries_log_delivery() && findings.0.contains_key("s3-acls-enabled");
        if statements.is_empty()
            && tls.is_empty()
            && services.is_empty()
            && headers.is_empty()
            && outsiders.is_empty()
            && !carries
        {
            return;
        }
        let (was, mut document) = match self.document() {
            Ok(found) => found,
            Err(because) => {
                let mut draft = self.draft(format!("Change the policy of {}.", self.name()));
                draft.mends(&[statements, tls, services, headers, outsiders].concat());
                draft.decide(because);
                drafts.push(draft);
                return;
            }
        };
        let mut draft = self.draft(String::new());
        let mut what = Vec::new();
        if carries {
            document.add(
                "S3ServerAccessLogs",
                policy::allow_log_delivery(&self.bucket.facts.arn, &self.bucket.facts.account),
            );
            what.push("let log delivery in");
            draft.mends(findings.0.get("s3-acls-enabled").map_or(&[], Vec::as_slice));
            draft.effect("Access logs keep arriving once ACLs are off.");
        }
        for problem in &statements {
            what.push(self.deny(problem, &mut document, &mut draft));
        }
        draft.mends(&statements);
        if !headers.is_empty() {
            self.spare(was.as_deref(), &mut document);
            what.push("let uploads through that leave their encryption to the default");
            draft.mends(&headers);
            draft.effect("Uploads without an encryption header are encrypted by the default; a wrong header is still refused.");
            draft.risk(Level::Low, "Nothing that was accepted is refused.");
        }
        let mut pending = Vec::new();
        for problem in services {
            match self.service(problem) {
                Ok(edit) => {
                    edit(&mut document);
                    what.push("tie the service to this account");
                    draft.mends(&[problem]);
                    draft.effect("The service only acts here for resources of this account.");
                    draft.risk(
                        Level::Medium,
                        "A service that delivers for another account of yours stops.",
                    );
                }
                Err(waits) => pending.push(waits),
            }
        }
        pending.extend(self.outsiders(&outsiders));
        if !tls.is_empty() {
            pending.push(self.deny_tls_1_2(tls));
        }
        // What is decided joins the one put; the rest waits behind it.
        let (decided, waiting): (Vec<Pending<'_>>, Vec<Pending<'_>>) = pending
            .into_iter()
            .partition(|waits| waits.edit.is_some() && self.is_decided(&waits.problems));
        for waits in decided {
            if let Some(edit) = &waits.edit {
                edit(&mut document);
            }
            draft.mends(&waits.problems);
            draft.risk(Level::High, waits.risk);
            draft.effect(waits.what);
            what.push("take out what you decided to");
        }
        let mut before = was;
        if document.is_changed() {
            what.dedup();
            draft.what = format!("In the policy of {}: {}.", self.name(), what.join("; "));
            self.guard(&document, &mut draft);
            let now = (!document.is_empty()).then(|| document.document());
            let text = now.as_ref().map(Value::to_string);
            draft.changes.push(Change::Policy { was: before, now });
            before = text;
            drafts.push(draft);
        }
        for waits in waiting {
            let mut draft = self.draft(waits.what);
            draft.mends(&waits.problems);
            draft.risk(Level::High, waits.risk);
            draft.decide(waits.decide);
            if let Some(edit) = &waits.edit {
                let mut document = document.clone();
                edit(&mut document);
                self.guard(&document, &mut draft);
                draft.changes.push(Change::Policy {
                    was: before.clone(),
                    now: (!document.is_empty()).then(|| document.document()),
                });
            }
            drafts.push(draft);
        }
    }

    /// The policy as it was read, and a copy to work on.
    fn document(&self) -> Result<(Option<String>, Document), String> {
        let Some(text) = self.bucket.standing.policy.known() else {
            return Err(format!(
                "The policy of {} is not known ({}), and putting one replaces it: read it first.",
                self.name(),
                why(&self.bucket.standing.policy)
            ));
        };
        let sound = self.bucket.facts.policy.malformed.known() == Some(&false);
        match Document::new(*text) {
            Some(document) if sound => Ok((text.map(str::to_owned), document)),
            _ => Err(format!(
                "The policy of {} cannot be read as one: write it again, then make the plan again.",
                self.name()
            )),
        }
    }

    /// Adds the Deny of a check; what it does, for the sentence.
    fn deny(&self, problem: &Problem, document: &mut Document, draft: &mut Draft) -> &'static str {
        let arn = &self.bucket.facts.arn;
        match problem.finding.check.as_str() {
            "s3-plain-http" => {
                document.add("DenyPlainHttp", policy::deny_plain_http(arn));
                draft.effect("Requests over plain HTTP are refused.");
                draft.risk(
                    Level::Low,
                    "Clients that are set to http:// stop; a website endpoint speaks nothing else.",
                );
                "deny plain HTTP"
            }
            "s3-presigned-url-long-lived" => {
                let limit = problem
                    .params
                    .get("max_age_ms")
                    .and_then(Value::as_u64)
                    .unwrap_or(SIGNATURE_MS);
                document.add(
                    "DenyOldSignatures",
                    self.spared(policy::deny_old_signatures(arn, limit)),
                );
                draft.effect(format!(
                    "Presigned URLs end {} after they were signed, whatever their expiry says.",
                    if limit.is_multiple_of(60_000) {
                        format!("{} minutes", limit / 60_000)
                    } else {
                        format!("{limit} ms")
                    }
                ));
                draft.risk(
                    Level::Medium,
                    "Longer-lived links that were handed out stop.",
                );
                "deny old signatures"
            }
            // s3-sigv2-accepted.
            _ => {
                document.add(
                    "DenySignatureVersion2",
                    self.spared(policy::deny_signature_v2(arn)),
                );
                draft.effect("Signature Version 2 is refused.");
                draft.risk(Level::Medium, "Clients from before 2014 stop.");
                "deny Signature Version 2"
            }
        }
    }

    /// The Deny of TLS 1.2: who is left behind cannot be seen from here.
    fn deny_tls_1_2(&self, problems: Vec<&'p Problem>) -> Pending<'p> {
        let deny = self.spared(policy::deny_tls_1_2(&self.bucket.facts.arn));
        Pending {
            problems,
            what: format!("Accept nothing but TLS 1.3 for {}.", self.name()),
            risk: "Clients without TLS 1.3 stop, and so do PrivateLink endpoints and Multi-Region Access Points, which do not have it.".to_owned(),
            decide: format!(
                "Does every client of {} speak TLS 1.3? The TLS version in its access log tells, or tlsDetails in CloudTrail's data events.",
                self.name()
            ),
            edit: Some(Box::new(move |document| {
                document.add("DenyTls12", deny.clone());
            })),
        }
    }

    /// A Deny that leaves out what AWS services deliver here.
    fn spared(&self, deny: Value) -> Value {
        if self.is_written_to_by_services() {
            policy::spare_services(deny)
        } else {
            deny
        }
    }

    /// True when AWS services deliver here: access logs, trails, and what else the policy lets in.
    fn is_written_to_by_services(&self) -> bool {
        let policy = self.bucket.standing.policy.known().copied().flatten();
        self.bucket.facts.logging.is_log_target.known() == Some(&true)
            || policy.is_some_and(|text| {
                let policy = Policy::parse(text, PolicyKind::Resource);
                guards::names_services(&policy)
            })
    }

    /// Mends the statements that refuse uploads without a header.
    fn spare(&self, was: Option<&str>, document: &mut Document) {
        let parsed = Policy::parse(was.unwrap_or_default(), PolicyKind::Resource);
        for position in guards::denying_without_header(&parsed) {
            let mut is_left = true;
            document.edit(position, |statement| {
                is_left = policy::spare_default_uploads(statement);
            });
            if !is_left {
                document.remove(position);
            }
        }
    }

    /// Ties a service to the account, or says why somebody has to decide.
    fn service(&self, problem: &'p Problem) -> Result<Edit, Pending<'p>> {
        let item = problem.finding.item.as_deref().unwrap_or_default();
        let (position, service) = item.split_once(' ').unwrap_or_default();
        let edit = position.parse::<usize>().ok().map(|position| {
            let account = self.bucket.facts.account.clone();
            Box::new(move |document: &mut Document| {
                document.edit(position, |statement| {
                    policy::scope_to_account(statement, &account);
                });
            }) as Edit
        });
        match edit {
            Some(edit) if SAYS_ITS_SOURCE.contains(&service) => Ok(edit),
            edit => Err(Pending {
                problems: vec![problem],
                what: format!(
                    "In the policy of {}: tie {service} to this account.",
                    self.name()
                ),
                risk: "If the service does not say for whom it acts, it is shut out.".to_owned(),
                decide: format!(
                    "Find out whether {service} sends aws:SourceAccount when it comes to S3; its own guide says so under \"confused deputy\"."
                ),
                edit,
            }),
        }
    }

    /// Takes named accounts out of the policy; for those whom the ACL names see [`Self::acls`].
    fn outsiders(&self, problems: &[&'p Problem]) -> Vec<Pending<'p>> {
        let named = self.bucket.facts.exposure.other_accounts.known();
        let via = |account: &str| {
            named
                .into_iter()
                .flatten()
                .find(|outsider| outsider.account == account)
                .map_or("policy", |outsider| outsider.via.as_str())
        };
        problems
            .iter()
            .map(|problem| {
                let account = problem.finding.item.clone().unwrap_or_default();
                let by_policy = via(&account) == "policy";
                let removable = by_policy
                    && self
                        .document()
                        .is_ok_and(|(_, mut document)| document.forget_account(&account));
                let who = account.clone();
                let edit = removable.then(|| {
                    Box::new(move |document: &mut Document| {
                        document.forget_account(&who);
                    }) as Edit
                });
                let how = match (by_policy, removable) {
                    (_, true) => "",
                    (false, _) => " The ACL names it: turn ACLs off, or put the ACL again without it.",
                    _ => " A condition names it, not a principal: change the statement by hand.",
                };
                Pending {
                    problems: vec![*problem],
                    what: format!("Take {account} out of who may use {}.", self.name()),
                    risk: format!("{account} loses its access."),
                    decide: format!(
                        "Is {account} meant to have this access? If so, declare it under trusted_accounts or trusted_organizations in coldbucket.toml; if not, take it out.{how}"
                    ),
                    edit,
                }
            })
            .collect()
    }

    /// What stands against putting the document.
    fn guard(&self, document: &Document, draft: &mut Draft) {
        let size = document.text().len();
        if size > policy::LARGEST {
            draft.decide(format!(
                "The policy would have {size} bytes and S3 takes {}: shorten it first, for example by joining statements or moving grants to access points.",
                policy::LARGEST
            ));
        }
        let blocked = self
            .bucket
            .facts
            .public_access_block
            .block_public_policy
            .known()
            != Some(&false);
        if blocked && is_public(&self.bucket.facts) == Some(true) {
            draft.decide(format!(
                "BlockPublicPolicy is on, or it is not known, and the policy of {} is public: S3 refuses to put any policy that still is. Decide on the public statement first.",
                self.name()
            ));
        }
    }

    /// Members of the encryption rule, merged; a key is chosen where there is one to choose.
    fn encryption(&self, findings: &mut Findings<'p>, drafts: &mut Vec<Draft>) {
        let no_key = findings.take(&["s3-no-kms-key", "s3-key-managed-by-aws"]);
        let alias = findings.take(&["s3-key-by-alias"]);
        let bucket_key = findings.take(&["s3-bucket-key-disabled"]);
        let sse_c = findings.take(&["s3-sse-c-allowed"]);
        let known = self.bucket.standing.encryption.known().copied();
        let mut was = known.flatten().cloned().unwrap_or_default();
        was.kms_key = was.kms_key.filter(|key| !key.is_empty());
        let mut draft = self.draft(String::new());
        let mut what = Vec::new();
        let mut default = None;
        let mut waiting = None;
        if !no_key.is_empty() {
            match self.key_to_use(&no_key) {
                Ok((key, number)) if self.is_decided(&no_key) => {
                    what.push(format!("encrypt with {key}"));
                    encrypts_with_key(&mut draft, &no_key, number);
                    default = Some((String::from("aws:kms"), key));
                }
                Ok((key, number)) => {
                    let mut waits = self.draft(format!(
                        "In the default encryption of {}: encrypt with {key}.",
                        self.name()
                    ));
                    encrypts_with_key(&mut waits, &no_key, number);
                    waits.decide(format!(
                        "May everybody who reads and writes {} use the key, accounts and services that it is shared with among them? New objects stay closed to whoever may not.",
                        self.name()
                    ));
                    waits.changes.push(Change::Encryption {
                        was: was.clone(),
                        default: Some((String::from("aws:kms"), key)),
                        bucket_key: true,
                        block_sse_c: !sse_c.is_empty(),
                    });
                    waiting = Some(waits);
                }
                Err(waits) => drafts.push(*waits),
            }
        }
        if !alias.is_empty() {
            let foreign = self.bucket.facts.key.foreign.known() != Some(&false);
            match self.bucket.standing.key.known() {
                Some(Some(key)) if !foreign => {
                    let algorithm = was
                        .algorithm
                        .clone()
                        .unwrap_or_else(|| "aws:kms".to_owned());
                    what.push(format!("name the key itself, {key}"));
                    draft.mends(&alias);
                    draft.effect("Objects are encrypted with this very key, whoever uploads.");
                    draft.risk(
                        Level::Low,
                        "Moving the alias to another key no longer moves the bucket.",
                    );
                    default = default.or_else(|| Some((algorithm, (*key).to_owned())));
                }
                _ => {
                    let mut waits =
                        self.draft(format!("Name the key of {} by its ARN.", self.name()));
                    waits.mends(&alias);
                    waits.decide("Which key the alias stands for could not be read, or it is another account's: look it up and name the key.");
                    drafts.push(waits);
                }
            }
        }
        let with_key = default.is_some() && !no_key.is_empty();
        if !bucket_key.is_empty() {
            what.push("turn on the S3 Bucket Key".to_owned());
            draft.mends(&bucket_key);
            draft.effect("S3 asks KMS far less often, which costs less.");
            draft.risk(
                Level::Low,
                "Key policies that test the encryption context of single objects no longer match.",
            );
        }
        if !sse_c.is_empty() {
            what.push("block SSE-C".to_owned());
            draft.mends(&sse_c);
            draft.effect("Nobody can write objects under a key of their own; those that are there stay readable to whoever has the key.");
            draft.risk(Level::Medium, "Uploads with SSE-C headers are refused.");
        }
        if what.is_empty() {
            drafts.extend(waiting);
            return;
        }
        draft.what = format!(
            "In the default encryption of {}: {}.",
            self.name(),
            what.join("; ")
        );
        draft.changes.push(Change::Encryption {
            was,
            default,
            bucket_key: !bucket_key.is_empty() || with_key,
            block_sse_c: !sse_c.is_empty(),
        });
        drafts.push(draft);
        drafts.extend(waiting);
    }

    /// The key to use, or a fix that asks for one.
    fn key_to_use(&self, problems: &[&Problem]) -> Result<(String, usize), Box<Draft>> {
        let facts = &self.bucket.facts;
        let ask = |because: String| {
            let mut draft = self.draft(format!(
                "Encrypt {} with a KMS key of your own.",
                self.name()
            ));
            draft.mends(problems);
            draft.effect("New objects are encrypted with a key that you govern.");
            draft.risk(Level::High, NEEDS_THE_KEY);
            draft.decide(because);
            Box::new(draft)
        };
        if facts.exposure.public.read.known() != Some(&false) {
            return Err(ask(format!(
                "{} can be read without credentials, or it is not known, and objects under a KMS key cannot: decide on that first.",
                self.name()
            )));
        }
        let uncopied: Option<Vec<&str>> = facts.replication.rules.known().map(|rules| {
            rules
                .iter()
                .filter(|rule| !rule.copies_kms)
                .map(|rule| rule.id.as_str())
                .collect()
        });
        if uncopied.as_ref().is_none_or(|rules| !rules.is_empty()) {
            return Err(ask(format!(
                "Replication of {} {}, and leaves objects under KMS keys out unless a rule says otherwise: let the rules copy them first, with a key for the replicas.",
                self.name(),
                match uncopied {
                    Some(rules) => format!("goes by {}", rules.join(", ")),
                    None => "could not be read".to_owned(),
                }
            )));
        }
        let others: Vec<&str> = facts
            .exposure
            .other_accounts
            .known()
            .into_iter()
            .flatten()
            .map(|outsider| outsider.account.as_str())
            .collect();
        if !others.is_empty() {
            return Err(ask(format!(
                "{} shares with {}, who would need kms:Decrypt in the key's policy as well: choose a key whose policy lets them.",
                self.name(),
                others.join(", ")
            )));
        }
        keys::choose(self.case.surroundings, &self.bucket).ok_or_else(|| {
            ask(format!(
                "No bucket of {} uses a KMS key of yours: choose or create one (aws kms create-key), and decide who may use it.",
                facts.region
            ))
        })
    }

    fn rotation(&self, findings: &mut Findings<'p>, drafts: &mut Vec<Draft>) {
        self.unusable(findings, drafts);
        let problems = findings.take(&["s3-key-not-rotated"]);
        if problems.is_empty() {
            return;
        }
        let mut draft = self.draft(String::new());
        draft.mends(&problems);
        match self.bucket.standing.key.known() {
            Some(Some(key)) => {
                draft.what = format!("Rotate {key} every year.");
                draft.effect("KMS makes new key material once a year; what was encrypted stays readable, ARN and alias stay.");
                draft.risk(
                    Level::Low,
                    "Each of the first two rotations adds to the key's monthly price.",
                );
                if self.bucket.facts.key.usable.known() != Some(&true) {
                    draft.decide("KMS rotates only a key that works, and this one does not, or it is not known: decide on that first.");
                }
                draft.changes.push(Change::RotateKey {
                    key: (*key).to_owned(),
                });
            }
            _ => {
                draft.what = format!("Rotate the key of {}.", self.name());
                draft.decide("Which key it is could not be read.");
            }
        }
        drafts.push(draft);
    }

    /// A key that is there and does not work. Whoever switched it off had a reason.
    fn unusable(&self, findings: &mut Findings<'p>, drafts: &mut Vec<Draft>) {
        let state = self.bucket.facts.key.state.known().map(String::as_str);
        let (Some("Disabled" | "PendingDeletion"), Some(Some(key))) =
            (state, self.bucket.standing.key.known())
        else {
            return;
        };
        let problems = findings.take(&["s3-key-unusable"]);
        if problems.is_empty() {
            return;
        }
        let mut draft = self.draft(format!("Enable {key}."));
        draft.mends(&problems);
        draft.effect("Objects that it encrypted can be read again, and uploads work.");
        draft.risk(
            Level::High,
            "If it was switched off to keep somebody out, they get in again.",
        );
        draft.decide("Find out who switched the key off, or set it to be deleted, and why.");
        draft.changes.push(Change::EnableKey {
            key: (*key).to_owned(),
            pending: state == Some("PendingDeletion"),
        });
        drafts.push(draft);
    }

    /// Versioning on. True when the lifecycle rules, which are put as a whole, have to end the old
    /// versions as well.
    fn versioning(&self, findings: &mut Findings<'p>, drafts: &mut Vec<Draft>) -> bool {
        let problems = findings.take(&["s3-no-versioning"]);
        if problems.is_empty() {
            return false;
        }
        let status = self.bucket.facts.versioning.status.known();
        let expires = &self.bucket.facts.lifecycle.expires_noncurrent;
        // Where there never was a version, a rule that ends them takes nothing from anybody; where
        // there are some, how long they are kept is somebody's decision.
        let with_rule = status.is_some_and(|status| status == "Never")
            && expires.known().is_some_and(|expires| expires == "none");
        let more_rules = UPLOAD_CHECKS
            .iter()
            .any(|check| findings.0.contains_key(check));
        let mut draft = self.draft(format!("Turn on versioning of {}.", self.name()));
        draft.mends(&problems);
        draft.effect("Overwritten and deleted objects stay as old versions; versioning can be suspended later, not removed.");
        draft.changes.push(Change::Versioning {
            known: status.is_some_and(|status| status != "Never"),
        });
        if with_rule {
            draft.effect(format!(
                "A lifecycle rule ends old versions after {KEEP_VERSIONS_DAYS} days{}.",
                if more_rules {
                    " (with the rule for uploads)"
                } else {
                    ""
                }
            ));
            draft.risk(
                Level::Low,
                "Old versions cost storage as long as they stay.",
            );
        } else {
            draft.risk(
                Level::Low,
                "Old versions cost storage until a lifecycle rule ends them.",
            );
        }
        if with_rule && !more_rules {
            draft.changes.push(Change::Lifecycle {
                rules: vec![expire()],
                others: self.rules(),
            });
        }
        drafts.push(draft);
        with_rule && more_rules
    }

    /// The names of the lifecycle rules there are.
    fn rules(&self) -> Vec<String> {
        let rules = self.bucket.standing.lifecycle.known().copied().flatten();
        rules
            .into_iter()
            .flatten()
            .map(|rule| {
                if rule.id.is_empty() {
                    "one without a name".to_owned()
                } else {
                    rule.id.clone()
                }
            })
            .collect()
    }

    fn lifecycle(
        &self,
        findings: &mut Findings<'p>,
        drafts: &mut Vec<Draft>,
        ends_new_versions: bool,
    ) {
        let uploads = findings.take(&UPLOAD_CHECKS);
        let versions = findings.take(&["s3-old-versions-kept"]);
        let others = self.rules();
        let abort = json!({
            "ID": "abort-incomplete-uploads", "Status": "Enabled", "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_AFTER_DAYS},
        });
        let decided = self.is_decided(&versions);
        let mut draft = self.draft(format!(
            "Add a lifecycle rule to {}: give up uploads that are not finished after {ABORT_AFTER_DAYS} days.",
            self.name()
        ));
        draft.mends(&uploads);
        draft.effect("Parts of uploads that nobody finished no longer cost storage.");
        draft.risk(
            Level::Low,
            format!("An upload that takes longer than {ABORT_AFTER_DAYS} days has to begin again."),
        );
        let mut rules = vec![abort];
        let mut waits = self.draft(format!(
            "Add a lifecycle rule to {}: delete old versions after {KEEP_VERSIONS_DAYS} days.",
            self.name()
        ));
        waits.mends(&versions);
        waits.effect("Old versions end, and no longer cost storage.");
        waits.risk(
            Level::High,
            "What was overwritten or deleted longer ago than that is gone for good.",
        );
        waits.decide(format!(
            "How long do old versions of {} have to be kept? The command deletes them after {KEEP_VERSIONS_DAYS} days.",
            self.name()
        ));
        // One put: S3 replaces all rules.
        if decided && !uploads.is_empty() {
            rules.push(expire());
            draft.mends(&versions);
            draft.effect(waits.effects.join(" "));
            draft.risk(Level::High, waits.risks.join(" "));
        }
        if ends_new_versions {
            rules.push(expire());
            draft.effect(format!(
                "Old versions, which there are once versioning is on, end after {KEEP_VERSIONS_DAYS} days."
            ));
        }
        let merged = decided && !uploads.is_empty();
        if !uploads.is_empty() {
            draft.changes.push(Change::Lifecycle {
                rules,
                others: others.clone(),
            });
            drafts.push(draft);
        }
        if !versions.is_empty() && !merged {
            let others = if uploads.is_empty() {
                others
            } else {
                [others, vec!["abort-incomplete-uploads".to_owned()]].concat()
            };
            waits.changes.push(Change::Lifecycle {
                rules: vec![expire()],
                others,
            });
            drafts.push(waits);
        }
    }

    fn logging(&self, findings: &mut Findings<'p>, drafts: &mut Vec<Draft>) {
        let problems = findings.take(&[
            "s3-no-access-log",
            "s3-access-log-to-itself",
            "s3-access-log-not-delivered",
            "s3-access-log-loop",
        ]);
        let mixed = findings.take(&["s3-access-log-mixed-prefix"]);
        let target = self.bucket.facts.logging.target_bucket.known();
        match target {
            Some(target)
                if problems.is_empty()
                    && !mixed.is_empty()
                    && logging::is_fit(self.case.facts, &self.bucket, target) =>
            {
                drafts.push(self.own_prefix(&mixed, target));
            }
            _ => self.deliver_log(&[problems, mixed].concat(), drafts),
        }
    }

    /// The same target under a prefix of the bucket's own.
    fn own_prefix(&self, problems: &[&Problem], target: &str) -> Draft {
        let (name, prefix) = (self.name(), logging::prefix(&self.bucket));
        let mut draft = self.draft(format!(
            "Deliver the access log of {name} under a prefix of its own, {prefix}."
        ));
        draft.mends(problems);
        draft.effect(
            "Each log file tells by its key whose it is; those that are there stay where they are.",
        );
        draft.risk(
            Level::Low,
            "Whatever reads the logs under the old prefix no longer finds new ones.",
        );
        draft.changes.push(Change::Logging {
            target: target.to_owned(),
            prefix,
            known: true,
            kept: true,
        });
        draft
    }

    /// The access log to a bucket that takes it.
    pub(super) fn deliver_log(&self, problems: &[&Problem], drafts: &mut Vec<Draft>) {
        if problems.is_empty() {
            return;
        }
        let name = self.name();
        let known = self.bucket.facts.logging.enabled.known() == Some(&true);
        match logging::choose(self.case, &self.bucket) {
            Some(logging::Choice {
                target,
                others,
                doubt,
            }) => {
                let mut draft =
                    self.draft(format!("Deliver the access log of {name} to {target}."));
                draft.mends(problems);
                draft.effect(format!(
                    "Requests are logged under {name}/ in {target}, on a best-effort basis and hours late."
                ));
                draft.risk(
                    Level::Low,
                    if others.is_empty() {
                        "The logs cost storage.".to_owned()
                    } else {
                        format!(
                            "The logs cost storage. {} would do as well.",
                            others.join(", ")
                        )
                    },
                );
                if let Some(doubt) = doubt {
                    draft.decide(format!(
                        "Not all of what lets S3 deliver there is known ({doubt}): if it cannot, S3 says nothing and no log arrives."
                    ));
                }
                draft.changes.push(Change::Logging {
                    target: target.to_owned(),
                    prefix: logging::prefix(&self.bucket),
                    known,
                    kept: false,
                });
                drafts.push(draft);
            }
            None => {
                let mut draft = self.draft(format!(
                    "Deliver the access log of {name} to a bucket that is kept for logs."
                ));
                draft.mends(problems);
                draft.effect("Requests are logged, on a best-effort basis and hours late.");
                draft.decide(format!(
                    "There is no bucket in {} that S3 could deliver logs to: make one (SSE-S3, no default retention, not Requester Pays, a policy that lets logging.s3.amazonaws.com put objects), or record data events in CloudTrail instead.",
                    self.bucket.facts.region
                ));
                drafts.push(draft);
            }
        }
    }

    fn data_events(&self, findings: &mut Findings<'p>, drafts: &mut Vec<Draft>) {
        let read = findings.take(&["s3-no-data-events-read"]);
        let write = findings.take(&["s3-no-data-events-write"]);
        let read_only = match (read.is_empty(), write.is_empty()) {
            (true, true) => return,
            (false, true) => Some(true),
            (true, false) => Some(false),
            (false, false) => None,
        };
        let mut draft = self.draft(String::new());
        draft.mends(&[read, write].concat());
        data_events::record(self.case, &self.bucket.facts, read_only, &mut draft);
        drafts.push(draft);
    }

    fn website(&self, findings: &mut Findings<'p>, drafts: &mut Vec<Draft>) {
        let problems = findings.take(&["s3-website-hosting"]);
        if problems.is_empty() {
            return;
        }
        let mut draft = self.draft(format!("Remove the website endpoint of {}.", self.name()));
        draft.mends(&problems);
        draft.effect("The bucket answers on its S3 endpoints only, which speak TLS.");
        draft.risk(Level::High, "Whoever uses the website endpoint gets 404.");
        draft.decide("Does anybody visit it? Serve it through CloudFront with an origin access control first.");
        draft.effort = Effort::Days;
        draft.changes.push(Change::NoWebsite);
        drafts.push(draft);
    }

    fn replication(&self, findings: &mut Findings<'p>, drafts: &mut Vec<Draft>) {
        let problems = findings.take(&["s3-replication-to-nowhere", "s3-replication-to-stranger"]);
        if problems.is_empty() {
            return;
        }
        let mut names: Vec<String> = problems
            .iter()
            .filter_map(|problem| problem.finding.item.clone())
            .collect();
        names.sort();
        names.dedup();
        let rules = self.bucket.standing.replication.known().copied().flatten();
        let left = rules.map(|replication| {
            replication
                .rules
                .iter()
                .filter(|rule| !names.contains(&rule.id))
                .count()
        });
        let mut draft = self.draft(format!(
            "Take {} out of the replication of {}.",
            names.join(", "),
            self.name()
        ));
        draft.mends(&problems);
        draft.effect("Nothing is copied there any more.");
        draft.risk(
            Level::High,
            "Copies that somebody counts on are no longer made.",
        );
        draft.decide("Is the copy wanted? Then make the destination again, or name the account it belongs to in the rule; otherwise take the rule out.");
        if let Some(left) = left {
            draft.changes.push(Change::NoReplication {
                rules: names,
                all: left == 0,
            });
        }
        drafts.push(draft);
    }

    /// True when the ACL lets log delivery write and the policy does not.
    fn carries_log_delivery(&self) -> bool {
        logging::is_written_to(&self.bucket) && !logging::by_policy(&self.bucket)
    }

    fn acls(&self, findings: &mut Findings<'p>, drafts: &mut Vec<Draft>) {
        let public = findings.take(&["s3-public-acl-grant"]);
        let enabled = findings.take(&["s3-acls-enabled"]);
        // Of their own ACLs, which end with all others.
        let objects = findings.take(&["s3-sampled-object-public"]);
        let problems = [public, enabled, objects.clone()].concat();
        if problems.is_empty() {
            return;
        }
        let name = self.name();
        let mut draft = self.draft(format!("Turn ACLs of {name} off."));
        for problem in objects {
            draft.decide(format!(
                "{} That ends: whoever fetches them without credentials gets 403.",
                problem.finding.message.as_deref().unwrap_or_default()
            ));
        }
        draft.mends(&problems);
        draft
            .effect("The account owns every object in the bucket, and only policies grant access.");
        draft.risk(
            Level::Medium,
            "Uploads that set an ACL other than bucket-owner-full-control are refused, and what ACLs of single objects grant ends.",
        );
        match self.bucket.standing.grants.known() {
            None => draft.decide(format!(
                "The ACL could not be read ({}): see first whom it lets in.",
                why(&self.bucket.standing.grants)
            )),
            Some(grants) => {
                let mut who: Vec<String> = grants
                    .iter()
                    .filter(|grant| grant.grantee != "LogDelivery")
                    .map(|grant| {
                        let who = match grant.grantee.as_str() {
                            "AllUsers" => "everybody",
                            "AuthenticatedUsers" => "everybody with an AWS account",
                            other => other,
                        };
                        format!("{} to {who}", grant.permission)
                    })
                    .collect();
                who.dedup();
                if !who.is_empty() {
                    draft.decide(format!(
                        "The ACL grants {}: that ends. Move what is needed into the bucket policy first.",
                        who.join(", ")
                    ));
                }
            }
        }
        let log_delivery_waits = self.carries_log_delivery() && {
            let mut put = self.draft(String::new());
            match self.document() {
                Ok((_, document)) => self.guard(&document, &mut put),
                Err(because) => put.decide(because),
            }
            !put.decide.is_empty()
        };
        if log_delivery_waits {
            draft.decide("Access logs are delivered here by the ACL, and the policy that should take its place cannot be put yet: see above.");
        }
        draft.changes.push(Change::NoAcls {
            known: self.bucket.standing.ownership_set.known() == Some(&true),
        });
        drafts.push(draft);
    }

    fn public_access(&self, findings: &mut Findings<'p>, drafts: &mut Vec<Draft>) {
        let problems = findings.take(&[
            "s3-public-write",
            "s3-public-read",
            "s3-public-list",
            "s3-public-access-not-blocked",
        ]);
        self.block(&problems, drafts);
    }

    /// Block Public Access, if there is anything to mend.
    pub(super) fn block(&self, problems: &[&Problem], drafts: &mut Vec<Draft>) {
        if problems.is_empty() {
            return;
        }
        let mut draft = self.draft(format!("Turn on Block Public Access of {}.", self.name()));
        draft.mends(problems);
        draft.effect("Nobody outside the account gets in by a public policy or ACL, now or later.");
        let losses = would_break(&self.bucket);
        if losses.is_empty() {
            draft.risk(Level::Low, "Nothing is public now.");
        } else {
            draft.risk(
                Level::High,
                "Whoever uses it without credentials of this account is shut out.",
            );
            for loss in losses {
                draft.decide(loss);
            }
        }
        draft.changes.push(Change::BlockPublicAccess {
            known: matches!(
                self.bucket.standing.public_access_block.known(),
                Some(Some(_))
            ),
        });
        drafts.push(draft);
    }
}
