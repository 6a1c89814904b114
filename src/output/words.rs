//! What each value of a report is called, and how it is to be taken: once, for every format that
//! people read. A format only decides where a word stands and how its tone looks.

use std::borrow::Cow;

use coldbucket_policy::catalogue::{ActionClass, CLASSES};

use super::controls::ControlState;
use crate::report::cold_start::Precision;
use crate::report::numbers::{count, duration};
use crate::report::{
    AccessLog, AccessPosture, Acls, BlockPublicAccess, ClientSideEncryption, ColdStartCause,
    ColdStartDuration, ColdStartRisk, ConfigRecording, DataEvents, DefaultEncryption,
    DurationBasis, EncryptionPosture, Lever, OtherAccounts, ProvisionedState, Reach, Severity,
    SnapStartState, Source, SseC, Status, Summary,
};

/// What a piece of text means. Meaning never hangs on colour alone; the words say it too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// A heading, a name.
    Strong,
    /// Of less weight.
    Quiet,
    /// As it should be.
    Good,
    /// To be weighed.
    Warn,
    /// Wrong.
    Bad,
    /// Very wrong.
    Worst,
    /// Not known.
    Unknown,
}

impl Tone {
    /// The tone of a severity.
    pub const fn of(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Worst,
            Severity::High => Self::Bad,
            Severity::Medium => Self::Warn,
            Severity::Low => Self::Plain,
            Severity::Info => Self::Quiet,
        }
    }
}

/// A value in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The word itself.
    pub(super) text: Cow<'static, str>,
    /// How it is to be taken.
    pub(super) tone: Tone,
    /// What there is to add, for formats that have the room.
    pub(super) notes: Vec<String>,
}

const UNKNOWN: &str = "unknown";
const NOT_VISIBLE: &str = "not visible";
const ON_CONDITIONS: &str = "on conditions";

impl Word {
    fn new(tone: Tone, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            tone,
            notes: Vec::new(),
        }
    }

    fn unknown() -> Self {
        Self::new(Tone::Unknown, UNKNOWN)
    }

    fn noting(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// Nothing was read, or there is nothing to say.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self.text.as_ref(), "" | UNKNOWN | NOT_VISIBLE)
    }
}

// Results ---------------------------------------------------------------------------------------

/// The state of a result.
pub(super) fn status(status: Status) -> Word {
    match status {
        Status::Fail => Word::new(Tone::Plain, "failed"),
        Status::Pass => Word::new(Tone::Plain, "passed"),
        Status::NotAssessed => Word::new(Tone::Unknown, "not assessed"),
        Status::NotApplicable => Word::new(Tone::Quiet, "not applicable"),
        Status::Suppressed => Word::new(Tone::Quiet, "accepted"),
    }
}

/// The state of a result that lacks only what no option asked for.
pub(super) fn not_requested() -> Word {
    Word::new(Tone::Quiet, "not requested")
}

/// The state of a control.
pub(super) fn control(state: ControlState) -> Word {
    match state {
        ControlState::Fail => Word::new(Tone::Bad, "fails"),
        ControlState::Unknown => Word::unknown(),
        ControlState::Accepted => Word::new(Tone::Warn, "accepted"),
        ControlState::Pass => Word::new(Tone::Good, "passes"),
        ControlState::NotApplicable => Word::new(Tone::Quiet, "not applicable"),
        ControlState::NotCovered => Word::new(Tone::Quiet, "not covered"),
    }
}

/// Where the data of a report came from.
pub(super) const fn source(source: Source) -> &'static str {
    match source {
        Source::Live => "the account itself",
        Source::Snapshot => "a snapshot of the account",
        Source::Sample => "the recorded sample account",
        Source::Template => "a template",
    }
}

/// What the collection cost: `512 API calls in 1.3 s`.
pub(super) fn calls(summary: &Summary) -> String {
    let seconds = std::time::Duration::from_millis(summary.duration_ms).as_secs_f64();
    format!(
        "{} in {}",
        count(summary.api_calls, "API call"),
        duration(seconds * 1000.0)
    )
}

// Access ----------------------------------------------------------------------------------------

/// What a caller does to a bucket by the actions of a class.
pub(super) const fn class(class: ActionClass) -> &'static str {
    match class {
        ActionClass::Read => "read",
        ActionClass::List => "list",
        ActionClass::Write => "write",
        ActionClass::Acl => "ACLs",
        ActionClass::Takeover => "take over",
    }
}

