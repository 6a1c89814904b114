//! iam: everything about identities in one answer, and access keys of users.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::message::{Answer, Call, Operation, escape, page};
use super::server::parse_query;
use super::{Behaviour, World};

/// What IAM's report on an identity says of S3.
#[derive(Clone, Debug, Default)]
pub enum LastCall {
    /// It called S3 at that time.
    At(&'static str),
    /// It never did.
    #[default]
    Never,
    /// S3 is not in the report.
    LeftOut,
    /// IAM cannot make the report.
    Fails,
}

/// A user, group or role.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// `user`, `group` or `role`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Inline policies: name and document.
    pub inline: Vec<(String, Value)>,
    /// ARNs of managed policies.
    pub attached: Vec<String>,
    /// The groups of a user.
    pub groups: Vec<String>,
    /// ARN of the permissions boundary.
    pub boundary: Option<String>,
    /// Access keys of a user: id and status.
    pub keys: Vec<(String, &'static str)>,
    /// What IAM's report says of its last request to S3.
    pub last_call: LastCall,
    /// The report was asked for before.
    pub report_asked: Arc<AtomicBool>,
}

impl Identity {
    /// One with nothing.
    pub fn new(kind: &'static str, name: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            path: "/".to_owned(),
            ..Self::default()
        }
    }

    /// With an inline policy of one statement.
    pub fn inline(mut self, name: &str, statement: Value) -> Self {
        self.inline.push((name.to_owned(), document(statement)));
        self
    }

    /// With a managed policy.
    pub fn attached(mut self, arn: &str) -> Self {
        self.attached.push(arn.to_owned());
        self
    }

    /// In a group.
    pub fn member_of(mut self, group: &str) -> Self {
        self.groups.push(group.to_owned());
        self
    }

    /// With a last request to S3.
    pub fn calling(mut self, last: LastCall) -> Self {
        self.last_call = last;
        self
    }

    /// With an access key.
    pub fn key(mut self, id: &str, status: &'static str) -> Self {
        self.keys.push((id.to_owned(), status));
        self
    }
}

/// A policy of one statement.
pub fn document(statement: Value) -> Value {
    serde_json::json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// The operations.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        service: "iam",
        name: "GetAccountAuthorizationDetails",
        matches: |call| action(call) == "GetAccountAuthorizationDetails",
        answer: get_account_authorization_details,
    },
    Operation {
        service: "iam",
        name: "GenerateServiceLastAccessedDetails",
        matches: |call| action(call) == "GenerateServiceLastAccessedDetails",
        answer: generate_report,
    },
    Operation {
        service: "iam",
        name: "GetServiceLastAccessedDetails",
        matches: |call| action(call) == "GetServiceLastAccessedDetails",
        answer: get_report,
    },
    Operation {
        service: "iam",
        name: "ListAccessKeys",
        matches: |call| action(call) == "ListAccessKeys",
        answer: list_access_keys,
    },
];

fn action(call: &Call) -> String {
    parse_query(&call.body).remove("Action").unwrap_or_default()
}

