//! Who calls which qualifier, what stands unused, what is pinged, what goes idle; and who else may
//! call. The rules are those of AWS's documentation; the numbers are made up here.

use coldbucket::facts::Fact;
use coldbucket::facts::function::FunctionFacts;
use coldbucket::facts::function::access::{PolicyFacts, UrlFacts};
use coldbucket::facts::function::concurrency::ConfigurationFacts;
use coldbucket::inventory::Reading;
use coldbucket::inventory::account::RegionInventory;
use coldbucket::inventory::function::{
    Alias, FunctionConfiguration, FunctionInventory, FunctionStatus, FunctionUrl, Invocations,
    ProvisionedConcurrency, ProvisionedUsage, SnapStart, UrlCalls, UrlCors, Vpc,
};
use coldbucket::inventory::trigger::{
    EventRule, EventSourceMapping, RuleTarget, ScalableTarget, Schedule,
};
use serde_json::{Value, json};

use crate::support::{
    OWNER, REGION, denied, function, function_facts_in, function_facts_on, python, quiet_region,
};

fn arn(qualifier: &str) -> String {
    let plain = format!("arn:aws:lambda:{REGION}:{OWNER}:function:f");
    if qualifier.is_empty() {
        plain
    } else {
        format!("{plain}:{qualifier}")
    }
}

/// Version 3 behind alias `live`, two environments provisioned on the alias since 2025, everything
/// read, and not one call on it in 14 days.
fn provisioned() -> FunctionInventory {
    let mut function = function(python("python3.13"));
    function.versions.insert("3".into(), python("python3.13"));
    function.aliases = Reading::Known(vec![alias("live", "3")]);
    function.provisioned_concurrency = Reading::Known(vec![ProvisionedConcurrency {
        qualifier: "live".into(),
        requested: 2,
        available: 2,
        allocated: 2,
        status: "READY".into(),
        status_reason: None,
        last_modified: Some("2025-01-01T00:00:00+0000".into()),
    }]);
    function.provisioned_usage = usage(0.0, 0.0, 0.0);
    function.reserved_concurrency = Reading::Absent;
    function.urls = Reading::Known(Vec::new());
    function.policies = Reading::Known(
        [
            ("$LATEST".to_owned(), None),
            ("live".to_owned(), None),
            ("3".to_owned(), None),
        ]
        .into(),
    );
    function
}

fn alias(name: &str, version: &str) -> Alias {
    Alias {
        name: name.into(),
        version: version.into(),
        ..Alias::default()
    }
}

fn usage(invocations: f64, spillover: f64, peak: f64) -> Reading<Vec<ProvisionedUsage>> {
    Reading::Known(vec![ProvisionedUsage {
        qualifier: "live".into(),
        window_days: 14,
        invocations,
        spillover,
        peak_utilization: peak,
    }])
}

fn mapping(qualifier: &str, state: &str) -> RegionInventory {
    RegionInventory {
        event_source_mappings: Reading::Known(vec![EventSourceMapping {
            uuid: "u".into(),
            function_arn: arn(qualifier),
            source: format!("arn:aws:sqs:{REGION}:{OWNER}:orders"),
            state: state.into(),
        }]),
        ..quiet_region()
    }
}

fn rule(qualifier: &str, schedule: Option<&str>, constant_input: bool) -> RegionInventory {
    RegionInventory {
        rules: Reading::Known(vec![EventRule {
            name: "r".into(),
            bus: "default".into(),
            state: "ENABLED".into(),
            schedule: schedule.map(str::to_owned),
            targets: vec![RuleTarget {
                function_arn: arn(qualifier),
                constant_input,
            }],
        }]),
        ..quiet_region()
    }
}

fn schedule(qualifier: &str, state: &str) -> RegionInventory {
    RegionInventory {
        schedules: Reading::Known(vec![Schedule {
            name: "s".into(),
            group: "default".into(),
            state: state.into(),
            schedule: "rate(5 minutes)".into(),
            function_arn: arn(qualifier),
            constant_input: true,
        }]),
        ..quiet_region()
    }
}

fn first(function: FunctionInventory, around: RegionInventory) -> ConfigurationFacts {
    let facts = function_facts_in(function, around);
    facts
        .provisioned_concurrency
        .configurations
        .known()
        .unwrap()[0]
        .clone()
}

/// (wired, unused) of the alias's provisioned concurrency.
fn verdict(function: FunctionInventory, around: RegionInventory) -> (Option<bool>, Option<bool>) {
    let found = first(function, around);
    (found.wired.known().copied(), found.unused.known().copied())
}

#[test]
fn provisioned_concurrency_that_nothing_calls() {
    assert_eq!(
        verdict(provisioned(), quiet_region()),
        (Some(false), Some(true))
    );
}