/// What anyone on the internet can do with a bucket, without credentials or with those of an AWS
/// account that anyone can open.
pub(super) fn anyone(access: &AccessPosture) -> Word {
    let anonymous = &access.anonymous;
    let signed = access.any_aws_account.as_ref().unwrap_or(anonymous);
    let those = |wanted: fn(Reach, Reach) -> bool| -> Vec<&str> {
        anonymous
            .iter()
            .filter(|(class, reach)| wanted(**reach, *signed.get(*class)))
            .map(|(found, _)| class(found))
            .collect()
    };
    let open = those(|anonymous, _| anonymous == Reach::Reachable);
    let with_account =
        those(|anonymous, signed| anonymous != Reach::Reachable && signed == Reach::Reachable);
    let unknown = those(|anonymous, signed| anonymous.max(signed) == Reach::Unknown);
    let bound = those(|anonymous, signed| anonymous.max(signed) == Reach::Constrained);
    let mut parts = Vec::new();
    if !open.is_empty() {
        parts.push(listed(&open));
    }
    if !with_account.is_empty() {
        parts.push(format!("any AWS account: {}", listed(&with_account)));
    }
    let changes = [ActionClass::Write, ActionClass::Takeover]
        .into_iter()
        .any(|class| *anonymous.get(class).max(signed.get(class)) == Reach::Reachable);
    let word = match parts.is_empty() {
        false if changes => Word::new(Tone::Worst, parts.join("; ")),
        false => Word::new(Tone::Bad, parts.join("; ")),
        true if unknown.len() == CLASSES.len() => return Word::unknown(),
        true if !unknown.is_empty() => Word::new(Tone::Unknown, "unknown in part"),
        true if !bound.is_empty() => Word::new(Tone::Warn, ON_CONDITIONS),
        true => Word::new(Tone::Good, "nothing"),
    };
    // A note does not repeat the word.
    let note = |what: &str, classes: &[&str]| match classes {
        [] => None,
        _ if word.text.starts_with(what) => Some(listed(classes)),
        _ => Some(format!("{what}: {}", listed(classes))),
    };
    let notes = [note(UNKNOWN, &unknown), note(ON_CONDITIONS, &bound)];
    word.noting(notes.into_iter().flatten())
}

/// Classes of actions in a row.
fn listed(classes: &[&str]) -> String {
    if classes.len() == CLASSES.len() {
        "everything".to_owned()
    } else {
        classes.join(", ")
    }
}

/// Accounts that are named beside their number.
const ACCOUNTS: usize = 3;

/// The other accounts that have access.
pub(super) fn other_accounts(accounts: &OtherAccounts) -> Word {
    match accounts {
        OtherAccounts::Unknown => Word::unknown(),
        OtherAccounts::Named(names) => match names.as_slice() {
            [] => Word::new(Tone::Good, "none"),
            // Account and organization ids; canonical user ids are five times as long.
            [one] if one.len() <= 14 => Word::new(Tone::Warn, one.clone()),
            several => {
                let named = several.iter().take(ACCOUNTS).cloned();
                let more = several.len().saturating_sub(ACCOUNTS);
                Word::new(Tone::Warn, several.len().to_string())
                    .noting(named)
                    .noting((more > 0).then(|| format!("and {more} more")))
            }
        },
    }
}

pub(super) fn acls(acls: Acls) -> Word {
    match acls {
        Acls::Off => Word::new(Tone::Good, "off"),
        Acls::On => Word::new(Tone::Warn, "on"),
        Acls::Unknown => Word::unknown(),
    }
}

pub(super) fn block_public_access(block: BlockPublicAccess) -> Word {
    match block {
        BlockPublicAccess::On => Word::new(Tone::Good, "on"),
        BlockPublicAccess::Partial => Word::new(Tone::Warn, "partial"),
        BlockPublicAccess::Off => Word::new(Tone::Warn, "off"),
        BlockPublicAccess::Unknown => Word::unknown(),
    }
}

/// Whether a principal has a class of access.
pub(super) fn can(reach: Reach) -> Word {
    match reach {
        Reach::Reachable => Word::new(Tone::Strong, "yes"),
        Reach::Constrained => Word::new(Tone::Warn, ON_CONDITIONS),
        Reach::Unknown => Word::unknown(),
        Reach::Unreachable => Word::new(Tone::Quiet, "–"),
    }
}

/// Plain HTTP.
pub(super) fn plain_http(reach: Reach) -> Word {
    match reach {
        Reach::Reachable => Word::new(Tone::Warn, "allowed"),
        Reach::Constrained => Word::new(Tone::Warn, ON_CONDITIONS),
        Reach::Unknown => Word::unknown(),
        Reach::Unreachable => Word::new(Tone::Good, "denied"),
    }
}

/// Presigned requests are an everyday tool: allowing them is no fault.
pub(super) fn presigned(reach: Reach) -> Word {
    let word = plain_http(reach);
    match word.tone {
        Tone::Warn => Word {
            tone: Tone::Plain,
            ..word
        },
        _ => word,
    }
}

