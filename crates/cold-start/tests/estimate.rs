//! The cold-start estimator: its arithmetic case by case, and the error of the fit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop loudly"
)]

#[allow(dead_code, reason = "the example uses the rest")]
#[path = "../examples/fit/fit.rs"]
mod fit;

use coldbucket_cold_start::contract::EstimateInput;
use coldbucket_cold_start::model::How;
use coldbucket_cold_start::{Estimate, InputError, Model, Phase, estimate};
use coldbucket_cold_start::{ExtensionKind, Precision, SdkClient};
use fit::{
    Confidence, Measure, Residual, Row, base_tables, coverage, leave_one_out, median,
    read_measurements, vote, width,
};

const MEASUREMENTS: &str = include_str!("../data/cold-start-measurements.yaml");
const LAMBDA_PERF: &str = include_str!("../data/lambda-perf.csv");
const MODEL: &str = include_str!("../data/cold-start-model.yaml");

fn model() -> &'static Model {
    Model::builtin().unwrap()
}

fn input(runtime: &str, memory_mb: u32) -> EstimateInput {
    EstimateInput {
        id: "t".to_owned(),
        runtime: runtime.to_owned(),
        architecture: "x86_64".to_owned(),
        package_type: "zip".to_owned(),
        memory_mb,
        ..EstimateInput::default()
    }
}

fn ask(input: &EstimateInput) -> Estimate {
    estimate(model(), input).unwrap()
}

fn near(left: f64, right: f64) {
    assert!((left - right).abs() < 0.06, "{left} is not {right}");
}

// ---------------------------------------------------------------------------------------------
// The fit.

#[test]
fn the_shipped_coefficients_are_what_the_fit_gives() {
    let rows = read_measurements(MEASUREMENTS).unwrap();
    let all: Vec<&Row> = rows.iter().collect();
    let fitted = fit::fit(model(), &all);
    for (name, coefficient) in &fitted.coefficients {
        let shipped = model().value(name);
        assert!(
            (coefficient.value / shipped - 1.0).abs() < 0.02,
            "{name}: shipped {shipped}, the fit says {}; run the example fit with --write",
            coefficient.value
        );
    }
}

#[test]
fn the_shipped_base_table_is_the_median_of_lambda_perf() {
    let (base, restore) = base_tables(LAMBDA_PERF).unwrap();
    assert_eq!(base, model().base);
    assert_eq!(restore, model().restore);
    // Four memory sizes of python3.13 zip x86_64, from the file: 84.1 in the middle.
    near(base["python3.13"].zip_x86_64.unwrap(), 84.1);
}

/// One author after another left out of the fit and of the bands, and then estimated.
#[test]
fn authors_left_out_are_met_within_the_bars() {
    let rows = read_measurements(MEASUREMENTS).unwrap();
    let residuals = leave_one_out(model(), &rows).unwrap();
    let of = |wanted: &dyn Fn(&Residual) -> bool| -> Vec<&Residual> {
        residuals
            .iter()
            .filter(|residual| wanted(residual))
            .collect()
    };
    let all = of(&|_| true);
    assert_eq!(all.len(), 252);
    assert!(vote(&all) < 0.26, "median error {}", vote(&all));
    assert!(coverage(&all) >= 0.75, "band covers {}", coverage(&all));
    assert!(width(&all) < 3.5, "band ratio {}", width(&all));
    let sure = of(&|residual| residual.row.confidence != Confidence::Low);
    assert!(vote(&sure) <= 0.22, "median error {}", vote(&sure));
    // A client's clock has the network in it; the init has not.
    let bare = of(&|residual| residual.kind == "bare" && residual.row.measure == Measure::Init);
    assert!(vote(&bare) <= 0.12, "bare: median error {}", vote(&bare));
    assert!(coverage(&bare) >= 0.9, "bare: {}", coverage(&bare));
    assert!(width(&bare) < 2.0, "bare: band ratio {}", width(&bare));
    for kind in [
        "java-application",
        "node-packages",
        "php",
        "python-packages",
        "web-framework",
    ] {
        let bias = median(
            of(&|residual| residual.kind == kind)
                .iter()
                .map(|residual| residual.ratio),
        );
        assert!((1.4_f64.recip()..=1.4).contains(&bias), "{kind}: {bias}");
    }
}

