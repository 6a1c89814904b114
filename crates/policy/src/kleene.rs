//! Yes, no or not known, several of them together. Why something is not known is left to the caller.

/// Whether all hold: one that does not decides.
pub fn all(items: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    decided(items, false)
}

/// Whether one holds: one that does decides.
pub fn any(items: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    decided(items, true)
}

fn decided(items: impl IntoIterator<Item = Option<bool>>, deciding: bool) -> Option<bool> {
    let mut found = Some(!deciding);
    for item in items {
        match item {
            Some(value) if value == deciding => return Some(deciding),
            Some(_) => {}
            None => found = None,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{all, any};

    #[test]
    fn what_is_not_known_counts_only_where_it_could_decide() {
        let (yes, no, unknown) = (Some(true), Some(false), None);
        for (items, of_all, of_any) in [
            ([yes, yes], yes, yes),
            ([yes, no], no, yes),
            ([no, no], no, no),
            ([yes, unknown], unknown, yes),
            ([no, unknown], no, unknown),
            ([unknown, unknown], unknown, unknown),
        ] {
            let [first, second] = items;
            for order in [items, [second, first]] {
                assert_eq!((all(order), any(order)), (of_all, of_any), "{order:?}");
            }
        }
    }
}
