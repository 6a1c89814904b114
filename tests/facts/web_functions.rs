//! Lambda Web Functions: who reaches their endpoints by AuthType and resource policy, where their code is
//! kept, and what stands in for those that could not be listed.

use coldbucket::facts::web_function::{WebEndpointFacts, WebFunctionFacts, WebRevisionFacts};
use coldbucket::facts::{Fact, Facts, Subject, SubjectFacts, Trust, UNLISTED};
use coldbucket::inventory::account::{AccountInventory, Listing, RegionInventory};
use coldbucket::inventory::archive::StoredCode;
use coldbucket::inventory::ids::SubjectKind;
use coldbucket::inventory::web_function::{WebEndpoint, WebFunctionInventory, WebRevision};
use coldbucket::inventory::{Reading, Snapshot};
use coldbucket::report::Reason;
use serde_json::{Value, json};

use crate::support::{
    OWNER, REGION, account, denied, kept, policy, quiet_bucket, snapshot, subject,
};

const ARN: &str = "arn:aws:lambda:eu-west-1:111111111111:web-function/shop";
const CALL: &str = "lambda:InvokeWebFunctionEndpoint";

/// The endpoint `prod`.
fn endpoint(auth_type: &str, state: &str) -> WebEndpoint {
    WebEndpoint {
        name: "prod".into(),
        arn: format!("{ARN}/endpoint/prod"),
        auth_type: auth_type.into(),
        kind: "HomeRegion".into(),
        regions: vec![REGION.into()],
        revisions: Vec::new(),
        state: state.into(),
    }
}

/// The Web Function `shop` with that endpoint.
fn function(endpoint: WebEndpoint, policy: Reading<String>) -> WebFunctionInventory {
    WebFunctionInventory {
        arn: ARN.into(),
        state: "Active".into(),
        endpoints: Reading::Known(vec![endpoint]),
        policy,
        revisions: Reading::Known([].into()),
    }
}

fn account_with(listing: Reading<Listing>, functions: &[WebFunctionInventory]) -> AccountInventory {
    let region = RegionInventory {
        web_function_listing: listing,
        web_functions: functions
            .iter()
            .map(|function| ("shop".to_owned(), function.clone()))
            .collect(),
        ..RegionInventory::default()
    };
    AccountInventory {
        regions: [(REGION.to_owned(), region)].into(),
        ..account(&[("builds", &quiet_bucket())])
    }
}

fn facts(function: WebFunctionInventory) -> WebFunctionFacts {
    let account = account_with(Reading::Known(Listing { complete: true }), &[function]);
    let facts = kept(snapshot(account));
    match facts.view(&subject(facts, SubjectKind::WebFunction, "shop")) {
        Some(SubjectFacts::WebFunction(facts)) => *facts,
        other => panic!("{other:?}"),
    }
}

fn endpoint_facts(endpoint: WebEndpoint, policy: Reading<String>) -> WebEndpointFacts {
    let endpoints = facts(function(endpoint, policy)).endpoints;
    endpoints.known().unwrap()[0].clone()
}

/// "Every request reaches your function": with ApplicationManaged the resource policy does not count, and
/// only an endpoint that is Active serves.
#[test]
fn an_endpoint_is_open_by_its_auth_type_whatever_the_policy_says() {
    let refuses = policy(&json!([
        {"Effect": "Deny", "Principal": "*", "Action": "lambda:*", "Resource": "*"},
    ]));
    for policy in [
        refuses,
        Reading::Absent,
        denied("lambda:GetResourcePolicy"),
        Reading::NotCollected,
    ] {
        for (auth_type, state, open) in [
            ("ApplicationManaged", "Active", Some(true)),
            ("ApplicationManaged", "Pending", Some(false)),
            ("ApplicationManaged", "Failed", Some(false)),
            ("ApplicationManaged", "Deleting", Some(false)),
            ("ApplicationManaged", "Suspended", None),
            ("IamAuth", "Active", Some(false)),
            ("IamAuth", "Suspended", Some(false)),
            ("OAuth", "Active", None),
            ("OAuth", "Pending", Some(false)),
        ] {
            let facts = endpoint_facts(endpoint(auth_type, state), policy.clone());
            assert_eq!(facts.open.known().copied(), open, "{auth_type} {state}");
            let because = facts.open.because();
            assert!(because.iter().all(|one| one.reason == Reason::Undecidable));
        }
        let facts = endpoint_facts(endpoint("ApplicationManaged", "Active"), policy);
        assert_eq!(facts.any_account, Fact::Known(false));
        assert_eq!(facts.confused_deputies, Fact::Known(String::new()));
    }
}

