//! PAX extended header records (POSIX.1-2001, `pax` interchange format): `LENGTH KEY=VALUE\n`, LENGTH counting all of
//! it. The `tar` crate splits them at newlines, which breaks on attribute values that contain one. What is valid, and what
//! holds, is what Go's `archive/tar` says (reader.go, strconv.go).

use super::error::TarErrorKind;
use super::sparse::{self, SparseMap, decimal};

/// What the records of one extended header override in the header that follows.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    /// Negative only in a header that no body follows.
    pub(super) size: Option<i64>,
    pub(super) uid: Option<i64>,
    pub(super) gid: Option<i64>,
    /// Boxed, as in [`Records`]: few files are sparse, and this is moved for all that have records.
    pub(super) sparse: Option<Box<SparseFile>>,
    /// `SCHILY.xattr.NAME` records in the order of their names: name, value.
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// What parsing took.
    pub(super) cost: u64,
}

/// What the records say of a sparse file. Its `path` is one for readers that do not know the format.
#[derive(Debug, Default)]
pub(super) struct SparseFile {
    pub(super) name: Option<Vec<u8>>,
    /// With the holes; none if that is what the header says.
    pub(super) size: Option<i64>,
    pub(super) map: MapPlace,
}

/// Where the map of a sparse file is.
#[derive(Debug, Default)]
pub(super) enum MapPlace {
    /// Before the file's data (format 1.0).
    #[default]
    Body,
    /// In the records (formats 0.0 and 0.1): the numbers between commas, which must be this many pairs.
    Records { pairs: u64, numbers: Vec<u8> },
}

impl MapPlace {
    /// Adds the regions that stand in the records.
    pub(super) fn add_to(&self, map: &mut SparseMap) -> Result<(), TarErrorKind> {
        let Self::Records { pairs, numbers } = self else { return Ok(()) };
        let count = if numbers.is_empty() { 0 } else { numbers.split(|byte| *byte == b',').count() as u64 };
        if pairs.checked_mul(2) != Some(count) {
            return Err(sparse::invalid_map());
        }
        if count > 0 {
            map.add_decimal(numbers.split(|byte| *byte == b','))?;
        }
        Ok(())
    }
}

const XATTR: &[u8] = b"SCHILY.xattr.";

/// The most extended attributes of one entry. Linux lists 64 KiB of names, which is fewer.
const MAX_XATTRS: usize = 10_000;

impl Overrides {
    /// Parses the body of an extended header.
    pub(super) fn parse(records: &[u8]) -> Result<Self, TarErrorKind> {
        Records::parse(records)?.into_overrides()
    }
}

/// Checks the body of a global header, whose records apply to nothing: each must be well formed, and may mean anything. Gives
/// back what that took.
pub(super) fn check_global(records: &[u8]) -> Result<u64, TarErrorKind> {
    Records::parse(records).map(|records| records.cost)
}

/// What a record takes to parse, in bytes that could be passed over meanwhile.
const RECORD_COST: u64 = 32;

/// What an extended attribute takes, which is copied and sorted.
const XATTR_COST: u64 = 160;

/// The values of the records, the last one of each key. An empty value is none, and takes an earlier one back.
#[derive(Default)]
struct Records<'a> {
    path: &'a [u8],
    link: &'a [u8],
    size: &'a [u8],
    uid: &'a [u8],
    gid: &'a [u8],
    /// Of modification, access and change.
    times: [&'a [u8]; 3],
    xattrs: Vec<(&'a [u8], &'a [u8])>,
    sparse: Option<Box<SparseRecords<'a>>>,
    cost: u64,
}

/// `GNU.sparse.*`.
#[derive(Default)]
struct SparseRecords<'a> {
    major: &'a [u8],
    minor: &'a [u8],
    name: &'a [u8],
    size: &'a [u8],
    real_size: &'a [u8],
    pairs: &'a [u8],
    map: &'a [u8],
    /// Format 0.0: the regions in a record for each number.
    numbers: Vec<&'a [u8]>,
}

