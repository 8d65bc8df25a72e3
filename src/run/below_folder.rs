//! Reads and writes files that a configuration names below the working directory. That folder may be a stranger's repository, and a
//! link in it may lead to any file of the user, so no link below it is followed.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Component, Path};

use super::output::write_atomically;
use crate::config::{ConfigScope, is_below_folder};
use dive_model::dir::{Dir, FileKind};

/// The first bytes of JSON documents: ours, those of several images, and dive's. Many other documents begin with a `schemaVersion`,
/// as the index of an OCI layout does.
const DOCUMENT_STARTS: [&[u8]; 3] =
    [b"{\n  \"schemaVersion\": 1,\n  \"layer\"", b"{\"schemaVersion\":1,\"layer\"", b"{\n  \"layer\""];

/// Refuses a path in a rules file that leads out of `folder`, the working directory. The reason follows the path in a sentence.
/// `flag` can name any file.
pub(super) fn check(folder: &Path, path: &Path, flag: &str) -> Result<(), String> {
    if is_below_folder(path) {
        Ok(())
    } else if path.is_absolute() && path.starts_with(folder) {
        Err("is an absolute path; write it relative to the working directory".to_owned())
    } else {
        Err(format!("is outside the working directory; use {flag} for it"))
    }
}

/// Opens a file below `folder` for reading and appending, and creates it if it is missing.
pub(super) fn append(folder: &Path, path: &Path) -> io::Result<File> {
    let (dir, name) = enter(folder, path)?;
    regular_file_exists(&dir, name)?;
    let file = dir.append(name.as_encoded_bytes())?;
    // An unpacked folder may have a hard link to a file elsewhere.
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(&file.metadata()?) > 1 {
        return Err(refused("the file has other names (hard links)"));
    }
    Ok(file)
}

/// Opens an existing file below `folder` for reading.
pub(super) fn open(folder: &Path, path: &Path) -> io::Result<File> {
    match find(folder, path)? {
        BelowFolder::File(file) => Ok(file),
        BelowFolder::Directory => Err(io::ErrorKind::IsADirectory.into()),
    }
}

/// What a path below a folder leads to.
#[derive(Debug)]
pub(super) enum BelowFolder {
    /// A regular file, open for reading.
    File(File),
    /// A directory, with no link on the way to it.
    Directory,
}

/// Opens an existing file below `folder` for reading, or finds a directory.
pub(super) fn find(folder: &Path, path: &Path) -> io::Result<BelowFolder> {
    let (dir, name) = enter(folder, path)?;
    if dir.kind_of(name.as_encoded_bytes())? == Some(FileKind::Directory) {
        return Ok(BelowFolder::Directory);
    }
    if !regular_file_exists(&dir, name)? {
        return Err(io::ErrorKind::NotFound.into());
    }
    let file = dir.read(name.as_encoded_bytes())?;
    // It may have been replaced meanwhile.
    if file.metadata()?.is_file() { Ok(BelowFolder::File(file)) } else { Err(refused("not a regular file")) }
}

/// Writes a file below `folder` atomically. Unless `scope` is the user, an existing file is replaced only if it is a JSON
/// document of dive.
pub(super) fn replace(
    folder: &Path,
    path: &Path,
    scope: ConfigScope,
    render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let (dir, name) = enter_to_replace(folder, path, scope)?;
    write_atomically(&dir, name, render)
}

/// The directory of the file that [`replace`] may write, and the file's name in it.
pub(super) fn enter_to_replace<'a>(folder: &Path, path: &'a Path, scope: ConfigScope) -> io::Result<(Dir, &'a OsStr)> {
    let (dir, name) = enter(folder, path)?;
    let is_there = regular_file_exists(&dir, name)?;
    if is_there && scope == ConfigScope::WorkingDirectory && !is_document(&dir, name)? {
        return Err(refused("the file exists and is not a JSON document of dive; choose another path"));
    }
    Ok((dir, name))
}

/// The directory of the file, and the file's name in it.
fn enter<'a>(folder: &Path, path: &'a Path) -> io::Result<(Dir, &'a OsStr)> {
    let names: Vec<&OsStr> = path
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        })
        .collect();
    let Some((name, folders)) = names.split_last() else { return Err(refused("no file name")) };
    let mut dir = Dir::open(folder)?;
    for folder in folders {
        let bytes = folder.as_encoded_bytes();
        if dir.kind_of(bytes)? == Some(FileKind::Symlink) {
            return Err(link(folder));
        }
        dir = dir.open_child(bytes)?;
    }
    Ok((dir, name))
}

/// True if the file exists; an error if it is not a regular file.
fn regular_file_exists(dir: &Dir, name: &OsStr) -> io::Result<bool> {
    match dir.kind_of(name.as_encoded_bytes())? {
        None => Ok(false),
        Some(FileKind::File) => Ok(true),
        Some(FileKind::Symlink) => Err(link(name)),
        Some(FileKind::Directory) => Err(io::ErrorKind::IsADirectory.into()),
        Some(FileKind::Other) => Err(refused("not a regular file")),
    }
}

fn link(name: &OsStr) -> io::Error {
    refused(&format!("{} is a symbolic link, which a relative path does not follow; name its target", name.display()))
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

fn is_document(dir: &Dir, name: &OsStr) -> io::Result<bool> {
    let mut start = Vec::new();
    dir.read(name.as_encoded_bytes())?.take(64).read_to_end(&mut start)?;
    Ok(DOCUMENT_STARTS.iter().any(|known| start.starts_with(known)))
}
