//! One request, prepared for questions: who calls, and what its condition keys hold.
//!
//! The context holds what the caller of the evaluator wrote down. Some keys follow from the
//! principal and the resource and need not be written (IAM user guide, "AWS global condition context
//! keys" and the table of principal key values, 2026-09): `aws:PrincipalArn`, `PrincipalAccount`,
//! `PrincipalType`, `PrincipalIsAWSService`, `PrincipalServiceName`, `username`, `userid`,
//! `ResourceAccount`. What is written wins over what follows: the ARN of a session does not hold the
//! path of its role, for example. Whether the two agree is the question of [`implausible`].
//!
//! `aws:userid` of a user or a role session is always there and begins with a unique id that no ARN
//! holds. Without a word in the context it is present and unknown, not absent.

use std::borrow::Cow;

use crate::contract::{ContextValue, PrincipalClass, Request, RequestPrincipal};

use super::truth::Why;

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestCaller<'a> {
    /// The request is not signed.
    Anonymous,
    /// An AWS service, by its service principal.
    Service(&'a str),
    /// A federated identity without a session yet, by its provider.
    Provider(&'a str),
    /// A principal with an ARN.
    Arn(CallerArn<'a>),
    /// An ARN of no known form.
    Odd,
}

/// A caller's ARN in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallerArn<'a> {
    /// The whole.
    pub(super) text: &'a str,
    /// `aws`, `aws-cn`, …
    pub(super) partition: &'a str,
    /// The account id.
    pub(super) account: &'a str,
    /// What it is.
    pub(super) kind: CallerKind<'a>,
}

/// What kind of principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallerKind<'a> {
    /// The account's root user.
    Root,
    /// An IAM user: its name without the path.
    User(&'a str),
    /// A session of a role, named by the role alone: the role's name without the path.
    Role(&'a str),
    /// A role session: the role's name and the session's.
    Session(&'a str),
    /// A federated user session: its name.
    Federated(&'a str),
}

impl<'a> RequestCaller<'a> {
    /// Reads the principal of a request.
    pub(super) fn new(principal: &'a RequestPrincipal) -> Self {
        match principal {
            RequestPrincipal::Class(PrincipalClass::Anonymous) => Self::Anonymous,
            RequestPrincipal::Class(PrincipalClass::Service { name }) => Self::Service(name),
            RequestPrincipal::Class(PrincipalClass::Federated { name }) => Self::Provider(name),
            RequestPrincipal::Arn(text) => CallerArn::new(text).map_or(Self::Odd, Self::Arn),
        }
    }

    /// The account of the caller, when it has one.
    pub(super) fn account(&self) -> Option<&'a str> {
        match self {
            Self::Arn(arn) => Some(arn.account),
            _ => None,
        }
    }

    /// True for the root user of an account.
    pub(super) fn is_root(&self) -> bool {
        matches!(
            self,
            Self::Arn(CallerArn {
                kind: CallerKind::Root,
                ..
            })
        )
    }
}

impl<'a> CallerArn<'a> {
    fn new(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" {
            return None;
        }
        let (partition, service, region, account, rest) = (
            parts.next()?,
            parts.next()?,
            parts.next()?,
            parts.next()?,
            parts.next()?,
        );
        if !region.is_empty() || account.is_empty() {
            return None;
        }
        let last = |path: &'a str| path.rsplit('/').next().filter(|name| !name.is_empty());
        let kind = match (service, rest.split_once('/')) {
            ("iam", None) if rest == "root" => CallerKind::Root,
            ("iam", Some(("user", name))) => CallerKind::User(last(name)?),
            ("iam", Some(("role", name))) => CallerKind::Role(last(name)?),
            ("sts", Some(("assumed-role", name))) => {
                let (role, session) = name.split_once('/')?;
                if role.is_empty() || session.is_empty() {
                    return None;
                }
                CallerKind::Session(role)
            }
            ("sts", Some(("federated-user", name))) if !name.is_empty() => {
                CallerKind::Federated(name)
            }
            _ => return None,
        };
        Some(Self {
            text,
            partition,
            account,
            kind,
        })
    }

    /// `aws:PrincipalArn`: of a role session it is the role's.
    fn principal_arn(&self) -> Cow<'a, str> {
        match self.kind {
            CallerKind::Session(role) => Cow::Owned(format!(
                "arn:{}:iam::{}:role/{role}",
                self.partition, self.account
            )),
            _ => Cow::Borrowed(self.text),
        }
    }

    fn principal_type(&self) -> &'static str {
        match self.kind {
            CallerKind::Root => "Account",
            CallerKind::User(_) => "User",
            CallerKind::Role(_) | CallerKind::Session(_) => "AssumedRole",
            CallerKind::Federated(_) => "FederatedUser",
        }
    }
}

