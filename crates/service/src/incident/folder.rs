//! Where incidents are kept: a private folder for each, below the user's state folder. Takes an id, gives the open and
//! locked folder. Refuses places that others can write to and links; never holds a token itself.

use krea_scan_files::user_dirs;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The journal's name in the incident's folder.
pub(super) const JOURNAL: &str = "journal.jsonl";
/// What this program writes. Version 2 added the proofs at the end of a run, 3 the ways to revoke; both others are read as well.
pub const VERSION: u32 = 3;
/// What keeps other processes away.
pub(super) const LOCK: &str = "lock";

/// Why the state of incidents cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("no folder to keep the incident's journal in; set XDG_STATE_HOME (or HOME) to an absolute path")]
    NoHome,
    /// The system refuses.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file or folder that it was tried with.
        path: PathBuf,
        source: io::Error,
    },
    /// Somebody else may read or write what is kept there.
    #[error("{path} is not safe to keep an incident in: {problem}")]
    Unsafe {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        problem: &'static str,
    },
    /// A journal that is not as it was written.
    #[error("{path} is damaged: {problem}")]
    Damaged {
        /// The journal.
        path: PathBuf,
        problem: String,
    },
    /// A journal that another version of the program wrote.
    #[error(
        "{path} was written by another version of krea-scan (its format is {version}, this one knows 1 to {VERSION}); go on \
         with that version"
    )]
    Version {
        /// The journal.
        path: PathBuf,
        /// The format's number.
        version: u32,
    },
    /// No such incident.
    #[error("there is no incident {0}; krea-scan --incidents lists them")]
    Unknown(String),
    /// A run that was ended before it began anything.
    #[error(
        "incident {0} was ended before anything was begun; start again with krea-scan --revoke where the tokens were \
         found"
    )]
    NotBegun(String),
    /// One that is finished.
    #[error("incident {0} is closed: nothing is left to do in it")]
    Closed(String),
    /// No incident is open.
    #[error("no incident is open; krea-scan --revoke begins one")]
    NoneOpen,
    /// Another process works on it.
    #[error("incident {0} is being worked on by another krea-scan; let that one finish, or end it first")]
    Busy(String),
}

impl StateError {
    /// An error of the system, told with what was tried.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StateError {
        let path = path.to_owned();
        move |source| StateError::Io { doing, path, source }
    }
}

/// The folder that holds the incidents' folders.
#[derive(Debug)]
pub struct StateFolder {
    root: PathBuf,
}

impl StateFolder {
    /// Opens the folder, and makes it when it is not there.
    ///
    /// # Errors
    /// No home, no room, or a place that is not private.
    pub fn open() -> Result<StateFolder, StateError> {
        let program = user_dirs::state().ok_or(StateError::NoHome)?;
        if let Some(above) = program.parent() {
            fs::create_dir_all(above).map_err(StateError::io("make", above))?;
        }
        let root = program.join("incidents");
        make_private(&program)?;
        make_private(&root)?;
        Ok(StateFolder { root })
    }

    /// The folder, if it is there and private; for looking only.
    ///
    /// # Errors
    /// As [`StateFolder::open`].
    pub fn look() -> Result<Option<StateFolder>, StateError> {
        let root = user_dirs::state().ok_or(StateError::NoHome)?.join("incidents");
        if fs::symlink_metadata(&root).is_err() {
            return Ok(None);
        }
        check_private(&root)?;
        Ok(Some(StateFolder { root }))
    }

    /// The state in a folder, for tests.
    #[cfg(test)]
    pub(super) fn at(root: &Path) -> StateFolder {
        StateFolder { root: root.to_owned() }
    }

    /// The ids of all incidents, oldest first.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn ids(&self) -> Result<Vec<String>, StateError> {
        let entries = fs::read_dir(&self.root).map_err(StateError::io("read", &self.root))?;
        let mut ids: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_id(name))
            .collect();
        ids.sort();
        Ok(ids)
    }

    pub fn folder(&self, id: &str) -> PathBuf {
        self.root.join(id)
    }

    /// Keeps other processes from beginning an incident as long as the result lives.
    ///
    /// # Errors
    /// A lock file that cannot be made.
    pub fn lock(&self) -> Result<File, StateError> {
        let path = self.root.join(LOCK);
        let file = open_private(&path, OpenOptions::new().write(true).create(true).truncate(false))?;
        file.lock().map_err(StateError::io("lock", &path))?;
        Ok(file)
    }

    /// Makes the folder of a new incident, named by the time, and locks it.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn begin(&self) -> Result<IncidentFolder, StateError> {
        let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
        for number in 1.. {
            let id = if number == 1 { now.clone() } else { format!("{now}-{number}") };
            let path = self.folder(&id);
            match make_folder(&path) {
                Ok(()) => {
                    sync_folder(&self.root)?;
                    return IncidentFolder::lock(id, path);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => {}
                Err(source) => return Err(StateError::Io { doing: "make", path, source }),
            }
        }
        Err(StateError::Unknown(now))
    }

    /// Opens and locks the folder of an incident.
    ///
    /// # Errors
    /// No such incident, one that another process works on, or a folder that is not private.
    pub fn enter(&self, id: &str) -> Result<IncidentFolder, StateError> {
        let path = self.folder(id);
        if !is_id(id) || fs::symlink_metadata(&path).is_err() {
            return Err(StateError::Unknown(id.to_owned()));
        }
        check_private(&path)?;
        IncidentFolder::lock(id.to_owned(), path)
    }
}

