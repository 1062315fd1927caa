//! What can happen to a file: bits that flip, a cut, zeros, numbers that are as large as they can be, another file's content,
//! or something that is no file at all.

use crate::support::Lcg;
use crate::support::unix::pipe;
use std::fs;
use std::path::{Path, PathBuf};

/// A file that was damaged; made good again when dropped.
pub struct Damaged {
    path: PathBuf,
    good: Vec<u8>,
}

impl Damaged {
    /// Damages a file in one of many ways; says how.
    pub fn new(path: &Path, others: &[PathBuf], random: &mut Lcg) -> (Damaged, String) {
        let good = fs::read(path).unwrap();
        let damaged = Damaged { path: path.to_owned(), good };
        let mut bytes = damaged.good.clone();
        let length = bytes.len();
        let at = if length == 0 { 0 } else { random.below(length) };
        let kind = random.below(12);
        damaged.remove();
        let how = match kind {
            0..=3 if length > 0 => {
                for _ in 0..=random.below(6) {
                    bytes[random.below(length)] ^= 1 << random.below(8);
                }
                "bits"
            }
            4 => {
                bytes.truncate(at);
                "cut"
            }
            5 => {
                let end = (at + 1 + random.below(64)).min(length);
                bytes[at.min(end)..end].fill(0);
                "zeros"
            }
            6 => {
                // A count or a size in four bytes, mostly at their places.
                let at = at / 4 * 4;
                let end = (at + 4).min(length);
                bytes[at..end].fill([0xff, 0x7f][random.below(2)]);
                "numbers"
            }
            7 => {
                let from = random.below(length + 1);
                let piece = bytes[at..(at + 1 + random.below(200)).min(length)].to_vec();
                bytes.splice(from..from, piece);
                "a piece twice"
            }
            8 => {
                bytes = fs::read(&others[random.below(others.len())]).unwrap_or_default();
                "another file's content"
            }
            9 => {
                bytes.extend((0..1 + random.below(100)).map(|_| u8::try_from(random.below(256)).unwrap()));
                "something behind it"
            }
            10 => {
                let no_file =
                    ["pipe", "folder", "link to itself", "link to a device", "nothing"][random.below(5)];
                damaged.put_no_file(no_file);
                return (damaged, no_file.to_owned());
            }
            _ => {
                let (start, end) = (at.min(length / 2), at.max(length / 2));
                bytes.drain(start..end);
                "a hole"
            }
        };
        fs::write(path, bytes).unwrap();
        (damaged, how.to_owned())
    }

    fn put_no_file(&self, what: &str) {
        match what {
            "pipe" => pipe(&self.path),
            "folder" => fs::create_dir(&self.path).unwrap(),
            "link to itself" => {
                std::os::unix::fs::symlink(self.path.file_name().unwrap(), &self.path).unwrap()
            }
            "link to a device" => std::os::unix::fs::symlink("/dev/zero", &self.path).unwrap(),
            _ => {}
        }
    }

    fn remove(&self) {
        match fs::symlink_metadata(&self.path) {
            Ok(meta) if meta.is_dir() => fs::remove_dir_all(&self.path).unwrap(),
            Ok(_) => fs::remove_file(&self.path).unwrap(),
            Err(_) => {}
        }
    }
}

impl Drop for Damaged {
    fn drop(&mut self) {
        self.remove();
        fs::write(&self.path, &self.good).unwrap();
    }
}
