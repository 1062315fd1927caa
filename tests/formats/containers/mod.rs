//! Files that hold other files, as real tools make them and as somebody who means harm does.

mod formats;
#[cfg(unix)]
mod hostile;
mod images;
mod lying;
mod modes;
mod packages;
