//! PDF, RTF and old Office files, as real tools make them and as somebody who means harm does.

mod hostile;
mod inside;
mod made;

use std::io::Write;

/// A PDF of objects, numbered from 1 on: the first is its catalog.
pub fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (i, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend(format!("{} 0 obj\n", i + 1).as_bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let start = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
    for place in places {
        file.extend(format!("{place:010} 00000 n \n").as_bytes());
    }
    let size = objects.len() + 1;
    file.extend(format!("trailer\n<</Size {size} /Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").as_bytes());
    file
}

/// A stream, packed with Flate.
pub fn packed(entries: &str, content: &[u8]) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(content).unwrap();
    let zlib = zlib.finish().unwrap();
    let head = format!("<<{entries} /Filter /FlateDecode /Length {}>>\nstream\n", zlib.len());
    [head.as_bytes(), &zlib, b"\nendstream"].concat()
}

/// A document of one page that shows this content, and what else there is from object 5 on.
pub fn page(content: &str, page: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![
        b"<</Type /Catalog /Pages 2 0 R>>".to_vec(),
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>".to_vec(),
        format!("<</Type /Page /Parent 2 0 R /Contents 4 0 R {page}>>").into_bytes(),
        packed("", content.as_bytes()),
    ];
    objects.extend_from_slice(more);
    pdf(&objects)
}