/// Everything as IAM encodes it: all but letters, digits and `-_.~`.
fn encoded(document: &Value) -> String {
    document
        .to_string()
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn members(items: impl Iterator<Item = String>) -> String {
    items
        .map(|item| format!("<member>{item}</member>"))
        .collect()
}

fn identity(world: &World, identity: &Identity) -> String {
    let title = match identity.kind {
        "user" => "User",
        "group" => "Group",
        _ => "Role",
    };
    let inline = members(identity.inline.iter().map(|(name, document)| {
        format!(
            "<PolicyName>{}</PolicyName><PolicyDocument>{}</PolicyDocument>",
            escape(name),
            encoded(document)
        )
    }));
    let attached = members(identity.attached.iter().map(|arn| {
        format!(
            "<PolicyName>{}</PolicyName><PolicyArn>{arn}</PolicyArn>",
            arn.rsplit('/').next().unwrap_or_default()
        )
    }));
    let groups = members(identity.groups.iter().cloned());
    let boundary = identity.boundary.as_ref().map_or_else(String::new, |arn| {
        format!(
            "<PermissionsBoundary><PermissionsBoundaryType>PermissionsBoundaryPolicy</PermissionsBoundaryType>\
             <PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn></PermissionsBoundary>"
        )
    });
    let (name, path) = (escape(&identity.name), &identity.path);
    format!(
        "<Path>{path}</Path><{title}Name>{name}</{title}Name><{title}Id>AIDAEXAMPLE</{title}Id>\
         <Arn>arn:aws:iam::{account}:{kind}{path}{name}</Arn><CreateDate>2024-01-02T03:04:05Z</CreateDate>\
         <{title}PolicyList>{inline}</{title}PolicyList><GroupList>{groups}</GroupList>\
         <AttachedManagedPolicies>{attached}</AttachedManagedPolicies>{boundary}",
        account = world.account,
        kind = identity.kind,
    )
}

fn managed(arn: &str, document: &Value, attachments: u32) -> String {
    format!(
        "<PolicyName>{}</PolicyName><PolicyId>ANPAEXAMPLE</PolicyId><Arn>{arn}</Arn><Path>/</Path>\
         <DefaultVersionId>v2</DefaultVersionId><AttachmentCount>{attachments}</AttachmentCount>\
         <PermissionsBoundaryUsageCount>0</PermissionsBoundaryUsageCount><IsAttachable>true</IsAttachable>\
         <PolicyVersionList><member><Document>%7B%22Statement%22%3A%5B%5D%7D</Document><VersionId>v1</VersionId>\
         <IsDefaultVersion>false</IsDefaultVersion></member><member><Document>{}</Document><VersionId>v2</VersionId>\
         <IsDefaultVersion>true</IsDefaultVersion></member></PolicyVersionList>",
        arn.rsplit('/').next().unwrap_or_default(),
        encoded(document)
    )
}

/// Pages hold identities and policies one after the other, as AWS's do.
fn get_account_authorization_details(world: &World, behaviour: &Behaviour, call: &Call) -> Answer {
    let form = parse_query(&call.body);
    let asked = form
        .get("MaxItems")
        .and_then(|items| items.parse().ok())
        .unwrap_or(100);
    let mut all: Vec<(&str, String)> = Vec::new();
    for entry in &world.identities {
        all.push((entry.kind, identity(world, entry)));
    }
    for (arn, document) in &world.managed_policies {
        let attachments = world
            .identities
            .iter()
            .filter(|identity| identity.attached.contains(arn))
            .count();
        let attachments = u32::try_from(attachments).unwrap_or(0);
        all.push(("policy", managed(arn, document, attachments)));
    }
    let token = form.get("Marker").map_or("", String::as_str);
    let size = behaviour.page.map_or(asked, |page| page.min(asked));
    let (entries, next) = page(&all, token, size);
    let list = |kind: &str| {
        members(
            entries
                .iter()
                .filter(|(found, _)| *found == kind)
                .map(|(_, entry)| entry.clone()),
        )
    };
    let marker = next
        .as_ref()
        .map_or_else(String::new, |token| format!("<Marker>{token}</Marker>"));
    result(
        "GetAccountAuthorizationDetails",
        &format!(
            "<IsTruncated>{}</IsTruncated>{marker}<UserDetailList>{}</UserDetailList><GroupDetailList>{}</GroupDetailList>\
             <RoleDetailList>{}</RoleDetailList><Policies>{}</Policies>",
            next.is_some(),
            list("user"),
            list("group"),
            list("role"),
            list("policy")
        ),
    )
}

/// The job is the place of the identity in the world.
fn generate_report(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let arn = parse_query(&call.body).remove("Arn").unwrap_or_default();
    let place = world
        .identities
        .iter()
        .position(|identity| arn.ends_with(&format!("{}{}", identity.path, identity.name)));
    let Some(place) = place else {
        return Answer::error("iam", 404, "NoSuchEntity", "there is no such identity");
    };
    result(
        "GenerateServiceLastAccessedDetails",
        &format!("<JobId>job-{place}</JobId>"),
    )
}

/// In progress at first, then two pages of services, S3 on the second.
fn get_report(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let form = parse_query(&call.body);
    let place = form
        .get("JobId")
        .and_then(|job| job.strip_prefix("job-")?.parse::<usize>().ok());
    let Some(identity) = place.and_then(|place| world.identities.get(place)) else {
        return Answer::error("iam", 404, "NoSuchEntity", "there is no such report");
    };
    let first = !identity.report_asked.swap(true, Ordering::Relaxed);
    let service = |namespace: &str, last: Option<&str>| {
        let last = last.map_or_else(String::new, |last| {
            format!("<LastAuthenticated>{last}</LastAuthenticated>")
        });
        format!(
            "<member><ServiceName>A service</ServiceName>{last}<ServiceNamespace>{namespace}</ServiceNamespace></member>"
        )
    };
    let (status, services, next) = match (&identity.last_call, form.contains_key("Marker")) {
        _ if first => ("IN_PROGRESS", String::new(), false),
        (LastCall::Fails, _) => ("FAILED", String::new(), false),
        (_, false) => ("COMPLETED", service("ec2", None), true),
        (LastCall::At(time), true) => ("COMPLETED", service("s3", Some(time)), false),
        (LastCall::Never, true) => ("COMPLETED", service("s3", None), false),
        (LastCall::LeftOut, true) => ("COMPLETED", String::new(), false),
    };
    let marker = if next { "<Marker>more</Marker>" } else { "" };
    result(
        "GetServiceLastAccessedDetails",
        &format!(
            "<JobStatus>{status}</JobStatus><JobCreationDate>2026-11-30T00:00:00Z</JobCreationDate>\
             <JobCompletionDate>2026-11-30T00:00:01Z</JobCompletionDate><IsTruncated>{next}</IsTruncated>{marker}\
             <ServicesLastAccessed>{services}</ServicesLastAccessed>"
        ),
    )
}

fn list_access_keys(world: &World, _: &Behaviour, call: &Call) -> Answer {
    let name = parse_query(&call.body)
        .remove("UserName")
        .unwrap_or_default();
    let Some(user) = world
        .identities
        .iter()
        .find(|identity| identity.kind == "user" && identity.name == name)
    else {
        return Answer::error("iam", 404, "NoSuchEntity", "there is no such user");
    };
    let keys = members(user.keys.iter().map(|(id, status)| {
        format!(
            "<UserName>{}</UserName><AccessKeyId>{id}</AccessKeyId><Status>{status}</Status>\
             <CreateDate>2024-01-02T03:04:05Z</CreateDate>",
            escape(&name)
        )
    }));
    result(
        "ListAccessKeys",
        &format!("<AccessKeyMetadata>{keys}</AccessKeyMetadata><IsTruncated>false</IsTruncated>"),
    )
}

fn result(operation: &str, inner: &str) -> Answer {
    Answer::xml(format!(
        "<{operation}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{operation}Result>{inner}</{operation}Result>\
         <ResponseMetadata><RequestId>SYNTHETIC</RequestId></ResponseMetadata></{operation}Response>"
    ))
}
