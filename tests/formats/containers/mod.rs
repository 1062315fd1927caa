//! Files that hold other files, as real tools make them and as somebody who means harm does.

mod formats;
#[cfg(unix)]
mod hostile;
mod images;
mod lying;
mod modes;
mod packages;

use crate::support::Sandbox;
use crate::support::program::leak;

/// A folder with a leak in it, and enough beside it to be worth packing.
fn app() -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("app/config/.env", leak(1));
    sandbox.write("app/numbers.txt", (0..3000).map(|n| format!("{n}\n")).collect::<String>());
    sandbox
}
