//! A limit on requests a second: a token bucket, as AWS describes its own.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::{Answer, Behaviour};

/// The buckets: one for all, or one a service and Region.
#[derive(Debug, Default)]
pub struct Throttle {
    buckets: Mutex<HashMap<String, (f64, Instant)>>,
}

impl Throttle {
    /// True when the request is within the limit.
    pub fn admits(&self, behaviour: &Behaviour, service: &str, region: &str) -> bool {
        let Some(limit) = behaviour.limit else {
            return true;
        };
        let capacity = behaviour.burst.unwrap_or(limit / 10.0).max(1.0);
        let key = if behaviour.limit_each {
            format!("{service}/{region}")
        } else {
            String::new()
        };
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, filled) = buckets.entry(key).or_insert((capacity, now));
        let grown = now.duration_since(*filled).as_secs_f64() * limit;
        *tokens = (*tokens + grown).min(capacity);
        *filled = now;
        let admitted = *tokens >= 1.0;
        if admitted {
            *tokens -= 1.0;
        }
        admitted
    }
}

/// What a service says when it is asked too often.
pub fn slow_down(service: &str) -> Answer {
    match service {
        "s3" | "s3control" => {
            Answer::error(service, 503, "SlowDown", "Please reduce your request rate.")
        }
        "lambda" => Answer::error(service, 429, "TooManyRequestsException", "Rate Exceeded."),
        _ => Answer::error(service, 400, "ThrottlingException", "Rate exceeded"),
    }
}
