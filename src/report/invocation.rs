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
    /// What was read before deployment; none for an account.
    pub before_deployment: Option<BeforeDeployment>,
    /// The other options of `audit` but its outputs: selection, gate and opt-in readings.
    pub audit: Vec<String>,
}

/// What was read before deployment: it decides which commands there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeforeDeployment {
    /// Templates.
    Templates,
    /// Terraform plans, perhaps with templates: their fixes are in the configuration, which is not read.
    Plans,
}
