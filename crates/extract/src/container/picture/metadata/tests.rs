//! Pictures as no program at hand writes them: texts that are split, in old encodings, or nested without end.

use crate::container::testing::{Collected, collect};

/// All that the fields of a picture say.
#[track_caller]
fn text(name: &str, bytes: &[u8]) -> String {
    let Collected { members, unread } = collect(name, bytes);
    assert!(unread.is_empty(), "{unread:?}");
    assert!(members.iter().all(|(way, _)| way == "metadata "), "{members:?}");
    members.into_iter().map(|(_, text)| text).collect()
}

/// A segment of a JPEG.
fn segment(mark: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xff, mark], &length[..], content].concat()
}

fn jpeg(segments: &[Vec<u8>]) -> Vec<u8> {
    [&[0xff, 0xd8][..], &segments.concat(), &[0xff, 0xda, 0, 2, 0xff, 0xd9]].concat()
}

/// A big-endian TIFF with a directory of these fields, of type "undefined", behind a pointer to EXIF.
fn exif(fields: &[(u16, &[u8])]) -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0".to_vec();
    tiff.extend(u16::try_from(fields.len()).unwrap().to_be_bytes());
    let mut at = u32::try_from(tiff.len() + 12 * fields.len() + 4).unwrap();
    for (tag, value) in fields {
        let length = u32::try_from(value.len()).unwrap();
        tiff.extend([&tag.to_be_bytes()[..], &[0, 7], &length.to_be_bytes(), &at.to_be_bytes()].concat());
        at += length;
    }
    tiff.extend([0; 4]);
    fields.iter().for_each(|(_, value)| tiff.extend(*value));
    tiff
}

/// A resource of Photoshop.
fn resource(id: u16, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap().to_be_bytes();
    let padding = &[0][..value.len() % 2];
    [b"8BIM", &id.to_be_bytes()[..], &[0, 0], &length, value, padding].concat()
}

#[test]
fn what_goes_on_in_the_next_segment_is_one_text() {
    let id = [b'a'; 32];
    let packet = b"<x:xmpmeta><a:note>one two three</a:note></x:xmpmeta>";
    let part = |from: usize, to: usize| {
        let place =
            [u32::try_from(packet.len()).unwrap(), u32::try_from(from).unwrap()].map(u32::to_be_bytes);
        let head = [&b"http://ns.adobe.com/xmp/extension/\0"[..], &id, &place.concat()].concat();
        segment(0xe1, &[&head[..], &packet[from..to]].concat())
    };
    let iptc = resource(0x0404, b"\x1c\x02\x69\0\x09four five");
    let photoshop = |part: &[u8]| segment(0xed, &[b"Photoshop 3.0\0", part].concat());
    let segments = [
        segment(0xfe, b"a comment"),
        // Bytes between segments, and parts that come in another order.
        b"junk".to_vec(),
        part(24, packet.len()),
        part(0, 24),
        photoshop(&iptc[..15]),
        photoshop(&iptc[15..]),
    ];
    assert_eq!(
        text("a.jpg", &jpeg(&segments)),
        "comment: a comment\nHeadline: four five\na:note: one two three\n"
    );
}

#[test]
fn blocks_of_a_gif_are_one_text() {
    let blocks =
        b"\x21\xfe\x04one \x03two\0\x21\xff\x0bABCDEFGH1.0\x05three\0\x21\x01\x0cxxxxxxxxxxxx\x04four\0";
    let gif = [&b"GIF89a\x01\0\x01\0\0\0\0"[..], blocks, b"\x3b"].concat();
    assert_eq!(text("a.gif", &gif), "comment: one two\nABCDEFGH1.0: three\ntext: four\n");
    // The end mark is left out at times.
    assert_eq!(text("a.gif", &gif[..gif.len() - 1]), "comment: one two\nABCDEFGH1.0: three\ntext: four\n");
}

#[test]
fn a_users_comment_is_read_in_each_of_its_encodings() {
    let wide = |code: &[u8], order: fn(u16) -> [u8; 2]| {
        let units: Vec<u8> = "key: täglich".encode_utf16().flat_map(order).collect();
        [code, &units].concat()
    };
    let comments: [(Vec<u8>, &str); 7] = [
        (b"ASCII\0\0\0key: daily\0\0".to_vec(), "key: daily"),
        (wide(b"UNICODE\0", u16::to_be_bytes), "key: täglich"),
        // The order of the other kind of machine, and UTF-8.
        (wide(b"UNICODE\0", u16::to_le_bytes), "key: täglich"),
        (b"UNICODE\0key: t\xc3\xa4glich".to_vec(), "key: täglich"),
        (b"JIS\0\0\0\0\0key: \x1b$B%-!<\x1b(B".to_vec(), "key: キー"),
        (wide(&[0; 8], u16::to_le_bytes), "key: täglich"),
        (b"no code at all".to_vec(), "no code at all"),
    ];
    for (comment, expected) in comments {
        let segments = [segment(0xe1, &[b"Exif\0\0".to_vec(), exif(&[(0x9286, &comment)])].concat())];
        assert_eq!(text("a.jpg", &jpeg(&segments)), format!("UserComment: {expected}\n"));
    }
}

