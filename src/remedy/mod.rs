//! A plan of fixes.