#[test]
fn each_kind_of_trigger_wires_its_own_qualifier_and_no_other() {
    let wired = |around| verdict(provisioned(), around).0;
    for (qualifier, expected) in [("live", true), ("", false), ("other", false), ("3", false)] {
        assert_eq!(
            wired(mapping(qualifier, "Enabled")),
            Some(expected),
            "mapping {qualifier}"
        );
        assert_eq!(
            wired(rule(qualifier, None, false)),
            Some(expected),
            "rule {qualifier}"
        );
        assert_eq!(
            wired(schedule(qualifier, "ENABLED")),
            Some(expected),
            "schedule {qualifier}"
        );
    }
    // Switched off it calls nobody.
    assert_eq!(wired(mapping("live", "Disabled")), Some(false));
    assert_eq!(wired(schedule("live", "DISABLED")), Some(false));
    let mut with_url = provisioned();
    with_url.urls = Reading::Known(vec![url("live", "AWS_IAM", "2024-01-01T00:00:00Z")]);
    assert_eq!(verdict(with_url, quiet_region()).0, Some(true));
}

#[test]
fn a_policy_on_the_alias_is_taken_for_a_caller_and_one_on_the_function_is_not() {
    let api = json!([{"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction", "Resource": arn("live"),
        "Condition": {"ArnLike": {"AWS:SourceArn": format!("arn:aws:execute-api:{REGION}:{OWNER}:abc/*")}}}]);
    for (qualifier, expected) in [("live", true), ("$LATEST", false)] {
        let found = first(with_policy(provisioned(), qualifier, &api), quiet_region());
        assert_eq!(found.wired, Fact::Known(expected), "{qualifier}");
    }
    let found = first(with_policy(provisioned(), "live", &api), quiet_region());
    assert_eq!(
        found.wired_by,
        Fact::Known("its policy, for apigateway.amazonaws.com (live)".into())
    );
}

#[test]
fn a_function_of_the_same_name_elsewhere_is_another_one() {
    let mut around = mapping("live", "Enabled");
    let Reading::Known(mappings) = &mut around.event_source_mappings else {
        unreachable!()
    };
    mappings[0].function_arn = format!("arn:aws:lambda:{REGION}:222222222222:function:f:live");
    assert_eq!(verdict(provisioned(), around).0, Some(false));
    let mut longer = mapping("live", "Enabled");
    let Reading::Known(mappings) = &mut longer.event_source_mappings else {
        unreachable!()
    };
    mappings[0].function_arn = format!("arn:aws:lambda:{REGION}:{OWNER}:function:f2:live");
    assert_eq!(verdict(provisioned(), longer).0, Some(false));
}

#[test]
fn provisioned_on_a_version_serves_the_aliases_that_lead_there() {
    let mut function = provisioned();
    let Reading::Known(configurations) = &mut function.provisioned_concurrency else {
        unreachable!()
    };
    configurations[0].qualifier = "3".into();
    assert_eq!(
        verdict(function.clone(), mapping("live", "Enabled")).0,
        Some(true)
    );
    // A share of the alias's traffic is enough.
    function.versions.insert("4".into(), python("python3.13"));
    let mut split = alias("live", "4");
    split.additional_versions.insert("3".into(), 0.1);
    function.aliases = Reading::Known(vec![split]);
    assert_eq!(
        verdict(function.clone(), mapping("live", "Enabled")).0,
        Some(true)
    );
    function.aliases = Reading::Known(vec![alias("live", "4")]);
    assert_eq!(verdict(function, mapping("live", "Enabled")).0, Some(false));
}

#[test]
fn what_calls_another_qualifier_is_named() {
    let found = first(provisioned(), mapping("", "Enabled"));
    assert_eq!(
        found.bypassed_by,
        Fact::Known("event source mapping of orders ($LATEST)".into())
    );
    assert_eq!(found.wired_by, Fact::Known(String::new()));
}

#[test]
fn a_list_that_was_refused_leaves_open_whether_anybody_calls_and_a_trigger_found_settles_it() {
    let unread = RegionInventory {
        rules: denied("events:ListRules"),
        ..quiet_region()
    };
    let found = first(provisioned(), unread.clone());
    assert_eq!(found.wired.known(), None);
    assert_eq!(found.wired.because()[0].action, "events:ListRules");
    let also = RegionInventory {
        event_source_mappings: mapping("live", "Enabled").event_source_mappings,
        ..unread
    };
    assert_eq!(first(provisioned(), also).wired, Fact::Known(true));
}

