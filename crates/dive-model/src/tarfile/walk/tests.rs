//! Walks of hand-made tars, with both kinds of input.

use super::*;
use crate::tarfile::{Positional, Streaming};

/// A header block of type `typeflag`, changed by `edit`, with a valid checksum.
fn block(name: &str, typeflag: u8, size: u64, edit: impl FnOnce(&mut tar::Header)) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name).unwrap();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_entry_type(tar::EntryType::new(typeflag));
    edit(&mut header);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn padded(body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(512), 0);
    body
}

/// Path, kind, size and body length of each member. Both kinds of input must agree.
fn walk(bytes: &[u8]) -> Result<Vec<(String, MemberKind, u64, u64)>, String> {
    fn list(input: impl Input) -> Result<Vec<(String, MemberKind, u64, u64)>, String> {
        let mut walker = Walker::new(input);
        let mut members = Vec::new();
        while let Some(member) = walker.next().map_err(|error| error.to_string())? {
            let path = String::from_utf8_lossy(member.path).into_owned();
            members.push((path, member.kind, member.size, member.data_len));
        }
        Ok(members)
    }
    let jumped = list(Positional::new(bytes));
    assert_eq!(jumped, list(Streaming::new(bytes)));
    jumped
}

#[test]
fn links_and_directories_with_a_size_have_no_body() {
    let bytes = [block("d/", b'5', 4096, |_| {}), block("l", b'2', 7, |_| {}), block("f", b'0', 3, |_| {})].concat();
    let members = walk(&[bytes, padded(b"abc")].concat()).unwrap();
    assert_eq!(members[0], ("d/".into(), MemberKind::Path(PathKind::Directory), 4096, 0));
    assert_eq!(members[1], ("l".into(), MemberKind::Path(PathKind::Symlink), 7, 0));
    assert_eq!(members[2], ("f".into(), MemberKind::Path(PathKind::File), 3, 3));
}

#[test]
fn the_last_body_may_lack_padding_but_not_bytes() {
    let header = block("f", b'0', 3, |_| {});
    assert_eq!(walk(&[&header[..], b"abc"].concat()).unwrap().len(), 1);
    let error = walk(&[&header[..], b"ab"].concat()).unwrap_err();
    assert_eq!(error, "entry \"f\" at offset 0 is truncated: its header announces 3 bytes, but 2 follow");
}

#[test]
fn only_a_wrong_first_block_means_not_a_tar() {
    assert_eq!(walk(&[7; 600]).unwrap_err(), TarErrorKind::NotATar.to_string());
    assert_eq!(walk(b"").unwrap(), []);
    let good = block("f", b'0', 0, |_| {});
    let error = walk(&[good.clone(), vec![7; 512]].concat()).unwrap_err();
    assert!(error.contains("at offset 512 has a damaged header"), "{error}");
    let error = walk(&[good, vec![7; 100]].concat()).unwrap_err();
    assert!(error.contains("100 of 512 bytes"), "{error}");
}

#[test]
fn a_long_name_over_the_limit_is_refused_before_it_is_read() {
    let bytes = block("././@LongLink", b'L', 512 << 20, |_| {});
    let error = walk(&bytes).unwrap_err();
    assert!(error.contains("536870912 bytes; the limit is 1048576 bytes"), "{error}");
}

#[test]
fn extension_headers_override_names_and_sizes() {
    let records = [&b"11 path=px\n"[..], b"12 size=600\n"].concat();
    let bytes = [
        block("x", b'x', records.len() as u64, |_| {}),
        padded(&records),
        block("f", b'0', 0, |_| {}),
        vec![0; 1024],
        block("long", b'L', 3, |_| {}),
        padded(b"ln\0"),
        block("f", b'0', 0, |_| {}),
    ];
    let members = walk(&bytes.concat()).unwrap();
    assert_eq!(
        members,
        [
            ("px".into(), MemberKind::Path(PathKind::File), 600, 600),
            ("ln".into(), MemberKind::Path(PathKind::File), 0, 0)
        ]
    );
}

#[test]
fn a_sparse_file_has_a_size_with_holes_and_a_body_without() {
    let real = |header: &mut tar::Header| {
        let gnu = header.as_gnu_mut().unwrap();
        gnu.set_real_size(1 << 20);
        gnu.set_is_extended(true);
    };
    let mut header = tar::Header::new_gnu();
    header.set_path("s").unwrap();
    header.set_size(512);
    header.set_entry_type(tar::EntryType::new(b'S'));
    real(&mut header);
    header.set_cksum();
    let bytes = [&header.as_bytes()[..], &[0; 512], &[1; 512], &block("f", b'0', 0, |_| {})].concat();
    let members = walk(&bytes).unwrap();
    assert_eq!(members[0], ("s".into(), MemberKind::Path(PathKind::SparseFile), 1 << 20, 512));
    assert_eq!(members[1].0, "f");
}
