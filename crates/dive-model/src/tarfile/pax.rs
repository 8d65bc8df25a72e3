//! Parses PAX extended header records (POSIX.1-2001, `pax` interchange format): `LENGTH KEY=VALUE\n`, where LENGTH
//! includes itself.
//!
//! The `tar` crate splits records at newlines, which breaks attribute values that contain one. Which records are valid,
//! and which one applies, follows Go's `archive/tar` (reader.go, strconv.go).

use super::error::TarErrorKind;
use super::sparse::{self, SparseMap, decimal};

/// Values of one extended header that override those of the next header.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    /// Negative only in a header without body.
    pub(super) size: Option<i64>,
    pub(super) uid: Option<i64>,
    pub(super) gid: Option<i64>,
    /// Boxed, because few files are sparse and this struct is moved for all files with records.
    pub(super) sparse: Option<Box<SparseFile>>,
    /// `SCHILY.xattr.NAME` records (name, value), sorted by name.
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Cost of parsing: see [`RECORD_COST`].
    pub(super) cost: u64,
}

/// Records of a sparse file. Its `path` record is for readers that do not support sparse files.
#[derive(Debug, Default)]
pub(super) struct SparseFile {
    pub(super) name: Option<Vec<u8>>,
    /// Size with holes; `None` if the header has it.
    pub(super) size: Option<i64>,
    pub(super) map: MapLocation,
}

/// Location of a sparse file's map.
#[derive(Debug, Default)]
pub(super) enum MapLocation {
    /// At the start of the body (format 1.0).
    #[default]
    Body,
    /// In the records (formats 0.0 and 0.1): comma-separated numbers, which must be this many pairs.
    Records { pairs: u64, numbers: Vec<u8> },
}

impl MapLocation {
    /// Adds the regions in the records to `map`.
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

/// Maximum number of extended attributes of one entry. Linux allows at most 64 KiB of names, which is fewer.
const MAX_XATTRS: usize = 10_000;

impl Overrides {
    /// Parses the body of an extended header.
    pub(super) fn parse(records: &[u8]) -> Result<Self, TarErrorKind> {
        Records::parse(records)?.into_overrides()
    }
}

/// Checks the body of a global header. Its records must be well-formed, but apply to nothing. Returns the cost of
/// parsing.
pub(super) fn check_global(records: &[u8]) -> Result<u64, TarErrorKind> {
    Records::parse(records).map(|records| records.cost)
}

/// Cost of parsing a record, in bytes that could be skipped in the same time.
const RECORD_COST: u64 = 32;

/// Cost of copying and sorting an extended attribute, likewise.
const XATTR_COST: u64 = 160;

/// Values of the records: the last one of each key. An empty value removes an earlier one.
#[derive(Default)]
struct Records<'a> {
    path: &'a [u8],
    link: &'a [u8],
    size: &'a [u8],
    uid: &'a [u8],
    gid: &'a [u8],
    /// Modification, access and change time.
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
    /// Format 0.0: one record per number of a region.
    numbers: Vec<&'a [u8]>,
}

impl<'a> Records<'a> {
    fn parse(mut text: &'a [u8]) -> Result<Self, TarErrorKind> {
        let mut records = Self::default();
        while !text.is_empty() {
            let (key, value, rest) = split_record(text)?;
            text = rest;
            records.cost = records.cost.saturating_add(RECORD_COST);
            records.take(key, value)?;
        }
        Ok(records)
    }

    fn take(&mut self, key: &'a [u8], value: &'a [u8]) -> Result<(), TarErrorKind> {
        // Other values may contain NUL, and those of attributes do.
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
                        return Err(TarErrorKind::Header("more than 10000 extended attributes (dive's limit)"));
                    }
                    self.cost = self.cost.saturating_add(XATTR_COST);
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

    /// `None` if the format is unknown: Go then reads a regular file.
    fn into_file(self) -> Result<Option<SparseFile>, TarErrorKind> {
        let numbers = if self.numbers.is_empty() { self.map.to_vec() } else { self.numbers.join(&b","[..]) };
        let in_records = match (self.major, self.minor) {
            (b"1", b"0") => false,
            (b"0", b"0" | b"1") => true,
            // Formats before 1.0 may omit their version.
            (b"", b"") if !numbers.is_empty() => true,
            _ => return Ok(None),
        };
        let size = if self.size.is_empty() { self.real_size } else { self.size };
        Ok(Some(SparseFile {
            name: text(self.name),
            size: number(size, "a PAX record with a size that is not a valid number")?,
            map: if in_records {
                MapLocation::Records { pairs: sparse::region_count(self.pairs)?, numbers }
            } else {
                MapLocation::Body
            },
        }))
    }
}

