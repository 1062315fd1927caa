//! What tests of formats share: everything that a walk hands on, in memory.

use super::{ContainedText, ContainerKind, ContainerVisitor, walk};
use krea_scan_bounds::limits::Limits;
use krea_scan_text::Layer;
use std::io::{self, Cursor};

/// What a walk came to.
#[derive(Debug, Default)]
pub struct Collected {
    /// The way to each member, and what is in it.
    pub members: Vec<(String, String)>,
    /// What was not read, with the way to it.
    pub unread: Vec<String>,
}

impl Collected {
    /// The members, for comparison with what is expected.
    pub fn texts(&self) -> Vec<(&str, &str)> {
        self.members.iter().map(|(way, text)| (way.as_str(), text.as_str())).collect()
    }
}

#[track_caller]
pub fn collect(name: &str, bytes: &[u8]) -> Collected {
    let mut collected = Collected::default();
    let kind = ContainerKind::of(bytes, name).expect("is a container");
    walk(kind, name, &mut Cursor::new(bytes), bytes.len() as u64, Limits::default(), None, &mut collected);
    collected
}

fn way(layers: &[Layer]) -> String {
    let steps: Vec<_> = layers.iter().map(|layer| format!("{} {}", layer.kind, layer.name)).collect();
    steps.join(" → ")
}

impl ContainerVisitor for Collected {
    fn text(&mut self, text: ContainedText<'_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        let read = text.input.read_to_end(&mut bytes);
        self.members.push((way(text.layers), String::from_utf8_lossy(&bytes).into_owned()));
        read.map(|_| ())
    }

    fn wants(&self, _: &str, _: &[u8]) -> bool {
        true
    }

    fn unread(&mut self, layers: &[Layer], reason: String) {
        self.unread.push(format!("{}: {reason}", way(layers)));
    }
}
