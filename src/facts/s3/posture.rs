//! The line of the posture table for one bucket.
