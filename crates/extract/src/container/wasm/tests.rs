//! Modules are made here byte by byte; `tests/formats/builds` has those of a real compiler.

use crate::container::testing::{Collected, collect};

/// An unsigned number as WebAssembly writes it.
fn leb(mut n: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while n >= 0x80 {
        bytes.push(n as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
    bytes
}

/// A signed one.
fn sleb(mut n: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !(-64..64).contains(&n) {
        bytes.push(n as u8 & 0x7f | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8 & 0x7f);
    bytes
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [leb(bytes.len() as u64), bytes.to_vec()].concat()
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [leb(items.len() as u64), items.concat()].concat()
}

fn section(id: u8, bytes: &[u8]) -> Vec<u8> {
    [vec![id], sized(bytes)].concat()
}

fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
}

/// `i32.const`.
fn constant(n: usize) -> Vec<u8> {
    [vec![0x41], sleb(n as i64)].concat()
}

const NOP: u8 = 0x01;
const DROP: u8 = 0x1a;
const I32_ADD: u8 = 0x6a;
const END: u8 = 0x0b;

/// A code section with one function.
fn code(operators: &[Vec<u8>]) -> Vec<u8> {
    let body = [vec![0], operators.concat(), vec![END]].concat();
    section(10, &list(&[sized(&body)]))
}

/// A segment at a place in the memory.
fn active(base: usize, bytes: &[u8]) -> Vec<u8> {
    [vec![0], constant(base), vec![END], sized(bytes)].concat()
}

fn passive(bytes: &[u8]) -> Vec<u8> {
    [vec![1], sized(bytes)].concat()
}

fn data(segments: &[Vec<u8>]) -> Vec<u8> {
    section(11, &list(segments))
}

/// Where the strings of most modules are.
const BASE: usize = 1 << 20;

/// The address and the length of a string in a text at [`BASE`].
fn place(text: &str, string: &str) -> (usize, usize) {
    (BASE + text.find(string).unwrap(), string.len())
}

/// What code does with a string: its address and its length, and nothing with them.
fn uses((address, length): (usize, usize)) -> Vec<u8> {
    [constant(address), constant(length), vec![DROP, DROP]].concat()
}

/// The only text in a module that is read to its end.
#[track_caller]
fn text(module: &[u8]) -> Vec<String> {
    let Collected { members, unread } = collect("a.wasm", module);
    assert!(unread.is_empty(), "{unread:?}");
    let [(_, text)] = members.as_slice() else { panic!("{members:?}") };
    text.lines().map(str::to_owned).collect()
}

const MERGED: &str = "https://api.krea.aiKREA_API_KEY0123456789abcdef:secretAuthorization";
const STRINGS: [&str; 4] =
    ["https://api.krea.ai", "KREA_API_KEY", "0123456789abcdef:secret", "Authorization"];

#[test]
fn strings_end_where_the_code_says() {
    let code = code(&STRINGS.map(|string| uses(place(MERGED, string))));
    let module = module(&[code, data(&[active(BASE, MERGED.as_bytes())])]);
    assert_eq!(text(&module), STRINGS);
    let way = &collect("a.wasm", &module).members[0].0;
    assert_eq!(way, "wasm data segment 0");
}

#[test]
fn strings_come_in_the_order_in_which_the_code_uses_them() {
    let order = [STRINGS[2], STRINGS[0], STRINGS[3], STRINGS[1]];
    let code = code(&order.map(|string| uses(place(MERGED, string))));
    assert_eq!(text(&module(&[code, data(&[active(BASE, MERGED.as_bytes())])])), order);
}

#[test]
fn strings_end_where_pairs_of_address_and_length_say() {
    let pairs = |width: usize| -> Vec<u8> {
        let number = |n: usize| (n as u64).to_le_bytes()[..width].to_vec();
        let pair = |string| {
            let (address, length) = place(MERGED, string);
            [number(address), number(length)].concat()
        };
        STRINGS.iter().flat_map(|string| pair(string)).collect()
    };
    for width in [4, 8] {
        let module = module(&[data(&[active(BASE, MERGED.as_bytes()), active(2 * BASE, &pairs(width))])]);
        assert_eq!(text(&module), STRINGS, "{width}");
    }
}

#[test]
fn a_string_in_c_is_cut_by_no_number_that_looks_like_an_address() {
    let low = 1024;
    let strings = "first\0KREA_API_KEY\0";
    // 1032 and 4, and far from them 1036: as if a string that ends where something starts were in the second one.
    let far = vec![NOP; 8];
    let number = [constant(1036), vec![DROP]].concat();
    let code = code(&[uses((1032, 4)), far.clone(), number, far, uses((1024, 100))]);
    let module = module(&[code, data(&[active(low, strings.as_bytes())])]);
    assert!(text(&module).contains(&"KREA_API_KEY".to_owned()), "{:?}", text(&module));
}

#[test]
fn the_start_of_a_table_that_lies_elsewhere_cuts_nothing() {
    // `table[c - 'A']` makes an address before the table, in the middle of a string.
    let (address, length) = place(MERGED, STRINGS[2]);
    let mut operators = vec![[constant(1), constant(address + 5), vec![I32_ADD, DROP]].concat()];
    operators.extend(STRINGS.map(|string| uses(place(MERGED, string))));
    let module = module(&[code(&operators), data(&[active(BASE, MERGED.as_bytes())])]);
    assert!(text(&module).iter().any(|line| line.len() == length && line == STRINGS[2]));
}

#[test]
fn utf_16_is_read_also_without_its_last_zero() {
    let wide: Vec<u8> = "KREA_API_KEY".bytes().flat_map(|b| [b, 0]).collect();
    let module = module(&[data(&[active(BASE, &wide[..wide.len() - 1]), active(2 * BASE, &wide)])]);
    assert_eq!(text(&module), ["KREA_API_KEY", "KREA_API_KEY"]);
}

#[test]
fn strings_in_objects_that_hold_their_length_are_whole() {
    let wide: Vec<u8> = "0123456789abcdef".bytes().flat_map(|b| [b, 0]).collect();
    let object = [&[2, 0, 0, 0, 32, 0, 0, 0][..], &wide].concat();
    let code = code(&[uses((1036, 6)), uses((1048, 4))]);
    assert_eq!(text(&module(&[code, data(&[active(1024, &object)])])), ["0123456789abcdef"]);
}

#[test]
fn a_passive_segment_is_where_the_code_copies_it() {
    let copy = [constant(BASE), constant(0), constant(MERGED.len()), vec![0xfc, 8, 0, 0]].concat();
    let mut operators = vec![copy];
    operators.extend(STRINGS.map(|string| uses(place(MERGED, string))));
    let module = module(&[code(&operators), data(&[passive(MERGED.as_bytes())])]);
    assert_eq!(text(&module), STRINGS);
}

#[test]
fn imports_and_custom_sections_are_read() {
    let import = |name: &str| [sized(b"'"), sized(name.as_bytes()), vec![3, 0x7f, 0]].concat();
    let imports = section(2, &list(&[import("KREA_API_KEY"), import("value")]));
    let custom = section(0, &[sized(b"sourceMappingURL"), b"app.wasm.map".to_vec()].concat());
    let collected = collect("a.wasm", &module(&[imports, custom]));
    let expected = [
        ("wasm imports".to_owned(), "'\nKREA_API_KEY\nvalue\n".to_owned()),
        ("wasm custom section sourceMappingURL".to_owned(), "app.wasm.map".to_owned()),
    ];
    assert_eq!(collected.members, expected);
    assert!(collected.unread.is_empty());
}

#[test]
fn the_modules_in_a_component_are_read() {
    let inner = module(&[data(&[active(BASE, b"KREA_API_KEY")])]);
    let component = [b"\0asm\x0d\0\x01\0".to_vec(), section(1, &inner)].concat();
    let collected = collect("a.wasm", &component);
    let expected = [("wasm module 0 → wasm data segment 0".to_owned(), "KREA_API_KEY\n".to_owned())];
    assert_eq!(collected.members, expected);
}

#[test]
fn a_module_that_is_cut_short_is_said_to_be_and_read_up_to_there() {
    let custom = section(0, &[sized(b"note"), b"KREA_API_KEY".to_vec()].concat());
    let whole = module(&[custom, data(&[active(BASE, MERGED.as_bytes())])]);
    let cut = collect("a.wasm", &whole[..whole.len() - 3]);
    assert_eq!(cut.members[0].1, "KREA_API_KEY");
    assert_eq!(cut.unread.len(), 1, "{:?}", cut.unread);
    assert!(cut.unread[0].contains("is damaged or cut short"), "{:?}", cut.unread);
}

#[test]
fn no_bytes_make_it_panic() {
    let mut operators: Vec<_> = STRINGS.map(|string| uses(place(MERGED, string))).into();
    operators.push([constant(BASE), constant(0), constant(9), vec![0xfc, 8, 1, 0]].concat());
    let import = [sized(b"env"), sized(b"memory"), vec![2, 0, 1]].concat();
    let whole = module(&[
        section(2, &list(&[import])),
        code(&operators),
        data(&[active(BASE, MERGED.as_bytes()), passive(b"some more text"), active(1024, &[0xff; 9])]),
        section(0, &[sized(b"name"), b"text".to_vec()].concat()),
    ]);
    assert!(collect("a.wasm", &whole).unread.is_empty());
    for at in 8..whole.len() {
        collect("a.wasm", &whole[..at]);
        for byte in [0, 1, 0x0b, 0x41, 0x7f, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] = byte;
            collect("a.wasm", &changed);
        }
    }
}

#[test]
fn a_run_of_what_is_no_text_is_passed_over_in_one_go() {
    // Would take minutes if every byte looked at all that follow.
    let bytes: Vec<u8> = [0xff, 0xe2, 0x80, b'a'].repeat(1 << 20);
    let module = module(&[data(&[active(BASE, &bytes)])]);
    assert!(text(&module).is_empty());
}

#[test]
fn more_segments_than_any_engine_takes_are_said() {
    let segments = vec![active(BASE, b""); 100_001];
    let collected = collect("a.wasm", &module(&[data(&segments)]));
    let [reason] = collected.unread.as_slice() else { panic!("{:?}", collected.unread) };
    assert!(reason.contains("has 100001 data segments; the first 100000 are read"), "{reason}");
}
