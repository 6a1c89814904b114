//! Progress and notes for a person. Nothing here reaches stdout or a file.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Receives what collection is doing while it does it.
///
/// Implementations are called from several threads and must return at once.
pub trait Progress: Send + Sync {
    /// Something a person should know, for example the endpoint that is used.
    fn note(&self, text: &str);
    /// Something for those who want to know more (`-v`).
    fn detail(&self, _text: &str) {}
    /// What is being read, and how many resources of it are known so far. Called again, with a
    /// larger total, when more become known; the count of finished ones goes on.
    fn stage(&self, what: &str, total: u64);
    /// So many more resources are finished.
    fn step(&self, n: u64);
    /// Collection has ended.
    fn finish(&self);
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn note(&self, _text: &str) {}
    fn stage(&self, _what: &str, _total: u64) {}
    fn step(&self, _n: u64) {}
    fn finish(&self) {}
}

/// A bar on stderr, drawn only when stderr is a terminal; notes go to `notes` in any case.
pub struct Bar {
    bar: ProgressBar,
    done: AtomicU64,
    notes: Box<dyn Fn(&str) + Send + Sync>,
    verbose: bool,
}

impl Bar {
    /// A bar that hands its notes to `notes`, with the bar out of the way while it writes.
    /// With `verbose`, details go there too.
    pub fn new(notes: impl Fn(&str) + Send + Sync + 'static, verbose: bool) -> Self {
        // indicatif hides a bar by itself when its target is not a terminal.
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) =
            ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len}  {per_sec}  {eta} left")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        Self {
            bar,
            done: AtomicU64::new(0),
            notes: Box::new(notes),
            verbose,
        }
    }
}

impl std::fmt::Debug for Bar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bar").field("done", &self.done).finish()
    }
}

impl Progress for Bar {
    fn note(&self, text: &str) {
        self.bar.suspend(|| (self.notes)(text));
    }

    fn detail(&self, text: &str) {
        if self.verbose {
            self.note(text);
        }
    }

    fn stage(&self, what: &str, total: u64) {
        self.bar.set_length(total);
        self.bar.set_message(what.to_owned());
        self.bar.set_position(self.done.load(Ordering::Relaxed));
    }

    fn step(&self, n: u64) {
        let done = self.done.fetch_add(n, Ordering::Relaxed).saturating_add(n);
        self.bar.set_position(done);
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
