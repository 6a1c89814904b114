//! Functions: runtimes on their dates, versions that matter, packages, SnapStart, risk.

use coldbucket::facts::function::runtime::{NOT_SCHEDULED, RuntimeTable};
use coldbucket::facts::{Fact, Facts, SubjectFacts, Trust};
use coldbucket::inventory::Reading;
use coldbucket::inventory::archive::{Archive, Content, ContentKind, LayerPackage, Package};
use coldbucket::inventory::function::{
    Alias, FunctionConfiguration, FunctionInventory, Image, Layer, Measurement,
    ProvisionedConcurrency, SnapStart, Starts, Vpc,
};
use coldbucket::inventory::ids::SubjectKind;
use coldbucket::report::cold_start::EstimateOutput;
use coldbucket::report::{ColdStart, ColdStartRisk, DurationBasis, SnapStartState};

use crate::support::{
    REGION, denied, function, function_facts, function_facts_at, function_snapshot, postures,
    python, subject,
};

const MB: u64 = 1 << 20;

const NOON: &str = "2026-11-22T12:00:00Z";

/// (deprecated, days left) of a runtime on a day.
fn on(day: &str, runtime: &str) -> (Option<bool>, Option<i64>) {
    let facts = function_facts_at(
        function(python(runtime)),
        REGION,
        &format!("{day}T00:00:00Z"),
    );
    let runtime = facts.latest.runtime.clone();
    (
        runtime.deprecated.known().copied(),
        runtime.days_left.known().copied(),
    )
}

#[test]
fn runtimes_on_2026_11_22() {
    let cases = [
        ("python3.10", true, -22),
        ("dotnet8", true, -12),
        ("provided.al2", true, -114),
        ("nodejs20.x", true, -206),
        ("ruby3.2", true, -236),
        ("python3.9", true, -342),
        ("nodejs18.x", true, -447),
        ("go1.x", true, -1049),
        ("ruby3.3", false, 129),
        ("nodejs22.x", false, 159),
        ("python3.11", false, 220),
        ("java8.al2", false, 220),
        ("java17", false, 220),
        ("java21", false, 951),
        ("provided.al2023", false, 951),
        ("dotnet10", false, 723),
        ("nodejs26.x", false, NOT_SCHEDULED),
    ];
    for (runtime, deprecated, days) in cases {
        assert_eq!(
            on("2026-11-22", runtime),
            (Some(deprecated), Some(days)),
            "{runtime}"
        );
    }
}

/// A layer's code runs with the function's role: known are AWS, vendors that document
/// their accounts, and those that the configuration trusts.
#[test]
fn layers_of_accounts_that_are_not_known() {
    let layer = |account: &str| format!("arn:aws:lambda:eu-west-1:{account}:layer:l:1");
    let (own, foreign, trusted) = (
        layer("111111111111"),
        layer("222222222222"),
        layer("333333333333"),
    );
    // CloudWatch Lambda Insights, Datadog.
    let published = [layer("580247275435"), layer("464622532012")];
    let foreign_of = |arns: &[&String]| {
        let latest = FunctionConfiguration {
            layers: arns
                .iter()
                .map(|arn| Layer {
                    arn: (*arn).clone(),
                    code_size_bytes: 1,
                })
                .collect(),
            ..python("python3.14")
        };
        let snapshot = function_snapshot(function(latest), REGION, NOON);
        let trust = Trust {
            accounts: ["333333333333".to_owned()].into(),
            ..Trust::default()
        };
        let facts = Facts::new(&snapshot, trust);
        let subject = subject(&facts, SubjectKind::Function, "f");
        let SubjectFacts::Function(facts) = facts.view(&subject).unwrap() else {
            panic!("not a function");
        };
        facts.latest.foreign_layers.known().cloned()
    };
    assert_eq!(foreign_of(&[]).as_deref(), Some(""));
    let vouched = [&own, &trusted, &published[0], &published[1]];
    assert_eq!(foreign_of(&vouched).as_deref(), Some(""));
    assert_eq!(foreign_of(&[&own, &foreign]), Some(foreign.clone()));
}

