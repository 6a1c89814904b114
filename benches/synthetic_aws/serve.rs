//! Starts the synthetic endpoint by hand:
//!
//! ```text
//! cargo run --example synthetic_aws -- --buckets 200 --functions 50 --latency-ms 20
//! AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x coldbucket audit --endpoint-url http://127.0.0.1:4600
//! ```

#![allow(
    clippy::print_stdout,
    reason = "the URL on stdout is what a script waits for"
)]

use std::time::Duration;

use clap::Parser;

#[path = "mod.rs"]
mod synthetic_aws;

use synthetic_aws::{Behaviour, Endpoint, Faults, World};

/// A made-up AWS account on a local port.
#[derive(Parser)]
#[command(name = "synthetic_aws")]
struct Arguments {
    /// Address to listen on; port 0 is any free one.
    #[arg(long, default_value = "127.0.0.1:4600")]
    listen: String,
    /// How many buckets the account has.
    #[arg(long, default_value_t = 100)]
    buckets: usize,
    /// How many functions the account has.
    #[arg(long, default_value_t = 20)]
    functions: usize,
    /// How long each answer takes, ms.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Requests a second that are served; the rest are throttled.
    #[arg(long)]
    limit: Option<f64>,
    /// Operations to refuse, for example s3:GetBucketPolicy.
    #[arg(long)]
    deny: Vec<String>,
    #[command(flatten)]
    faults: Faults,
}

fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let behaviour = Behaviour {
        latency: Duration::from_millis(arguments.latency_ms),
        limit: arguments.limit,
        deny: arguments.deny.into_iter().collect(),
        faults: arguments.faults,
        ..Behaviour::default()
    };
    let world = World::generated(arguments.buckets, arguments.functions);
    let endpoint = Endpoint::start_at(&arguments.listen, world, behaviour)?;
    println!("{}", endpoint.url());
    endpoint.serve();
    Ok(())
}
