//! What measurements of an account say about its other functions.
//!
//! An account's functions of one runtime share habits: how much they import, which SDK they use, how they
//! are built. Where several of them were measured, the median of measured over estimated corrects the
//! estimates of the others, drawn to 1 where few were measured.

/// How many functions must be measured before they say anything about others.
pub const ENOUGH: usize = 3;

/// What the correction is drawn to 1 by: it weighs as much as so many functions that take what was
/// estimated.
const PRIOR_FUNCTIONS: f64 = 2.0;

/// A correction by what an account measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccountBias {
    /// Times the estimate.
    pub factor: f64,
    /// Functions that were measured.
    pub functions: u32,
}

impl AccountBias {
    /// From measured over estimated, one ratio a function; `None` where fewer than [`ENOUGH`] are
    /// numbers above 0.
    pub fn of(ratios: &[f64]) -> Option<Self> {
        let mut logarithms: Vec<f64> = ratios
            .iter()
            .filter(|ratio| ratio.is_finite() && **ratio > 0.0)
            .map(|ratio| ratio.ln())
            .collect();
        if logarithms.len() < ENOUGH {
            return None;
        }
        logarithms.sort_by(f64::total_cmp);
        let middle = logarithms.len() / 2;
        let upper = logarithms.get(middle)?;
        let median = if logarithms.len().is_multiple_of(2) {
            f64::midpoint(*logarithms.get(middle.checked_sub(1)?)?, *upper)
        } else {
            *upper
        };
        let functions = u32::try_from(logarithms.len()).ok()?;
        let weight = f64::from(functions) / (f64::from(functions) + PRIOR_FUNCTIONS);
        Some(Self {
            factor: (median * weight).exp(),
            functions,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_few_functions_is_drawn_to_one() {
        // Three functions that take twice the estimate: 2^(3/5).
        let bias = AccountBias::of(&[2.0, 2.0, 2.0]).unwrap();
        assert!((bias.factor - 1.516).abs() < 0.001, "{bias:?}");
        assert_eq!(bias.functions, 3);
        // Thirty of them: 2^(30/32).
        let bias = AccountBias::of(&[2.0; 30]).unwrap();
        assert!((bias.factor - 1.915).abs() < 0.001, "{bias:?}");
        // One that is far off moves nothing.
        let bias = AccountBias::of(&[1.0, 1.0, 50.0]).unwrap();
        assert!((bias.factor - 1.0).abs() < 1e-9, "{bias:?}");
    }

    #[test]
    fn two_functions_say_nothing() {
        assert_eq!(AccountBias::of(&[3.0, 3.0]), None);
        assert_eq!(AccountBias::of(&[3.0, 3.0, f64::NAN, 0.0]), None);
    }
}
