//! Work on more than one core, with the answers in order.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// How many items a core takes at once.
const CHUNK: usize = 8;

/// Works on every item, on all cores, and hands the answers on in the order of the items, until the
/// sink breaks off.
pub(super) fn in_order<T: Sync, R: Send>(
    items: &[T],
    work: &(dyn Fn(&T) -> R + Sync),
    sink: &mut dyn FnMut(R) -> ControlFlow<()>,
) {
    let chunks = items.len().div_ceil(CHUNK);
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    if chunks < 2 || cores < 2 {
        for item in items {
            if sink(work(item)).is_break() {
                return;
            }
        }
        return;
    }
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    thread::scope(|scope| {
        // Bounded, so that no core runs far ahead of the sink.
        let (send, receive) = mpsc::sync_channel::<(usize, Vec<R>)>(cores * 2);
        for _ in 0..cores.min(chunks) {
            let send = send.clone();
            let (next, stopped) = (&next, &stopped);
            scope.spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(chunk) = items.chunks(CHUNK).nth(number) else {
                        return;
                    };
                    // The receiver is gone when the sink has broken off.
                    if send
                        .send((number, chunk.iter().map(work).collect()))
                        .is_err()
                    {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (number, answers) in receive {
            early.insert(number, answers);
            while let Some(answers) = early.remove(&due) {
                due += 1;
                for answer in answers {
                    if sink(answer).is_break() {
                        stopped.store(true, Ordering::Relaxed);
                        return;
                    }
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubled(count: usize, until: usize) -> Vec<usize> {
        let items: Vec<usize> = (0..count).collect();
        let mut seen = Vec::new();
        in_order(&items, &|item| item * 2, &mut |answer| {
            seen.push(answer);
            if answer >= until {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        seen
    }

    #[test]
    fn answers_come_in_the_order_of_the_items() {
        for count in [0, 1, 7, 8, 9, 500] {
            let expected: Vec<usize> = (0..count).map(|item| item * 2).collect();
            assert_eq!(doubled(count, usize::MAX), expected);
        }
    }

    #[test]
    fn nothing_comes_after_the_sink_has_broken_off() {
        assert_eq!(doubled(500, 40).last(), Some(&40));
    }
}
