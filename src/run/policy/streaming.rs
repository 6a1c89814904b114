//! JSON lines from standard input to standard output, in order and in constant memory.
//!
//! A reader splits the input into small bundles of whole lines and sends them to two workers in turn.
//! The answers are collected in the same turn, which keeps the order of the lines. Every channel is
//! bounded, so only a few bundles are in memory. A bundle ends early if no more input has arrived, so
//! that a caller that writes one line and waits gets an answer.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use serde::Serialize;

use crate::report::policy::BatchError;
use crate::run::files::Stdout;
use crate::run::{Exit, RunError};
use coldbucket_policy::batch::LINE_LIMIT;

/// Threads that answer.
const WORKERS: usize = 2;
/// A bundle ends after so many bytes, or lines.
const BUNDLE_BYTES: usize = 128 * 1024;
const BUNDLE_LINES: usize = 512;
/// Bundles that wait at each hand-over.
const WAITING: usize = 2;

/// Some input lines.
enum Bundle {
    Lines(Vec<InputLine>),
    /// Standard input failed.
    Failed(io::Error),
}

enum InputLine {
    Text(Vec<u8>),
    /// Longer than a line may be; the text is gone.
    TooLong,
}

/// Their answers, a line each.
struct Answers {
    text: Vec<u8>,
    /// What the lines say together.
    exit: Exit,
    failed: Option<io::Error>,
}

/// A worker's function: appends the answer to one line, without a line end, and says what the exit code
/// would be if it were the only one.
type AnswerLine = Box<dyn FnMut(&str, &mut Vec<u8>) -> Result<Exit, BatchError> + Send>;

/// Answers standard input with one JSON document a line. Each worker answers by a function of its own;
/// `exit` is what the exit code would be if the answer were the only one.
pub(in crate::run) fn answers<T, A>(
    worker: impl Fn() -> A,
    exit: fn(&T) -> Exit,
    stdout: &mut Stdout<'_>,
) -> Result<Exit, RunError>
where
    T: Serialize + 'static,
    A: FnMut(&str) -> Result<T, BatchError> + Send + 'static,
{
    run(
        || {
            let mut ask = worker();
            Box::new(move |line, out| {
                let answer = ask(line)?;
                // Texts and numbers only: writing them to memory cannot fail.
                let _ = serde_json::to_writer(out, &answer);
                Ok(exit(&answer))
            })
        },
        stdout,
    )
}

/// Answers standard input line by line. Exit 2 when a line was bad; otherwise 1 when a line says so,
/// and then 3.
fn run(worker: impl Fn() -> AnswerLine, stdout: &mut Stdout<'_>) -> Result<Exit, RunError> {
    let mut to_workers = Vec::with_capacity(WORKERS);
    let mut from_workers = Vec::with_capacity(WORKERS);
    for _ in 0..WORKERS {
        let (bundles, work) = sync_channel(WAITING);
        let (done, answers) = sync_channel(WAITING);
        let mut answer = worker();
        thread::spawn(move || work_on(&work, &done, &mut answer));
        to_workers.push(bundles);
        from_workers.push(answers);
    }
    thread::spawn(move || deal(io::stdin().lock(), &to_workers));
    collect(&from_workers, stdout)
}

/// Takes the answers in turn until a worker has no more; the others then have none either.
fn collect(from_workers: &[Receiver<Answers>], stdout: &mut Stdout<'_>) -> Result<Exit, RunError> {
    let mut exit = Exit::Clean;
    for answers in from_workers.iter().cycle() {
        let Ok(answers) = answers.recv() else {
            break;
        };
        if let Some(source) = answers.failed {
            return Err(RunError::Read {
                path: "standard input".into(),
                source,
            });
        }
        exit = worse(exit, answers.exit);
        stdout.write(|out| {
            out.write_all(&answers.text)?;
            out.flush()
        })?;
        if stdout.is_gone() {
            // The pipe is closed: the threads end with the process.
            break;
        }
    }
    Ok(exit)
}

/// The exit code of two lines.
const fn worse(one: Exit, other: Exit) -> Exit {
    const fn weight(exit: Exit) -> u8 {
        match exit {
            Exit::Clean => 0,
            Exit::Incomplete | Exit::Nothing => 1,
            Exit::Findings => 2,
            Exit::Usage => 3,
        }
    }
    if weight(other) > weight(one) {
        other
    } else {
        one
    }
}

fn work_on(work: &Receiver<Bundle>, done: &SyncSender<Answers>, answer: &mut AnswerLine) {
    for bundle in work {
        let mut answers = Answers {
            text: Vec::new(),
            exit: Exit::Clean,
            failed: None,
        };
        match bundle {
            Bundle::Failed(error) => answers.failed = Some(error),
            Bundle::Lines(lines) => {
                for line in lines {
                    let outcome = match &line {
                        InputLine::TooLong => {
                            Err(format!("the line is longer than {LINE_LIMIT} bytes"))
                        }
                        InputLine::Text(bytes) => {
                            std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())
                        }
                    }
                    .map_err(|error| BatchError { id: None, error })
                    .and_then(|text| answer(text, &mut answers.text));
                    let exit = outcome.unwrap_or_else(|error| {
                        // A struct of two texts: writing it cannot fail.
                        let _ = serde_json::to_writer(&mut answers.text, &error);
                        Exit::Usage
                    });
                    answers.exit = worse(answers.exit, exit);
                    answers.text.push(b'\n');
                }
            }
        }
        if done.send(answers).is_err() {
            return;
        }
    }
}