impl<'a> Records<'a> {
    fn parse(mut text: &'a [u8]) -> Result<Self, TarErrorKind> {
        let mut records = Self::default();
        while !text.is_empty() {
            let (key, value, rest) = split_record(text)?;
            text = rest;
            records.cost += RECORD_COST;
            records.take(key, value)?;
        }
        Ok(records)
    }

    fn take(&mut self, key: &'a [u8], value: &'a [u8]) -> Result<(), TarErrorKind> {
        // Other values are bytes of any kind, and attributes have such.
        let text = if matches!(key, b"path" | b"linkpath" | b"uname" | b"gname") { value } else { key };
        if text.contains(&0) {
            return Err(TarErrorKind::Header("a name with a NUL byte in a PAX record"));
        }
        let place = match key {
            b"path" => &mut self.path,
            b"linkpath" => &mut self.link,
            b"size" => &mut self.size,
            b"uid" => &mut self.uid,
            b"gid" => &mut self.gid,
            b"mtime" => &mut self.times[0],
            b"atime" => &mut self.times[1],
            b"ctime" => &mut self.times[2],
            _ => {
                if let Some(name) = key.strip_prefix(XATTR) {
                    if self.xattrs.len() >= MAX_XATTRS {
                        return Err(TarErrorKind::Header("more than 10000 extended attributes"));
                    }
                    self.cost += XATTR_COST;
                    self.xattrs.push((name, value));
                } else if let Some(name) = key.strip_prefix(b"GNU.sparse.") {
                    return self.sparse.get_or_insert_default().take(name, value);
                }
                return Ok(());
            }
        };
        *place = value;
        Ok(())
    }

    fn into_overrides(self) -> Result<Overrides, TarErrorKind> {
        if !self.times.iter().all(|time| time.is_empty() || is_time(time)) {
            return Err(TarErrorKind::Header("a PAX record with a time that is not a valid number"));
        }
        Ok(Overrides {
            path: text(self.path),
            link: text(self.link),
            size: number(self.size, "a PAX record with a size that is not a valid number")?,
            uid: number(self.uid, "a PAX record with an owner that is not a valid number")?,
            gid: number(self.gid, "a PAX record with a group that is not a valid number")?,
            sparse: self.sparse.map_or(Ok(None), |sparse| sparse.into_file())?.map(Box::new),
            xattrs: last_xattrs(self.xattrs),
            cost: self.cost,
        })
    }
}

impl<'a> SparseRecords<'a> {
    fn take(&mut self, key: &[u8], value: &'a [u8]) -> Result<(), TarErrorKind> {
        let place = match key {
            b"major" => &mut self.major,
            b"minor" => &mut self.minor,
            b"name" => &mut self.name,
            b"size" => &mut self.size,
            b"realsize" => &mut self.real_size,
            b"numblocks" => &mut self.pairs,
            b"map" => &mut self.map,
            b"offset" | b"numbytes" => {
                let expected: &[u8] = if self.numbers.len().is_multiple_of(2) { b"offset" } else { b"numbytes" };
                if key != expected || value.contains(&b',') {
                    return Err(sparse::invalid_map());
                }
                self.numbers.push(value);
                return Ok(());
            }
            _ => return Ok(()),
        };
        *place = value;
        Ok(())
    }

    /// None if the records are of no format that is known: the file is a plain one then.
    fn into_file(self) -> Result<Option<SparseFile>, TarErrorKind> {
        let numbers = if self.numbers.is_empty() { self.map.to_vec() } else { self.numbers.join(&b","[..]) };
        let in_records = match (self.major, self.minor) {
            (b"1", b"0") => false,
            (b"0", b"0" | b"1") => true,
            // The formats before 1.0 did not have to say which they are.
            (b"", b"") if !numbers.is_empty() => true,
            _ => return Ok(None),
        };
        let size = if self.size.is_empty() { self.real_size } else { self.size };
        Ok(Some(SparseFile {
            name: text(self.name),
            size: number(size, "a PAX record with a size that is not a valid number")?,
            map: if in_records {
                MapPlace::Records { pairs: sparse::region_count(self.pairs)?, numbers }
            } else {
                MapPlace::Body
            },
        }))
    }
}

