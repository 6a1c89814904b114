//! Parse, run, exit. The one place that prints a fatal error.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use coldbucket::cli::Cli;
use coldbucket::run;

/// The SDK allocates much and small.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are among clap's errors. A reader that left wants nothing more.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let (mut stdout, mut stderr) = (io::stdout(), io::stderr());
    match run::start(cli, &mut stdout, &mut stderr) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            let _ = stdout.flush();
            // A message may quote a file or an account, which may hold anything.
            for (number, line) in error.to_string().lines().enumerate() {
                let line = coldbucket::output::hostile::plain(line);
                let start = if number == 0 { "error: " } else { "" };
                let _ = writeln!(stderr, "{start}{line}");
            }
            ExitCode::from(error.exit().code())
        }
    }
}