// Encryption ------------------------------------------------------------------------------------

/// Default encryption, with its key.
pub(super) fn default_encryption(encryption: &EncryptionPosture) -> Word {
    let word = match &encryption.default {
        DefaultEncryption::SseS3 => Word::new(Tone::Plain, "SSE-S3"),
        DefaultEncryption::SseKms => Word::new(Tone::Good, "SSE-KMS"),
        DefaultEncryption::DsseKms => Word::new(Tone::Good, "DSSE-KMS"),
        DefaultEncryption::Unknown => Word::unknown(),
        DefaultEncryption::Other(name) => Word::new(Tone::Plain, name.clone()),
    };
    let key = key(encryption).text;
    let bucket_key = encryption
        .bucket_key
        .map(|on| if on { "on" } else { "off" });
    word.noting((!key.is_empty()).then(|| format!("key {key}")))
        .noting(bucket_key.map(|state| format!("bucket key {state}")))
}

/// The key by as much of its name as distinguishes it; evidence has the whole.
pub(super) fn key(encryption: &EncryptionPosture) -> Word {
    let key = encryption.key.as_deref().unwrap_or("");
    let short = match key.rsplit('/').next().unwrap_or(key) {
        _ if key.ends_with("aws/s3") => "aws/s3".to_owned(),
        // The first group of a key id distinguishes the keys of one account.
        id if id.len() == 36 => format!("{}…", id.get(..8).unwrap_or(id)),
        id => id.to_owned(),
    };
    Word::new(Tone::Quiet, short)
}

pub(super) fn sse_c(sse_c: SseC) -> Word {
    match sse_c {
        SseC::Blocked => Word::new(Tone::Good, "blocked"),
        SseC::Allowed => Word::new(Tone::Warn, "allowed"),
        SseC::Unknown => Word::unknown(),
    }
}

pub(super) fn client_side(client_side: ClientSideEncryption) -> Word {
    match client_side {
        ClientSideEncryption::Evidence => Word::new(Tone::Good, "evidence"),
        ClientSideEncryption::NotVisible => Word::new(Tone::Quiet, NOT_VISIBLE),
    }
}

// Monitoring ------------------------------------------------------------------------------------

/// Server access logging; the target is a note, since it takes the width of a bucket name.
pub(super) fn access_log(log: &AccessLog) -> Word {
    match log {
        AccessLog::To {
            bucket,
            prefix,
            delivered,
        } => {
            let word = match delivered {
                true => Word::new(Tone::Good, "on"),
                false => Word::new(Tone::Warn, "undelivered"),
            };
            word.noting([format!("to {bucket}/{prefix}")])
        }
        AccessLog::LogTarget => Word::new(Tone::Quiet, "log target"),
        AccessLog::Off => Word::new(Tone::Warn, "off"),
        AccessLog::Unknown => Word::unknown(),
    }
}

pub(super) fn data_events(events: DataEvents) -> Word {
    match events {
        DataEvents::ReadWrite => Word::new(Tone::Good, "read+write"),
        DataEvents::Read => Word::new(Tone::Plain, "read"),
        DataEvents::Write => Word::new(Tone::Plain, "write"),
        DataEvents::Part => Word::new(Tone::Warn, "part"),
        DataEvents::Off => Word::new(Tone::Warn, "off"),
        DataEvents::Unknown => Word::unknown(),
    }
}

pub(super) fn config(config: ConfigRecording) -> Word {
    match config {
        ConfigRecording::On => Word::new(Tone::Good, "on"),
        ConfigRecording::Daily => Word::new(Tone::Plain, "daily"),
        ConfigRecording::NotRecorded => Word::new(Tone::Warn, "not recorded"),
        ConfigRecording::Off => Word::new(Tone::Warn, "off"),
        ConfigRecording::Unknown => Word::unknown(),
    }
}

// Cold starts -----------------------------------------------------------------------------------

pub(super) fn risk(risk: ColdStartRisk) -> Word {
    match risk {
        ColdStartRisk::High => Word::new(Tone::Bad, "high"),
        ColdStartRisk::Medium => Word::new(Tone::Warn, "medium"),
        ColdStartRisk::Low => Word::new(Tone::Good, "low"),
        ColdStartRisk::Unknown => Word::unknown(),
    }
}

pub(super) fn snap_start(state: SnapStartState) -> Word {
    match state {
        SnapStartState::On => Word::new(Tone::Good, "on"),
        SnapStartState::Off => Word::new(Tone::Warn, "off"),
        SnapStartState::NotEligible => Word::new(Tone::Quiet, "not eligible"),
        SnapStartState::Unknown => Word::unknown(),
    }
}