/// Of several records of one attribute the last one holds, and an empty one takes the attribute back.
fn last_xattrs(mut xattrs: Vec<(&[u8], &[u8])>) -> Vec<(Vec<u8>, Vec<u8>)> {
    // Stable, so that equal names keep the order of their records; then the last of each comes first.
    xattrs.sort_by_key(|(name, _)| *name);
    xattrs.reverse();
    xattrs.dedup_by(|(earlier, _), (last, _)| earlier == last);
    let kept = xattrs.iter().rev().filter(|(_, value)| !value.is_empty());
    kept.map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}

/// The first record's key and value, and what follows it.
type Record<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// The shortest record: `5 a=\n`.
const SHORTEST: usize = 5;

fn split_record(records: &[u8]) -> Result<Record<'_>, TarErrorKind> {
    let broken = || TarErrorKind::Header("a PAX record whose length is wrong");
    let space = records.iter().position(|byte| *byte == b' ').ok_or_else(broken)?;
    let length = decimal(&records[..space]).and_then(|length| usize::try_from(length).ok());
    let length = length.filter(|length| *length >= SHORTEST).ok_or_else(broken)?;
    let record = records.get(space + 1..length).ok_or_else(broken)?;
    let record = record.strip_suffix(b"\n").ok_or_else(broken)?;
    let equals = record.iter().position(|byte| *byte == b'=');
    let equals = equals.ok_or(TarErrorKind::Header("a PAX record without `=`"))?;
    if equals == 0 {
        return Err(TarErrorKind::Header("a PAX record without a key"));
    }
    Ok((&record[..equals], &record[equals + 1..], &records[length..]))
}

fn text(value: &[u8]) -> Option<Vec<u8>> {
    (!value.is_empty()).then(|| value.to_vec())
}

fn number(value: &[u8], problem: &'static str) -> Result<Option<i64>, TarErrorKind> {
    if value.is_empty() {
        return Ok(None);
    }
    decimal(value).map(Some).ok_or(TarErrorKind::Header(problem))
}

/// Seconds with a sign or without one, and any number of digits behind a point.
fn is_time(text: &[u8]) -> bool {
    const ALWAYS_FIT: usize = 18;
    let are_digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let point = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
    let (seconds, fraction) = (&text[..point], text.get(point + 1..).unwrap_or_default());
    // Many writers put a time before every entry.
    let is_plain = (1..=ALWAYS_FIT).contains(&seconds.len()) && are_digits(seconds);
    (is_plain || decimal(seconds).is_some()) && are_digits(fraction)
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
    fn numbers_have_a_sign_or_none_and_only_the_last_one_must_be_valid() {
        let overrides = Overrides::parse(b"9 uid=-2\n11 gid=+07\n9 size=x\n9 size=9\n").unwrap();
        assert_eq!((overrides.uid, overrides.gid, overrides.size), (Some(-2), Some(7), Some(9)));
    }

    #[test]
    fn records_that_do_not_add_up_are_refused() {
        let cases: [&[u8]; 9] = [
            b"99 path=a\n",
            b"10 path=ab\n",
            b"x path=a\n",
            b"3 \n",
            b"-1 a=\n",
            b"10 path=\0\n",
            b"11 uname=\0\n",
            b"5 =a\n",
            b"7 a\0=b\n",
        ];
        for records in cases {
            assert!(check_global(records).is_err(), "{}", records.escape_ascii());
            assert!(Overrides::parse(records).is_err(), "{}", records.escape_ascii());
        }
    }

    #[test]
    fn values_that_are_no_numbers_are_refused_where_they_apply() {
        let cases: [&[u8]; 5] =
            [b"29 size=18446744073709551616\n", b"8 uid=a\n", b"10 gid= 1\n", b"12 mtime=.5\n", b"13 atime=1.x\n"];
        for records in cases {
            assert!(check_global(records).is_ok(), "{}", records.escape_ascii());
            assert!(Overrides::parse(records).is_err(), "{}", records.escape_ascii());
        }
        for time in ["1", "-1.5", "+1.", "12.000000000000000000000000000001"] {
            assert!(is_time(time.as_bytes()), "{time}");
        }
    }
}
