//! What the facts conclude, from readings written by hand. Each table states what is right by AWS's
//! documentation; nothing here was copied from what the program printed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[path = "facts/access.rs"]
mod access;
#[path = "facts/access_points.rs"]
mod access_points;
#[path = "facts/bucket_kinds.rs"]
mod bucket_kinds;
#[path = "facts/buckets.rs"]
mod buckets;
#[path = "facts/config.rs"]
mod config;
#[path = "facts/control_policies.rs"]
mod control_policies;
#[path = "facts/data_events.rs"]
mod data_events;
#[path = "facts/functions.rs"]
mod functions;
#[path = "facts/identities.rs"]
mod identities;
#[path = "facts/keys.rs"]
mod keys;
#[path = "facts/kleene.rs"]
mod kleene;
#[path = "facts/log_delivery.rs"]
mod log_delivery;
#[path = "facts/needs.rs"]
mod needs;
#[path = "facts/objects.rs"]
mod objects;
#[path = "facts/product.rs"]
mod product;
#[path = "facts/subjects.rs"]
mod subjects;
#[path = "facts/support.rs"]
mod support;
#[path = "facts/transport.rs"]
mod transport;
#[path = "facts/web_functions.rs"]
mod web_functions;
#[path = "facts/wiring.rs"]
mod wiring;
