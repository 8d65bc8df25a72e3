//! Records before an entry: PAX headers and GNU long names.

use super::raw::{Raw, at, file, global, long, pax, pax_bytes};
use super::{Case, Refused, Shown, Warned, case};

pub(super) fn cases() -> Vec<Case> {
    [records(), values(), times(), names(), globals()].into_iter().flatten().collect()
}

fn records() -> Vec<Case> {
    let wrong = "a PAX record with a wrong length";
    vec![
        case("an extended header without records", &[pax(&[]), file("f")], Shown("f f 0 644 0:0")),
        case(
            "the last record of a key",
            &[pax(&[("path", "one"), ("path", "two")]), file("f")],
            Shown("two f 0 644 0:0"),
        ),
        case(
            "an empty record takes one back",
            &[pax(&[("path", "one"), ("path", "")]), file("f")],
            Shown("f f 0 644 0:0"),
        ),
        case(
            "the last of two extended headers",
            &[pax(&[("path", "one")]), pax(&[("uid", "5")]), file("f")],
            Shown("f f 0 644 5:0"),
        ),
        case(
            "only the last of two extended headers must have valid values",
            &[pax(&[("uid", "abc")]), pax(&[("gid", "5")]), file("f")],
            Shown("f f 0 644 0:5"),
        ),
        case(
            "also the first of two extended headers must have records",
            &[pax_bytes(b"99 path=q\n"), pax(&[("gid", "5")]), file("f")],
            Refused(wrong),
        ),
        case(
            "only the last record must be valid",
            &[pax(&[("uid", "abc"), ("uid", "5")]), file("f")],
            Shown("f f 0 644 5:0"),
        ),
        case("a length with a sign", &[pax_bytes(b"+11 path=q\n"), file("f")], Shown("q f 0 644 0:0")),
        case(
            "a length with zeros",
            &[pax_bytes(b"0000000000000000000000000000039 path=q\n"), file("f")],
            Shown("q f 0 644 0:0"),
        ),
        case("a length beyond the header", &[pax_bytes(b"99 path=q\n"), file("f")], Refused(wrong)),
        case("a length before the newline", &[pax_bytes(b"9 path=q\n\n"), file("f")], Refused(wrong)),
        case("a length of less than itself", &[pax_bytes(b"3 path=q\n"), file("f")], Refused(wrong)),
        case("a record without a key", &[pax_bytes(b"5 =a\n"), file("f")], Refused("a PAX record without a key")),
        case("a record without a value", &[pax_bytes(b"7 path\n"), file("f")], Refused("a PAX record without `=`")),
        case("NUL behind the records", &[pax_bytes(b"10 path=q\n\0\0\0\0"), file("f")], Refused(wrong)),
        case("a newline in a value", &[pax(&[("SCHILY.xattr.user.a", "1\n2=\n")]), file("f")], Shown("f f 0 644 0:0")),
    ]
}

fn values() -> Vec<Case> {
    let nul = "a name with a NUL byte in a PAX record";
    vec![
        case("a NUL in a path", &[pax(&[("path", "a\0b")]), file("f")], Refused(nul)),
        case("a NUL in a link target", &[pax(&[("linkpath", "a\0b")]), file("f")], Refused(nul)),
        case("a NUL in an owner's name", &[pax(&[("uname", "a\0b")]), file("f")], Refused(nul)),
        case("a NUL in a group's name", &[pax(&[("gname", "a\0b")]), file("f")], Refused(nul)),
        case("a NUL in a key", &[pax(&[("SCHILY.xattr.a\0b", "c")]), file("f")], Refused(nul)),
        case("a NUL in a comment", &[pax(&[("comment", "a\0b")]), file("f")], Shown("f f 0 644 0:0")),
        case("a size in a record", &[pax(&[("size", "+3")]), file("f").unmeasured("abc")], Shown("f f 3 644 0:0")),
        case(
            "a size in a record holds",
            &[pax(&[("size", "3")]), file("f").body("abc").set(at::SIZE, "00000000777\0"), file("g")],
            Shown("f f 3 644 0:0\ng f 0 644 0:0"),
        ),
        case("a size that is not a number", &[pax(&[("size", "3 ")]), file("f")], Refused("a PAX record with a size")),
        case("a group that is not a number", &[pax(&[("gid", "x")]), file("f")], Refused("a PAX record with a group")),
    ]
}