#[test]
fn every_coefficient_names_a_source_that_is_cited() {
    for (name, coefficient) in &model().coefficients {
        assert!(!coefficient.source.is_empty(), "{name}");
        for source in &coefficient.source {
            assert!(model().sources.contains_key(source), "{name}: {source}");
        }
        assert!(coefficient.date.starts_with("20"), "{name}");
        assert_eq!(
            coefficient.how == How::Fitted,
            coefficient.prior.is_some(),
            "{name}"
        );
    }
}

// ---------------------------------------------------------------------------------------------
// The arithmetic.

#[test]
fn a_bare_function_starts_in_the_time_of_its_cell() {
    let found = ask(&input("python3.13", 512));
    near(
        found.phase(Phase::Init),
        84.1 + model().value("base.code_ms"),
    );
    // 1 ms and 100 ms MB over 512 MB.
    near(found.phase(Phase::FirstCall), 1.2);
    near(found.phase(Phase::PreInit), 136.5);
}

#[test]
fn memory_leaves_the_init_alone_and_divides_the_first_call() {
    let sdk = |memory_mb| {
        ask(&EstimateInput {
            uses_sdk: Some(true),
            ..input("nodejs22.x", memory_mb)
        })
    };
    near(sdk(128).phase(Phase::Init), sdk(1024).phase(Phase::Init));
    let fixed = model().value("first.sdk.nodejs.fixed_ms");
    let first = |memory_mb| sdk(memory_mb).phase(Phase::FirstCall) - fixed;
    near(first(128), 4.0 * first(512));
    // One full vCPU at 1769 MB; more is no faster.
    near(first(1769), first(3008));
}

#[test]
fn large_memory_helps_what_compiles_while_it_starts() {
    let spring = |memory_mb| {
        ask(&EstimateInput {
            framework: Some("Spring Boot 3".to_owned()),
            ..input("java21", memory_mb)
        })
        .phase(Phase::Init)
    };
    assert!(spring(3538) < 0.85 * spring(1769));
}

#[test]
fn the_download_is_before_init_and_in_no_metric() {
    let told = |zip_mb| EstimateInput {
        zip_mb: Some(zip_mb),
        imported_mb: Some(0.0),
        ..input("python3.13", 512)
    };
    let (small, large) = (ask(&told(1.0)), ask(&told(105.0)));
    near(small.reported_ms(), large.reported_ms());
    let slope = model().value("pre_init.ms_per_zip_mb");
    // 105 MB, less the 5 that are free.
    near(
        large.phase(Phase::PreInit) - small.phase(Phase::PreInit),
        100.0 * slope,
    );
}

#[test]
fn a_vpc_adds_nothing() {
    let inside = EstimateInput {
        vpc: Some(true),
        ..input("python3.13", 512)
    };
    near(
        ask(&inside).caller_ms(),
        ask(&input("python3.13", 512)).caller_ms(),
    );
}

#[test]
fn a_restore_takes_the_place_of_the_init() {
    let restored = EstimateInput {
        snapstart: Some(true),
        ..input("java21", 512)
    };
    // lambda-perf: the middle of 732, 733, 822 and 1085 ms.
    near(ask(&restored).phase(Phase::Init), 777.9);
}

/// Whether a snapshot is primed decides, and cannot be seen from outside.
#[test]
fn the_upper_end_of_a_restore_is_that_of_a_snapshot_nobody_primed() {
    let restored = |primed| EstimateInput {
        snapstart: Some(true),
        uses_sdk: Some(true),
        primed,
        ..input("java21", 512)
    };
    let (untold, primed, unprimed) = (
        ask(&restored(None)),
        ask(&restored(Some(true))),
        ask(&restored(Some(false))),
    );
    let plain = ask(&EstimateInput {
        uses_sdk: Some(true),
        ..input("java21", 512)
    });
    assert!(primed.reported_ms() < untold.reported_ms());
    assert!(untold.reported_ms() < unprimed.reported_ms());
    assert!(untold.high_ms >= unprimed.reported_ms());
    // lambdabench, 512 MB with three clients: 5.0 s plain, 8.4 s restored without priming.
    assert!(unprimed.reported_ms() > plain.reported_ms());
}

#[test]
fn snapstart_is_left_out_where_it_is_not_served() {
    let node = EstimateInput {
        snapstart: Some(true),
        ..input("nodejs22.x", 512)
    };
    let found = ask(&node);
    near(
        found.phase(Phase::Init),
        140.3 + model().value("base.code_ms"),
    );
    assert!(
        found
            .basis
            .iter()
            .any(|remark| remark.contains("SnapStart"))
    );
}