/// Keeps the last record of each attribute, sorted by name. An empty value removes the attribute.
fn last_xattrs(mut xattrs: Vec<(&[u8], &[u8])>) -> Vec<(Vec<u8>, Vec<u8>)> {
    // The sort is stable, so records of one name keep their order. After reversing, the last one comes first and
    // survives `dedup_by`.
    xattrs.sort_by_key(|(name, _)| *name);
    xattrs.reverse();
    xattrs.dedup_by(|(earlier, _), (last, _)| earlier == last);
    let kept = xattrs.iter().rev().filter(|(_, value)| !value.is_empty());
    kept.map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
}

/// Key and value of the first record, and the remaining records.
type SplitRecord<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// Length of the shortest record: `5 a=\n`.
const MIN_RECORD: usize = 5;

fn split_record(records: &[u8]) -> Result<SplitRecord<'_>, TarErrorKind> {
    let broken = || TarErrorKind::Header("a PAX record with a wrong length");
    let space = records.iter().position(|byte| *byte == b' ').ok_or_else(broken)?;
    let length = decimal(&records[..space]).and_then(|length| usize::try_from(length).ok());
    let length = length.filter(|length| *length >= MIN_RECORD).ok_or_else(broken)?;
    let record = records.get(space.saturating_add(1)..length).ok_or_else(broken)?;
    let record = record.strip_suffix(b"\n").ok_or_else(broken)?;
    let equals = record.iter().position(|byte| *byte == b'=');
    let equals = equals.ok_or(TarErrorKind::Header("a PAX record without `=`"))?;
    if equals == 0 {
        return Err(TarErrorKind::Header("a PAX record without a key"));
    }
    Ok((&record[..equals], &record[equals.saturating_add(1)..], &records[length..]))
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

/// True for seconds with an optional sign and fraction.
fn is_time(text: &[u8]) -> bool {
    const ALWAYS_FIT: usize = 18;
    let are_digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let point = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
    let (seconds, fraction) = (&text[..point], text.get(point.saturating_add(1)..).unwrap_or_default());
    // Fast path: many writers add a time to every entry.
    let is_plain = (1..=ALWAYS_FIT).contains(&seconds.len()) && are_digits(seconds);
    (is_plain || decimal(seconds).is_some()) && are_digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_newlines_and_equal_signs() {
        let overrides = Overrides::parse(b"10 path=a\n29 SCHILY.xattr.user.x=1\n2=\n\n").unwrap();
        assert_eq!(overrides.path.as_deref(), Some(&b"a"[..]));
        assert_eq!(overrides.xattrs, [(b"user.x".to_vec(), b"1\n2=\n".to_vec())]);
    }

    #[test]
    fn an_empty_value_removes_the_override() {
        let overrides = Overrides::parse(b"10 path=a\n8 path=\n9 size=7\n").unwrap();
        assert_eq!((overrides.path, overrides.size), (None, Some(7)));
    }

    #[test]
    fn the_last_record_of_an_attribute_wins() {
        let records = b"20 SCHILY.xattr.b=1\n20 SCHILY.xattr.a=1\n20 SCHILY.xattr.b=2\n19 SCHILY.xattr.a=\n";
        assert_eq!(Overrides::parse(records).unwrap().xattrs, [(b"b".to_vec(), b"2".to_vec())]);
    }

    #[test]
    fn signed_numbers_are_accepted_and_only_the_last_one_is_parsed() {
        let overrides = Overrides::parse(b"9 uid=-2\n11 gid=+07\n9 size=x\n9 size=9\n").unwrap();
        assert_eq!((overrides.uid, overrides.gid, overrides.size), (Some(-2), Some(7), Some(9)));
    }

    #[test]
    fn malformed_records_are_refused() {
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
    fn invalid_numbers_are_refused_except_in_global_headers() {
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