pub(super) fn provisioned(state: &ProvisionedState) -> Word {
    match state {
        ProvisionedState::None => Word::new(Tone::Quiet, "none"),
        ProvisionedState::Unknown => Word::unknown(),
        ProvisionedState::Configured { status, .. } => {
            let tone = match status.as_str() {
                "FAILED" => Tone::Bad,
                "READY" => Tone::Good,
                _ => Tone::Plain,
            };
            Word::new(tone, state.to_string())
        }
    }
}

pub(super) fn basis(basis: DurationBasis) -> &'static str {
    match basis {
        DurationBasis::Estimate => "estimated",
        DurationBasis::Measurement => "measured",
    }
}

/// How narrow an estimate's band is.
pub(super) fn precision(precision: Precision) -> &'static str {
    match precision {
        Precision::Good => "good",
        Precision::Fair => "fair",
        Precision::Rough => "rough",
    }
}

/// The ends of a cold start's band, and how narrow it is where it is an estimate's.
pub(super) fn band(takes: &ColdStartDuration) -> String {
    let ends = format!("{} to {}", duration(takes.low_ms), duration(takes.high_ms));
    match takes.precision {
        Some(narrow) => format!("{ends}, {}", precision(narrow)),
        None => ends,
    }
}

/// What a lever saves, with its range where it has one.
pub(super) fn saves(lever: &Lever) -> String {
    let saves = duration(lever.saves_ms);
    let (low, high) = (duration(lever.saves_low_ms), duration(lever.saves_high_ms));
    if lever.saves_high_ms <= 0.0 || low == high {
        saves
    } else {
        format!("{saves} ({low} to {high})")
    }
}

/// What the time of measured cold starts goes to.
pub(super) fn cause(cause: ColdStartCause) -> &'static str {
    match cause {
        ColdStartCause::YourCode => "your code",
        ColdStartCause::ThePlatform => "the platform",
    }
}

/// How a cold start of so many milliseconds is to be taken.
pub(super) fn duration_tone(ms: f64) -> Tone {
    match ms {
        slow if slow >= 1000.0 => Tone::Bad,
        felt if felt >= 400.0 => Tone::Warn,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::ClassReach;

    fn classes_of(open: &[ActionClass], reach: Reach) -> ClassReach {
        ClassReach::from_fn(|class| {
            if open.contains(&class) {
                reach
            } else {
                Reach::Unreachable
            }
        })
    }

    fn access(anonymous: ClassReach, signed: ClassReach) -> AccessPosture {
        AccessPosture {
            anonymous,
            any_aws_account: Some(signed),
            other_accounts: OtherAccounts::Named(Vec::new()),
            acls: Acls::Off,
            block_public_access: BlockPublicAccess::Off,
            plain_http: Reach::Unreachable,
            presigned: Reach::Reachable,
            control_policies: Vec::new(),
        }
    }

    #[test]
    fn what_any_aws_account_can_do_is_not_nothing() {
        let nothing = classes_of(&[], Reach::Reachable);
        for (anonymous, signed, text, tone) in [
            (nothing, nothing, "nothing", Tone::Good),
            (
                nothing,
                classes_of(&[ActionClass::List], Reach::Reachable),
                "any AWS account: list",
                Tone::Bad,
            ),
            (
                classes_of(&[ActionClass::Read], Reach::Reachable),
                classes_of(&[ActionClass::Read, ActionClass::Write], Reach::Reachable),
                "read; any AWS account: write",
                Tone::Worst,
            ),
            (
                classes_of(&[ActionClass::Read, ActionClass::List], Reach::Reachable),
                classes_of(&[ActionClass::Read, ActionClass::List], Reach::Reachable),
                "read, list",
                Tone::Bad,
            ),
            (
                classes_of(&[ActionClass::Read], Reach::Constrained),
                nothing,
                "on conditions",
                Tone::Warn,
            ),
            (
                classes_of(&[ActionClass::Read], Reach::Unknown),
                nothing,
                "unknown in part",
                Tone::Unknown,
            ),
        ] {
            let word = anyone(&access(anonymous, signed));
            assert_eq!((word.text.as_ref(), word.tone), (text, tone));
        }
        let all = |reach| access(classes_of(&CLASSES, reach), classes_of(&CLASSES, reach));
        assert_eq!(anyone(&all(Reach::Unknown)), Word::unknown());
        assert_eq!(anyone(&all(Reach::Reachable)).text, "everything");
    }

    #[test]
    fn what_is_recorded_in_part_is_to_be_weighed() {
        assert_eq!(data_events(DataEvents::Part).tone, Tone::Warn);
        assert_eq!(config(ConfigRecording::NotRecorded).tone, Tone::Warn);
    }
}
