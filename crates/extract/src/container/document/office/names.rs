//! What the files in a package are to those who open it in its program: slide 3, sheet Keys, comments on slide 3. By the
//! relations between the files (ECMA-376 part 2, 9.3) and the lists of slides and sheets.

use super::lines::part;
use super::xml::{Xml, XmlEvent};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use std::collections::HashMap;
use std::io::Read;

/// So many names are kept.
const MAX_NAMES: usize = 20_000;

/// What is known of the files of a package.
#[derive(Debug, Default)]
pub struct PackageNames {
    /// By the path of the file.
    files: HashMap<String, Layer>,
    /// Names of authors, by what stands for them.
    pub authors: HashMap<String, String>,
}

/// A way from a file to another.
#[derive(Debug)]
pub struct Relation {
    id: String,
    kind: String,
    target: String,
}

impl Relation {
    /// Whether it leads to something that the file lists: a slide, a sheet.
    pub fn is_listed(&self) -> bool {
        matches!(self.kind.as_str(), "slide" | "worksheet" | "chartsheet" | "dialogsheet")
    }
}

/// A slide or a sheet in its list.
#[derive(Debug)]
pub struct ListedSheet {
    relation: String,
    name: Option<String>,
    is_hidden: bool,
}

impl PackageNames {
    /// What a file is called.
    pub fn of(&self, path: &str) -> Option<&Layer> {
        self.files.get(path)
    }

    /// Names the slides or the sheets. Gives their paths.
    pub fn list(&mut self, listed: &[ListedSheet], relations: &[Relation]) -> Vec<String> {
        let mut paths = Vec::new();
        for (at, listed) in listed.iter().enumerate().take(MAX_NAMES) {
            let Some(relation) = relations.iter().find(|relation| relation.id == listed.relation) else {
                continue;
            };
            let (kind, name) = match &listed.name {
                Some(name) => (LayerKind::Sheet, format!("sheet {name}")),
                None => (LayerKind::Slide, format!("slide {}", at + 1)),
            };
            let name = if listed.is_hidden { format!("hidden {name}") } else { name };
            if self.files.insert(relation.target.clone(), part(kind, &name)).is_none() {
                paths.push(relation.target.clone());
            }
        }
        paths
    }

    /// Names what hangs on a slide or a sheet.
    pub fn add(&mut self, path: &str, relations: &[Relation]) {
        let Some(owner) = self.files.get(path).map(|layer| layer.name.clone()) else { return };
        for relation in relations {
            let (kind, what) = match relation.kind.as_str() {
                "notesSlide" => (LayerKind::Notes, "notes of"),
                "comments" | "threadedComment" => (LayerKind::Comments, "comments on"),
                "chart" => (LayerKind::Chart, "chart on"),
                "diagramData" => (LayerKind::Diagram, "diagram on"),
                "drawing" => (LayerKind::Drawing, "drawing on"),
                "table" => (LayerKind::Table, "table on"),
                _ => continue,
            };
            if self.files.len() < MAX_NAMES {
                let layer = part(kind, &format!("{what} {owner}"));
                self.files.entry(relation.target.clone()).or_insert(layer);
            }
        }
    }
}

/// The relations of a file at `path` to others in the package.
pub fn relations(path: &str, input: &mut dyn Read) -> Vec<Relation> {
    let (mut xml, mut relations) = (Xml::new(input), Vec::new());
    let folder = path.rfind('/').map_or("", |end| &path[..end]);
    while let Ok(event) = xml.next() {
        match event {
            XmlEvent::Start(tag) if tag.name() == "Relationship" => {
                let [id, kind, target] =
                    ["Id", "Type", "Target"].map(|name| tag.attribute(name).unwrap_or_default());
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                relations.push(Relation { id, kind, target: resolve(folder, &target) });
            }
            XmlEvent::Done => break,
            _ if relations.len() >= MAX_NAMES => break,
            _ => {}
        }
    }
    relations
}

/// Where a target leads to from a folder in the package.
fn resolve(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = match target.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => folder.split('/').filter(|part| !part.is_empty()).collect(),
    };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The target of the first relation of a kind.
pub fn target<'r>(relations: &'r [Relation], kind: &str) -> Option<&'r str> {
    relations.iter().find(|relation| relation.kind == kind).map(|relation| relation.target.as_str())
}

/// The targets of all relations of these kinds.
pub fn targets<'r>(relations: &'r [Relation], kinds: &[&str]) -> impl Iterator<Item = &'r str> {
    let is_one = |relation: &&Relation| kinds.contains(&relation.kind.as_str());
    relations.iter().filter(is_one).map(|relation| relation.target.as_str())
}

/// The list of slides or sheets.
pub fn list(input: &mut dyn Read) -> Vec<ListedSheet> {
    let (mut xml, mut list) = (Xml::new(input), Vec::new());
    while let Ok(event) = xml.next() {
        match event {
            XmlEvent::Start(tag) if matches!(tag.name(), "sheet" | "sldId") => {
                let name = (tag.name() == "sheet").then(|| tag.attribute("name").unwrap_or_default());
                let is_hidden = tag.attribute("state").is_some_and(|state| state != "visible");
                list.push(ListedSheet { relation: tag.relation().unwrap_or_default(), name, is_hidden });
            }
            XmlEvent::Done => break,
            _ if list.len() >= MAX_NAMES => break,
            _ => {}
        }
    }
    list
}

/// Who wrote comments, by what stands for them.
pub fn authors(input: &mut dyn Read, authors: &mut HashMap<String, String>) {
    let mut xml = Xml::new(input);
    while let Ok(event) = xml.next() {
        match event {
            XmlEvent::Start(tag) if matches!(tag.name(), "cmAuthor" | "author" | "person") => {
                let name = ["displayName", "name"].iter().find_map(|name| tag.attribute(name));
                if let (Some(id), Some(name)) = (tag.attribute("id"), name) {
                    authors.insert(id, name);
                }
            }
            XmlEvent::Done => break,
            _ if authors.len() >= MAX_NAMES => break,
            _ => {}
        }
    }
}

/// Whether a list of what is encrypted names anything but fonts that are only disguised.
pub fn is_encrypted(input: &mut dyn Read) -> bool {
    let mut xml = Xml::new(input);
    while let Ok(event) = xml.next() {
        match event {
            // OpenDocument's manifest.
            XmlEvent::Start(tag) if tag.name() == "encryption-data" => return true,
            // That of a book; see EPUB 3.3, 4.3.4 and what Adobe had before.
            XmlEvent::Start(tag) if tag.name() == "EncryptionMethod" => {
                let method = tag.attribute("Algorithm").unwrap_or_default();
                if !method.contains("embedding") && !method.contains("ns.adobe.com/pdf/enc") {
                    return true;
                }
            }
            XmlEvent::Done => break,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_paths_in_the_package() {
        assert_eq!(resolve("ppt/slides", "../notesSlides/n1.xml"), "ppt/notesSlides/n1.xml");
        assert_eq!(resolve("xl", "worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolve("xl", "/xl/comments1.xml"), "xl/comments1.xml");
        assert_eq!(resolve("", "../../etc/passwd"), "etc/passwd");
    }
}
