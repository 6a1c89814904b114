//! How a run is named on a command line, so that a printed command reads the same data.

/// The options of a run by what other commands take of them, as words that are not quoted yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    /// `--sample`, `--snapshot FILE`, or `--profile`, `--region` and `--endpoint-url` as given.
    pub source: Vec<String>,
    /// `--policies` and `--config`: where checks and thresholds come from.
    pub catalogue: Vec<String>,
    /// `--pack`, unless it is the default.
    pub pack: Vec<String>,
    /// The other options of `audit` but its outputs: selection, gate and opt-in readings.
    pub audit: Vec<String>,
}