/// What a condition key holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeyLookup<'a> {
    /// It is not in the request; an empty list counts as absent.
    Absent,
    One(Cow<'a, str>),
    /// At least one value.
    Many(&'a [String]),
    /// It is there, and its value is not known; or it is there twice.
    Doubt(Why),
}

/// A request, prepared.
pub(super) struct View<'a> {
    pub(super) request: &'a Request,
    pub(super) caller: RequestCaller<'a>,
    /// The action in lower case.
    pub(super) action: Cow<'a, str>,
    /// The caller has a permissions boundary.
    pub(super) bounded: bool,
    /// The policy is a role's trust policy: no session is federated there, only identities without
    /// one are.
    pub(super) trust: bool,
}

impl<'a> View<'a> {
    pub(super) fn new(request: &'a Request) -> Self {
        let action = if request
            .action
            .bytes()
            .any(|byte| !byte.is_ascii_lowercase())
        {
            Cow::Owned(request.action.to_lowercase())
        } else {
            Cow::Borrowed(request.action.as_str())
        };
        Self {
            request,
            caller: RequestCaller::new(&request.principal),
            action,
            bounded: false,
            trust: false,
        }
    }

    /// True for a service-linked role and its sessions, which no organization policy touches (AWS
    /// Organizations user guide, "SCPs" and "RCPs", 2026-09). The ARN of a session does not hold the
    /// path of its role; `aws:PrincipalArn` does.
    pub(super) fn is_service_linked(&self) -> bool {
        const PATH: &str = ":role/aws-service-role/";
        match self.caller {
            RequestCaller::Arn(arn) => match arn.kind {
                CallerKind::Role(_) => arn.text.contains(PATH),
                CallerKind::Session(_) => {
                    matches!(self.find("aws:principalarn"), KeyLookup::One(role) if role.contains(PATH))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// The account that owns the resource is the caller's.
    pub(super) fn is_own(&self) -> bool {
        self.caller.account() == Some(self.request.resource_account.as_str())
    }

    /// The value of a key, given in lower case.
    pub(super) fn find(&self, key: &str) -> KeyLookup<'_> {
        let mut found = None;
        for (name, value) in &self.request.context {
            let same = if name.is_ascii() {
                name.eq_ignore_ascii_case(key)
            } else {
                name.to_lowercase() == key
            };
            if same && found.replace(value).is_some() {
                return KeyLookup::Doubt(Why::RepeatedKey);
            }
        }
        match found {
            Some(ContextValue::One(value)) => KeyLookup::One(Cow::Borrowed(value)),
            Some(ContextValue::Many(values)) if values.is_empty() => KeyLookup::Absent,
            Some(ContextValue::Many(values)) => KeyLookup::Many(values),
            None => self.implied(key),
        }
    }

    /// What follows from the principal and the resource.
    fn implied(&self, key: &str) -> KeyLookup<'_> {
        let one = |text: &'a str| KeyLookup::One(Cow::Borrowed(text));
        let Some(name) = key.strip_prefix("aws:") else {
            return if key == "s3:resourceaccount" {
                one(&self.request.resource_account)
            } else {
                KeyLookup::Absent
            };
        };
        if name == "resourceaccount" {
            return one(&self.request.resource_account);
        }
        match (self.caller, name) {
            (RequestCaller::Anonymous, "principalaccount" | "userid") => one("anonymous"),
            (RequestCaller::Anonymous, "principaltype") => one("Anonymous"),
            (RequestCaller::Service(_), "principalisawsservice") => one("true"),
            (
                RequestCaller::Service(service),
                "principalservicename" | "principalservicenameslist",
            ) => one(service),
            (RequestCaller::Provider(provider), "federatedprovider") => one(provider),
            (RequestCaller::Arn(arn), "principalarn") => KeyLookup::One(arn.principal_arn()),
            (RequestCaller::Arn(arn), "principalaccount") => one(arn.account),
            (RequestCaller::Arn(arn), "principaltype") => one(arn.principal_type()),
            (RequestCaller::Arn(_), "principalisawsservice") => one("false"),
            (RequestCaller::Arn(arn), "username") => match arn.kind {
                CallerKind::User(name) => one(name),
                _ => KeyLookup::Absent,
            },
            (RequestCaller::Arn(arn), "userid") => match arn.kind {
                CallerKind::Root => one(arn.account),
                CallerKind::Federated(name) => {
                    KeyLookup::One(Cow::Owned(format!("{}:{name}", arn.account)))
                }
                _ => KeyLookup::Doubt(Why::UnknownValue),
            },
            (
                RequestCaller::Odd,
                "principalarn" | "principalaccount" | "principaltype" | "userid",
            ) => KeyLookup::Doubt(Why::OddCaller),
            _ => KeyLookup::Absent,
        }
    }
}

/// Why no such request can be made, when its parts contradict each other; the evaluator itself takes
/// a request as it is.
///
/// A witness must pass this as well as be allowed. The rules are those of the key's "Availability"
/// in "AWS global condition context keys" (IAM user guide, 2026-09).
pub fn implausible(request: &Request) -> Option<&'static str> {
    let written = WrittenKeys(request);
    written
        .contradict_network()
        .or_else(|| written.contradict_resource())
        .or_else(|| match RequestCaller::new(&request.principal) {
            RequestCaller::Odd => Some("the principal is not an ARN that calls AWS"),
            RequestCaller::Anonymous => written.contradict_anonymous(),
            RequestCaller::Service(name) => written.contradict_service(name),
            RequestCaller::Provider(name) => written.contradict_provider(name),
            RequestCaller::Arn(arn) => written.contradict_arn(arn),
        })
}

/// Keys that no unsigned request has.
const SIGNED_ONLY: [&str; 12] = [
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:username",
    "aws:TokenIssueTime",
    "aws:MultiFactorAuthPresent",
    "aws:MultiFactorAuthAge",
    "aws:FederatedProvider",
    "aws:SourceIdentity",
];

/// The keys that the context of a request holds, as it was written.
struct WrittenKeys<'a>(&'a Request);

