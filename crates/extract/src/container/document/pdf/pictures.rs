//! Pictures on pages: handed on as the files that they are, or with `--ocr` as pixels.

#[cfg(feature = "ocr")]
use super::pixels;
use crate::container::Walk;
use krea_scan_pdf::file::PdfFile;
use krea_scan_pdf::filter;
use krea_scan_pdf::object::Stream;
use krea_scan_text::{Layer, LayerKind};
use std::io;
use std::rc::Rc;

/// Reads the pictures of a page. `name` is the document's, `page` the page's number.
#[cfg_attr(
    not(feature = "ocr"),
    expect(unused_variables, reason = "only what is seen goes by the document's name")
)]
pub fn read_page_pictures(
    walk: &mut Walk<'_>,
    file: &PdfFile<'_>,
    name: &str,
    page: usize,
    pictures: &[(u32, Rc<Stream>)],
) -> io::Result<()> {
    for (i, (_, stream)) in pictures.iter().enumerate() {
        walk.budget.spend(0)?;
        let filters = file.filters(&stream.dict);
        let place = Layer::named(LayerKind::Picture, &format!("picture {} on page {page}", i + 1));
        match filters.split_last() {
            Some((last, before)) if matches!(last.0.as_slice(), b"DCTDecode" | b"DCT") => {
                if let Some(jpeg) = file.raw(stream, before).and_then(|raw| filter::undo(raw, before)) {
                    walk.member(place, "picture.jpg", &mut file.counted(stream, jpeg))?;
                }
            }
            #[cfg(feature = "ocr")]
            _ => pixels::read_pixels(walk, file, name, place, stream, &filters)?,
            #[cfg(not(feature = "ocr"))]
            _ => {}
        }
    }
    Ok(())
}
