//! who-can at scale, and the long run of its attack.
//!
//! ```text
//! cargo bench -p coldbucket-policy --bench who_can                      # 5,000 identities, 1,000 buckets
//! cargo bench -p coldbucket-policy --bench who_can -- --pairs 1000000   # random accounts and requests
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark that cannot go on should stop loudly"
)]

#[path = "../tests/who_can/attack.rs"]
mod attack;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use attack::{Random, Tally};
use coldbucket_policy::contract::{PublicAccessBlock, Reach};
use coldbucket_policy::who_can::{
    AccessClass, AccountRecord, BucketRecord, CitedPolicy, DefaultKey, IdentityRecord, KeyRecord,
    Knowledge, ReachQuestion, World,
};
use coldbucket_policy::{Policy, PolicyKind};
use serde_json::{Value, json};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ACCOUNT: &str = "111111111111";

fn option(name: &str) -> Option<u64> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.next();
    arguments.next().map(|value| value.parse().unwrap())
}

fn document(name: &str, statements: Value, kind: PolicyKind) -> Arc<CitedPolicy> {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let policy = Policy::parse(&text, kind);
    assert!(policy.is_sound(), "{:?}", policy.defects);
    Arc::new(CitedPolicy::new(name, policy))
}

fn managed() -> Vec<Arc<CitedPolicy>> {
    let of = |name: &str, statements| document(name, statements, PolicyKind::Identity);
    let mut managed = vec![
        of(
            "AdministratorAccess",
            json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]),
        ),
        of(
            "ReadOnlyAccess",
            json!([{"Effect": "Allow", "Action": ["s3:Get*", "s3:List*", "kms:Describe*"], "Resource": "*"}]),
        ),
        of(
            "AmazonS3FullAccess",
            json!([{"Effect": "Allow", "Action": ["s3:*", "s3-object-lambda:*"], "Resource": "*"}]),
        ),
        of(
            "PowerUserAccess",
            json!([
            {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
            {"Effect": "Allow", "Action": ["iam:ListRoles"], "Resource": "*"}]),
        ),
        of(
            "Mfa",
            json!([{"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}]),
        ),
        of(
            "Home",
            json!([{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": "arn:aws:s3:::bucket-0001/home/${aws:username}/*"}]),
        ),
    ];
    for team in 0..80 {
        managed.push(of(
            &format!("team-{team}"),
            json!([
                {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                 "Resource": [format!("arn:aws:s3:::bucket-{:04}/*", team * 12), format!("arn:aws:s3:::bucket-{:04}/*", team * 12 + 1)]},
                {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::bucket-{:04}", team * 12)},
                {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "arn:aws:kms:eu-west-1:111111111111:key/*"},
            ]),
        ));
    }
    managed
}

/// 5,000 identities: a few managed policies each, three in five with a policy of their own.
fn identities(random: &mut Random, count: usize) -> Vec<IdentityRecord> {
    let managed = managed();
    let boundary = document(
        "boundary",
        json!([{"Effect": "Allow", "Action": ["s3:*", "kms:*", "logs:*"], "Resource": "*"}]),
        PolicyKind::Identity,
    );
    (0..count)
        .map(|number| {
            let is_role = !number.is_multiple_of(5);
            let mut policies = Vec::new();
            for _ in 0..=random.below(3) {
                let place = if random.in_a_hundred(25) {
                    random.below(6)
                } else {
                    6 + random.below(80)
                };
                if !policies.iter().any(|held| Arc::ptr_eq(held, &managed[place])) {
                    policies.push(Arc::clone(&managed[place]));
                }
            }
            if random.in_a_hundred(60) {
                let bucket = random.below(1_000);
                policies.push(document(
                    "inline/own",
                    json!([
                        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": format!("arn:aws:s3:::bucket-{bucket:04}/app-{number}/*")},
                        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"},
                        {"Effect": "Deny", "Action": "s3:DeleteObject*", "Resource": "*"},
                    ]),
                    PolicyKind::Identity,
                ));
            }
            IdentityRecord {
                arn: if is_role {
                    format!("arn:aws:iam::{ACCOUNT}:role/app/service-{number}")
                } else {
                    format!("arn:aws:iam::{ACCOUNT}:user/person-{number}")
                },
                unique_id: Some(if is_role {
                    format!("AROA{number:016}")
                } else {
                    format!("AIDA{number:016}")
                }),
                tags: Knowledge::Known(BTreeMap::from([(
                    "team".to_owned(),
                    format!("team-{}", number % 40),
                )])),
                policies,
                boundary: (number.is_multiple_of(10)).then(|| Knowledge::Known(Arc::clone(&boundary))),
                trust: is_role.then(|| {
                    document("trust", json!([{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]), PolicyKind::Trust)
                }),
                unread: Vec::new(),
            }
        })
        .collect()
}

fn bucket(number: usize) -> BucketRecord {
    let name = format!("bucket-{number:04}");
    let both = json!([
        format!("arn:aws:s3:::{name}"),
        format!("arn:aws:s3:::{name}/*")
    ]);
    let tls = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": both,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
    let statements = match number % 10 {
        0 => {
            json!([tls, {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{name}/*")}])
        }
        1 => {
            json!([tls, {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{name}/*"),
            "Condition": {"StringNotEquals": {"aws:PrincipalTag/team": format!("team-{}", number % 40)}}}])
        }
        2 => {
            json!([tls, {"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:role/app/service-{}", number + 1)},
            "Action": ["s3:GetObject", "s3:PutObject"], "Resource": format!("arn:aws:s3:::{name}/*")}])
        }
        3 => json!([tls, {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": both,
            "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-0a1b2c3d"}}}]),
        _ => json!([tls]),
    };
    BucketRecord {
        owner: ACCOUNT.to_owned(),
        region: "eu-west-1".to_owned(),
        policy: Knowledge::Known(
            (number % 3 != 2).then(|| document("bucket", statements, PolicyKind::Resource)),
        ),
        aws_says_public: None,
        block: Knowledge::Known(PublicAccessBlock::default()),
        ownership: Some("BucketOwnerEnforced".to_owned()),
        owner_id: None,
        grants: Knowledge::Known(Vec::new()),
        key: Knowledge::Known(match number % 4 {
            0 => DefaultKey::Kms(key_arn(number % 20)),
            1 => DefaultKey::Managed,
            _ => DefaultKey::S3,
        }),
        bucket_key: number.is_multiple_of(8),
        name,
    }
}

fn key_arn(number: usize) -> String {
    format!("arn:aws:kms:eu-west-1:{ACCOUNT}:key/key-{number}")
}

fn account(random: &mut Random, count: usize, buckets: usize) -> AccountRecord {
    let keys = (0..20)
        .map(|number| {
            let policy = document("key", json!([
                {"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}, "Action": "kms:*", "Resource": "*"},
                {"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:role/app/service-{}", number * 7 + 1)}, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*"},
            ]), PolicyKind::Resource);
            let record = KeyRecord {
                arn: Some(key_arn(number)),
                account: ACCOUNT.to_owned(),
                managed: false,
                state: Knowledge::Known("Enabled".to_owned()),
                policy: Knowledge::Known(policy),
                grants: Knowledge::Known(Vec::new()),
            };
            (key_arn(number), record)
        })
        .collect();
    AccountRecord {
        account: ACCOUNT.to_owned(),
        partition: "aws",
        organization: Knowledge::Known(Some("o-aaaaaaaaaa".to_owned())),
        identities: identities(random, count),
        scps: None,
        rcps: None,
        buckets: (0..buckets).map(bucket).collect(),
        keys,
        functions: Vec::new(),
        now: None,
    }
}

/// Peak resident memory, MB.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().split(' ').next()?.parse::<u64>().ok())
        .map_or(0, |kb| kb / 1024)
}

fn scale() {
    let mut random = Random(7);
    let start = Instant::now();
    let record = account(&mut random, 5_000, 1_000);
    println!("parsed in {:?}, {} MB", start.elapsed(), peak_mb());
    let start = Instant::now();
    let world = World::new(record);
    let compiled = start.elapsed();
    println!("compiled in {compiled:?}, {} MB", peak_mb());
    let question = ReachQuestion {
        actions: vec!["s3:GetObject".to_owned()],
        ..ReachQuestion::of_class(AccessClass::Read)
    };
    for name in [
        "bucket-0000",
        "bucket-0001",
        "bucket-0002",
        "bucket-0003",
        "bucket-0004",
    ] {
        let start = Instant::now();
        let rows = world.who_can(name, &question).unwrap();
        let count = |reach| {
            rows.iter()
                .filter(|row| row.decision.reach == reach)
                .count()
        };
        println!(
            "{name}: {:?}; {} reachable, {} constrained, {} unreachable, {} unknown",
            start.elapsed(),
            count(Reach::Reachable),
            count(Reach::Constrained),
            count(Reach::Unreachable),
            count(Reach::Unknown)
        );
        let start = Instant::now();
        let hops = world.one_hop(name, &question, &rows).unwrap();
        println!("  one hop: {} in {:?}", hops.len(), start.elapsed());
    }
    let question = ReachQuestion {
        verdict_only: true,
        ..question
    };
    // As an audit asks: buckets side by side.
    for threads in [1, 2] {
        let start = Instant::now();
        let (pairs, reachable) = verdicts(&world, &question, threads);
        println!(
            "everything on {threads}: {pairs} pairs, {reachable} reachable in {:?}, {} MB",
            start.elapsed(),
            peak_mb()
        );
    }
    println!("compilation, for all of it: {compiled:?}");
}

/// What each identity can do to each bucket: how many verdicts, and how many of them reachable.
fn verdicts(world: &World, question: &ReachQuestion, threads: usize) -> (usize, usize) {
    let of_thread = &|first: usize| {
        let verdicts = (first..1_000)
            .step_by(threads)
            .map(|number| world.verdicts(&format!("bucket-{number:04}"), question));
        let counts = verdicts.map(|verdicts| {
            let verdicts = verdicts.unwrap();
            let reachable = verdicts.iter().filter(|reach| **reach == Reach::Reachable);
            (verdicts.len(), reachable.count())
        });
        counts.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || of_thread(first)))
            .collect();
        let counts = workers.into_iter().map(|worker| worker.join().unwrap());
        counts.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    })
}

fn attacks(pairs: u64, seed: u64) -> ExitCode {
    let start = Instant::now();
    let workers: Vec<_> = (0..2)
        .map(|number| {
            thread::spawn(move || {
                let mut random = Random(seed.wrapping_mul(1_000_003).wrapping_add(number + 1));
                let mut tally = Tally::default();
                while tally.pairs < pairs / 2 && tally.wrong.len() < 5 {
                    attack::attack(&mut random, 12, &mut tally);
                    attack::attack_from_outside(&mut random, 36, &mut tally);
                }
                tally
            })
        })
        .collect();
    let mut failed = false;
    for worker in workers {
        let tally = worker.join().unwrap();
        failed |= !tally.wrong.is_empty();
        for wrong in &tally.wrong {
            println!("{wrong}\n");
        }
        println!(
            "{:?}",
            Tally {
                wrong: Vec::new(),
                ..tally
            }
        );
    }
    println!("{:?}", start.elapsed());
    ExitCode::from(u8::from(failed))
}

fn main() -> ExitCode {
    match option("--pairs") {
        Some(pairs) => attacks(pairs, option("--seed").unwrap_or(1)),
        None => {
            scale();
            ExitCode::SUCCESS
        }
    }
}
