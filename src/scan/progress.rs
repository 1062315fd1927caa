//! What is being done, on standard error, for whoever waits at a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Nothing is shown for runs shorter than this.
const QUIET: Duration = Duration::from_millis(500);
/// How often the line changes.
const TICK: Duration = Duration::from_millis(150);

/// Counts what is read; cheap enough for every file and object.
#[derive(Debug, Default)]
pub struct Counter {
    items: AtomicU64,
    bytes: AtomicU64,
    /// Pictures whose text was read, where any is.
    pictures: Option<Arc<AtomicU64>>,
}

impl Counter {
    /// Nothing read yet. `pictures` counts those whose text is.
    pub fn new(pictures: Option<Arc<AtomicU64>>) -> Self {
        Counter { pictures, ..Counter::default() }
    }

    /// One more file or object, of so many bytes.
    #[inline]
    pub fn add(&self, bytes: u64) {
        self.items.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Shows the counter until it is dropped.
#[derive(Debug)]
pub struct ProgressLine {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ProgressLine {
    /// Starts to show `counter`, if `shown`.
    pub fn start(counter: &Arc<Counter>, what: &'static str, shown: bool) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let thread = shown.then(|| {
            let (counter, done) = (Arc::clone(counter), Arc::clone(&done));
            std::thread::spawn(move || show(&counter, what, &done))
        });
        ProgressLine { done, thread }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A thread that only draws has nothing to say when it ends.
            let _ = thread.join();
        }
    }
}

fn show(counter: &Counter, what: &str, done: &AtomicBool) {
    std::thread::park_timeout(QUIET);
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    while !done.load(Ordering::Relaxed) {
        let (items, bytes) = (counter.items.load(Ordering::Relaxed), counter.bytes.load(Ordering::Relaxed));
        let mut message =
            format!("{} {what}, {}", indicatif::HumanCount(items), indicatif::HumanBytes(bytes));
        if let Some(pictures) = &counter.pictures {
            let pictures = indicatif::HumanCount(pictures.load(Ordering::Relaxed));
            message.push_str(&format!(", the text of {pictures} pictures"));
        }
        bar.set_message(message);
        bar.tick();
        std::thread::park_timeout(TICK);
    }
    bar.finish_and_clear();
}