fn times() -> Vec<Case> {
    let time = |key: &str, value: &str| [pax(&[(key, value)]), file("f")];
    let invalid = "a PAX record with a time";
    vec![
        case("a time with a fraction", &time("mtime", "1350244992.023960108"), Shown("f f 0 644 0:0")),
        case("a time before 1970 with a fraction", &time("mtime", "-1.5"), Shown("f f 0 644 0:0")),
        case("a time with nothing behind its point", &time("mtime", "+1."), Shown("f f 0 644 0:0")),
        case("a time with nothing before its point", &time("mtime", ".5"), Refused(invalid)),
        case("a time with two points", &time("mtime", "1.5.5"), Refused(invalid)),
        case("a time with an exponent", &time("mtime", "1e5"), Refused(invalid)),
        case("a time beyond 64 bits", &time("mtime", "9223372036854775808"), Refused(invalid)),
        case("an access time that is not a number", &time("atime", "x"), Refused(invalid)),
        case("a change time that is not a number", &time("ctime", "x"), Refused(invalid)),
        case("a time that a record took back", &time("mtime", ""), Shown("f f 0 644 0:0")),
    ]
}

fn names() -> Vec<Case> {
    let symlink = || Raw::new(b'2', "s").link("short").set(at::MODE, "0000777\0");
    vec![
        case("a long name", &[long(b'L', "gnu"), file("f")], Shown("gnu f 0 644 0:0")),
        case("a long name up to its NUL", &[long(b'L', "ab\0cd"), file("f")], Shown("ab f 0 644 0:0")),
        case(
            "the last of two long names",
            &[long(b'L', "one"), long(b'L', "two"), file("f")],
            Shown("two f 0 644 0:0"),
        ),
        case(
            "an empty long name takes one back",
            &[long(b'L', "one"), long(b'L', ""), file("f")],
            Shown("f f 0 644 0:0"),
        ),
        case(
            "a long name before a record",
            &[long(b'L', "gnu"), pax(&[("path", "px")]), file("f")],
            Shown("gnu f 0 644 0:0"),
        ),
        case(
            "a long name behind a record",
            &[pax(&[("path", "px")]), long(b'L', "gnu"), file("f")],
            Shown("gnu f 0 644 0:0"),
        ),
        case(
            "an empty long name and a record",
            &[pax(&[("path", "px")]), long(b'L', ""), file("f")],
            Shown("px f 0 644 0:0"),
        ),
        case(
            "a long name in POSIX's format",
            &[Raw::new(b'L', "x").body("long\0"), file("f")],
            Shown("long f 0 644 0:0"),
        ),
        case("a long link target", &[long(b'K', "gnu"), symlink()], Shown("s l 0 777 0:0 -> gnu")),
        case(
            "a long link target and a record",
            &[long(b'K', "gnu"), pax(&[("linkpath", "px")]), symlink()],
            Shown("s l 0 777 0:0 -> gnu"),
        ),
        case("a link target of a file", &[long(b'K', "gnu"), file("f").link("x")], Shown("f f 0 644 0:0")),
        case(
            "a long name beats a prefix",
            &[long(b'L', "gnu"), file("f").set(at::PREFIX, "dir")],
            Shown("gnu f 0 644 0:0"),
        ),
        case(
            "a record beats a prefix",
            &[pax(&[("path", "px")]), file("f").set(at::PREFIX, "dir")],
            Shown("px f 0 644 0:0"),
        ),
    ]
}

/// umoci refuses all of these.
fn globals() -> Vec<Case> {
    let dropped = "dive ignores the extension header at offset 0: no entry follows it";
    vec![
        case(
            "global records apply to nothing",
            &[global(&[("uid", "5"), ("path", "global"), ("size", "512")]), file("f")],
            Shown("f f 0 644 0:0"),
        ),
        case("a global header at the end", &[file("f"), global(&[("comment", "x")])], Shown("f f 0 644 0:0")),
        case(
            "a global value may mean anything",
            &[global(&[("uid", "x"), ("mtime", "x")]), file("f")],
            Shown("f f 0 644 0:0"),
        ),
        case(
            "a global header takes the records before it",
            &[pax(&[("path", "lost")]), global(&[("comment", "x")]), file("f")],
            Warned("f f 0 644 0:0", dropped),
        ),
        case(
            "a global header takes a long name",
            &[long(b'L', "lost"), global(&[("comment", "x")]), file("f")],
            Warned("f f 0 644 0:0", dropped),
        ),
        case(
            "a global record whose length is wrong",
            &[Raw::new(b'g', "pax_global_header").body("99 x\n"), file("f")],
            Refused("a PAX record with a wrong length"),
        ),
        case(
            "a global record with a NUL in a path",
            &[global(&[("path", "a\0b")]), file("f")],
            Refused("a name with a NUL byte in a PAX record"),
        ),
    ]
}
