//! Why an object could not be read.

/// Why an object could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// The object's first bytes make no sense.
    #[error("its header is damaged")]
    Header,
    /// The compressed bytes are damaged, or are not as long as the header says.
    #[error("its compressed data is damaged")]
    Inflate,
    /// The bytes are not those that were written.
    #[error("its checksum does not match")]
    Checksum,
    /// The delta does not fit its base.
    #[error("its delta is damaged: {0}")]
    Delta(&'static str),
    /// The delta's base is nowhere, or leads back to itself.
    #[error("the object that its delta builds on is not in the pack")]
    Base,
    /// The object is larger than what it is stored in lets it be.
    #[error(
        "it has {size} bytes, more than the {most} that are read of what is stored; check it out and scan the file"
    )]
    TooBig { size: u64, most: u64 },
    /// There is not enough memory for it.
    #[error("there is not enough memory for it")]
    Memory,
    /// The file could not be read.
    #[error("{0}")]
    Io(String),
}