#[test]
fn a_runtime_without_measurements_takes_its_relatives_and_a_wider_band() {
    let own = ask(&input("java17", 512));
    let stand_in = ask(&input("java17.al2023", 512));
    near(stand_in.reported_ms(), own.reported_ms());
    assert!(stand_in.high_ms > own.high_ms && stand_in.low_ms < own.low_ms);
    assert!(
        stand_in
            .basis
            .iter()
            .any(|remark| remark.contains("stands in"))
    );
}

#[test]
fn frameworks_are_recognized_however_they_are_written() {
    let of = |framework: &str| {
        ask(&EstimateInput {
            framework: Some(framework.to_owned()),
            ..input("java21", 1024)
        })
        .reported_ms()
    };
    near(of("spring-boot"), of("SpringBoot 3.2"));
    assert!(of("spring-boot") > of("quarkus"));
    // Compiled ahead of time it starts like a native program, whatever it was written in.
    assert!(of("quarkus-native") < 500.0);
}

#[test]
fn os_only_runtimes_start_by_what_they_run() {
    let of = |framework: &str| {
        ask(&EstimateInput {
            framework: Some(framework.to_owned()),
            ..input("provided.al2023", 128)
        })
    };
    let code = model().value("base.code_ms");
    near(of("rust").phase(Phase::Init), 15.7 + code);
    near(of("go").phase(Phase::Init), 49.8 + code);
    near(of("dotnet8-aot").phase(Phase::Init), 86.5 + code);
    assert_eq!(of("php").kind, "php");
    assert!(of("laravel").reported_ms() > 2.0 * of("php").reported_ms());
}

#[test]
fn an_unknown_kind_of_program_is_an_error() {
    let of = |runtime: &str, framework: Option<&str>| {
        estimate(
            model(),
            &EstimateInput {
                framework: framework.map(str::to_owned),
                ..input(runtime, 512)
            },
        )
        .map_err(|error| error.to_string())
    };
    for (mistyped, meant) in [
        ("nodejs22", "nodejs22.x"),
        ("pyton3.12", "python3.12"),
        ("python313", "python3.13"),
        ("provided.al2003", "provided.al2023"),
    ] {
        let error = of(mistyped, None).unwrap_err();
        assert!(error.contains(mistyped), "{error}");
        assert!(error.contains(&format!("did you mean {meant}?")), "{error}");
    }
    assert!(
        of("provided.al2023", None)
            .unwrap_err()
            .contains("framework")
    );
    assert!(
        of("provided.al2023", Some("cobol"))
            .unwrap_err()
            .contains("cobol")
    );
    assert!(of("", None).is_err());
    // A version after the latest that was measured is no mistake.
    assert!(of("python3.16", None).is_ok());
    assert!(of("python3.99", None).is_err());
    assert!(of("provided.al2026", Some("rust")).is_ok());
    for typo in [
        "java99",
        "java21x",
        "dotnet8.0",
        "provided.al2003",
        "provided2",
    ] {
        assert!(of(typo, Some("rust")).is_err(), "{typo}");
    }
}

/// Nothing is estimated where a runtime or a framework only resembles one: a number for another kind of program
/// would look as sure as any other.
#[test]
fn what_only_resembles_a_kind_is_not_estimated() {
    let refused: &[(&str, &[Option<&str>])] = &[
        (
            "provided.al2023",
            &[
                None,
                Some(""),
                Some("  "),
                Some("none"),
                Some("custom"),
                Some("unknown"),
                Some("other"),
                Some("???"),
                Some("my app"),
                // Each holds the name of a kind within another word.
                Some("network"),
                Some("netflix"),
                Some("alternative"),
                Some("trustworthy"),
                Some("rustic"),
                Some("mango"),
                Some("category"),
                Some("bundler"),
                Some("expression"),
                Some("pythonesque"),
                Some("graphpher"),
                Some("seashell"),
                Some("swiftly"),
                Some("lambda-web-adapter"),
            ],
        ),
        ("provided.al2", &[None, Some("")]),
        ("provided", &[None, Some("custom")]),
        ("", &[None, Some(""), Some("rust")]),
        (" ", &[None, Some("go")]),
        ("\t\n", &[Some("go")]),
        ("custom", &[None, Some("rust")]),
        ("container", &[None, Some("python")]),
        ("image", &[None]),
        ("unknown", &[None]),
        ("null", &[None]),
        ("nodjs20.x", &[None]),
        ("nodejs20", &[None]),
        ("nodejs99.x", &[None]),
        ("python3,12", &[None]),
        ("python3.12.1", &[None]),
        ("java-21", &[None]),
        ("dotnet-8", &[None]),
        ("go2.x", &[None, Some("go")]),
    ];
    for (runtime, frameworks) in refused {
        for framework in *frameworks {
            let found = estimate(
                model(),
                &EstimateInput {
                    framework: framework.map(str::to_owned),
                    ..input(runtime, 512)
                },
            );
            assert!(
                matches!(found, Err(InputError::Kind(_))),
                "{runtime:?} with {framework:?}: {found:?}"
            );
        }
    }
}