#[test]
fn the_day_of_deprecation_and_the_days_around_it() {
    assert_eq!(on("2027-04-29", "nodejs22.x"), (Some(false), Some(1)));
    assert_eq!(on("2027-04-30", "nodejs22.x"), (Some(true), Some(0)));
    assert_eq!(on("2027-05-01", "nodejs22.x"), (Some(true), Some(-1)));
    // The day is counted in UTC.
    let facts = function_facts_at(
        function(python("nodejs22.x")),
        REGION,
        "2027-04-30T01:00:00+02:00",
    );
    assert_eq!(facts.latest.runtime.deprecated, Fact::Known(false));
}

#[test]
fn runtime_dates_and_families() {
    let runtime = |name: &str| {
        function_facts(function(python(name)))
            .latest
            .runtime
            .clone()
    };
    let python310 = runtime("python3.10");
    assert_eq!(python310.name, Fact::Known("python3.10".into()));
    assert_eq!(python310.deprecation_date, Fact::Known("2026-10-31".into()));
    assert_eq!(
        python310.update_block_date,
        Fact::Known("2027-03-03".into())
    );
    assert_eq!(
        runtime("nodejs26.x").deprecation_date,
        Fact::Known(String::new())
    );
    let families = [
        ("java21", "java"),
        ("java8.al2", "java"),
        ("dotnetcore3.1", "dotnet"),
        ("python3.13", "python"),
        ("nodejs4.3-edge", "nodejs"),
        ("ruby3.4", "ruby"),
        ("go1.x", "go"),
        ("provided.al2023", "provided"),
        ("byol", "other"),
    ];
    for (name, family) in families {
        assert_eq!(runtime(name).family, Fact::Known(family.into()), "{name}");
    }
}

#[test]
fn an_identifier_that_the_table_does_not_know_is_not_decided() {
    let runtime = function_facts(function(python("python4.0")))
        .latest
        .runtime
        .clone();
    assert_eq!(runtime.family, Fact::Known("python".into()));
    assert_eq!(runtime.deprecated.known(), None);
    assert!(
        runtime.deprecated.because()[0]
            .detail
            .contains("2026-08-22")
    );
    let image = function_facts(function(image())).latest.runtime.clone();
    assert_eq!(image.name.known(), None);
    assert_eq!(image.deprecated.known(), None);
}

/// Its publisher sets its dates, and whose and which it is the SDK does not hand on: nothing is decided,
/// and nothing estimated as if it were a known runtime, whatever its layers and package show.
#[test]
fn a_customer_managed_runtime_is_neither_judged_nor_estimated() {
    let mut configuration = python("custom");
    let facts = function_facts(function(configuration.clone()));
    let runtime = facts.latest.runtime.clone();
    assert_eq!(runtime.name, Fact::Known("custom".into()));
    assert_eq!(runtime.family, Fact::Known("other".into()));
    for because in [
        runtime.deprecated.because(),
        runtime.days_left.because(),
        runtime.deprecation_date.because(),
        runtime.update_block_date.because(),
    ] {
        assert!(
            because[0].detail.contains("customer-managed"),
            "{because:?}"
        );
    }
    assert_eq!(estimated(function(configuration.clone())), None);
    configuration.layers = vec![layer(
        "arn:aws:lambda:eu-west-1:753240598075:layer:LambdaAdapterLayerX86:27",
        10,
    )];
    assert_eq!(estimated(function(configuration)), None);
}

#[test]
fn a_snapshot_without_a_readable_time_has_no_today() {
    let facts = function_facts_at(function(python("python3.10")), REGION, "yesterday");
    assert_eq!(facts.latest.runtime.deprecated.known(), None);
    assert_eq!(
        facts.latest.runtime.deprecation_date,
        Fact::Known("2026-10-31".into())
    );
}

