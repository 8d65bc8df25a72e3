//! Numeric fields: notations and limits.

use super::raw::{Raw, at, base_256, file, pax};
use super::{Case, Refused, Shown, Warned, case};

pub(super) fn cases() -> Vec<Case> {
    [octal(), sizes(), owners(), devices()].into_iter().flatten().collect()
}

fn octal() -> Vec<Case> {
    let uid = |text: &str| [file("f").set(at::UID, [0; 8]).set(at::UID, text)];
    let invalid = "its owner is not a valid number";
    vec![
        case("an owner of nothing but NUL", &uid(""), Shown("f f 0 644 0:0")),
        case("an owner of nothing but spaces", &uid("        "), Shown("f f 0 644 0:0")),
        case("an owner that fills its field", &uid("00000012"), Shown("f f 0 644 10:0")),
        case("an owner behind spaces and before both", &uid("   12 \0 "), Shown("f f 0 644 10:0")),
        case("an owner of six digits, space, NUL", &uid("000012 \0"), Shown("f f 0 644 10:0")),
        case("anything behind a NUL", &uid("12\0 zz4\0"), Shown("f f 0 644 10:0")),
        case("two numbers in a field", &uid("12 34\0"), Refused(invalid)),
        case("anything behind a space", &uid("12 \0zz4\0"), Refused(invalid)),
        case("an owner with a digit that is not octal", &uid("0000008\0"), Refused(invalid)),
        case("an owner with a sign", &uid("-2"), Refused(invalid)),
        case("a mode with its file type", &[file("f").set(at::MODE, "0100644\0")], Shown("f f 0 644 0:0")),
        case("all bits of a mode", &[file("f").set(at::MODE, "0007777\0")], Shown("f f 0 7777 0:0")),
        case(
            "a mode in base-256",
            &[file("f").set(at::MODE, base_256::<8>(0o100_755 | 1 << 40))],
            Shown("f f 0 755 0:0"),
        ),
        case("a negative mode", &[file("f").set(at::MODE, base_256::<8>(-1))], Shown("f f 0 7777 0:0")),
        case("a time before 1970", &[file("f").set(at::MTIME, base_256::<12>(-5))], Shown("f f 0 644 0:0")),
        case("a time that is not a number", &[file("f").set(at::MTIME, "zzz")], Refused("its modification time")),
    ]
}

fn sizes() -> Vec<Case> {
    let negative = |raw: Raw| raw.set(at::SIZE, base_256::<12>(-1));
    let dir = || Raw::new(b'5', "d/").set(at::MODE, "0000700\0");
    vec![
        case(
            "a size in base-256",
            &[file("f").set(at::SIZE, base_256::<12>(3)).unmeasured("abc")],
            Shown("f f 3 644 0:0"),
        ),
        case("a negative size", &[negative(file("f"))], Refused("its size is not a valid number")),
        case(
            "a size beyond 63 bits",
            &[file("f").set(at::SIZE, b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff")],
            Refused("its size is not a valid number"),
        ),
        case("a negative size of a directory", &[negative(dir()), file("f")], Shown("d d 0 700 0:0\nf f 0 644 0:0")),
        case(
            "a size of a directory in a record",
            &[pax(&[("size", "600")]), dir(), file("f")],
            Shown("d d 0 700 0:0\nf f 0 644 0:0"),
        ),
        case(
            "a negative size of a directory in a record",
            &[pax(&[("size", "-1")]), dir(), file("f")],
            Shown("d d 0 700 0:0\nf f 0 644 0:0"),
        ),
        case(
            "a negative size in a record",
            &[pax(&[("size", "-1")]), file("f")],
            Refused("a PAX record with a negative size"),
        ),
    ]
}

/// Engines pass the owner to `chown`, which takes 32 bits and ignores -1, so that the file stays root's.
fn owners() -> Vec<Case> {
    let field = |id: i64| [file("f").set(at::UID, base_256::<8>(id)).set(at::GID, base_256::<8>(id))];
    let record = |id: i64| [pax(&[("uid", &id.to_string()), ("gid", "7")]), file("f")];
    vec![
        case("the largest owner in octal", &[file("f").set(at::UID, "7777777\0")], Shown("f f 0 644 2097151:0")),
        case("a large owner", &field(3_000_000), Shown("f f 0 644 3000000:3000000")),
        case("the largest owner", &field(0xffff_fffe), Shown("f f 0 644 4294967294:4294967294")),
        case("nobody as -2", &field(-2), Shown("f f 0 644 4294967294:4294967294")),
        case("the lowest owner of 32 bits", &field(-0x8000_0000), Shown("f f 0 644 2147483648:2147483648")),
        case("owner -1", &field(-1), Warned("f f 0 644 0:0", "unpack the owner -1 as 0")),
        case("all bits of an owner", &field(0xffff_ffff), Warned("f f 0 644 0:0", "unpack the group 4294967295 as 0")),
        case(
            "an owner beyond 32 bits",
            &field(0x1_0000_0005),
            Warned("f f 0 644 5:5", "unpack the owner 4294967301 as 5"),
        ),
        case(
            "an owner below 32 bits",
            &field(-0x8000_0001),
            Warned("f f 0 644 2147483647:2147483647", "unpack the owner -2147483649 as 2147483647"),
        ),
        case("nobody as -2 in a record", &record(-2), Shown("f f 0 644 4294967294:7")),
        case("owner -1 in a record", &record(-1), Warned("f f 0 644 0:7", "unpack the owner -1 as 0")),
        case("the largest number in a record", &record(i64::MAX), Warned("f f 0 644 0:7", "as 0")),
        case("the lowest number in a record", &record(i64::MIN), Warned("f f 0 644 0:7", "as 0")),
        case("an owner beyond 64 bits", &[pax(&[("uid", "9223372036854775808")]), file("f")], Refused("an owner")),
        case(
            "an owner with a sign and one with zeros",
            &[pax(&[("uid", "+5"), ("gid", "007")]), file("f")],
            Shown("f f 0 644 5:7"),
        ),
    ]
}

fn devices() -> Vec<Case> {
    let device = || Raw::new(b'3', "c");
    vec![
        case("a device", &[device().set(at::MAJOR, "0000001\0").set(at::MINOR, "0000003\0")], Shown("c c 0 644 0:0")),
        case(
            "a negative device number",
            &[device().set(at::MAJOR, base_256::<8>(-1)).set(at::MINOR, "0000003\0")],
            Shown("c c 0 644 0:0"),
        ),
        case(
            "a huge device number",
            &[device().set(at::MAJOR, base_256::<8>(1 << 40 | 5)).set(at::MINOR, "0000003\0")],
            Shown("c c 0 644 0:0"),
        ),
        case("a device number that is not a number", &[device().set(at::MAJOR, "zzz")], Refused("its device number")),
        case("that of a file", &[file("f").set(at::MINOR, "zzz")], Refused("its device number")),
        case(
            "device numbers of nothing but NUL",
            &[file("f").set(at::MAJOR, [0; 8]).set(at::MINOR, [0; 8])],
            Shown("f f 0 644 0:0"),
        ),
    ]
}
