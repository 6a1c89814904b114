//! Reading a live account.
