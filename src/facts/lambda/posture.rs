//! The line of the cold-start table for one function.