/// The row of the base table, by its init on x86_64.
#[test]
fn a_kind_is_known_by_its_whole_name() {
    let code = model().value("base.code_ms");
    for (runtime, framework, row) in [
        ("provided.al2023", "Rust 1.90", "rust.al2023"),
        ("provided.al2023", "axum+rust", "rust.al2023"),
        ("provided.al2023", "go1.24", "go.al2023"),
        ("provided.al2023", "golang", "go.al2023"),
        ("provided.al2023", ".NET 8", "dotnet8-aot.al2023"),
        ("provided.al2023", "C# Native AOT", "dotnet8-aot.al2023"),
        ("provided.al2023", "dotnet10aot", "dotnet10-aot.al2023"),
        ("provided.al2023", "java native", "graalvm.al2023"),
        ("provided.al2023", "graalvm21", "graalvm.al2023"),
        ("provided.al2023", "Spring AOT", "graalvm.al2023"),
        ("provided.al2023", "javascript", "nodejs22.x"),
        ("provided.al2023", "Node.js 24", "nodejs22.x"),
        ("provided.al2023", "c++", "cpp.al2023"),
        ("provided.al2026", "rust", "rust.al2023"),
        ("java21", "GraalVM native", "graalvm.al2023"),
        ("dotnet8", "native", "dotnet8-aot.al2023"),
        // A managed runtime of a script is never compiled ahead of time.
        ("nodejs22.x", "alternative", "nodejs22.x"),
        ("nodejs22.x", "react-native-web", "nodejs22.x"),
        ("python3.13", "native", "python3.13"),
        // Later than what was measured: the latest managed one, not one compiled ahead of time.
        ("dotnet11", "", "dotnet10"),
    ] {
        let found = ask(&EstimateInput {
            framework: Some(framework.to_owned()).filter(|name| !name.is_empty()),
            ..input(runtime, 1769)
        });
        let start = found
            .parts
            .iter()
            .find(|part| part.what == "runtime start")
            .map(|part| part.ms);
        let base = model().base[row].zip_x86_64.unwrap();
        assert!(
            start.is_some_and(|ms| (ms - base).abs() < 0.06),
            "{runtime} with {framework:?} starts in {start:?} ms, {row} in {base} ms ({code} ms of code)"
        );
    }
}

#[test]
fn a_runtime_without_a_version_is_wider_than_one_with() {
    let (named, unnamed) = (ask(&input("python3.13", 512)), ask(&input("python", 512)));
    near(named.reported_ms(), unnamed.reported_ms());
    assert!(unnamed.high_ms > named.high_ms);
    assert!(
        unnamed
            .basis
            .iter()
            .any(|remark| remark.contains("no version"))
    );
}

#[test]
fn a_client_made_in_the_handler_moves_its_cost_to_the_first_call() {
    let with = |sdk_client| {
        ask(&EstimateInput {
            uses_sdk: Some(true),
            sdk_client,
            ..input("python3.13", 128)
        })
    };
    let (init, handler) = (with(Some(SdkClient::Init)), with(Some(SdkClient::Handler)));
    assert!(handler.phase(Phase::Init) < init.phase(Phase::Init));
    assert!(handler.phase(Phase::FirstCall) > init.phase(Phase::FirstCall));
    near(with(None).reported_ms(), init.reported_ms());
    assert!(
        with(None)
            .basis
            .iter()
            .any(|remark| remark.contains("clients"))
    );
}

#[test]
fn packages_are_found_however_they_are_written() {
    let of = |packages: &[&str]| {
        ask(&EstimateInput {
            packages: Some(packages.iter().map(|&name| name.to_owned()).collect()),
            uses_sdk: Some(false),
            ..input("python3.13", 512)
        })
        .reported_ms()
    };
    near(of(&["scikit_learn"]), of(&["scikit-learn"]));
    near(of(&["numpy", "numpy"]), of(&["numpy"]));
    // One library under two names.
    near(of(&["sklearn", "scikit-learn"]), of(&["scikit-learn"]));
    near(
        of(&["cv2", "opencv-python-headless"]),
        of(&["opencv-python"]),
    );
    assert!(of(&["torch"]) > 3.0 * of(&["numpy"]));
    assert!(of(&["numpy"]) > of(&[]));
}

