//! One step budget a policy, so that every policy ends.
//!
//! Deciding whether a set of patterns leaves a hole is PSPACE-complete, and clauses over conditions
//! are NP-hard already with booleans: a caller can always write a policy that takes for ever. Steps
//! are counted instead of time, so the same policy gives the same answer on every machine; a policy
//! that uses its budget up is answered with "unknown", never with a guess.

/// The budget of a policy with all its questions. One step is about one machine word of automaton
/// state moved by one character, one value tried against one pattern, or the like; an ordinary
/// policy uses a few thousand.
pub(super) const STEPS: u64 = 25_000_000;

/// The budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted;

/// What is left.
#[derive(Debug)]
pub(crate) struct Budget {
    left: u64,
    /// Reading policies costs steps too, not only searching.
    counts_reading: bool,
}

impl Budget {
    /// A full one.
    pub(crate) const fn new(steps: u64) -> Self {
        Self {
            left: steps,
            counts_reading: false,
        }
    }

    /// A full one that reading costs steps of as well: for policies of any length by anyone, of which a
    /// comparison reads each statement many times.
    pub(crate) const fn counting_reading(steps: u64) -> Self {
        Self {
            left: steps,
            counts_reading: true,
        }
    }

    /// Takes steps away for reading, if reading counts.
    ///
    /// # Errors
    /// As [`Budget::spend`].
    pub(crate) fn spend_reading(&mut self, steps: usize) -> Result<(), Exhausted> {
        if self.counts_reading {
            self.spend(steps)
        } else {
            Ok(())
        }
    }

    /// Takes steps away.
    ///
    /// # Errors
    /// When there are not that many left; from then on there are none.
    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), Exhausted> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Exhausted)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spent_does_not_come_back() {
        let mut budget = Budget::new(10);
        assert_eq!(budget.spend(7), Ok(()));
        assert_eq!(budget.spend(4), Err(Exhausted));
        assert_eq!(budget.spend(1), Err(Exhausted));
    }
}
