//! "Did you mean …?"

/// The candidate closest to `word`, if it is close enough for a typing error: at most a third of the
/// letters differ, or the word is the beginning of exactly one candidate.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(usize, &str)> = None;
    let mut begun: Vec<&str> = Vec::new();
    for candidate in candidates {
        let distance = strsim::damerau_levenshtein(word, candidate);
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
        if word.chars().count() >= 3 && candidate.starts_with(word) {
            begun.push(candidate);
        }
    }
    let allowed = (word.chars().count() / 3).max(1);
    match (best, begun.as_slice()) {
        (Some((distance, candidate)), _) if distance <= allowed => Some(candidate),
        (_, [only]) => Some(only),
        _ => None,
    }
}

/// `; did you mean `x`?` or nothing, for the end of a message.
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    closest(wrong, known)
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_corrected() {
        assert_eq!(closest("fail-on", ["fail_on", "pack"]), Some("fail_on"));
        assert_eq!(closest("sevirity", ["severity", "pack"]), Some("severity"));
    }

    #[test]
    fn a_beginning_is_completed_when_it_is_the_only_one() {
        assert_eq!(
            closest("trusted_a", ["trusted_accounts", "trusted_organizations"]),
            Some("trusted_accounts")
        );
        assert_eq!(
            closest("trusted", ["trusted_accounts", "trusted_organizations"]),
            None
        );
    }

    #[test]
    fn something_else_gets_no_suggestion() {
        assert_eq!(closest("weather", ["fail_on", "pack"]), None);
        assert_eq!(closest("", ["fail_on"]), None);
    }
}