#[test]
fn disuse_takes_fourteen_days_of_figures() {
    let unused = |function| verdict(function, quiet_region()).1;
    let mut called = provisioned();
    called.provisioned_usage = usage(1.0, 0.0, 0.5);
    assert_eq!(unused(called), Some(false));
    for (since, expected) in [
        ("2026-11-08T12:00:00+0000", Some(true)),
        ("2026-11-09T12:00:00+0000", None),
    ] {
        let mut young = provisioned();
        let Reading::Known(configurations) = &mut young.provisioned_concurrency else {
            unreachable!()
        };
        configurations[0].last_modified = Some(since.into());
        assert_eq!(unused(young), expected, "{since}");
    }
    let mut unread = provisioned();
    unread.provisioned_usage = denied("cloudwatch:GetMetricData");
    let found = first(unread, quiet_region());
    assert_eq!(found.unused.because()[0].action, "cloudwatch:GetMetricData");
}

#[test]
fn figures_of_use() {
    let mut busy = provisioned();
    busy.provisioned_usage = usage(900.0, 100.0, 1.0);
    busy.reserved_concurrency = Reading::Known(2);
    let around = RegionInventory {
        scalable_targets: Reading::Known(vec![ScalableTarget {
            function: "f".into(),
            qualifier: "live".into(),
            min: 2,
            max: 10,
        }]),
        ..quiet_region()
    };
    let found = first(busy, around);
    assert_eq!(found.spillover_share, Fact::Known(0.1));
    assert_eq!(found.peak_utilization, Fact::Known(1.0));
    assert_eq!(found.scaled, Fact::Known(true));
    // Two of two reserved are provisioned: a third call is throttled.
    assert_eq!(found.reserved_exhausted, Fact::Known(true));
    let idle = first(provisioned(), quiet_region());
    assert_eq!(idle.spillover_share, Fact::Known(0.0));
    assert_eq!(idle.scaled, Fact::Known(false));
    assert_eq!(idle.reserved_exhausted, Fact::Known(false));
}

/// SnapStart is on; version 3, behind `live`, has a snapshot when `published`.
fn snapstart(published: bool) -> FunctionInventory {
    let setting = |status: &str| SnapStart {
        apply_on: "PublishedVersions".into(),
        optimization_status: status.into(),
    };
    let mut function = provisioned();
    function.provisioned_concurrency = Reading::Known(Vec::new());
    function.provisioned_usage = Reading::NotCollected;
    for (version, status) in [
        ("$LATEST", "Off"),
        ("3", if published { "On" } else { "Off" }),
    ] {
        let mut configuration = python("java21");
        configuration.snap_start = Some(setting(status));
        function.versions.insert(version.into(), configuration);
    }
    function
}

#[test]
fn a_snapshot_is_wasted_when_there_is_none_or_all_triggers_pass_it_by() {
    let wasted = |function, around| function_facts_in(function, around).snapshots.wasted.clone();
    assert_eq!(wasted(snapstart(false), quiet_region()), Fact::Known(true));
    for (qualifier, expected) in [("live", false), ("3", false), ("", true)] {
        assert_eq!(
            wasted(snapstart(true), mapping(qualifier, "Enabled")),
            Fact::Known(expected),
            "{qualifier}"
        );
    }
    // One that calls the snapshot is enough, whatever else calls $LATEST.
    let both = RegionInventory {
        rules: rule("", None, false).rules,
        ..mapping("live", "Enabled")
    };
    assert_eq!(wasted(snapstart(true), both), Fact::Known(false));
    // No trigger at all proves nothing.
    let silent = wasted(snapstart(true), quiet_region());
    assert!(silent.because()[0].detail.contains("IAM or API Gateway"));
    // A function without SnapStart wastes none, and nothing is asked about it.
    assert_eq!(
        wasted(function(python("java21")), RegionInventory::default()),
        Fact::Known(false)
    );
}

#[test]
fn pings_are_short_rates_with_a_constant_input() {
    let pings = |around| {
        function_facts_in(function(python("python3.13")), around)
            .pings
            .known()
            .unwrap()
            .clone()
    };
    let found = pings(rule("live", Some("rate(5 minutes)"), true));
    assert_eq!(found.len(), 1);
    assert_eq!(
        (
            found[0].name.as_str(),
            found[0].qualifier.as_str(),
            found[0].every_minutes,
            found[0].keeps_one
        ),
        ("rule default/r", "live", 5, true)
    );
    // Ten minutes is longer than an idle environment lives.
    let rare = pings(rule("", Some("rate(10 minutes)"), true));
    assert_eq!(
        (rare[0].qualifier.as_str(), rare[0].keeps_one),
        ("$LATEST", false)
    );
    assert_eq!(pings(schedule("", "ENABLED"))[0].name, "schedule default/s");
    for none in [
        rule("", Some("rate(5 minutes)"), false),
        rule("", Some("rate(1 hour)"), true),
        rule("", Some("rate(20 minutes)"), true),
        rule("", None, true),
        schedule("", "DISABLED"),
    ] {
        assert!(pings(none).is_empty());
    }
    let isolated = FunctionConfiguration {
        tenant_isolation: true,
        ..python("python3.13")
    };
    let facts = function_facts_in(function(isolated), rule("", Some("rate(5 minutes)"), true));
    assert!(!facts.pings.known().unwrap()[0].keeps_one);
}

