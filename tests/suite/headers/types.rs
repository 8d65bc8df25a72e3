//! Type flags and the end of a layer.

use super::raw::{Raw, at, file, long, pax, unended};
use super::{Case, OnlyOurs, Refused, Shown, Truth, Warned, case};

pub(super) fn cases() -> Vec<Case> {
    [kinds(), others(), ends()].into_iter().flatten().collect()
}

fn kinds() -> Vec<Case> {
    let old = |name: &str| Raw::new(0, name).set(at::MODE, "0000700\0");
    let size = |raw: Raw| raw.set(at::SIZE, "00000001000\0");
    vec![
        case("a file of the old type", &[old("f").body("abc")], Shown("f f 3 700 0:0")),
        case("a directory of the old type", &[old("d/"), file("f")], Shown("d d 0 700 0:0\nf f 0 644 0:0")),
        case("a directory of the old type by its record", &[pax(&[("path", "d/")]), old("x")], Shown("d d 0 700 0:0")),
        case("a directory of the old type by its long name", &[long(b'L', "d/"), old("x")], Shown("d d 0 700 0:0")),
        case(
            "a directory of the old type has no body",
            &[size(old("d/")), file("f")],
            Shown("d d 0 700 0:0\nf f 0 644 0:0"),
        ),
        case("a file with a slash behind it", &[file("d/").body("abc")], Shown("d f 3 644 0:0")),
        case(
            "links and directories have no body",
            &[
                size(file("f")).body("abc"),
                size(Raw::new(b'1', "h").link("./f")),
                size(Raw::new(b'2', "s").link("f").set(at::MODE, "0000777\0")),
                size(Raw::new(b'5', "d/").set(at::MODE, "0000700\0")),
                size(Raw::new(b'6', "p")),
                file("z"),
            ],
            Shown(
                "
                d d 0 700 0:0
                f f 3 644 0:0
                h f 3 644 0:0
                p p 0 644 0:0
                s l 0 777 0:0 -> f
                z f 0 644 0:0
                ",
            ),
        ),
        case("an entry without a name is the root", &[Raw::new(b'5', ""), file("f")], Shown("f f 0 644 0:0")),
    ]
}

fn others() -> Vec<Case> {
    let of = |typeflag: u8| [file("a"), Raw::new(typeflag, "f").body("abc")];
    let refused = "is not allowed in an image";
    vec![
        case(
            "a symbolic link without a target",
            &[Raw::new(b'2', "s").set(at::MODE, "0000777\0")],
            OnlyOurs("s l 0 777 0:0", "refuse its empty link target"),
        ),
        case("a contiguous file", &of(b'7'), OnlyOurs("a f 0 644 0:0\nf f 3 644 0:0", "refuse its type '7'")),
        case("GNU's directory with its names", &of(b'D'), Refused(refused)),
        case("GNU's volume", &of(b'V'), Refused(refused)),
        case("GNU's rest of a volume", &of(b'M'), Refused(refused)),
        case("GNU's old long name", &of(b'N'), Refused(refused)),
        case("Solaris' extended header", &of(b'X'), Refused(refused)),
        case("Solaris' list of permissions", &of(b'A'), Refused(refused)),
        case("a space", &of(b' '), Refused(refused)),
    ]
}

fn ends() -> Vec<Case> {
    let end = |name: &'static str, entries: &[Raw], behind: &[u8], truth: Truth| Case {
        name,
        layer: [&unended(entries), behind].concat(),
        truth,
    };
    let junk = [b'j'; 512];
    let shown = || Shown("f f 3 644 0:0");
    let entry = [file("f").body("abc")];
    let mut unpadded = end("a body without padding", &entry, &[], shown());
    unpadded.layer.truncate(512 + 3);
    vec![
        end("nothing", &[], &[], Shown("")),
        end("no blocks of zeros", &entry, &[], shown()),
        end("one block of zeros", &entry, &[0; 512], shown()),
        end("anything behind two blocks of zeros", &entry, &[[0; 512], [0; 512], junk].concat(), shown()),
        end(
            "anything behind one block of zeros",
            &entry,
            &[[0; 512], junk].concat(),
            Refused("a single block of zeros"),
        ),
        end(
            "a part of a block of zeros",
            &entry,
            &[0; 612],
            Refused("is truncated inside a header: it has 100 of 512 bytes"),
        ),
        end(
            "a part of a header",
            &entry,
            &junk[..100],
            Refused("is truncated inside a header: it has 100 of 512 bytes"),
        ),
        unpadded,
        end(
            "an extension header at the end",
            &[file("f").body("abc"), pax(&[("path", "x")])],
            &[0; 1024],
            Warned("f f 3 644 0:0", "dive ignores the extension header at offset 1024: no entry follows it"),
        ),
    ]
}
