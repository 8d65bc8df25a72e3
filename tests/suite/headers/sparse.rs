//! Sparse files: names, sizes, and maps that engines refuse.

use std::fmt::Write;

use super::raw::{GNU, Raw, at, file, long, pax};
use super::{Case, OnlyOurs, Refused, Shown, case};

const INVALID: &str = "the map of the sparse file is not valid";
const UNFIT: &str = "the map of the sparse file does not fit its data";

pub(super) fn cases() -> Vec<Case> {
    [in_records(), in_body(), old_gnu()].into_iter().flatten().collect()
}

/// Formats 0.0 and 0.1, with the map in PAX records.
fn in_records() -> Vec<Case> {
    let map = |size: &str, pairs: &str, map: &str| {
        let records = [
            ("GNU.sparse.size", size),
            ("GNU.sparse.numblocks", pairs),
            ("GNU.sparse.map", map),
            ("GNU.sparse.name", "s"),
        ];
        [pax(&records), file("x").body("abcde"), file("z")]
    };
    let shown = || Shown("s f 20 644 0:0\nz f 0 644 0:0");
    let numbers = |keys: [&str; 2]| {
        let records = [("GNU.sparse.size", "20"), ("GNU.sparse.numblocks", "1"), (keys[0], "0"), (keys[1], "5")];
        [pax(&records), file("s").body("abcde"), file("z")]
    };
    let (offset, len) = ("GNU.sparse.offset", "GNU.sparse.numbytes");
    vec![
        case("sparse 0.1", &map("20", "2", "0,3,10,2"), shown()),
        case("sparse 0.0", &numbers([offset, len]), shown()),
        case("sparse 0.0, length first", &numbers([len, offset]), Refused(INVALID)),
        case(
            "sparse 0.1, by its version and without data",
            &[
                pax(&[
                    ("GNU.sparse.major", "0"),
                    ("GNU.sparse.minor", "1"),
                    ("GNU.sparse.size", "9"),
                    ("GNU.sparse.numblocks", "0"),
                ]),
                file("s"),
            ],
            Shown("s f 9 644 0:0"),
        ),
        case("sparse 0.1, more pairs than numbers", &map("20", "3", "0,3,10,2"), Refused(INVALID)),
        case("sparse 0.1, no count", &map("20", "", "0,3,10,2"), Refused(INVALID)),
        case("sparse 0.1, a count beyond all", &map("20", "9223372036854775807", "0,3,10,2"), Refused(INVALID)),
        case("sparse 0.1, not a number", &map("20", "2", "0,3,1x,2"), Refused(INVALID)),
        case("sparse 0.1, regions that overlap", &map("20", "2", "0,3,2,2"), Refused(INVALID)),
        case("sparse 0.1, a region beyond the file", &map("11", "2", "0,3,10,2"), Refused(INVALID)),
        case("sparse 0.1, a negative region", &map("20", "2", "0,3,10,-2"), Refused(INVALID)),
        case("sparse 0.1, a negative size", &map("-20", "0", ","), Refused("the size of the sparse file is negative")),
        case("sparse 0.1, less data than regions", &map("20", "2", "0,3,10,9"), Refused(UNFIT)),
        case("sparse 0.1, more data than regions", &map("20", "1", "0,3"), Refused(UNFIT)),
        case(
            "a sparse directory",
            &[pax(&[("GNU.sparse.numblocks", "1"), ("GNU.sparse.map", "0,0")]), Raw::new(b'5', "d/")],
            Refused("a sparse file that is not a regular file"),
        ),
        case(
            "a size alone makes no sparse file",
            &[pax(&[("GNU.sparse.size", "20")]), file("f").body("abc")],
            Shown("f f 3 644 0:0"),
        ),
        case("nor does a name", &[pax(&[("GNU.sparse.name", "s")]), file("f").body("abc")], Shown("f f 3 644 0:0")),
        case(
            "nor does another version",
            &[
                pax(&[("GNU.sparse.major", "2"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "20")]),
                file("f").body("abc"),
            ],
            Shown("f f 3 644 0:0"),
        ),
    ]
}