impl<'a> WrittenKeys<'a> {
    fn get(&self, wanted: &str) -> Option<&'a ContextValue> {
        self.0
            .context
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    }

    fn has(&self, wanted: &str) -> bool {
        self.get(wanted).is_some()
    }

    fn one(&self, wanted: &str) -> Option<&'a str> {
        match self.get(wanted)? {
            ContextValue::One(value) => Some(value.as_str()),
            ContextValue::Many(values) => match values.as_slice() {
                [value] => Some(value.as_str()),
                _ => None,
            },
        }
    }

    /// The key is there with another value.
    fn differs(&self, key: &str, from: &str) -> bool {
        self.one(key).is_some_and(|value| value != from)
    }

    fn contradict_network(&self) -> Option<&'static str> {
        let endpoint = ["aws:SourceVpce", "aws:SourceVpc", "aws:VpcSourceIp"];
        if self.has("aws:SourceIp") && endpoint.iter().any(|key| self.has(key)) {
            return Some("aws:SourceIp is absent from requests that come through a VPC endpoint");
        }
        (self.has("aws:SourceVpc") && !self.has("aws:SourceVpce"))
            .then_some("aws:SourceVpc comes with aws:SourceVpce")
    }

    fn contradict_resource(&self) -> Option<&'static str> {
        self.differs("aws:ResourceAccount", &self.0.resource_account)
            .then_some("aws:ResourceAccount is not the account that owns the resource")
    }

    fn contradict_anonymous(&self) -> Option<&'static str> {
        let has_tags = self
            .0
            .context
            .keys()
            .any(|name| name.to_lowercase().starts_with("aws:principaltag/"));
        if has_tags || SIGNED_ONLY.iter().any(|key| self.has(key)) {
            return Some("the context holds a key that no unsigned request has");
        }
        (self.differs("aws:PrincipalAccount", "anonymous")
            || self.differs("aws:userid", "anonymous")
            || self.differs("aws:PrincipalType", "Anonymous"))
        .then_some("an unsigned request has no such account, type or user id")
    }

    fn contradict_service(&self, name: &str) -> Option<&'static str> {
        (self.differs("aws:PrincipalIsAWSService", "true")
            || self.differs("aws:PrincipalServiceName", name)
            || self.has("aws:PrincipalArn"))
        .then_some("the context contradicts the service principal")
    }

    fn contradict_provider(&self, name: &str) -> Option<&'static str> {
        (self.differs("aws:FederatedProvider", name)
            || self.has("aws:PrincipalArn")
            || self.has("aws:PrincipalAccount"))
        .then_some("the context contradicts the identity provider")
    }

    fn contradict_arn(&self, arn: CallerArn<'_>) -> Option<&'static str> {
        if self.differs("aws:PrincipalAccount", arn.account)
            || self.differs("aws:PrincipalType", arn.principal_type())
            || self.differs("aws:PrincipalIsAWSService", "false")
        {
            return Some("the context contradicts the principal");
        }
        if let Some(value) = self.one("aws:PrincipalArn") {
            let agrees = match arn.kind {
                // The session's ARN does not hold the role's path.
                CallerKind::Session(role) => CallerArn::new(value).is_some_and(|given| {
                    given.account == arn.account && given.kind == CallerKind::Role(role)
                }),
                _ => value == arn.text,
            };
            if !agrees {
                return Some("aws:PrincipalArn is not the principal's");
            }
        }
        match arn.kind {
            _ if !self.has("aws:username") => None,
            CallerKind::User(name) if self.one("aws:username") == Some(name) => None,
            CallerKind::User(_) => Some("aws:username is not the user's name"),
            _ => Some("only IAM users have aws:username"),
        }
    }
}