/// A function in a VPC, last changed on that day, with so many calls in 14 days.
fn in_vpc(changed: &str, count: f64, state: &str) -> FunctionFacts<'static> {
    let mut function = function(FunctionConfiguration {
        vpc: Some(Vpc {
            vpc_id: "vpc-1".into(),
            ..Vpc::default()
        }),
        last_modified: Some(format!("{changed}T00:00:00.000+0000")),
        ..python("python3.13")
    });
    function.invocations = Reading::Known(Invocations {
        window_days: 14,
        count,
    });
    function.status = Reading::Known(FunctionStatus {
        state: state.into(),
        reason_code: None,
    });
    function_facts_in(function, RegionInventory::default())
}

#[test]
fn a_vpc_function_that_nobody_calls_goes_idle_after_fourteen_days() {
    let uncalled = |changed, count| {
        in_vpc(changed, count, "Active")
            .idle
            .uncalled
            .known()
            .copied()
    };
    assert_eq!(uncalled("2026-11-01", 0.0), Some(true));
    assert_eq!(uncalled("2026-11-01", 1.0), Some(false));
    assert_eq!(uncalled("2026-11-20", 0.0), None);
    assert_eq!(
        in_vpc("2026-11-01", 0.0, "Inactive").idle.inactive,
        Fact::Known(true)
    );
    assert_eq!(
        in_vpc("2026-11-01", 0.0, "Active").idle.inactive,
        Fact::Known(false)
    );
    // Outside of a VPC nothing is taken back, and nothing is asked.
    let outside = function_facts_in(function(python("python3.13")), RegionInventory::default());
    assert_eq!(outside.idle.inactive, Fact::Known(false));
    assert_eq!(outside.idle.uncalled, Fact::Known(false));
}

fn with_policy(
    mut function: FunctionInventory,
    qualifier: &str,
    statements: &Value,
) -> FunctionInventory {
    let text =
        json!({"Version": "2012-10-17", "Id": "default", "Statement": statements}).to_string();
    let Reading::Known(policies) = &mut function.policies else {
        unreachable!()
    };
    policies.insert(qualifier.into(), Some(text));
    function
}

fn url(qualifier: &str, auth_type: &str, created: &str) -> FunctionUrl {
    FunctionUrl {
        qualifier: qualifier.into(),
        auth_type: auth_type.into(),
        created: created.into(),
        modified: None,
        cors: None,
    }
}

/// The facts of one policy of the function, on `live`.
fn judged(statement: Value) -> PolicyFacts {
    let function = with_policy(provisioned(), "live", &json!([statement]));
    let facts = function_facts_in(function, quiet_region());
    facts.policies.known().unwrap()[0].clone()
}

fn invoke(principal: Value, condition: Value) -> Value {
    json!({"Sid": "s", "Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction",
        "Resource": arn("live"), "Condition": condition})
}

#[test]
fn a_policy_is_public_when_a_stranger_gets_in() {
    let everybody = || json!("*");
    let org = "o-a1b2c3d4e5";
    let cases = [
        ("everybody", invoke(everybody(), json!({})), true),
        (
            "everybody, as AWS",
            invoke(json!({"AWS": "*"}), json!({})),
            true,
        ),
        (
            "an organization",
            invoke(
                everybody(),
                json!({"StringEquals": {"aws:PrincipalOrgID": org}}),
            ),
            false,
        ),
        (
            "an account by condition",
            invoke(
                everybody(),
                json!({"StringEquals": {"aws:PrincipalAccount": "222222222222"}}),
            ),
            false,
        ),
        (
            "an account",
            invoke(json!({"AWS": "arn:aws:iam::222222222222:root"}), json!({})),
            false,
        ),
        (
            "a service",
            invoke(json!({"Service": "s3.amazonaws.com"}), json!({})),
            false,
        ),
        (
            "an office",
            invoke(
                everybody(),
                json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
            ),
            false,
        ),
        (
            "the whole internet",
            invoke(
                everybody(),
                json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
            ),
            true,
        ),
        (
            "a header anybody types",
            invoke(
                everybody(),
                json!({"StringLike": {"aws:UserAgent": "acme/*"}}),
            ),
            true,
        ),
        (
            "absent is fine too",
            invoke(
                everybody(),
                json!({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}),
            ),
            true,
        ),
        (
            "a topic of one's own",
            invoke(
                everybody(),
                json!({"ArnLike": {"aws:SourceArn": format!("arn:aws:sns:{REGION}:{OWNER}:t")}}),
            ),
            false,
        ),
    ];
    for (name, statement, public) in cases {
        assert_eq!(judged(statement).public, Fact::Known(public), "{name}");
    }
}

