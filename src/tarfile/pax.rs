//! PAX extended header records (POSIX.1-2001, `pax` interchange format): `LENGTH KEY=VALUE\n`, LENGTH counting all of
//! it. The `tar` crate splits them at newlines, which breaks on attribute values that contain one.

use super::error::TarErrorKind;

/// What the records of one extended header override in the header that follows.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    /// The whole size of a sparse file, whose stored size is the header's.
    pub(super) sparse_size: Option<u64>,
    /// `SCHILY.xattr.NAME` records in the order of their names: name, value.
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

const XATTR: &[u8] = b"SCHILY.xattr.";

impl Overrides {
    /// Parses the body of an extended header. A record with an empty value takes an earlier one back.
    pub(super) fn parse(mut records: &[u8]) -> Result<Self, TarErrorKind> {
        let mut overrides = Self::default();
        while !records.is_empty() {
            let (key, value, rest) = split_record(records)?;
            records = rest;
            overrides.apply(key, value)?;
        }
        overrides.keep_last_xattrs();
        Ok(overrides)
    }

    fn apply(&mut self, key: &[u8], value: &[u8]) -> Result<(), TarErrorKind> {
        match key {
            // A sparse file's `path` is a made-up one for readers that do not know the format; its name comes later.
            b"path" | b"GNU.sparse.name" => self.path = text(value)?,
            b"linkpath" => self.link = text(value)?,
            b"size" => self.size = number(value)?,
            b"uid" => self.uid = number(value)?,
            b"gid" => self.gid = number(value)?,
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => self.sparse_size = number(value)?,
            _ => {
                if let Some(name) = key.strip_prefix(XATTR) {
                    self.xattrs.push((name.to_vec(), value.to_vec()));
                }
            }
        }
        Ok(())
    }

    /// Of several records of one attribute the last one holds, and an empty one takes the attribute back.
    fn keep_last_xattrs(&mut self) {
        // Stable, so that equal names keep the order of their records; then the last of each comes first.
        self.xattrs.sort_by(|(left, _), (right, _)| left.cmp(right));
        self.xattrs.reverse();
        self.xattrs.dedup_by(|(earlier, _), (last, _)| earlier == last);
        self.xattrs.reverse();
        self.xattrs.retain(|(_, value)| !value.is_empty());
    }
}

/// The first record's key and value, and what follows it.
type Record<'a> = (&'a [u8], &'a [u8], &'a [u8]);

fn split_record(records: &[u8]) -> Result<Record<'_>, TarErrorKind> {
    let broken = || TarErrorKind::Header("an extended header record whose length does not fit");
    let space = records.iter().take(20).position(|byte| *byte == b' ').ok_or_else(broken)?;
    let length = number(&records[..space])?.and_then(|length| usize::try_from(length).ok()).ok_or_else(broken)?;
    let record = records.get(space + 1..length).ok_or_else(broken)?;
    let record = record.strip_suffix(b"\n").ok_or_else(broken)?;
    let equals = record.iter().position(|byte| *byte == b'=').filter(|at| *at > 0).ok_or_else(broken)?;
    Ok((&record[..equals], &record[equals + 1..], &records[length..]))
}

/// A name: bytes without NUL, none when empty.
fn text(value: &[u8]) -> Result<Option<Vec<u8>>, TarErrorKind> {
    if value.contains(&0) {
        return Err(TarErrorKind::Header("a name with a NUL byte in an extended header"));
    }
    Ok((!value.is_empty()).then(|| value.to_vec()))
}

/// A decimal number, none when empty. Beyond what a file can have it is an error.
fn number(value: &[u8]) -> Result<Option<u64>, TarErrorKind> {
    if value.is_empty() {
        return Ok(None);
    }
    std::str::from_utf8(value)
        .ok()
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse::<u64>().ok())
        .filter(|number| i64::try_from(*number).is_ok())
        .map(Some)
        .ok_or(TarErrorKind::Header("a number in an extended header that is none, or too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_contain_newlines_and_equal_signs() {
        let overrides = Overrides::parse(b"10 path=a\n29 SCHILY.xattr.user.x=1\n2=\n\n").unwrap();
        assert_eq!(overrides.path.as_deref(), Some(&b"a"[..]));
        assert_eq!(overrides.xattrs, [(b"user.x".to_vec(), b"1\n2=\n".to_vec())]);
    }

    #[test]
    fn an_empty_value_takes_the_override_back() {
        let overrides = Overrides::parse(b"10 path=a\n8 path=\n9 size=7\n").unwrap();
        assert_eq!((overrides.path, overrides.size), (None, Some(7)));
    }

    #[test]
    fn the_last_record_of_an_attribute_holds() {
        let records = b"20 SCHILY.xattr.b=1\n20 SCHILY.xattr.a=1\n20 SCHILY.xattr.b=2\n19 SCHILY.xattr.a=\n";
        assert_eq!(Overrides::parse(records).unwrap().xattrs, [(b"b".to_vec(), b"2".to_vec())]);
    }

    #[test]
    fn records_that_do_not_add_up_are_refused() {
        let cases: [&[u8]; 7] =
            [b"99 path=a\n", b"10 path=ab\n", b"x path=a\n", b"3 \n", b"10 path=\0\n", b"9 size=\n", b"5 =a\n"];
        for records in cases {
            assert!(Overrides::parse(records).is_err(), "{}", records.escape_ascii());
        }
        assert!(Overrides::parse(b"28 size=18446744073709551616\n").is_err());
    }
}
