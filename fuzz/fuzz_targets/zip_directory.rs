//! Any bytes as the end of a package, and as its directory: an answer within bounds, never a panic.
#![no_main]

use coldbucket::inventory::archive::directory::{LARGEST_UNZIPPED, locate};
use coldbucket::inventory::archive::summary::{FOLDERS, summarize};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let size = bytes.len() as u64;
    let Ok(location) = locate(bytes, size) else {
        return;
    };
    let (Ok(start), Ok(length)) = (
        usize::try_from(location.offset),
        usize::try_from(location.length),
    ) else {
        return;
    };
    let directory = bytes
        .get(start..start.saturating_add(length))
        .expect("the directory is within the file");
    if let Ok(archive) = summarize(directory, location, size) {
        assert!(archive.unzipped_bytes <= LARGEST_UNZIPPED);
        assert!(archive.files <= location.entries);
        assert!(archive.folders.len() <= FOLDERS);
    }
});