/// One Allow statement for the endpoint with that principal and these conditions.
fn allow(principal: &Value, condition: &Value) -> Value {
    json!({
        "Effect": "Allow", "Principal": principal, "Action": CALL,
        "Resource": format!("{ARN}/endpoint/prod"), "Condition": condition,
    })
}

fn signed(statements: &Value) -> WebEndpointFacts {
    endpoint_facts(endpoint("IamAuth", "Active"), policy(statements))
}

/// With IamAuth a caller of another account needs the resource policy, and its own identity policy, which
/// it writes itself.
#[test]
fn any_account_calls_an_endpoint_that_the_policy_opens_to_all() {
    let any = json!("*");
    let resource = |action: &str, resource: &str| json!([{"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource}]);
    let cases = [
        ("everyone", json!([allow(&any, &json!({}))]), true),
        (
            "every AWS principal",
            json!([allow(&json!({"AWS": "*"}), &json!({}))]),
            true,
        ),
        (
            "all endpoints",
            resource(CALL, &format!("{ARN}/endpoint/*")),
            true,
        ),
        ("all of lambda", resource("lambda:*", "*"), true),
        (
            "another endpoint",
            resource(CALL, &format!("{ARN}/endpoint/test")),
            false,
        ),
        ("the function alone", resource(CALL, ARN), false),
        (
            "another action",
            resource("lambda:InvokeFunction", "*"),
            false,
        ),
        (
            "one account",
            json!([allow(&json!({"AWS": "222222222222"}), &json!({}))]),
            false,
        ),
        (
            "an organization",
            json!([allow(
                &any,
                &json!({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}})
            )]),
            false,
        ),
        (
            "a network",
            json!([allow(
                &any,
                &json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
            )]),
            false,
        ),
        (
            "roles of every account",
            json!([allow(
                &any,
                &json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}})
            )]),
            true,
        ),
        (
            "until a day that is past",
            json!([allow(
                &any,
                &json!({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}})
            )]),
            false,
        ),
        (
            "denied to other accounts",
            json!([
                allow(&any, &json!({})),
                {"Effect": "Deny", "Principal": "*", "Action": "lambda:*", "Resource": "*",
                 "Condition": {"StringNotEquals": {"aws:PrincipalAccount": OWNER}}},
            ]),
            false,
        ),
        (
            "denied on another endpoint",
            json!([
                allow(&any, &json!({})),
                {"Effect": "Deny", "Principal": "*", "Action": CALL, "Resource": format!("{ARN}/endpoint/test")},
            ]),
            true,
        ),
    ];
    for (case, statements, expected) in cases {
        let facts = signed(&statements);
        assert_eq!(facts.any_account, Fact::Known(expected), "{case}");
        assert_eq!(facts.open, Fact::Known(false), "{case}");
    }
}

/// An endpoint of several Regions gets requests in each of them, one of a single Region in that alone.
#[test]
fn the_region_of_a_request_is_one_of_the_endpoint() {
    let statements = json!([allow(
        &json!("*"),
        &json!({"StringEquals": {"aws:RequestedRegion": "us-east-1"}})
    )]);
    let several = WebEndpoint {
        kind: "MultiRegion".into(),
        regions: vec![REGION.into(), "us-east-1".into()],
        ..endpoint("IamAuth", "Active")
    };
    for (endpoint, expected) in [(endpoint("IamAuth", "Active"), false), (several, true)] {
        let kind = endpoint.kind.clone();
        let facts = endpoint_facts(endpoint, policy(&statements));
        assert_eq!(facts.any_account, Fact::Known(expected), "{kind}");
    }
}

