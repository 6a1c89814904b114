//! The long run of `tests/soundness`: so many pairs of a policy and a request, on two threads.
//!
//! ```text
//! cargo bench -p coldbucket-policy --bench soundness -- --pairs 1000000 [--policy-pairs 100000] [--seed 1]
//!     [--requests 25]
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

#[path = "../tests/soundness/callers.rs"]
mod callers;
#[path = "../tests/soundness/carried_out.rs"]
mod carried_out;
#[path = "../tests/soundness/forms.rs"]
mod forms;
#[path = "../tests/soundness/grammar.rs"]
mod grammar;
#[path = "../tests/soundness/judge.rs"]
mod judge;
#[path = "../tests/soundness/pairs.rs"]
mod pairs;

use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use grammar::Random;
use judge::Tally;

fn option(name: &str, default: u64) -> u64 {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.next();
    arguments
        .next()
        .map_or(default, |value| value.parse().unwrap())
}

fn main() -> ExitCode {
    let pairs = option("--pairs", 1_000_000);
    let of_policies = option("--policy-pairs", pairs / 10);
    let seed = option("--seed", 1);
    let requests = usize::try_from(option("--requests", 25)).unwrap();
    let start = Instant::now();
    let workers: Vec<_> = (0..2)
        .map(|number| {
            thread::spawn(move || {
                let mut random = Random(seed.wrapping_mul(1_000_003).wrapping_add(number));
                let mut tally = Tally::default();
                while tally.pairs < pairs / 2 && tally.wrong.len() < 20 {
                    tally.add(judge::judge(&mut random, requests));
                    if tally.policies.is_multiple_of(4) {
                        tally.add(judge::judge_bound(&mut random, requests));
                    }
                }
                tally
            })
        })
        .collect();
    let mut tally = Tally::default();
    for worker in workers {
        tally.add(worker.join().unwrap());
    }
    println!(
        "{} policies, {} pairs, {} requests in classes called unreachable, {} allowed, {} doubtful, {:.1} s",
        tally.policies,
        tally.pairs,
        tally.in_unreachable,
        tally.allowed,
        tally.doubtful,
        start.elapsed().as_secs_f64()
    );
    println!(
        "answers: {} reachable, {} constrained, {} unreachable, {} unknown; {} witnesses",
        tally.reachable, tally.constrained, tally.unreachable, tally.unknown, tally.witnesses
    );
    let mut random = Random(seed);
    let mut compared = forms::Compared::default();
    for _ in 0..pairs / 250 {
        forms::judge(&mut random, &mut compared);
    }
    println!(
        "forms of requests: {} enumerated requests called unreachable, {} questions unreachable, {} witnesses, {} unknown, {} scoped services, {} named parties",
        compared.requests,
        compared.unreachable,
        compared.witnesses,
        compared.unknown,
        compared.scoped,
        compared.named
    );
    tally.wrong.extend(compared.wrong);
    let workers: Vec<_> = (0..2)
        .map(|number| {
            thread::spawn(move || {
                let mut random = Random(seed.wrapping_mul(1_000_033).wrapping_add(number));
                let mut tally = pairs::PairTally::default();
                while tally.pairs < of_policies / 2 && tally.wrong.len() < 20 {
                    tally.add(pairs::judge(&mut random, requests));
                    if tally.laws.is_multiple_of(4) {
                        tally.add(callers::judge(&mut random));
                    }
                }
                tally
            })
        })
        .collect();
    let mut compared = pairs::PairTally::default();
    for worker in workers {
        compared.add(worker.join().unwrap());
    }
    println!(
        "pairs of policies: {} ({} new, {} none, {} unknown), {} witnesses, {} requests, {} times the laws",
        compared.pairs,
        compared.new,
        compared.none,
        compared.unknown,
        compared.witnesses,
        compared.requests,
        compared.laws
    );
    tally.wrong.extend(compared.wrong);
    println!("contradictions: {}", tally.wrong.len());
    for wrong in tally.wrong.iter().take(5) {
        println!("\n{wrong}");
    }
    if tally.wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