#[test]
fn fields_that_share_bytes_or_nest_do_not_make_much_of_little() {
    // Many fields that all stand for the same bytes.
    let mut shared = exif(&[(0x927c, &[b'x'; 4000])]);
    let (head, field, rest) = (shared[..26].to_vec(), shared[28..40].to_vec(), shared.split_off(40));
    let fields = field.repeat(300);
    let tiff = [&head[..], &300u16.to_be_bytes(), &fields, &rest].concat();
    let collected = collect("a.tif", &tiff);
    assert!(collected.unread[0].contains("has fields that hold more than it does"), "{:?}", collected.unread);
    // EXIF in Photoshop's resources in EXIF and so on.
    let mut nested = exif(&[(0x9286, b"ASCII\0\0\0innermost")]);
    for _ in 0..3 {
        nested = exif(&[(0x8649, &resource(0x0422, &nested))]);
    }
    let collected = collect("a.tif", &nested);
    assert!(collected.members.is_empty() && collected.unread.is_empty(), "{collected:?}");
}

#[test]
fn exif_that_points_behind_its_end_is_read_as_far_as_it_goes() {
    let whole = exif(&[(0x9286, b"ASCII\0\0\0somewhere else"), (0x927c, b"a maker's note")]);
    let cut = |by: usize| jpeg(&[segment(0xe1, &[b"Exif\0\0", &whole[..whole.len() - by]].concat())]);
    assert_eq!(text("a.jpg", &cut(4)), "UserComment: somewhere else\n");
    let text = text("a.jpg", &cut(25));
    assert!(text.starts_with("EXIF: MM") && text.contains("ASCII"), "{text:?}");
}

#[test]
fn properties_of_xmp_have_names_and_no_references() {
    let packet = br#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>
        <rdf:Description photoshop:Headline="a &amp; b">
          <dc:subject><rdf:Bag><rdf:li>one&#58;two</rdf:li><rdf:li><![CDATA[three]]></rdf:li></rdf:Bag></dc:subject>
          <my:key>four&unknown;five</my:key>
        </rdf:Description></rdf:RDF></x:xmpmeta>"#;
    let xmp = |packet: &[u8]| jpeg(&[segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", packet].concat())]);
    assert_eq!(
        text("a.jpg", &xmp(packet)),
        "photoshop:Headline: a & b\ndc:subject: one:two\ndc:subject: three\nmy:key: four&unknown;five\n"
    );
    // What is no XML is read as it is.
    assert!(text("a.jpg", &xmp(b"<a:b>one</a:b> <!-- two")).contains("two"));
}

#[test]
fn exif_in_heif_is_found_where_its_list_says() {
    let exif = exif(&[(0x9286, b"ASCII\0\0\0from a phone")]);
    let item = [&[0; 4][..], &exif].concat();
    let boxed = |kind: &[u8; 4], content: &[u8]| {
        [&u32::try_from(content.len() + 8).unwrap().to_be_bytes()[..], kind, content].concat()
    };
    let length = u32::try_from(item.len()).unwrap().to_be_bytes();
    let infe = boxed(b"infe", b"\x02\0\0\0\0\x01\0\0Exif\0");
    let iinf = boxed(b"iinf", &[&b"\0\0\0\0\0\x01"[..], &infe].concat());
    // Version 1, one item with the number 1, kept in the list itself, in one stretch.
    let place = [&b"\x01\0\0\0\x44\0\0\x01\0\x01\0\x01\0\0\0\x01\0\0\0\0"[..], &length].concat();
    let parts = [iinf, boxed(b"iloc", &place), boxed(b"idat", &item)].concat();
    let meta = boxed(b"meta", &[&[0; 4][..], &parts].concat());
    let heif = [boxed(b"ftyp", b"heic\0\0\0\0mif1heic"), meta].concat();
    assert_eq!(text("a.heic", &heif), "UserComment: from a phone\n");
}