/// A policy that was refused, or that cannot be read, decides nothing; without one no other account has
/// access.
#[test]
fn a_policy_that_was_not_read_is_unknown() {
    let of = |policy| endpoint_facts(endpoint("IamAuth", "Active"), policy);
    let refused = of(denied("lambda:GetResourcePolicy"));
    for because in [
        refused.any_account.because(),
        refused.confused_deputies.because(),
    ] {
        assert_eq!(because[0].reason, Reason::Denied);
        assert_eq!(because[0].action, "lambda:GetResourcePolicy");
    }
    for unreadable in ["{", ""] {
        let facts = of(Reading::Known(unreadable.into()));
        assert!(facts.any_account.known().is_none());
        assert!(facts.confused_deputies.known().is_none());
    }
    assert_eq!(of(Reading::Absent).any_account, Fact::Known(false));
    assert_eq!(
        of(Reading::Absent).confused_deputies,
        Fact::Known(String::new())
    );
    // No endpoint that serves asks the policy.
    let pending = endpoint_facts(
        endpoint("IamAuth", "Pending"),
        denied("lambda:GetResourcePolicy"),
    );
    assert_eq!(pending.any_account, Fact::Known(false));
}

/// CloudFront signs for the viewers of any distribution, of which every account can make one: only the
/// source ties it to the owner's.
#[test]
fn a_service_without_a_source_is_a_confused_deputy() {
    let cloudfront = "cloudfront.amazonaws.com";
    let service = json!({ "Service": cloudfront });
    let any = json!("*");
    let from = |arn: &str| json!({"ArnLike": {"aws:SourceArn": arn}});
    let cases = [
        ("no condition", allow(&service, &json!({})), cloudfront),
        (
            "the owner's distribution",
            allow(
                &service,
                &from("arn:aws:cloudfront::111111111111:distribution/E1"),
            ),
            "",
        ),
        (
            "the owner's account",
            allow(
                &service,
                &json!({"StringEquals": {"aws:SourceAccount": OWNER}}),
            ),
            "",
        ),
        (
            "a distribution of any account",
            allow(&service, &from("arn:aws:cloudfront::*:distribution/*")),
            cloudfront,
        ),
        (
            "named in a condition",
            allow(
                &any,
                &json!({"StringEquals": {"aws:PrincipalServiceName": cloudfront}}),
            ),
            cloudfront,
        ),
        (
            "any service",
            allow(
                &any,
                &json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}),
            ),
            cloudfront,
        ),
    ];
    for (case, statement, expected) in cases {
        let facts = signed(&json!([statement]));
        assert_eq!(
            facts.confused_deputies,
            Fact::Known(expected.into()),
            "{case}"
        );
        assert_eq!(facts.any_account, Fact::Known(false), "{case}");
    }
    let everyone = signed(&json!([allow(&any, &json!({}))]));
    assert_eq!(everyone.confused_deputies, Fact::Known(String::new()));
}

/// The revisions that an Active endpoint serves: the object must be one version, in a bucket of the
/// account.
#[test]
fn code_in_a_bucket() {
    let serving = |state: &str| WebEndpoint {
        revisions: vec!["r1".into(), "r2".into()],
        ..endpoint("ApplicationManaged", state)
    };
    let stored = |bucket: &str, version: Option<&str>| WebRevision {
        stored_in: Some(StoredCode {
            bucket: bucket.into(),
            key: "shop.zip".into(),
            version: version.map(str::to_owned),
        }),
    };
    let with = |endpoint: WebEndpoint, revisions| {
        let read = WebFunctionInventory {
            revisions,
            ..function(endpoint, Reading::Absent)
        };
        facts(read).revisions
    };
    let both = || {
        Reading::Known(
            [
                ("r1".to_owned(), stored("builds", None)),
                ("r2".to_owned(), stored("others", Some("v7"))),
            ]
            .into(),
        )
    };
    let seen =
        |revisions: &Fact<Vec<WebRevisionFacts>>| -> Vec<(String, String, bool, Option<bool>)> {
            let facts = revisions.known().unwrap().iter();
            facts
                .map(|one| {
                    let own = one.own.known().copied();
                    (one.id.clone(), one.bucket.clone(), one.versioned, own)
                })
                .collect()
        };
    assert_eq!(
        seen(&with(serving("Active"), both())),
        [
            ("r1".to_owned(), "builds".to_owned(), false, Some(true)),
            ("r2".to_owned(), "others".to_owned(), true, Some(false)),
        ]
    );
    assert_eq!(seen(&with(serving("Failed"), both())), []);
    // `null` is what an unversioned bucket answers with.
    let unversioned = Reading::Known(
        [
            ("r1".to_owned(), stored("builds", Some("null"))),
            ("r2".to_owned(), WebRevision::default()),
        ]
        .into(),
    );
    assert_eq!(
        seen(&with(serving("Active"), unversioned)),
        [
            ("r1".to_owned(), "builds".to_owned(), false, Some(true)),
            ("r2".to_owned(), String::new(), true, Some(true)),
        ]
    );
    let refused = with(serving("Active"), denied("lambda:GetWebFunctionRevision"));
    assert_eq!(refused.because()[0].action, "lambda:GetWebFunctionRevision");
    let one_of_two = Reading::Known([("r1".to_owned(), stored("builds", None))].into());
    assert!(with(serving("Active"), one_of_two).known().is_none());
}

