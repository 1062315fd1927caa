//! x
use super::{Seekable, Walk};
use std::io;
pub fn read(_walk: &mut Walk<'_>, _input: &mut dyn Seekable) -> io::Result<()> {
    Ok(())
}
