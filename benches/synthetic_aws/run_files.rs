//! A bucket that keeps what is written to it: the files of runs (`--to s3://coldbucket-runs/…`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::message::{Answer, Call, Operation, escape};
use super::{Behaviour, World};

/// The bucket's name.
pub const RUN_BUCKET: &str = "coldbucket-runs";

/// The objects by key. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct RunFiles(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl RunFiles {
    /// All objects.
    pub fn all(&self) -> BTreeMap<String, Vec<u8>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn put(&self, key: &str, bytes: &[u8]) {
        let mut objects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        objects.insert(key.to_owned(), bytes.to_vec());
    }
}

pub const OPERATIONS: &[Operation] = &[
    Operation {
        service: "s3",
        name: "PutObject",
        matches: |call| call.method == "PUT" && key_of(call).is_some_and(|key| !key.is_empty()),
        answer: put_object,
    },
    Operation {
        service: "s3",
        name: "GetObject",
        matches: |call| call.method == "GET" && key_of(call).is_some_and(|key| !key.is_empty()),
        answer: get_object,
    },
    Operation {
        service: "s3",
        name: "ListObjectsV2",
        matches: |call| call.method == "GET" && key_of(call) == Some(""),
        answer: list_objects,
    },
];

/// The key, empty for the bucket itself; none in another bucket.
fn key_of(call: &Call) -> Option<&str> {
    match call.path.split_once('/').unwrap_or((&call.path, "")) {
        (RUN_BUCKET, key) => Some(key),
        _ => None,
    }
}

fn put_object(_world: &World, behaviour: &Behaviour, call: &Call) -> Answer {
    behaviour
        .run_files
        .put(key_of(call).unwrap_or_default(), &call.raw);
    Answer::xml(String::new())
}

fn get_object(_world: &World, behaviour: &Behaviour, call: &Call) -> Answer {
    match behaviour
        .run_files
        .all()
        .remove(key_of(call).unwrap_or_default())
    {
        Some(bytes) => Answer {
            content_type: "application/octet-stream",
            raw: Some(bytes),
            ..Answer::xml(String::new())
        },
        None => Answer::error("s3", 404, "NoSuchKey", "The specified key does not exist."),
    }
}

/// Only with a delimiter: the folders below a prefix.
fn list_objects(_world: &World, behaviour: &Behaviour, call: &Call) -> Answer {
    let prefix = call.param("prefix");
    let all = behaviour.run_files.all();
    let folders: BTreeSet<String> = all
        .keys()
        .filter_map(|key| {
            let (folder, _) = key.strip_prefix(prefix)?.split_once('/')?;
            Some(format!("{prefix}{folder}/"))
        })
        .collect();
    let listed: String = folders
        .iter()
        .map(|folder| {
            let folder = escape(folder);
            format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>")
        })
        .collect();
    Answer::xml(format!(
        "<ListBucketResult><Name>{RUN_BUCKET}</Name><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>"
    ))
}