/// Deals the input in bundles, to one worker after the other.
fn deal(input: impl Read, to_workers: &[SyncSender<Bundle>]) {
    let mut input = BufReader::with_capacity(BUNDLE_BYTES, input);
    for worker in to_workers.iter().cycle() {
        let bundle = match next_bundle(&mut input) {
            Ok(lines) if lines.is_empty() => return,
            Ok(lines) => Bundle::Lines(lines),
            Err(error) => Bundle::Failed(error),
        };
        let last = matches!(bundle, Bundle::Failed(_));
        if worker.send(bundle).is_err() || last {
            return;
        }
    }
}

/// The next lines; none at the end of the input.
fn next_bundle(input: &mut BufReader<impl Read>) -> io::Result<Vec<InputLine>> {
    let mut lines = Vec::new();
    let mut bytes = 0;
    while let Some(line) = next_line(input)? {
        bytes += match &line {
            InputLine::Text(text) => text.len(),
            InputLine::TooLong => 0,
        };
        lines.push(line);
        if bytes >= BUNDLE_BYTES || lines.len() >= BUNDLE_LINES || input.buffer().is_empty() {
            break;
        }
    }
    Ok(lines)
}

/// The next line without its end.
fn next_line(input: &mut BufReader<impl Read>) -> io::Result<Option<InputLine>> {
    let mut line = Vec::new();
    let limit = u64::try_from(LINE_LIMIT + 1).unwrap_or(u64::MAX);
    if input.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    } else if line.len() > LINE_LIMIT {
        loop {
            let buffer = input.fill_buf()?;
            match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => {
                    input.consume(at + 1);
                    break;
                }
                None if buffer.is_empty() => break,
                None => {
                    let length = buffer.len();
                    input.consume(length);
                }
            }
        }
        return Ok(Some(InputLine::TooLong));
    }
    Ok(Some(InputLine::Text(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two workers that repeat each line, or call it bad.
    fn answers(input: &[u8]) -> (String, Exit) {
        let mut to_workers = Vec::new();
        let mut from_workers = Vec::new();
        for _ in 0..WORKERS {
            let (bundles, work) = sync_channel(WAITING);
            let (done, answers) = sync_channel(WAITING);
            let mut answer: AnswerLine = Box::new(|line, out| {
                if line == "bad" {
                    return Err(BatchError {
                        id: None,
                        error: "it is bad".to_owned(),
                    });
                }
                out.extend_from_slice(line.as_bytes());
                Ok(match line {
                    "found" => Exit::Findings,
                    "open" => Exit::Incomplete,
                    _ => Exit::Clean,
                })
            });
            thread::spawn(move || work_on(&work, &done, &mut answer));
            to_workers.push(bundles);
            from_workers.push(answers);
        }
        let input = input.to_vec();
        thread::spawn(move || deal(input.as_slice(), &to_workers));
        let mut out: Vec<u8> = Vec::new();
        let exit = {
            let mut stdout = Stdout::new(&mut out);
            let exit = collect(&from_workers, &mut stdout).unwrap();
            stdout.finish().unwrap();
            exit
        };
        (String::from_utf8(out).unwrap(), exit)
    }

    #[test]
    fn answers_come_in_the_order_of_the_lines() {
        let input: String = (0..20_000).map(|number| format!("{number}\n")).collect();
        let (output, exit) = answers(input.as_bytes());
        assert_eq!(output, input);
        assert_eq!(exit, Exit::Clean);
    }

    #[test]
    fn a_bad_line_is_answered_in_its_place_and_sets_the_exit_code() {
        let (output, exit) = answers(b"one\nbad\r\n\xff\nfour");
        assert_eq!(
            output,
            "one\n{\"id\":null,\"error\":\"it is bad\"}\n{\"id\":null,\"error\":\"not UTF-8\"}\nfour\n"
        );
        assert_eq!(exit, Exit::Usage);
    }

    #[test]
    fn what_was_found_wins_over_what_is_open() {
        assert_eq!(answers(b"one\nopen\n").1, Exit::Incomplete);
        assert_eq!(answers(b"open\nfound\nopen\n").1, Exit::Findings);
        assert_eq!(answers(b"found\nbad\n").1, Exit::Usage);
    }

    #[test]
    fn a_line_without_end_is_skipped_to_the_next() {
        let mut input = vec![b'x'; LINE_LIMIT + 100_000];
        input.extend_from_slice(b"\nnext\n");
        let (output, exit) = answers(&input);
        let lines: Vec<&str> = output.lines().collect();
        assert!(lines[0].contains("longer than"), "{}", lines[0]);
        assert_eq!(lines[1], "next");
        assert_eq!(exit, Exit::Usage);
    }

    #[test]
    fn no_input_is_no_answer() {
        assert_eq!(answers(b""), (String::new(), Exit::Clean));
    }
}
