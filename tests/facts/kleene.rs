//! Unknowns combine as Kleene's three-valued logic, and keep their reasons.

use coldbucket::facts::{Because, Fact};
use coldbucket::inventory::need::ReadingKind;
use coldbucket::report::Reason;
use proptest::prelude::*;

fn unknown(action: &str) -> Fact<bool> {
    Fact::Unknown {
        because: vec![Because {
            reason: Reason::Denied,
            action: action.to_owned().into(),
            detail: "AccessDenied".into(),
        }],
    }
}

fn value(fact: &Fact<bool>) -> Option<bool> {
    fact.known().copied()
}

#[test]
fn the_table() {
    let (t, f, u) = (Some(true), Some(false), None);
    let facts = |value| match value {
        Some(value) => Fact::Known(value),
        None => unknown("s3:GetBucketPolicy"),
    };
    let table = [
        // left, right, and, or
        (t, t, t, t),
        (t, f, f, t),
        (t, u, u, t),
        (f, t, f, t),
        (f, f, f, f),
        (f, u, f, u),
        (u, t, u, t),
        (u, f, f, u),
        (u, u, u, u),
    ];
    for (left, right, and, or) in table {
        assert_eq!(
            value(&facts(left).and(facts(right))),
            and,
            "{left:?} and {right:?}"
        );
        assert_eq!(
            value(&facts(left).or(facts(right))),
            or,
            "{left:?} or {right:?}"
        );
    }
    assert_eq!(value(&facts(t).negate()), f);
    assert_eq!(value(&facts(u).negate()), u);
}

fn fact() -> impl Strategy<Value = Fact<bool>> {
    prop_oneof![
        any::<bool>().prop_map(Fact::Known),
        "[a-c]".prop_map(|action| unknown(&action)),
    ]
}

/// Replaces an unknown by a value: what would have been if the call had answered.
fn settled(fact: &Fact<bool>, value: bool) -> Fact<bool> {
    match fact {
        Fact::Known(known) => Fact::Known(*known),
        Fact::Unknown { .. } => Fact::Known(value),
    }
}

proptest! {
    #[test]
    fn order_does_not_matter(a in fact(), b in fact()) {
        prop_assert_eq!(a.clone().and(b.clone()), b.clone().and(a.clone()));
        prop_assert_eq!(a.clone().or(b.clone()), b.or(a));
    }

    #[test]
    fn grouping_does_not_matter(a in fact(), b in fact(), c in fact()) {
        let left = a.clone().and(b.clone()).and(c.clone());
        let right = a.clone().and(b.clone().and(c.clone()));
        prop_assert_eq!(value(&left), value(&right));
        let left = a.clone().or(b.clone()).or(c.clone());
        prop_assert_eq!(value(&left), value(&a.or(b.or(c))));
    }

    #[test]
    fn de_morgan(a in fact(), b in fact()) {
        prop_assert_eq!(
            a.clone().and(b.clone()).negate(),
            a.negate().or(b.negate())
        );
    }

    #[test]
    fn what_is_known_stays_whatever_the_unknown_turns_out_to_be(
        a in fact(), b in fact(), x in any::<bool>(), y in any::<bool>()
    ) {
        for (combined, truth) in [
            (a.clone().and(b.clone()), settled(&a, x).and(settled(&b, y))),
            (a.clone().or(b.clone()), settled(&a, x).or(settled(&b, y))),
        ] {
            if let Some(known) = value(&combined) {
                prop_assert_eq!(Some(known), value(&truth));
            }
        }
    }

    #[test]
    fn an_unknown_always_says_why(a in fact(), b in fact()) {
        for combined in [a.clone().and(b.clone()), a.clone().or(b.clone())] {
            prop_assert_eq!(combined.known().is_none(), !combined.because().is_empty());
        }
        let both = a.zip(b);
        prop_assert_eq!(both.known().is_none(), !both.because().is_empty());
    }
}

#[test]
fn reasons_are_gathered_once() {
    let both = unknown("b").and(unknown("a")).and(unknown("b"));
    let actions: Vec<&str> = both
        .because()
        .iter()
        .map(|because| &*because.action)
        .collect();
    assert_eq!(actions, ["a", "b"]);
    let not_read: Fact<bool> = Fact::not_collected(ReadingKind::BucketPolicy);
    assert_eq!(not_read.because()[0].action, "s3:GetBucketPolicy");
    assert_eq!(not_read.because()[0].reason, Reason::NotCollected);
}