#[test]
fn the_runtime_table_is_whole() {
    let text = include_str!("../../policies/data/runtimes.csv");
    let table = RuntimeTable::parse(text).unwrap();
    assert_eq!(&table, RuntimeTable::builtin());
    assert_eq!(table.date, "2026-08-22");
    let rows = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("runtime,"))
        .count();
    assert_eq!(table.rows.len(), rows);
    for (name, row) in &table.rows {
        assert!(
            row.update_block.is_none() || row.deprecation.is_some(),
            "{name}"
        );
        assert!(
            row.update_block >= row.deprecation || name == "dotnetcore2.0",
            "{name}"
        );
    }
    for bad in ["x,y", "a,2026-13-01,,no", "a,,,maybe"] {
        assert!(RuntimeTable::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_action_table_is_whole() {
    use coldbucket_policy::catalogue;
    let text = include_str!("../../crates/policy/data/s3-actions.csv");
    let actions = catalogue::parse(text).unwrap();
    assert_eq!(actions, catalogue::actions());
    assert!(actions.len() > 100);
    for bad in [
        "GetObject,object,read,core",
        "GetObject,object,read,core,@nowhere",
    ] {
        assert!(catalogue::parse(bad).is_err(), "{bad}");
    }
}

fn image() -> FunctionConfiguration {
    FunctionConfiguration {
        runtime: None,
        package_type: "Image".into(),
        code_size_bytes: 0,
        ..python("")
    }
}

fn alias(name: &str, version: &str) -> Alias {
    Alias {
        name: name.into(),
        version: version.into(),
        ..Alias::default()
    }
}

fn provisioned(qualifier: &str, status: &str) -> ProvisionedConcurrency {
    ProvisionedConcurrency {
        qualifier: qualifier.into(),
        requested: 4,
        available: 4,
        allocated: 4,
        status: status.into(),
        status_reason: None,
        last_modified: None,
    }
}

/// Versions 1 to 12; `live` on 10 with a share on 9, provisioned concurrency on 2 and on `live`.
fn published() -> FunctionInventory {
    let mut function = function(python("java21"));
    for version in 1..=12 {
        function
            .versions
            .insert(version.to_string(), python("java21"));
    }
    let mut live = alias("live", "10");
    live.additional_versions.insert("9".into(), 0.1);
    function.aliases = Reading::Known(vec![live, alias("beta", "10"), alias("dev", "$LATEST")]);
    function.provisioned_concurrency = Reading::Known(vec![
        provisioned("live", "READY"),
        provisioned("2", "FAILED"),
    ]);
    function
}

#[test]
fn the_versions_that_matter() {
    let facts = function_facts(published());
    let versions: Vec<(String, Vec<String>)> = facts
        .versions
        .known()
        .unwrap()
        .iter()
        .map(|version| {
            (
                version.version.clone(),
                version.aliases.known().unwrap().clone(),
            )
        })
        .collect();
    let expected = [
        ("$LATEST", vec!["dev"]),
        ("2", vec![]),
        ("9", vec!["live"]),
        ("10", vec!["beta", "live"]),
    ];
    assert_eq!(
        versions,
        expected.map(|(version, aliases)| (
            version.to_owned(),
            aliases.into_iter().map(str::to_owned).collect::<Vec<_>>()
        ))
    );
    assert_eq!(facts.latest.aliases, Fact::Known(vec!["dev".into()]));
    assert_eq!(facts.provisioned_concurrency.configured, Fact::Known(true));
    let configurations = facts.provisioned_concurrency.configurations.clone();
    let statuses: Vec<(&str, &str)> = configurations
        .known()
        .unwrap()
        .iter()
        .map(|one| (one.qualifier.as_str(), one.status.as_str()))
        .collect();
    assert_eq!(statuses, [("2", "FAILED"), ("live", "READY")]);
}

#[test]
fn which_versions_matter_is_unknown_without_aliases_or_provisioned_concurrency() {
    let facts = function_facts(FunctionInventory {
        aliases: denied("lambda:ListAliases"),
        ..published()
    });
    assert_eq!(facts.versions.known().map(Vec::len), None);
    assert_eq!(facts.versions.because()[0].action, "lambda:ListAliases");
    assert_eq!(facts.latest.aliases.known(), None);
    assert_eq!(facts.latest.memory_mb, Fact::Known(512));
    let facts = function_facts(FunctionInventory {
        provisioned_concurrency: denied("lambda:ListProvisionedConcurrencyConfigs"),
        ..published()
    });
    assert_eq!(facts.versions.known().map(Vec::len), None);
    assert_eq!(facts.provisioned_concurrency.configured.known(), None);
}

#[test]
fn a_version_in_use_that_was_not_listed_is_not_passed_over() {
    let mut function = published();
    function.versions.remove("9");
    let facts = function_facts(function);
    assert_eq!(facts.versions.known().map(Vec::len), None);
    assert!(facts.versions.because()[0].detail.contains("version 9"));
}

#[test]
fn a_function_without_latest_says_so() {
    let mut function = published();
    function.versions.remove("$LATEST");
    let facts = function_facts(function);
    assert_eq!(facts.latest.memory_mb.known(), None);
    assert_eq!(facts.latest.runtime.name.known(), None);
    assert_eq!(facts.latest.package.total_mb.known(), None);
    assert_eq!(facts.latest.vpc.attached.known(), None);
}

#[test]
fn package_sizes_are_mebibytes_with_layers() {
    let facts = function_facts(function(FunctionConfiguration {
        code_size_bytes: 3 * MB / 2,
        layers: vec![
            Layer {
                arn: "a".into(),
                code_size_bytes: MB,
            },
            Layer {
                arn: "b".into(),
                code_size_bytes: MB / 2,
            },
        ],
        ..python("python3.13")
    }));
    let package = facts.latest.package.clone();
    assert_eq!(package.kind, Fact::Known("zip".into()));
    assert_eq!(package.code_mb, Fact::Known(1.5));
    assert_eq!(package.layers_mb, Fact::Known(1.5));
    assert_eq!(package.total_mb, Fact::Known(3.0));
    assert_eq!(package.layer_count, Fact::Known(2));
}

#[test]
fn image_sizes_are_known_only_when_read() {
    let facts = function_facts(function(image())).latest.package.clone();
    assert_eq!(facts.kind, Fact::Known("image".into()));
    assert_eq!(facts.total_mb.known(), None);
    assert_eq!(facts.total_mb.because()[0].action, "lambda:GetFunction");
    assert_eq!(facts.code_mb.known(), None);
    let mut function = function(image());
    function.image = Reading::Known(Image {
        compressed_bytes: 90 * MB,
    });
    assert_eq!(
        function_facts(function).latest.package.total_mb,
        Fact::Known(90.0)
    );
}

#[test]
fn vpc_attachment() {
    let attached = |vpc| {
        function_facts(function(FunctionConfiguration {
            vpc,
            ..python("python3.13")
        }))
        .latest
        .vpc
        .clone()
    };
    assert_eq!(attached(None).attached, Fact::Known(false));
    // What Lambda answers after a function was detached.
    assert_eq!(attached(Some(Vpc::default())).attached, Fact::Known(false));
    let vpc = attached(Some(Vpc {
        vpc_id: "vpc-1".into(),
        subnets: vec!["subnet-1".into(), "subnet-2".into()],
        security_groups: vec![],
    }));
    assert_eq!(vpc.attached, Fact::Known(true));
    assert_eq!(vpc.vpc_id, Fact::Known("vpc-1".into()));
    assert_eq!(vpc.subnet_count, Fact::Known(2));
}

#[test]
fn snapstart_by_runtime() {
    let cases = [
        ("java11", Some(true)),
        ("java21", Some(true)),
        ("java8.al2", Some(false)),
        ("java8.al2023", Some(false)),
        ("java17.al2023", Some(true)),
        ("python3.11", Some(false)),
        ("python3.12", Some(true)),
        ("python3.15", None),
        ("dotnet6", Some(false)),
        ("dotnet8", Some(true)),
        ("dotnet10", Some(true)),
        ("nodejs24.x", Some(false)),
        ("ruby3.4", Some(false)),
        ("provided.al2023", Some(false)),
        ("java99", None),
    ];
    for (runtime, expected) in cases {
        let facts = function_facts(function(python(runtime)))
            .latest
            .snapstart
            .clone();
        assert_eq!(facts.eligible.known().copied(), expected, "{runtime}");
        if let Some(eligible) = expected {
            assert_eq!(
                facts.obstacle.known().unwrap().is_empty(),
                eligible,
                "{runtime}"
            );
        }
    }
}

#[test]
fn snapstart_obstacles() {
    let java = || python("java21");
    let cases = [
        (
            "edge",
            FunctionConfiguration {
                master_arn: Some("arn".into()),
                ..java()
            },
            "edge",
        ),
        (
            "managed",
            FunctionConfiguration {
                managed_instances: true,
                ..java()
            },
            "Managed",
        ),
        (
            "tenant",
            FunctionConfiguration {
                tenant_isolation: true,
                ..java()
            },
            "tenant",
        ),
        (
            "efs",
            FunctionConfiguration {
                file_systems: vec!["arn".into()],
                ..java()
            },
            "file system",
        ),
        (
            "tmp",
            FunctionConfiguration {
                ephemeral_storage_mb: 513,
                ..java()
            },
            "512 MiB",
        ),
        // An obstacle that shows in the configuration decides for images as well.
        (
            "image",
            FunctionConfiguration {
                tenant_isolation: true,
                ..image()
            },
            "tenant",
        ),
    ];
    for (name, configuration, expected) in cases {
        let facts = function_facts(function(configuration))
            .latest
            .snapstart
            .clone();
        assert_eq!(facts.eligible, Fact::Known(false), "{name}");
        assert!(facts.obstacle.known().unwrap().contains(expected), "{name}");
    }
    let eligible = |region: &str| {
        function_facts_at(function(java()), region, "2026-11-22T00:00:00Z")
            .latest
            .snapstart
            .eligible
            .known()
            .copied()
    };
    assert_eq!(eligible("us-east-1"), Some(true));
    assert_eq!(eligible("ap-southeast-6"), Some(false));
    assert_eq!(eligible("ap-east-2"), Some(false));
    assert_eq!(eligible("cn-north-1"), None);
    // An image names no runtime, so it may or may not be one that SnapStart serves.
    assert_eq!(
        function_facts(function(image()))
            .latest
            .snapstart
            .eligible
            .known(),
        None
    );
    // 512 MiB is what every function has.
    assert_eq!(
        function_facts(function(java())).latest.snapstart.eligible,
        Fact::Known(true)
    );
}

#[test]
fn snapstart_of_versions_with_provisioned_concurrency() {
    let facts = function_facts(published());
    let versions = facts.versions.known().unwrap();
    let eligible: Vec<(&str, Option<bool>)> = versions
        .iter()
        .map(|version| {
            (
                version.version.as_str(),
                version.snapstart.eligible.known().copied(),
            )
        })
        .collect();
    assert_eq!(
        eligible,
        [
            ("$LATEST", Some(true)),
            ("2", Some(false)),
            ("9", Some(false)),
            ("10", Some(false))
        ]
    );
}

#[test]
fn snapstart_settings() {
    let setting = |apply_on: &str, status: &str| {
        let facts = function_facts(function(FunctionConfiguration {
            snap_start: Some(SnapStart {
                apply_on: apply_on.into(),
                optimization_status: status.into(),
            }),
            ..python("java21")
        }))
        .latest
        .snapstart
        .clone();
        (facts.enabled, facts.snapshot)
    };
    assert_eq!(
        setting("PublishedVersions", "On"),
        (Fact::Known(true), Fact::Known(true))
    );
    assert_eq!(
        setting("PublishedVersions", "Off"),
        (Fact::Known(true), Fact::Known(false))
    );
    assert_eq!(
        setting("None", "Off"),
        (Fact::Known(false), Fact::Known(false))
    );
    let silent = function_facts(function(python("java21")))
        .latest
        .snapstart
        .clone();
    assert_eq!(silent.enabled, Fact::Known(false));
}

fn lines(function: FunctionInventory) -> Vec<ColdStart> {
    let snapshot = function_snapshot(function, REGION, "2026-11-22T00:00:00Z");
    postures(
        &Facts::new(&snapshot, Trust::default()),
        SubjectKind::Function,
    )
    .into_iter()
    .flat_map(|posture| posture.cold_starts)
    .collect()
}

#[test]
fn cold_start_lines() {
    let lines = lines(published());
    let seen: Vec<(&str, String, ColdStartRisk)> = lines
        .iter()
        .map(|line| {
            (
                line.qualifier.as_str(),
                line.provisioned_concurrency.to_string(),
                line.risk,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("$LATEST", "none".to_owned(), ColdStartRisk::High),
            ("2", "4/4 FAILED".to_owned(), ColdStartRisk::High),
            ("9", "none".to_owned(), ColdStartRisk::High),
            ("beta", "none".to_owned(), ColdStartRisk::High),
            ("live", "4/4 READY".to_owned(), ColdStartRisk::Low),
        ]
    );
}

#[test]
fn cold_start_risk() {
    let risk = |configuration: FunctionConfiguration| lines(function(configuration))[0].risk;
    let sized = |runtime: &str, mb: u64| FunctionConfiguration {
        code_size_bytes: mb * MB,
        ..python(runtime)
    };
    let cases = [
        (sized("python3.13", 3), ColdStartRisk::Low),
        (sized("python3.13", 11), ColdStartRisk::Medium),
        (sized("python3.13", 51), ColdStartRisk::High),
        (sized("nodejs24.x", 1), ColdStartRisk::Low),
        (sized("ruby3.4", 1), ColdStartRisk::Medium),
        (sized("provided.al2023", 5), ColdStartRisk::Low),
        (sized("java21", 1), ColdStartRisk::High),
        (sized("dotnet8", 1), ColdStartRisk::High),
        (image(), ColdStartRisk::Unknown),
        (sized("newlang1", 1), ColdStartRisk::Unknown),
        (
            FunctionConfiguration {
                snap_start: Some(SnapStart {
                    apply_on: "PublishedVersions".into(),
                    optimization_status: "On".into(),
                }),
                ..python("java21")
            },
            ColdStartRisk::Medium,
        ),
        (
            FunctionConfiguration {
                managed_instances: true,
                ..python("java21")
            },
            ColdStartRisk::Low,
        ),
        // A VPC adds nothing to a cold start.
        (
            FunctionConfiguration {
                vpc: Some(Vpc {
                    vpc_id: "vpc-1".into(),
                    ..Vpc::default()
                }),
                ..python("python3.13")
            },
            ColdStartRisk::Low,
        ),
    ];
    for (configuration, expected) in cases {
        let name = format!(
            "{:?} {}",
            configuration.runtime, configuration.code_size_bytes
        );
        assert_eq!(risk(configuration), expected, "{name}");
    }
}

#[test]
fn a_cold_start_line_in_full() {
    let mut line = lines(function(python("python3.13")))[0].clone();
    // 84.1 ms of runtime (lambda-perf), and 3 MB of zip that may hold 8.9 MB of code.
    let estimate = line.estimate.take().unwrap();
    assert!(estimate.init_ms > 84.1);
    let duration = line.duration.take().unwrap();
    assert_eq!(duration.basis, DurationBasis::Estimate);
    assert_eq!(duration.reported_ms, estimate.reported_ms);
    assert_eq!(line.drivers.remove(0).what, "loading 8.9 MB of code");
    line.drivers.clear();
    // 4.1667e-6 USD a GB-second, 512 MB, 2628000 s.
    assert!((line.levers.remove(0).usd_per_month - 5.475).abs() < 0.01);
    line.levers.clear();
    assert_eq!(
        serde_json::to_value(&line).unwrap(),
        serde_json::json!({
            "function": "f", "arn": "arn:aws:lambda:eu-west-1:111111111111:function:f",
            "qualifier": "$LATEST", "region": "eu-west-1", "runtime": "python3.13",
            "architecture": "x86_64", "memory_mb": 512, "package_mb": 3.0, "vpc": false,
            "provisioned_concurrency": "none", "snap_start": "off", "risk": "low",
            "drivers": [], "levers": [],
        })
    );
    assert_eq!(lines(function(image()))[0].runtime, "image");
    assert_eq!(
        lines(function(python("nodejs24.x")))[0].snap_start,
        SnapStartState::NotEligible
    );
}

fn layer(arn: &str, mb: u64) -> Layer {
    Layer {
        arn: arn.into(),
        code_size_bytes: mb * MB,
    }
}

/// The estimate of a function's `$LATEST`, where there is one.
fn estimated(function: FunctionInventory) -> Option<EstimateOutput> {
    lines(function)[0].estimate.clone()
}

fn inspected(configuration: FunctionConfiguration, code: Archive) -> FunctionInventory {
    let mut function = function(configuration);
    function.packages = Reading::Known(vec![Package {
        version: "$LATEST".into(),
        code,
        ..Package::default()
    }]);
    function
}

const BREF: &str = "arn:aws:lambda:eu-west-1:534081306603:layer:php-84-fpm:34";

#[test]
fn an_os_only_runtime_is_estimated_where_something_shows_what_it_runs() {
    let os_only = || FunctionConfiguration {
        ..python("provided.al2023")
    };
    assert_eq!(estimated(function(os_only())), None);
    let with_layer = FunctionConfiguration {
        layers: vec![layer(BREF, 33)],
        ..os_only()
    };
    // Bare PHP on arm64 takes 252 to 282 ms (marc.guyer.me, 2026).
    let php = estimated(function(with_layer)).unwrap();
    assert!(php.low_ms < 266.0 && 266.0 < php.high_ms, "{php:?}");
    let laravel = Archive {
        libraries: vec!["laravel/framework".into(), "symfony/http-kernel".into()],
        ..Archive::default()
    };
    let laravel = estimated(inspected(os_only(), laravel)).unwrap();
    assert!(laravel.reported_ms > 1.5 * php.reported_ms);
}

#[test]
fn the_kind_of_an_extension_is_the_one_of_its_layer() {
    let with = |name: &str| {
        let arn = format!("arn:aws:lambda:eu-west-1:901920570463:layer:{name}:1");
        estimated(function(FunctionConfiguration {
            layers: vec![layer(&arn, 10)],
            ..python("python3.13")
        }))
        .unwrap()
    };
    let plain = with("LambdaInsightsExtension").init_ms;
    let collector = with("aws-otel-collector-amd64-ver-0-115-0").init_ms;
    let instrumented = with("aws-otel-python-amd64-ver-1-32-0").init_ms;
    // 97, 263 and 1170 ms in the model; the bytes of a process of its own are not imported.
    assert!(
        (collector - plain - 165.5).abs() < 1.0,
        "{plain} {collector}"
    );
    assert!(instrumented > collector + 500.0);
}

#[test]
fn packages_are_named_to_the_estimator_where_they_were_inspected() {
    let archive = |libraries: &[&str]| Archive {
        unzipped_bytes: 100 * MB,
        libraries: libraries.iter().map(|&name| name.into()).collect(),
        ..Archive::default()
    };
    let of = |libraries: &[&str]| {
        let mut lines = lines(inspected(python("python3.13"), archive(libraries)));
        lines.remove(0)
    };
    let unnamed = of(&[]);
    let numeric = of(&["numpy", "pandas", "some-internal-thing"]);
    assert_eq!(numeric.drivers[0].what, "loading numpy, pandas");
    assert!(unnamed.drivers[0].what.starts_with("loading 8"));
    let basis = |line: &ColdStart| line.estimate.as_ref().unwrap().basis.join("; ");
    assert!(basis(&unnamed).contains("what is imported is not known"));
    assert!(!basis(&numeric).contains("what is imported is not known"));
}

#[test]
fn an_extension_that_no_table_has_widens_the_band_and_is_named() {
    let own = "arn:aws:lambda:eu-west-1:111111111111:layer:our-agent:1";
    let configuration = || FunctionConfiguration {
        layers: vec![layer(own, 1)],
        ..python("python3.13")
    };
    let with_contents = |contents: Vec<Content>| {
        let mut function = inspected(configuration(), Archive::default());
        let Reading::Known(packages) = &mut function.packages else {
            panic!("just set")
        };
        packages[0].layers = vec![LayerPackage {
            arn: own.into(),
            archive: Reading::Known(Archive {
                contents,
                ..Archive::default()
            }),
        }];
        estimated(function).unwrap()
    };
    let with = with_contents(vec![Content {
        kind: ContentKind::Extensions,
        files: 1,
        zipped_bytes: 1000,
        unzipped_bytes: 3000,
        example: "extensions".into(),
        variant: String::new(),
    }]);
    let without = with_contents(Vec::new());
    assert!(with.high_ms - with.low_ms > without.high_ms - without.low_ms);
    assert!(with.reported_ms > without.reported_ms + 50.0);
    assert!(
        with.basis
            .iter()
            .any(|remark| remark.contains("the kind of 1 extension")),
        "{:?}",
        with.basis
    );
}

/// Init and first call of `$LATEST` as its log has them, over 30 cold starts.
fn measured(runtime: &str, init_ms: f64, total_ms: f64) -> FunctionInventory {
    let mut function = function(python(runtime));
    let starts = Starts {
        invocations: 900,
        cold_starts: 30,
        init_p50_ms: init_ms,
        init_p99_ms: init_ms,
        total_p50_ms: total_ms,
        total_p99_ms: total_ms,
        duration_p50_ms: 0.0,
    };
    function.measured = Reading::Known(Measurement {
        window_days: 14,
        complete: true,
        versions: [("$LATEST".to_owned(), starts)].into(),
    });
    function
}

#[test]
fn measured_functions_of_an_account_correct_the_estimates_of_its_others() {
    let alone = estimated(function(python("python3.13"))).unwrap();
    let with = |others: &[(&str, FunctionInventory)]| {
        let mut snapshot = function_snapshot(function(python("python3.13")), REGION, NOON);
        let account = snapshot.accounts.values_mut().next().unwrap();
        let functions = &mut account.regions.get_mut(REGION).unwrap().functions;
        for (name, other) in others {
            functions.insert((*name).to_owned(), other.clone());
        }
        let facts = Facts::new(&snapshot, Trust::default());
        let lines: Vec<ColdStart> = postures(&facts, SubjectKind::Function)
            .into_iter()
            .flat_map(|posture| posture.cold_starts)
            .collect();
        lines.into_iter().find(|line| line.function == "f").unwrap()
    };
    let twice = measured("python3.12", alone.init_ms, 2.0 * alone.reported_ms);
    let three = [
        ("a", twice.clone()),
        ("b", twice.clone()),
        ("c", twice.clone()),
    ];
    let corrected = with(&three);
    let estimate = corrected.estimate.as_ref().unwrap();
    // Twice the estimate, three functions: 2^(3/5) = 1.52.
    assert!(
        (estimate.reported_ms / alone.reported_ms - 1.516).abs() < 0.02,
        "{estimate:?} {alone:?}"
    );
    assert_eq!(
        corrected.duration.as_ref().unwrap().reported_ms,
        estimate.reported_ms
    );
    assert!(
        estimate
            .basis
            .iter()
            .any(|remark| remark.contains("3 measured functions")),
        "{:?}",
        estimate.basis
    );
    for lever in &corrected.levers {
        assert!(lever.saves_ms <= estimate.reported_ms, "{lever:?}");
    }
    // Two say nothing, nor do functions of another runtime family.
    assert_eq!(with(&three[..2]).estimate.unwrap(), alone);
    let node = measured("nodejs24.x", 900.0, 2000.0);
    let others = [("a", node.clone()), ("b", node.clone()), ("c", node)];
    assert_eq!(with(&others).estimate.unwrap(), alone);
}