#[test]
fn extensions_cost_by_their_kind() {
    let of = |kinds: Option<Vec<ExtensionKind>>| {
        ask(&EstimateInput {
            extensions: Some(1),
            extension_kinds: kinds,
            uses_sdk: Some(false),
            ..input("python3.13", 512)
        })
    };
    let [plain, collector, instrumentation] = [
        ExtensionKind::Plain,
        ExtensionKind::OtelCollector,
        ExtensionKind::Instrumentation,
    ]
    .map(|kind| of(Some(vec![kind])));
    assert!(plain.reported_ms() < collector.reported_ms());
    assert!(collector.reported_ms() < instrumentation.reported_ms());
    let unknown = of(None);
    assert!(unknown.high_ms / unknown.low_ms > plain.high_ms / plain.low_ms);
}

#[test]
fn ready_to_run_shortens_the_first_call_alone() {
    let of = |ready_to_run| {
        ask(&EstimateInput {
            ready_to_run,
            framework: Some("aspnet".to_owned()),
            ..input("dotnet8", 512)
        })
    };
    let (jit, compiled) = (of(Some(false)), of(Some(true)));
    near(jit.phase(Phase::Init), compiled.phase(Phase::Init));
    assert!(compiled.phase(Phase::FirstCall) < 0.95 * jit.phase(Phase::FirstCall));
}

#[test]
fn the_word_for_a_band_follows_its_width() {
    assert_eq!(ask(&input("python3.13", 512)).precision(), Precision::Good);
    let spring = EstimateInput {
        framework: Some("spring-boot".to_owned()),
        ..input("java21", 512)
    };
    assert_eq!(ask(&spring).output("").precision, Precision::Rough);
}

#[test]
fn an_sdk_that_nobody_saw_is_within_the_upper_end() {
    let unknown = EstimateInput {
        zip_mb: Some(0.2),
        ..input("python3.13", 256)
    };
    let with = EstimateInput {
        uses_sdk: Some(true),
        ..unknown.clone()
    };
    assert!(ask(&unknown).high_ms >= ask(&with).reported_ms() - 0.1);
}

#[test]
fn every_estimate_lies_in_its_band() {
    for runtime in model().base.keys().filter(|name| !name.contains(".al2")) {
        for memory_mb in [128, 512, 1769, 10_240] {
            for image in [false, true] {
                for uses_sdk in [None, Some(false), Some(true)] {
                    let asked = EstimateInput {
                        uses_sdk,
                        package_type: if image { "image" } else { "zip" }.to_owned(),
                        zip_mb: Some(20.0),
                        ..input(runtime, memory_mb)
                    };
                    let found = ask(&asked);
                    let reported = found.reported_ms();
                    assert!(found.low_ms <= reported && reported <= found.high_ms);
                    let init = found.phase(Phase::Init);
                    assert!(found.init_low_ms <= init && init <= found.init_high_ms);
                    assert!(reported.is_finite() && reported > 0.0);
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let wrong = |change: fn(&mut EstimateInput)| {
        let mut asked = input("python3.13", 512);
        change(&mut asked);
        estimate(model(), &asked).unwrap_err()
    };
    assert_eq!(wrong(|asked| asked.memory_mb = 64), InputError::Memory(64));
    assert_eq!(
        wrong(|asked| asked.zip_mb = Some(f64::NAN)),
        InputError::Size("zip_mb")
    );
    assert!(matches!(
        wrong(|asked| asked.architecture = "riscv".to_owned()),
        InputError::Architecture(_)
    ));
    assert!(matches!(
        wrong(|asked| asked.package_type = "tar".to_owned()),
        InputError::PackageType(_)
    ));
}

#[test]
fn a_model_that_lacks_a_number_is_refused_by_its_name() {
    let without: String = MODEL
        .lines()
        .filter(|line| !line.starts_with("  sdk.nodejs:"))
        .map(|line| format!("{line}\n"))
        .collect();
    let problem = Model::parse(&without).unwrap_err().to_string();
    assert!(problem.contains("sdk.nodejs is missing"), "{problem}");
    let negative = MODEL.replace(
        "pre_init.floor_ms: {value: 136.5",
        "pre_init.floor_ms: {value: -1",
    );
    let problem = Model::parse(&negative).unwrap_err().to_string();
    assert!(problem.contains("pre_init.floor_ms"), "{problem}");
}
