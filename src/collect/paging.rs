//! When a list goes on.
//!
//! AWS's lists differ in what they call the token and in whether an empty one stands for none. One
//! rule holds for all of them: an empty token ends the list, and so does one that repeats, which
//! would otherwise be asked for for ever.

/// The token of the next page, after the page that was asked for with `present`.
pub fn following(next: Option<&str>, present: Option<&str>) -> Option<String> {
    next.filter(|next| !next.is_empty() && Some(*next) != present)
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::following;

    #[test]
    fn a_list_ends_without_a_token_with_an_empty_one_and_with_one_that_repeats() {
        assert_eq!(following(Some("b"), Some("a")).as_deref(), Some("b"));
        assert_eq!(following(Some("a"), None).as_deref(), Some("a"));
        for (next, present) in [
            (None, Some("a")),
            (Some(""), Some("a")),
            (Some("a"), Some("a")),
        ] {
            assert_eq!(following(next, present), None);
        }
    }
}