fn subjects(snapshot: &Snapshot) -> Vec<Subject> {
    Facts::new(snapshot, Trust::default())
        .subjects(SubjectKind::WebFunction)
        .collect()
}

/// A list that was refused, or was cut short, leaves it unknown whether there are Web Functions; a Region
/// where Lambda does not offer them has none.
#[test]
fn a_list_that_was_refused_is_unknown() {
    let open = function(endpoint("ApplicationManaged", "Active"), Reading::Absent);
    let found = |listing, functions: &[WebFunctionInventory]| {
        let snapshot = snapshot(account_with(listing, functions));
        let subjects = subjects(&snapshot);
        let names: Vec<String> = subjects.iter().map(|one| one.id.name.clone()).collect();
        (
            names,
            subjects
                .iter()
                .flat_map(|one| one.unlisted.clone())
                .collect::<Vec<_>>(),
        )
    };
    let complete = || Reading::Known(Listing { complete: true });
    assert_eq!(found(complete(), &[]), (Vec::new(), Vec::new()));
    assert_eq!(found(Reading::Absent, &[]), (Vec::new(), Vec::new()));
    assert_eq!(found(complete(), std::slice::from_ref(&open)).0, ["shop"]);
    let (names, because) = found(denied("lambda:ListWebFunctions"), &[]);
    assert_eq!(names, [UNLISTED]);
    assert_eq!(because[0].reason, Reason::Denied);
    assert_eq!(because[0].action, "lambda:ListWebFunctions");
    // The second page was refused.
    let (names, because) = found(
        denied("lambda:ListWebFunctions"),
        std::slice::from_ref(&open),
    );
    assert_eq!(names, [UNLISTED, "shop"]);
    assert_eq!(because[0].action, "lambda:ListWebFunctions");
    // A snapshot of an earlier version, which did not ask.
    assert_eq!(found(Reading::NotCollected, &[]), (Vec::new(), Vec::new()));
    // Deleted between the list and the call about it.
    let gone = WebFunctionInventory {
        endpoints: Reading::Failed {
            action: "lambda:ListWebFunctionEndpoints".into(),
            code: "ResourceNotFoundException".into(),
            message: "not found".into(),
        },
        ..open
    };
    assert_eq!(found(complete(), &[gone]), (Vec::new(), Vec::new()));
}

#[test]
fn an_interrupted_run_and_refused_regions_leave_it_unknown() {
    let interrupted = Snapshot {
        complete: false,
        ..snapshot(account_with(Reading::NotCollected, &[]))
    };
    let found = subjects(&interrupted);
    assert_eq!(found[0].id.name, UNLISTED);
    assert_eq!(found[0].unlisted[0].reason, Reason::NotCollected);
    let refused = snapshot(AccountInventory {
        region_listing: denied("account:ListRegions"),
        ..account(&[])
    });
    let found = subjects(&refused);
    assert_eq!(found[0].id.name, UNLISTED);
    assert_eq!(found[0].unlisted[0].action, "account:ListRegions");
}