/// Format 1.0, with the map before the data.
fn in_body() -> Vec<Case> {
    let version = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0")];
    let body = |map: &str, data: &str| {
        let mut body = map.as_bytes().to_vec();
        body.resize(body.len().next_multiple_of(512), 0);
        body.extend_from_slice(data.as_bytes());
        body
    };
    let sparse = |records: &[(&str, &str)], map: &str, data: &str| {
        [pax(&[&version, records].concat()), file("x").body(body(map, data)), file("z")]
    };
    let real = [("GNU.sparse.realsize", "20"), ("GNU.sparse.name", "s")];
    let (map, data) = ("2\n0\n3\n10\n2\n", "abcde");
    let mut many = "200\n".to_owned();
    for at in 0..200 {
        writeln!(many, "{}\n1", at * 20).unwrap();
    }
    let shown = || Shown("s f 20 644 0:0\nz f 0 644 0:0");
    let with = |more: &[(&'static str, &'static str)]| [&real, more].concat();
    vec![
        case("sparse 1.0", &sparse(&real, map, data), shown()),
        case(
            "sparse 1.0, two sizes",
            &sparse(&with(&[("GNU.sparse.size", "30")]), map, data),
            Shown("s f 30 644 0:0\nz f 0 644 0:0"),
        ),
        case("sparse 1.0, no size", &sparse(&real[1..], map, data), Shown("s f 517 644 0:0\nz f 0 644 0:0")),
        case("sparse 1.0, its path is for other readers", &sparse(&with(&[("path", "px")]), map, data), shown()),
        case(
            "sparse 1.0, its name beats a long one",
            &[&[long(b'L', "gnu")][..], &sparse(&real, map, data)].concat(),
            shown(),
        ),
        case(
            "sparse 1.0, a stored size in a record",
            &[
                pax(&[&version[..], &real, &[("size", "517")]].concat()),
                file("x").unmeasured(body(map, data)),
                file("z"),
            ],
            shown(),
        ),
        case(
            "sparse 1.0, a map of several blocks",
            &sparse(&[("GNU.sparse.realsize", "20000"), ("GNU.sparse.name", "s")], &many, &"x".repeat(200)),
            Shown("s f 20000 644 0:0\nz f 0 644 0:0"),
        ),
        case("sparse 1.0, no regions", &sparse(&real, "0\n", ""), shown()),
        case("sparse 1.0, a map that is cut off", &sparse(&real, "2\n0\n", ""), Refused(INVALID)),
        case("sparse 1.0, a map of less than a block", &[pax(&version), file("x").body("0\n")], Refused(INVALID)),
        case("sparse 1.0, a count that is not a number", &sparse(&real, "x\n0\n", ""), Refused(INVALID)),
        case("sparse 1.0, a negative count", &sparse(&real, "-1\n0\n", ""), Refused(INVALID)),
        case("sparse 1.0, more data than regions", &sparse(&real, "1\n0\n3\n", data), Refused(UNFIT)),
        case(
            "a sparse hard link",
            &[file("f"), pax(&version), Raw::new(b'1', "h").link("f")],
            Refused("a sparse file that is not a regular file"),
        ),
    ]
}

/// An entry of an old map.
fn region(at: u64, len: u64) -> Vec<u8> {
    format!("{at:011o}\0{len:011o}\0").into_bytes()
}

/// The old format with its own type flag, which engines refuse.
fn old_gnu() -> Vec<Case> {
    let sparse = |regions: &[(u64, u64)]| {
        let map: Vec<u8> = regions.iter().flat_map(|(at, len)| region(*at, *len)).collect();
        let raw = Raw::new(b'S', "s").set(at::MAGIC, GNU).set(at::MAJOR, [0; 16]).body("abcde");
        raw.set(at::GNU_MAP, map).set(at::GNU_REAL_SIZE, "00000000024\0")
    };
    let refuse = "refuse its type 'S'";
    let more = |block: &[u8]| {
        let raw = sparse(&[(0, 1), (2, 1), (4, 1), (6, 1)]).set(at::GNU_MORE, [1]);
        [raw.unmeasured([block, b"abcde"].concat()), file("z")]
    };
    let mut next = vec![0; 512];
    next[..24].copy_from_slice(&region(8, 1));
    let mut back = vec![0; 512];
    back[..24].copy_from_slice(&region(1, 1));
    let shown = "s f 20 644 0:0\nz f 0 644 0:0";
    vec![
        case("old GNU sparse", &[sparse(&[(0, 3), (10, 2)]), file("z")], OnlyOurs(shown, refuse)),
        case("old GNU sparse with more of its map", &more(&next), OnlyOurs(shown, refuse)),
        case("old GNU sparse, regions that overlap", &more(&back), Refused(INVALID)),
        case("old GNU sparse, a region beyond the file", &[sparse(&[(0, 30)])], Refused(INVALID)),
        case("old GNU sparse, not a number", &[sparse(&[]).set(at::GNU_MAP, "fewa")], Refused(INVALID)),
        case(
            "a size of an old GNU sparse file that is not a number",
            &[sparse(&[]).set(at::GNU_REAL_SIZE, "zz")],
            Refused("the size of the sparse file is not a valid number"),
        ),
        case(
            "old GNU sparse in POSIX's format",
            &[sparse(&[(0, 5)]).set(at::MAGIC, super::raw::USTAR)],
            Refused("a sparse file whose header is not in GNU format"),
        ),
    ]
}
