//! A progress bar on standard error: only on a terminal, and only once there is something to wait for.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A run that takes no longer shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// The progress of a run through its steps.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    started: Instant,
    shown: AtomicBool,
}

impl Progress {
    /// Progress that is shown on a terminal, unless the run is to be quiet.
    pub(super) fn new(quiet: bool) -> Progress {
        let watched = !quiet && std::io::stderr().is_terminal();
        let bar = watched.then(|| ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden()));
        Progress { bar, started: Instant::now(), shown: AtomicBool::new(false) }
    }

    /// Begins a step of so much work.
    pub(super) fn step(&self, name: &'static str, work: u64) {
        let Some(bar) = &self.bar else { return };
        if let Ok(style) = ProgressStyle::with_template("{msg:8} [{bar:40}] {percent:>3} %  {elapsed}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(name);
        bar.set_length(work);
        bar.set_position(0);
    }

    /// So much more of the step's work is done.
    pub(super) fn tick(&self, work: u64) {
        let Some(bar) = &self.bar else { return };
        bar.inc(work);
        if self.started.elapsed() > PATIENCE && !self.shown.swap(true, Ordering::Relaxed) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for Progress {
    /// Takes the bar off the terminal.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