/// A full policy (PutResourcePolicy) may have Deny, NotPrincipal and every condition. A caller who holds
/// nothing that the policy names is one whose values stand in no statement, whatever those are.
#[test]
fn full_policies_are_judged_by_what_they_allow_and_deny() {
    let allow = |condition: Value| invoke(json!("*"), condition);
    let deny = |rest: Value| {
        let mut statement = json!({"Sid": "d", "Effect": "Deny", "Action": "lambda:*",
            "Resource": [arn(""), arn("live")]});
        for (name, value) in rest.as_object().unwrap() {
            statement[name] = value.clone();
        }
        statement
    };
    let cases = [
        // One network, one account or one name is never everyone's.
        (
            json!([allow(json!({"IpAddress": {"aws:SourceIp": "9.9.9.0/24"}}))]),
            false,
        ),
        (
            json!([allow(
                json!({"StringEquals": {"aws:PrincipalAccount": "999999999999"}})
            )]),
            false,
        ),
        // Any account can name a user so.
        (
            json!([allow(
                json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/unnamed"}})
            )]),
            true,
        ),
        (
            json!([allow(
                json!({"StringEquals": {"aws:PrincipalOrgID": "o-otherorg00"}})
            )]),
            false,
        ),
        // A Deny that spares some leaves everyone else out; one that names some leaves everyone else in.
        (
            json!([
                allow(json!({})),
                deny(json!({"Principal": "*",
            "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}))
            ]),
            false,
        ),
        (
            json!([
                allow(json!({})),
                deny(json!({"Principal": "*",
            "Condition": {"IpAddress": {"aws:SourceIp": "9.9.9.0/24"}}}))
            ]),
            true,
        ),
        (
            json!([
                allow(json!({})),
                deny(
                    json!({"NotPrincipal": {"AWS": [format!("arn:aws:iam::{OWNER}:root"),
            format!("arn:aws:iam::{OWNER}:role/caller")]}})
                )
            ]),
            false,
        ),
        (
            json!([
                allow(json!({})),
                deny(json!({"Principal": {"AWS": "999999999999"}}))
            ]),
            true,
        ),
        (
            json!([
                allow(json!({})),
                deny(json!({"Principal": "*",
            "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}))
            ]),
            false,
        ),
        // Grants that have ended, and that have begun; the snapshot is of 2026-11-22.
        (
            json!([allow(
                json!({"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}})
            )]),
            false,
        ),
        (
            json!([allow(
                json!({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}})
            )]),
            true,
        ),
        // What an account sets about its own principals restricts nobody.
        (
            json!([allow(
                json!({"StringEquals": {"aws:PrincipalTag/team": "red"}})
            )]),
            true,
        ),
        // A function of one's own is the source of nobody else's requests; any function is.
        (
            json!([allow(
                json!({"ArnLike": {"lambda:SourceFunctionArn": arn("")}})
            )]),
            false,
        ),
        (
            json!([allow(
                json!({"ArnLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:*:*:function:*"}})
            )]),
            true,
        ),
        (
            json!([allow(
                json!({"StringEquals": {"lambda:EventSourceToken": "amzn1.ask.skill.x"}})
            )]),
            false,
        ),
    ];
    for (statements, public) in cases {
        let function = with_policy(provisioned(), "live", &statements);
        let facts = function_facts_in(function, quiet_region());
        let found = facts.policies.known().unwrap()[0].public.clone();
        assert_eq!(found, Fact::Known(public), "{statements}");
    }
}

#[test]
fn a_deny_takes_a_public_grant_back_and_a_grant_of_everything_names_the_worst() {
    let allow = invoke(json!("*"), json!({}));
    let deny = json!({"Sid": "d", "Effect": "Deny", "Principal": "*", "Action": "lambda:*",
        "Resource": arn("live"), "Condition": {"StringNotEquals": {"aws:PrincipalAccount": OWNER}}});
    let both = with_policy(provisioned(), "live", &json!([allow, deny]));
    let facts = function_facts_in(both, quiet_region());
    assert_eq!(
        facts.policies.known().unwrap()[0].public,
        Fact::Known(false)
    );
    let mut all = invoke(json!("*"), json!({}));
    all["Action"] = json!("lambda:*");
    let actions = judged(all).public_actions;
    assert!(
        actions
            .known()
            .unwrap()
            .contains("lambda:UpdateFunctionCode")
    );
}

#[test]
fn services_need_a_source() {
    let own = format!("arn:aws:events:{REGION}:{OWNER}:rule/nightly");
    let cases = [
        ("s3.amazonaws.com", json!({}), true),
        (
            "events.amazonaws.com",
            json!({"ArnLike": {"AWS:SourceArn": own}}),
            false,
        ),
        (
            "events.amazonaws.com",
            json!({"ArnLike": {"AWS:SourceArn": "arn:aws:events:*:*:rule/*"}}),
            true,
        ),
        (
            "s3.amazonaws.com",
            json!({"StringEquals": {"AWS:SourceAccount": OWNER}}),
            false,
        ),
        // A bucket's ARN has no account: the name may be somebody else's tomorrow.
        (
            "s3.amazonaws.com",
            json!({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::uploads"}}),
            true,
        ),
        (
            "s3.amazonaws.com",
            json!({"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::uploads"}, "StringEquals": {"AWS:SourceAccount": OWNER}}),
            false,
        ),
        (
            "sns.amazonaws.com",
            json!({"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}),
            false,
        ),
        (
            "alexa-appkit.amazon.com",
            json!({"StringEquals": {"lambda:EventSourceToken": "amzn1.ask.skill.x"}}),
            false,
        ),
        ("secretsmanager.amazonaws.com", json!({}), false),
    ];
    for (service, condition, expected) in cases {
        let facts = judged(invoke(json!({"Service": service}), condition.clone()));
        let found = facts
            .confused_deputies
            .known()
            .unwrap_or_else(|| panic!("{service} {condition}: {:?}", facts.confused_deputies))
            .clone();
        assert_eq!(
            !found.is_empty(),
            expected,
            "{service} {condition}: {found:?}"
        );
    }
}

/// `"*"` means services too: S3, Amazon SNS and others were granted this way, by their sources alone.
#[test]
fn services_that_only_a_condition_names_need_a_source() {
    let own = format!("arn:aws:sns:{REGION}:{OWNER}:topic");
    for (condition, expected) in [
        (
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}),
            "s3.amazonaws.com",
        ),
        (
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::uploads"}}),
            "s3.amazonaws.com",
        ),
        (
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::uploads"}, "StringEquals": {"aws:SourceAccount": OWNER}}),
            "",
        ),
        (
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:topic"}}),
            "sns.amazonaws.com",
        ),
        (json!({"ArnLike": {"aws:SourceArn": own}}), ""),
        (
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:execute-api:eu-west-1:*:*/*/GET/x"}}),
            "apigateway.amazonaws.com",
        ),
        (
            json!({"StringEquals": {"aws:PrincipalServiceName": "sns.amazonaws.com"}}),
            "sns.amazonaws.com",
        ),
        (
            json!({"Bool": {"aws:PrincipalIsAWSService": "true"}}),
            "s3.amazonaws.com",
        ),
        (
            json!({"StringLike": {"aws:PrincipalServiceName": "*.amazonaws.com"}}),
            "s3.amazonaws.com",
        ),
        (
            json!({"StringLike": {"aws:SourceArn": "arn:aws:*"}}),
            "s3.amazonaws.com",
        ),
        (json!({"StringEquals": {"aws:PrincipalAccount": OWNER}}), ""),
    ] {
        let facts = judged(invoke(json!("*"), condition.clone()));
        let found = facts.confused_deputies.known();
        assert_eq!(found.map(String::as_str), Some(expected), "{condition}");
    }
}

fn url_grant() -> Value {
    json!({"Sid": "FunctionURLAllowPublicAccess", "Effect": "Allow", "Principal": "*",
        "Action": "lambda:InvokeFunctionUrl", "Resource": arn("live"),
        "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}})
}

fn second_grant() -> Value {
    json!({"Sid": "FunctionURLInvokeAllowPublicAccess", "Effect": "Allow", "Principal": "*",
        "Action": "lambda:InvokeFunction", "Resource": arn("live"),
        "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}})
}

fn urls(statements: Value, url: FunctionUrl) -> UrlFacts {
    let mut function = with_policy(provisioned(), "live", &statements);
    function.urls = Reading::Known(vec![url]);
    function_facts_in(function, quiet_region())
        .urls
        .known()
        .unwrap()[0]
        .clone()
}

#[test]
fn a_url_is_open_when_setting_and_policy_both_say_so() {
    let (old, new) = ("2025-03-01T00:00:00Z", "2026-03-01T00:00:00Z");
    let cases = [
        // One grant of two, after the day by which AWS asked to review its exception.
        ("NONE", old, json!([url_grant()]), None),
        ("AWS_IAM", old, json!([url_grant()]), Some(false)),
        // Every call gets 403.
        (
            "NONE",
            old,
            json!([invoke(json!({"AWS": OWNER}), json!({}))]),
            Some(false),
        ),
        // Made since October 2025 it takes both grants, but for the exception.
        ("NONE", new, json!([url_grant()]), None),
        (
            "NONE",
            new,
            json!([url_grant(), second_grant()]),
            Some(true),
        ),
        ("NONE", "2025-10-20T00:00:00Z", json!([url_grant()]), None),
        (
            "NONE",
            "2025-10-20T00:00:00Z",
            json!([url_grant(), second_grant()]),
            Some(true),
        ),
    ];
    for (auth, created, statements, expected) in cases {
        let open = urls(statements.clone(), url("live", auth, created)).open;
        assert_eq!(
            open.known().copied(),
            expected,
            "{auth} {created} {statements}"
        );
    }
}

/// Requests that were answered after AWS's exception was to end prove that one grant is enough here.
/// Requests that got a 4xx prove nothing: the code may answer so, and so does Lambda.
#[test]
fn answered_requests_prove_that_one_grant_of_two_is_enough() {
    let calls = |qualifier: &str, requests: f64, client_errors: f64, server_errors: f64| {
        Reading::Known(vec![UrlCalls {
            qualifier: qualifier.into(),
            since: "2026-11-08T12:00:00Z".into(),
            requests,
            client_errors,
            server_errors,
        }])
    };
    let (before, after) = ("2026-11-01T12:00:00Z", "2026-11-22T12:00:00Z");
    let one = json!([url_grant()]);
    let both = json!([url_grant(), second_grant()]);
    let none = json!([second_grant()]);
    for (taken_at, statements, calls, open, by_exception) in [
        (
            after,
            &one,
            calls("live", 12.0, 2.0, 0.0),
            Some(true),
            Some(true),
        ),
        // A 5xx comes from code that ran.
        (
            after,
            &one,
            calls("live", 12.0, 11.0, 1.0),
            Some(true),
            Some(true),
        ),
        (after, &one, calls("live", 12.0, 12.0, 0.0), None, None),
        (after, &one, calls("live", 0.0, 0.0, 0.0), None, None),
        // Those of another URL of the function say nothing about this one.
        (after, &one, calls("$LATEST", 12.0, 0.0, 0.0), None, None),
        (after, &one, Reading::Known(Vec::new()), None, None),
        (after, &one, Reading::NotCollected, None, None),
        (after, &one, denied("cloudwatch:GetMetricData"), None, None),
        // Without the first grant every request is refused, and with both none is needed as proof.
        (
            after,
            &none,
            calls("live", 12.0, 2.0, 0.0),
            Some(false),
            Some(false),
        ),
        (after, &both, Reading::NotCollected, Some(true), Some(false)),
        (
            after,
            &both,
            calls("live", 12.0, 12.0, 0.0),
            Some(true),
            Some(false),
        ),
        // Before the day from which requests count, they are not looked at.
        (
            before,
            &one,
            calls("live", 12.0, 2.0, 0.0),
            None,
            Some(false),
        ),
    ] {
        let case = format!("{taken_at} {statements} {calls:?}");
        let mut function = with_policy(provisioned(), "live", statements);
        function.urls = Reading::Known(vec![url("live", "NONE", "2025-03-01T00:00:00Z")]);
        function.url_calls = calls.clone();
        let facts = function_facts_on(function.clone(), quiet_region(), taken_at);
        let found = &facts.urls.known().unwrap()[0];
        assert_eq!(found.open.known().copied(), open, "{case}");
        let found = found.open_by_exception.known().copied();
        assert_eq!(found, by_exception, "{case}");
        // A signed request may be one of the account's own.
        function.urls = Reading::Known(vec![url("live", "AWS_IAM", "2025-03-01T00:00:00Z")]);
        let facts = function_facts_on(function, quiet_region(), taken_at);
        assert_eq!(facts.urls.known().unwrap()[0].open, Fact::Known(false));
    }
}

fn iam_grant() -> Value {
    json!({"Sid": "FunctionURLAllowIam", "Effect": "Allow", "Principal": "*",
        "Action": "lambda:InvokeFunctionUrl", "Resource": arn("live"),
        "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}})
}

/// The snapshot of a function with that URL and policy on `live`, beside a function whose URL was made
/// on the day `sibling`.
fn judged_url(
    taken_at: &str,
    sibling: Option<&str>,
    statements: &Value,
    url: FunctionUrl,
) -> (Fact<bool>, Fact<bool>) {
    let mut function = with_policy(provisioned(), "live", statements);
    function.urls = Reading::Known(vec![url]);
    let mut region = quiet_region();
    if let Some(created) = sibling {
        let mut other = provisioned();
        other.urls = Reading::Known(vec![self::url("live", "NONE", created)]);
        region.functions.insert("sibling".to_owned(), other);
    }
    let facts = function_facts_on(function, region, taken_at);
    let open = facts.urls.known().unwrap()[0].open.clone();
    let public = facts.policies.known().unwrap()[0].public.clone();
    (open, public)
}

/// AWS's change of October 2025, its exception, and the day until when it asked to review it.
#[test]
fn one_grant_of_two_by_the_days_of_snapshot_and_url() {
    let (before, after) = ("2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z");
    let (old, new) = ("2025-09-30T23:59:59Z", "2025-11-01T00:00:00Z");
    for (taken_at, created, sibling, expected) in [
        (before, old, None, Some(true)),
        (before, old, Some(old), Some(true)),
        (before, new, None, Some(false)),
        (before, new, Some(new), Some(false)),
        (before, new, Some(old), None),
        (before, "2025-10-20T00:00:00Z", None, None),
        (before, "", None, None),
        (after, old, None, None),
        (after, new, None, None),
        (after, new, Some(old), None),
    ] {
        let case = format!("{taken_at} {created} {sibling:?}");
        let of = |statements: Value, auth: &str| {
            judged_url(taken_at, sibling, &statements, url("live", auth, created))
        };
        let (open, public) = of(json!([url_grant()]), "NONE");
        assert_eq!(open.known().copied(), expected, "NONE {case}");
        assert_eq!(public, Fact::Known(false), "NONE {case}");
        // The same for every AWS account, by AuthType AWS_IAM.
        let (open, public) = of(json!([iam_grant()]), "AWS_IAM");
        assert_eq!(open, Fact::Known(false), "AWS_IAM {case}");
        assert_eq!(public.known().copied(), expected, "AWS_IAM {case}");
        // Both grants are enough, and no grant is none, whatever the day.
        let (open, _) = of(json!([url_grant(), second_grant()]), "NONE");
        assert_eq!(open, Fact::Known(true), "both, NONE {case}");
        let (_, public) = of(json!([iam_grant(), second_grant()]), "AWS_IAM");
        assert_eq!(public, Fact::Known(true), "both, AWS_IAM {case}");
        let (open, public) = of(json!([second_grant()]), "NONE");
        assert_eq!((open, public), (Fact::Known(false), Fact::Known(false)));
        // A grant for the other AuthType is none.
        let (open, public) = of(json!([iam_grant(), second_grant()]), "NONE");
        assert_eq!((open, public), (Fact::Known(false), Fact::Known(false)));
    }
}

#[test]
fn grants_for_a_url_are_not_public_by_themselves() {
    assert_eq!(judged(url_grant()).public, Fact::Known(false));
    assert_eq!(judged(second_grant()).public, Fact::Known(false));
}

#[test]
fn a_deleted_url_leaves_its_grant_behind() {
    assert_eq!(judged(url_grant()).left_behind, Fact::Known(true));
    let mut present = with_policy(provisioned(), "live", &json!([url_grant()]));
    present.urls = Reading::Known(vec![url("live", "AWS_IAM", "2025-03-01T00:00:00Z")]);
    let facts = function_facts_in(present, quiet_region());
    assert_eq!(
        facts.policies.known().unwrap()[0].left_behind,
        Fact::Known(false)
    );
}

#[test]
fn any_origin_and_cookies() {
    let mut with_cors = url("live", "AWS_IAM", "2025-03-01T00:00:00Z");
    with_cors.cors = Some(UrlCors {
        origins: vec!["https://acme.example".into(), "*".into()],
        methods: vec!["GET".into()],
        credentials: true,
    });
    let found = urls(json!([]), with_cors);
    assert!(found.any_origin && found.credentials);
    let found = urls(json!([]), url("live", "AWS_IAM", "2025-03-01T00:00:00Z"));
    assert!(!found.any_origin && !found.credentials);
}

#[test]
fn an_alias_whose_policy_was_not_asked_for_leaves_open_who_may_call() {
    let mut function = provisioned();
    function.policies = Reading::Known([("$LATEST".to_owned(), None)].into());
    let facts = function_facts_in(function, quiet_region());
    assert!(facts.policies.because()[0].detail.contains("alias live"));
}
