//! The central directory of a zip (PKWARE APPNOTE 6.3.10, §4.3), from bytes to entries.
//!
//! Two steps: [`locate`] finds the directory from the file's last bytes, [`read`] walks it. Both
//! take time and memory by what they are given, never by what the file claims.

use thiserror::Error;

/// How many bytes from the end hold the record that says where the directory is: the record, and
/// the longest comment.
pub const TAIL: u64 = 22 + 65_535;

/// The longest directory that is fetched, bytes. Lambda takes 250 MB unzipped; a package of 60,000
/// files with long names stays below.
pub const LONGEST_DIRECTORY: u64 = 8 << 20;

/// The most that all entries together may claim to unzip to, bytes: four times Lambda's own limit
/// of 250 MB.
pub const LARGEST_UNZIPPED: u64 = 1 << 30;

/// Deflate makes at most 1032 bytes of one (zlib's technical notes); a little for tiny files.
const HIGHEST_RATIO: u64 = 1032;
const TINY: u64 = 4096;

const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const END_LENGTH: usize = 22;
const ENTRY_LENGTH: usize = 46;
const LOCAL_LENGTH: u64 = 30;

/// Why a file is not read as a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No end record where a zip has one.
    #[error("it is not a zip file")]
    NotAZip,
    /// Larger than Lambda's limits allow, by format.
    #[error("it is a zip64 or multi-part archive, which no Lambda package needs to be")]
    Zip64,
    /// The directory is longer than is fetched.
    #[error("its directory is longer than any package's")]
    TooLong,
    /// A record does not fit where it stands, or the numbers disagree.
    #[error("its directory is damaged")]
    Damaged,
    /// Sizes that cannot be.
    #[error("its directory claims sizes that cannot be true")]
    Lying,
    /// Two entries share bytes.
    #[error("its entries overlap")]
    Overlapping,
}

/// Where the directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryLocation {
    /// Position in the file.
    pub offset: u64,
    /// Length, bytes; at most [`LONGEST_DIRECTORY`].
    pub length: u64,
    /// Number of entries; at most length / 46.
    pub entries: u64,
}

/// One entry, seen in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its name, as it stands there.
    pub name: &'a [u8],
    /// Compressed, bytes.
    pub zipped: u64,
    /// Unzipped, bytes.
    pub unzipped: u64,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u64> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u64::from(u16::from_le_bytes(pair.try_into().ok()?)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u64> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u64::from(u32::from_le_bytes(four.try_into().ok()?)))
}

/// Finds the directory. `tail` is the end of a file of `file` bytes.
///
/// # Errors
/// When there is no zip, or not one that can be a Lambda package.
pub fn locate(tail: &[u8], file: u64) -> Result<DirectoryLocation, Refusal> {
    let starts = file
        .checked_sub(u64::try_from(tail.len()).map_err(|_| Refusal::NotAZip)?)
        .ok_or(Refusal::Damaged)?;
    // The record may be followed by a comment, whose length it gives; the last one that reaches
    // exactly to the end is it.
    let last = tail.len().checked_sub(END_LENGTH).ok_or(Refusal::NotAZip)?;
    let at = (0..=last)
        .rev()
        .find(|at| {
            let record = tail.get(*at..).unwrap_or_default();
            record.starts_with(END)
                && u16_at(record, 20).and_then(|comment| usize::try_from(comment).ok())
                    == record.len().checked_sub(END_LENGTH)
        })
        .ok_or(Refusal::NotAZip)?;
    let record = tail.get(at..).unwrap_or_default();
    let field16 = |at| u16_at(record, at).ok_or(Refusal::Damaged);
    let field32 = |at| u32_at(record, at).ok_or(Refusal::Damaged);
    let (disk, directory_disk, here, entries) =
        (field16(4)?, field16(6)?, field16(8)?, field16(10)?);
    let (length, offset) = (field32(12)?, field32(16)?);
    if disk != 0 || directory_disk != 0 || here != entries {
        return Err(Refusal::Zip64);
    }
    if entries == 0xffff || length == 0xffff_ffff || offset == 0xffff_ffff {
        return Err(Refusal::Zip64);
    }
    if length > LONGEST_DIRECTORY {
        return Err(Refusal::TooLong);
    }
    let end = starts.saturating_add(u64::try_from(at).unwrap_or(u64::MAX));
    if offset.saturating_add(length) > end || entries.saturating_mul(46) > length {
        return Err(Refusal::Damaged);
    }
    Ok(DirectoryLocation {
        offset,
        length,
        entries,
    })
}

/// Walks the directory and hands every entry on.
///
/// # Errors
/// When the records do not fit or cannot be true. Entries may have been handed on by then.
pub fn read<'a>(
    directory: &'a [u8],
    location: DirectoryLocation,
    mut entry: impl FnMut(Entry<'a>),
) -> Result<(), Refusal> {
    if u64::try_from(directory.len()).ok() != Some(location.length) {
        return Err(Refusal::Damaged);
    }
    let mut rest = directory;
    let mut total: u64 = 0;
    let mut places: Vec<(u64, u64)> = Vec::new();
    while !rest.is_empty() {
        if !rest.starts_with(ENTRY) {
            return Err(Refusal::Damaged);
        }
        let field16 = |at| u16_at(rest, at).ok_or(Refusal::Damaged);
        let field32 = |at| u32_at(rest, at).ok_or(Refusal::Damaged);
        let (method, zipped, unzipped) = (field16(10)?, field32(20)?, field32(24)?);
        let (name, extra, comment) = (field16(28)?, field16(30)?, field16(32)?);
        let offset = field32(42)?;
        if [zipped, unzipped, offset].contains(&0xffff_ffff) {
            return Err(Refusal::Zip64);
        }
        let named = usize::try_from(name).map_err(|_| Refusal::Damaged)?;
        let whole = usize::try_from(name + extra + comment).map_err(|_| Refusal::Damaged)?;
        let name_bytes = rest
            .get(ENTRY_LENGTH..ENTRY_LENGTH + named)
            .ok_or(Refusal::Damaged)?;
        rest = rest.get(ENTRY_LENGTH + whole..).ok_or(Refusal::Damaged)?;
        let stored_as_is = method == 0;
        if stored_as_is && zipped != unzipped
            || unzipped > zipped.saturating_mul(HIGHEST_RATIO).saturating_add(TINY)
        {
            return Err(Refusal::Lying);
        }
        total = total.saturating_add(unzipped);
        let end = offset + LOCAL_LENGTH + name + zipped;
        if total > LARGEST_UNZIPPED || end > location.offset {
            return Err(Refusal::Lying);
        }
        places.push((offset, end));
        entry(Entry {
            name: name_bytes,
            zipped,
            unzipped,
        });
    }
    if u64::try_from(places.len()).ok() != Some(location.entries) {
        return Err(Refusal::Damaged);
    }
    places.sort_unstable();
    let overlap = places
        .iter()
        .zip(places.iter().skip(1))
        .any(|((_, end), (next, _))| next < end);
    if overlap {
        return Err(Refusal::Overlapping);
    }
    Ok(())
}