/// A time, and a number where there were several at that time.
fn is_id(name: &str) -> bool {
    name.len() >= 15 && name.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

/// An incident's folder. Locked as long as this lives.
#[derive(Debug)]
pub struct IncidentFolder {
    pub id: String,
    pub path: PathBuf,
    _lock: File,
}

impl IncidentFolder {
    /// Removes a folder that holds nothing but its journal and its lock.
    ///
    /// # Errors
    /// What the system says; and a folder that holds something else.
    pub fn remove(self) -> Result<(), StateError> {
        let remove = |name: &str| match fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        };
        let removed = remove(JOURNAL).and_then(|()| remove(LOCK)).and_then(|()| fs::remove_dir(&self.path));
        removed.map_err(StateError::io("remove", &self.path))
    }

    fn lock(id: String, path: PathBuf) -> Result<IncidentFolder, StateError> {
        let name = path.join(LOCK);
        let file = open_private(&name, OpenOptions::new().write(true).create(true).truncate(false))?;
        match file.try_lock() {
            Ok(()) => Ok(IncidentFolder { id, path, _lock: file }),
            Err(fs::TryLockError::WouldBlock) => Err(StateError::Busy(id)),
            Err(fs::TryLockError::Error(source)) => Err(StateError::Io { doing: "lock", path: name, source }),
        }
    }
}

/// Opens a file that nobody else may touch: mode 0600, no link.
pub(super) fn open_private(path: &Path, options: &mut OpenOptions) -> Result<File, StateError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    }
    let file = options.open(path).map_err(StateError::io("open", path))?;
    let metadata = file.metadata().map_err(StateError::io("look at", path))?;
    if !metadata.is_file() {
        return Err(unsafe_place(path, "it is not a file"));
    }
    check_owner(path, &metadata)?;
    Ok(file)
}

/// Makes sure that a change of names in a folder survives a power cut.
pub(super) fn sync_folder(path: &Path) -> Result<(), StateError> {
    flush_folder(path).map_err(StateError::io("sync", path))
}

/// Makes a rename last. File systems that cannot flush a folder say so, and there is nothing else to do.
pub(super) fn flush_folder(path: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    match File::open(path)?.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        result => result,
    }
}

fn make_private(path: &Path) -> Result<(), StateError> {
    match make_folder(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_private(path),
        Err(source) => Err(StateError::Io { doing: "make", path: path.to_owned(), source }),
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn unsafe_place(path: &Path, problem: &'static str) -> StateError {
    StateError::Unsafe { path: path.to_owned(), problem }
}

fn check_private(path: &Path) -> Result<(), StateError> {
    let metadata = fs::symlink_metadata(path).map_err(StateError::io("look at", path))?;
    if metadata.is_symlink() {
        return Err(unsafe_place(path, "it is a link; remove it, or set XDG_STATE_HOME to another folder"));
    }
    if !metadata.is_dir() {
        return Err(unsafe_place(path, "it is not a folder"));
    }
    check_owner(path, &metadata)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if metadata.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))
                .map_err(StateError::io("make private", path))?;
        }
    }
    Ok(())
}

/// Refuses what belongs to, or can be written by, somebody else.
fn check_owner(path: &Path, metadata: &fs::Metadata) -> Result<(), StateError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(unsafe_place(
                path,
                "it belongs to another user; set XDG_STATE_HOME to a folder of yours",
            ));
        }
        if metadata.mode() & 0o022 != 0 {
            return Err(unsafe_place(
                path,
                "others can write to it; look through it, then take that right away with chmod go-w",
            ));
        }
        if metadata.is_file() && metadata.nlink() > 1 {
            return Err(unsafe_place(path, "it has a second name (a hard link)"));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, metadata);
    Ok(())
}
