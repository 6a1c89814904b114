//! Lists of a report that wait in a temporary file, compressed, until a format writes them.
//!
//! A piece is at most [`PIECE`] items of one account, so that reading takes the memory of one piece however
//! many accounts there are, and however large one is. The file has no name: it is gone when the process ends.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::report::parts::Take;

/// Items of a piece.
const PIECE: usize = 1_000;

/// Where one piece is.
#[derive(Clone, Copy, Debug)]
struct PiecePlace {
    from: u64,
    bytes: u64,
}

/// The file.
#[derive(Debug)]
pub(super) struct Spool {
    file: RefCell<File>,
    end: u64,
}

/// One list of it.
#[derive(Debug, Default)]
pub(super) struct SpooledList(Vec<PiecePlace>);

impl Spool {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            file: RefCell::new(tempfile::tempfile()?),
            end: 0,
        })
    }

    /// Adds the items of one account to a list.
    pub(super) fn add<T: Serialize>(
        &mut self,
        list: &mut SpooledList,
        items: &[T],
    ) -> io::Result<()> {
        for piece in items.chunks(PIECE) {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            serde_json::to_writer(&mut encoder, piece)?;
            let bytes = encoder.finish()?;
            let file = self.file.get_mut();
            file.seek(SeekFrom::Start(self.end))?;
            file.write_all(&bytes)?;
            let length = u64::try_from(bytes.len()).map_err(io::Error::other)?;
            list.0.push(PiecePlace {
                from: self.end,
                bytes: length,
            });
            self.end = self.end.saturating_add(length);
        }
        Ok(())
    }

    /// Hands over the pieces of a list in their order.
    pub(super) fn each<T: DeserializeOwned>(
        &self,
        list: &SpooledList,
        take: Take<'_, T>,
    ) -> io::Result<()> {
        for place in &list.0 {
            let mut bytes = Vec::new();
            {
                let mut file = self.file.try_borrow_mut().map_err(io::Error::other)?;
                file.seek(SeekFrom::Start(place.from))?;
                (&mut *file).take(place.bytes).read_to_end(&mut bytes)?;
            }
            let mut text = Vec::new();
            DeflateDecoder::new(bytes.as_slice()).read_to_end(&mut text)?;
            let items: Vec<T> = serde_json::from_slice(&text)?;
            take(&items)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn lists_come_back_in_order_whatever_was_written_between() {
        let mut spool = Spool::new().unwrap();
        let (mut numbers, mut texts) = (SpooledList::default(), SpooledList::default());
        for start in [0, 5_000, 10_000] {
            let more: Vec<u64> = (start..start + 2_500).collect();
            spool.add(&mut numbers, &more).unwrap();
            spool.add(&mut texts, &[format!("from {start}")]).unwrap();
        }
        let mut read: Vec<u64> = Vec::new();
        let mut most = 0;
        spool
            .each(&numbers, &mut |piece: &[u64]| {
                most = most.max(piece.len());
                read.extend(piece);
                Ok(())
            })
            .unwrap();
        let expected: Vec<u64> = [0, 5_000, 10_000]
            .into_iter()
            .flat_map(|start| start..start + 2_500)
            .collect();
        assert_eq!(read, expected);
        assert_eq!(most, PIECE);
        let mut read: Vec<String> = Vec::new();
        let mut take = |piece: &[String]| {
            read.extend(piece.iter().cloned());
            Ok(())
        };
        spool.each(&texts, &mut take).unwrap();
        assert_eq!(read, ["from 0", "from 5000", "from 10000"]);
    }

    #[test]
    fn what_stops_reading_is_the_reader_s_own_error() {
        let mut spool = Spool::new().unwrap();
        let mut list = SpooledList::default();
        spool.add(&mut list, &[1, 2]).unwrap();
        let error = spool
            .each(
                &list,
                &mut |_: &[u64]| Err(io::ErrorKind::BrokenPipe.into()),
            )
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
