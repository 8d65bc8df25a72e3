//! The report on several images: one table, and what they have in common. It follows the reports on the images, so none of its own
//! words are those that scripts look for in dive's block, and none of the names in it can imitate a line of that block.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use super::ci::unforgeable;
use crate::ci::{RuleOutcome, Status};
use crate::many::{BaseUsage, ImageSet, MemberRow, MemberSums, SetBytes, SetMember};
use dive_model::escape::Escaped;
use dive_model::units::{Bytes, count_of};

/// The longest name that widens the column of names: a registry, a repository and a digest fit.
const WIDEST_NAME: usize = 200;

/// Bases and names that are listed.
const LISTED: usize = 10;

/// Writes the table of the images, what they share, and the rules over all. `repeated` has the images that were named again.
///
/// # Errors
/// When writing fails.
pub(crate) fn render(
    set: &ImageSet,
    repeated: &[String],
    over_all: &[RuleOutcome],
    out: &mut dyn Write,
) -> io::Result<()> {
    table(set, out)?;
    unread(set, out)?;
    repeats(repeated, out)?;
    if set.unread() < set.len() {
        shared(set, out)?;
        bases(&set.bases(), out)?;
        waste(set, out)?;
    }
    rules(over_all, out)?;
    counts(set, over_all, out)
}

/// The rules for the whole run.
fn rules(over_all: &[RuleOutcome], out: &mut dyn Write) -> io::Result<()> {
    if !over_all.is_empty() {
        writeln!(out, "Rules for the whole run:")?;
    }
    for outcome in over_all {
        writeln!(out, "  {}", shown(outcome.line().as_bytes()))?;
    }
    Ok(())
}

/// A name or a message in one line.
fn shown(text: &[u8]) -> String {
    unforgeable(&Escaped(text).to_string()).into_owned()
}

/// The names of the rows. Equal ones get the platform, which may tell them apart.
fn names(set: &ImageSet) -> Vec<String> {
    let mut platforms: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (member, _) in set.rows() {
        platforms.entry(&member.name).or_default().insert(&member.platform);
    }
    let name = |member: &SetMember| match platforms.get(member.name.as_str()) {
        Some(several) if several.len() > 1 && !member.platform.is_empty() => {
            shown(format!("{} ({})", member.name, member.platform).as_bytes())
        }
        _ => shown(member.name.as_bytes()),
    };
    set.rows().map(|(member, _)| name(member)).collect()
}

fn table(set: &ImageSet, out: &mut dyn Write) -> io::Result<()> {
    let names = names(set);
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp("Image".len(), WIDEST_NAME);
    writeln!(out, "Images:")?;
    writeln!(
        out,
        "{:<width$}  {:>8}  {:>8}  {:>8}  {:>8}  {:>11}  {:>8}  Rules",
        "Image", "Stored", "Unpacked", "Own", "Shared", "Reclaimable", "Kept"
    )?;
    for ((_, row), name) in set.rows().zip(names) {
        match row {
            MemberRow::Unread(_) => {
                let none = "-";
                writeln!(
                    out,
                    "{name:<width$}  {none:>8}  {none:>8}  {none:>8}  {none:>8}  {none:>11}  {none:>8}  unread"
                )?;
            }
            MemberRow::Read { sums, verdict, own_bytes } => {
                let MemberSums { stored_bytes, unpacked_bytes, reclaimable_bytes, exact_efficiency, is_complete } =
                    sums;
                writeln!(
                    out,
                    "{name:<width$}  {:>8}  {:>8}  {:>8}  {:>8}  {:>11}  {:>6.2} %  {}{}",
                    Bytes(stored_bytes).to_string(),
                    Bytes(unpacked_bytes).to_string(),
                    Bytes(own_bytes).to_string(),
                    Bytes(unpacked_bytes.saturating_sub(own_bytes)).to_string(),
                    Bytes(reclaimable_bytes).to_string(),
                    exact_efficiency * 100.0,
                    verdict.word(),
                    if is_complete { "" } else { ", damaged" },
                )?;
            }
        }
    }
    Ok(())
}

fn unread(set: &ImageSet, out: &mut dyn Write) -> io::Result<()> {
    if set.unread() > 0 {
        writeln!(out, "Unread:")?;
    }
    for (_, row) in set.rows() {
        if let MemberRow::Unread(reason) = row {
            writeln!(out, "  {}", shown(reason.as_bytes()))?;
        }
    }
    Ok(())
}

fn repeats(repeated: &[String], out: &mut dyn Write) -> io::Result<()> {
    if repeated.is_empty() {
        return Ok(());
    }
    let mut names: Vec<String> = repeated.iter().take(LISTED).map(|name| shown(name.as_bytes())).collect();
    if repeated.len() > LISTED {
        names.push(format!("and {} more", repeated.len() - LISTED));
    }
    writeln!(out, "Duplicates, read once: {}", names.join(", "))
}

fn shared(set: &ImageSet, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Layers of all images:")?;
    for (what, SetBytes { unpacked, stored }) in
        [("each image alone", set.separate_bytes()), ("each layer once", set.shared_bytes())]
    {
        writeln!(out, "  {what}: {} unpacked, {} stored", Bytes(unpacked), Bytes(stored))?;
    }
    writeln!(
        out,
        "  A host with all images holds each layer once. Deleting an image frees its own bytes: no other image has those layers."
    )
}

fn bases(bases: &[BaseUsage<'_>], out: &mut dyn Write) -> io::Result<()> {
    if bases.is_empty() {
        return Ok(());
    }
    writeln!(out, "Base images:")?;
    for base in bases.iter().take(LISTED) {
        writeln!(out, "  {}: {}", shown(base.name.as_bytes()), versions_of(base))?;
    }
    match bases.len().saturating_sub(LISTED) {
        0 => Ok(()),
        more => writeln!(out, "  ... and {more} more"),
    }
}

/// The versions of a base and the number of images on it: `2 versions in 3 images`.
pub(crate) fn versions_of(base: &BaseUsage<'_>) -> String {
    let images = count_of(base.images as u64, "image");
    match (count_of(base.versions as u64, "version"), base.unknown) {
        (_, _) if base.versions == 0 => format!("unknown version in {images}"),
        (versions, 0) => format!("{versions} in {images}"),
        (versions, unknown) => format!("{versions} in {images}, unknown in {unknown} of them"),
    }
}

fn waste(set: &ImageSet, out: &mut dyn Write) -> io::Result<()> {
    if set.waste().is_empty() {
        return Ok(());
    }
    writeln!(out, "Largest reclaimable groups of all images, each once:")?;
    writeln!(out, "{:>10}  {:>7}  {:>6}  {:<22}  Path", "Size", "Files", "Images", "Cause")?;
    for group in set.waste() {
        writeln!(
            out,
            "{:>10}  {:>7}  {:>6}  {:<22}  {} ({})",
            Bytes(group.size_bytes).to_string(),
            group.files,
            group.images,
            group.cause.name(),
            shown(&group.path),
            shown(group.first_image.as_bytes()),
        )?;
    }
    Ok(())
}

/// The number of images by their outcome.
fn counts(set: &ImageSet, over_all: &[RuleOutcome], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{}", count_of(set.len() as u64, "image"))?;
    match set.broken() {
        0 => {}
        broken => write!(out, ", {broken} with broken rules")?,
    }
    match set.unread() {
        0 => {}
        unread => write!(out, ", {unread} unread")?,
    }
    match over_all.iter().filter(|outcome| outcome.status == Status::Fail).count() {
        0 => writeln!(out),
        broken => writeln!(out, ", {} for the whole run broken", count_of(broken as u64, "rule")),
    }
}
