//! Header formats and their prefix fields.

use super::raw::{Raw, at, base_256, file, gnu_file, signed_sum, unsigned_sum};
use super::{Case, Refused, Shown, case};

/// 131 bytes, the length of star's prefix field.
const LONG: &str = concat!(
    "0123456789012345678901234567890123456789012345678901234567890123",
    "4567890123456789012345678901234567890123456789012345678901234567890"
);

fn star_file(version: &str) -> Raw {
    file("f").set(at::MAGIC, b"ustar\0").set(at::MAGIC + 6, version).set(at::STAR_TRAILER, b"tar\0")
}

pub(super) fn cases() -> Vec<Case> {
    let dir = |raw: Raw| raw.set(at::PREFIX, "some/dir");
    [prefixes(dir), magics(dir), checksums()].into_iter().flatten().collect()
}

fn prefixes(dir: impl Fn(Raw) -> Raw) -> Vec<Case> {
    let gnu = |prefix: &[u8]| gnu_file("f").set(at::PREFIX, prefix);
    vec![
        case("a POSIX prefix", &[dir(file("f"))], Shown("some/dir/f f 0 644 0:0")),
        // Docker up to 17.05 wrote such headers if an owner needs base-256 (moby/moby#34092, golang/go#21005).
        case(
            "a prefix of Go before 1.8",
            &[dir(gnu_file("f").set(at::UID, base_256::<8>(3_000_000)))],
            Shown("some/dir/f f 0 644 3000000:0"),
        ),
        case(
            "two prefixes of Go before 1.8, with one name behind them",
            &[gnu(b"src/one").body("1"), gnu(b"src/two").body("22")],
            Shown("src/one/f f 1 644 0:0\nsrc/two/f f 2 644 0:0"),
        ),
        case("a GNU prefix that begins with digits", &[gnu(b"1234/5")], Shown("1234/5/f f 0 644 0:0")),
        case("a GNU prefix behind a time", &[gnu(b"123456712345x")], Shown("123456712345x/f f 0 644 0:0")),
        case(
            "a GNU prefix of all its bytes",
            &[gnu(format!("{LONG}/abcdefghijklmnopqrstuvw").as_bytes())],
            Shown(concat!(
                "0123456789012345678901234567890123456789012345678901234567890123",
                "4567890123456789012345678901234567890123456789012345678901234567890",
                "/abcdefghijklmnopqrstuvw/f f 0 644 0:0"
            )),
        ),
        case("GNU times are no prefix", &[gnu(b"12345670123 12345670123 ")], Shown("f f 0 644 0:0")),
        case("a GNU time of twelve digits", &[gnu(b"123456712345")], Shown("f f 0 644 0:0")),
        case("negative GNU times", &[gnu(&[0xff; 24])], Shown("f f 0 644 0:0")),
        case("empty GNU times before other bytes", &[gnu(b"\0zzz/x")], Shown("f f 0 644 0:0")),
        case("a GNU prefix that is not ASCII", &[gnu(b"caf\xe9/dir")], Shown("f f 0 644 0:0")),
        case(
            "a star prefix and the times behind it",
            &[star_file("00")
                .set(at::PREFIX, LONG)
                .set(at::STAR_ATIME, "12345670123 ")
                .set(at::STAR_CTIME, "12345670123 ")],
            Shown(concat!(
                "0123456789012345678901234567890123456789012345678901234567890123",
                "4567890123456789012345678901234567890123456789012345678901234567890/f f 0 644 0:0"
            )),
        ),
        case("a short star prefix", &[dir(star_file("00"))], Shown("some/dir/f f 0 644 0:0")),
        case(
            "a star time that is not a number",
            &[star_file("00").set(at::STAR_ATIME, "zzz")],
            Refused("access or change time"),
        ),
        case("another star time", &[star_file("00").set(at::STAR_CTIME, "zzz")], Refused("access or change time")),
    ]
}

fn magics(dir: impl Fn(Raw) -> Raw) -> Vec<Case> {
    let magic = |magic: &[u8; 8]| dir(file("f").set(at::MAGIC, magic));
    vec![
        case("POSIX without a version", &[magic(b"ustar\0\0\0")], Shown("some/dir/f f 0 644 0:0")),
        case("POSIX with another version", &[magic(b"ustar\0 \0")], Shown("some/dir/f f 0 644 0:0")),
        case(
            "star with another version",
            &[star_file("zz").set(at::PREFIX, LONG).set(at::STAR_ATIME, "12345670123 ")],
            Shown(concat!(
                "0123456789012345678901234567890123456789012345678901234567890123",
                "4567890123456789012345678901234567890123456789012345678901234567890/f f 0 644 0:0"
            )),
        ),
        case("GNU with another version is V7", &[magic(b"ustar 00")], Shown("f f 0 644 0:0")),
        case("another magic is V7", &[magic(b"USTAR\x0000")], Shown("f f 0 644 0:0")),
        case("no magic is V7", &[magic(&[0; 8])], Shown("f f 0 644 0:0")),
        case(
            "V7 has no device numbers that could be wrong",
            &[file("f").set(at::MAGIC, [0; 8]).set(at::MAJOR, "zzz")],
            Shown("f f 0 644 0:0"),
        ),
    ]
}

fn checksums() -> Vec<Case> {
    let octal = |sum: i64| format!("{sum:06o}\0 ").into_bytes();
    vec![
        case(
            "a checksum of signed bytes",
            &[Raw::new(b'0', b"caf\xc3\xa9").checksum(|block| octal(signed_sum(block)))],
            Shown("café f 0 644 0:0"),
        ),
        case(
            "a checksum of all its digits",
            &[file("f").checksum(|block| format!("{:08o}", unsigned_sum(block)).into_bytes())],
            Shown("f f 0 644 0:0"),
        ),
        case(
            "a checksum between spaces",
            &[file("f").checksum(|block| format!(" {:6o} ", unsigned_sum(block)).into_bytes())],
            Shown("f f 0 644 0:0"),
        ),
        case(
            "a checksum in base-256",
            &[file("a"), file("f").checksum(|block| base_256::<8>(unsigned_sum(block)).to_vec())],
            Refused("checksum"),
        ),
    ]
}
