//! Judging: facts and checks in, results out. Not async, no I/O, no clock.
