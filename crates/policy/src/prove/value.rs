//! What a key can have in the requests that are looked at, and whether some value of it satisfies a
//! list of conditions.
//!
//! For one key the conditions are sorted by theory: texts ([`super::glob`]), numbers
//! ([`super::numeric`]), addresses ([`super::ip`]); a key of many values is in [`super::solve`]. A
//! handful of likely values is tried first, because most conjunctions are satisfied by the first
//! literal that comes to mind; only when all of them fail is the theory asked, whose "no" is a
//! proof. Conditions of two theories on one key (a text pattern on an address) have no common
//! theory: if no likely value satisfies them, nothing is known.

use std::sync::Arc;

use super::atom::{Atom, ValueSort, ValueTest};
use super::boolean;
use super::budget::{Budget, Exhausted};
use super::glob::{self, Glob};
use super::ip::Addresses;
use super::numeric::{self, NumberRange};

/// What a key can have.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Domain {
    /// The request may be without it.
    pub(super) optional: bool,
    /// What it can be when it is there.
    pub(super) values: Values,
    /// It takes a list of values.
    pub(super) many: bool,
}

/// The values of a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    /// None: it is always absent.
    None,
    /// One of these.
    Of(Vec<String>),
    /// One of these words.
    Words(&'static [&'static str]),
    /// A text.
    Text {
        /// What it begins with.
        prefix: String,
        /// What it must match; nothing for any text.
        within: Vec<Glob>,
        /// What it must not match.
        without: Vec<Glob>,
    },
    /// A number.
    Number(NumberRange),
    /// A point in time.
    Time(NumberRange),
    /// An address, not one of these networks if there is another: what a policy names is held, not
    /// met by chance.
    Address(AddressDomain, Arc<Addresses>),
}

/// The addresses that requests come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AddressDomain {
    /// Any address, private networks included.
    Any,
    /// An address of the internet.
    Public,
    /// One that the caller cannot choose: only sets of addresses that exclude no one count.
    Unchosen,
}

impl Domain {
    /// Always absent.
    pub(super) const fn absent() -> Self {
        Self {
            optional: true,
            values: Values::None,
            many: false,
        }
    }

    /// Always this.
    pub(super) fn fixed(value: impl Into<String>) -> Self {
        Self {
            optional: false,
            values: Values::Of(vec![value.into()]),
            many: false,
        }
    }

    /// Always one of these.
    pub(super) const fn of(values: Vec<String>) -> Self {
        Self {
            optional: false,
            values: Values::Of(values),
            many: false,
        }
    }

    /// Always a whole number between these.
    #[allow(
        clippy::cast_precision_loss,
        reason = "milliseconds of a week are far below 2^53"
    )]
    pub(super) const fn whole_numbers(min: u64, max: u64) -> Self {
        Self {
            optional: false,
            values: Values::Number(NumberRange {
                min: min as f64,
                max: max as f64,
                whole: true,
            }),
            many: false,
        }
    }

    /// Any text, or absent.
    pub(super) const fn any_text() -> Self {
        Self {
            optional: true,
            values: Values::Text {
                prefix: String::new(),
                within: Vec::new(),
                without: Vec::new(),
            },
            many: false,
        }
    }

    /// Whether the key can have that value.
    pub(super) fn admits(&self, value: &str) -> bool {
        match &self.values {
            Values::None => false,
            Values::Of(values) => values.iter().any(|found| found == value),
            Values::Words(words) => words.contains(&value),
            Values::Text {
                prefix,
                within,
                without,
            } => {
                value.starts_with(prefix.as_str())
                    && (within.is_empty() || within.iter().any(|glob| glob.matches(value)))
                    && !without.iter().any(|glob| glob.matches(value))
            }
            Values::Number(line) | Values::Time(line) => numeric::parse(value)
                .or_else(|| numeric::parse_date(value))
                .is_some_and(|value| value >= line.min && value <= line.max),
            Values::Address(..) => value.parse::<core::net::IpAddr>().is_ok(),
        }
    }

    /// The same, but it may be missing.
    pub(super) fn or_absent(mut self) -> Self {
        self.optional = true;
        self
    }
}

/// Which way doubts are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    /// A condition that is unclear is not satisfied: what is found is a real request.
    Down,
    /// It is satisfied: what is not found does not exist.
    Up,
}

/// A condition and whether it must hold or must not.
pub(super) type Literal<'a> = (&'a Atom, bool);

/// What came of looking for one value.
pub(super) enum SolvedValue {
    /// This one.
    Value(String),
    /// There is none.
    Nothing,
    /// It could not be worked out.
    Unclear,
}

/// Looks for one value.
///
/// # Errors
/// When the budget is used up.
pub(super) fn one(
    domain: &Domain,
    literals: &[Literal<'_>],
    budget: &mut Budget,
) -> Result<SolvedValue, Exhausted> {
    let weight: usize = literals.iter().map(|(atom, _)| atom.weight()).sum();
    budget.spend(weight)?;
    let passes = |value: &str| {
        literals
            .iter()
            .all(|(atom, wanted)| atom.passes(value) == *wanted)
    };
    match &domain.values {
        Values::None => Ok(SolvedValue::Nothing),
        Values::Of(values) => {
            budget.spend(weight.saturating_mul(values.len()))?;
            Ok(values
                .iter()
                .find(|value| passes(value))
                .map_or(SolvedValue::Nothing, |value| {
                    SolvedValue::Value(value.clone())
                }))
        }
        Values::Words(words) => {
            budget.spend(weight.saturating_mul(words.len()))?;
            Ok(words
                .iter()
                .find(|word| passes(word))
                .map_or(SolvedValue::Nothing, |word| {
                    SolvedValue::Value((*word).to_owned())
                }))
        }
        Values::Text {
            prefix,
            within,
            without,
        } => text(prefix, within, without, literals, budget),
        Values::Number(line) => Ok(number(*line, literals, |value| Some(numeric::write(value)))),
        Values::Time(line) => Ok(number(*line, literals, numeric::write_date)),
        Values::Address(of, named) => Ok(address(*of, named, literals)),
    }
}

/// How many likely texts are tried before the theory is asked.
const GUESSES: usize = 16;

/// Looks for a text. Where an ARN pattern must not match, a text of six parts is looked for first: what
/// `ArnNotLike` says of any other text is not documented.
fn text(
    prefix: &str,
    within: &[Glob],
    without: &[Glob],
    literals: &[Literal<'_>],
    budget: &mut Budget,
) -> Result<SolvedValue, Exhausted> {
    let open = prefix.matches(':').count() < 5;
    let refuses_arns = |(atom, wanted): &Literal<'_>| atom.of_arns && *wanted == atom.negated;
    if open && literals.iter().any(refuses_arns) {
        let six_parts = [Glob::like("*:*:*:*:*:*")];
        let found = text_of(prefix, within, without, &six_parts, literals, budget)?;
        if !matches!(found, SolvedValue::Nothing) {
            return Ok(found);
        }
    }
    text_of(prefix, within, without, &[], literals, budget)
}

fn text_of(
    prefix: &str,
    within: &[Glob],
    without: &[Glob],
    form: &[Glob],
    literals: &[Literal<'_>],
    budget: &mut Budget,
) -> Result<SolvedValue, Exhausted> {
    let mut required: Vec<&[Glob]> = Vec::with_capacity(literals.len() + 2);
    let mut forbidden: Vec<&Glob> = without.iter().collect();
    if !within.is_empty() {
        required.push(within);
    }
    if !form.is_empty() {
        required.push(form);
    }
    let mut foreign = false;
    for (atom, wanted) in literals {
        foreign |= !atom.is_of_text();
        match &atom.test {
            ValueTest::Text(globs) if *wanted != atom.negated => required.push(globs),
            ValueTest::Text(globs) => forbidden.extend(globs),
            _ => {}
        }
    }
    let passes = |value: &str| {
        required
            .iter()
            .all(|globs| globs.iter().any(|glob| glob.matches(value)))
            && !forbidden.iter().any(|glob| glob.matches(value))
            && literals.iter().all(|(atom, wanted)| {
                atom.is_of_text() || atom.is_told_of(value) && atom.passes(value) == *wanted
            })
    };
    let compared = compared(literals);
    for value in &compared {
        budget.spend(literals.len() + value.len())?;
        if value.starts_with(prefix) && passes(value) {
            return Ok(SolvedValue::Value(value.clone()));
        }
    }
    // A value that passes a comparison is of its type, and one of each kind was tried.
    let is_met = |(atom, wanted): &Literal<'_>| *wanted != atom.negated;
    let of_one_type = literals.first().is_some_and(|(first, _)| {
        !first.is_of_text() && literals.iter().all(|(atom, _)| atom.sort == first.sort)
    });
    let is_free = prefix.is_empty() && within.is_empty() && without.is_empty();
    if is_free && of_one_type && literals.iter().any(is_met) {
        return Ok(SolvedValue::Nothing);
    }
    let look: usize = required
        .iter()
        .flat_map(|globs| globs.iter())
        .chain(forbidden.iter().copied())
        .map(Glob::len)
        .sum();
    // A required list without wildcards leaves only its members.
    if let Some(members) = required
        .iter()
        .find(|globs| globs.iter().all(|glob| glob.literal().is_some()))
    {
        for member in members.iter().filter_map(Glob::literal) {
            budget.spend(look + member.len())?;
            if member.starts_with(prefix) && passes(member) {
                return Ok(SolvedValue::Value(member.to_owned()));
            }
        }
        return Ok(SolvedValue::Nothing);
    }
    let guesses = required
        .iter()
        .flat_map(|globs| globs.iter())
        .map(Glob::example)
        .chain((required.is_empty()).then(|| format!("{prefix}x")));
    for guess in guesses.take(GUESSES) {
        budget.spend(look + guess.len())?;
        if guess.starts_with(prefix) && passes(&guess) {
            return Ok(SolvedValue::Value(guess));
        }
    }
    if foreign {
        return Ok(if required.iter().any(|globs| globs.is_empty()) {
            SolvedValue::Nothing
        } else {
            SolvedValue::Unclear
        });
    }
    let question = glob::GlobQuestion {
        prefix,
        required,
        forbidden,
    };
    Ok(glob::solve(&question, budget)?.map_or(SolvedValue::Nothing, SolvedValue::Value))
}

/// Values of the type that conditions on a text compare: what they say of a text that is no number, no
/// date, no address or no boolean is not documented.
fn compared(literals: &[Literal<'_>]) -> Vec<String> {
    let of = |sort: ValueSort| {
        literals
            .iter()
            .filter(move |(atom, _)| atom.sort == sort)
            .filter_map(|(atom, _)| match &atom.test {
                ValueTest::Number(_, constants) => Some(constants.as_slice()),
                _ => None,
            })
            .flatten()
            .copied()
    };
    let mut values: Vec<String> = Vec::new();
    for (atom, _) in literals {
        match atom.sort {
            ValueSort::Boolean if values.is_empty() => {
                values.extend(boolean::VALUES.map(str::to_owned));
            }
            ValueSort::Address if values.is_empty() => {
                let example = addresses(literals).example();
                values.extend(example.map(|address| address.to_string()));
            }
            ValueSort::Number if values.is_empty() => {
                let points = numeric::representatives(NumberRange::ANY, of(ValueSort::Number));
                values.extend(points.into_iter().map(numeric::write));
            }
            ValueSort::Time if values.is_empty() => {
                let points = numeric::representatives(NumberRange::SINCE_1970, of(ValueSort::Time));
                values.extend(points.into_iter().filter_map(numeric::write_date));
            }
            _ => {}
        }
    }
    values
}

fn number(
    line: NumberRange,
    literals: &[Literal<'_>],
    write: impl Fn(f64) -> Option<String>,
) -> SolvedValue {
    let constants = literals.iter().flat_map(|(atom, _)| match &atom.test {
        ValueTest::Number(_, constants) => constants.as_slice(),
        _ => &[],
    });
    let foreign = literals
        .iter()
        .any(|(atom, _)| !matches!(atom.test, ValueTest::Number(..)));
    let literal_texts = literals.iter().flat_map(|(atom, _)| match &atom.test {
        ValueTest::Text(globs) => globs.as_slice(),
        _ => &[],
    });
    let points = numeric::representatives(line, constants.copied());
    let mut imprecise = false;
    for point in &points {
        let holds = |atom: &Atom| match &atom.test {
            ValueTest::Number(comparison, constants) => {
                constants
                    .iter()
                    .any(|constant| numeric::holds(*comparison, *point, *constant))
                    != atom.negated
            }
            _ => true,
        };
        if !literals.iter().all(|(atom, wanted)| match &atom.test {
            ValueTest::Number(..) => holds(atom) == *wanted,
            _ => true,
        }) {
            continue;
        }
        // What is written must still pass: dates are written to the second.
        match write(*point) {
            Some(written)
                if literals
                    .iter()
                    .all(|(atom, wanted)| atom.passes(&written) == *wanted) =>
            {
                return SolvedValue::Value(written);
            }
            _ => imprecise = true,
        }
    }
    if foreign {
        for text in literal_texts.filter_map(Glob::literal) {
            let within = numeric::parse(text)
                .or_else(|| numeric::parse_date(text))
                .is_some_and(|value| value >= line.min && value <= line.max);
            if within
                && literals
                    .iter()
                    .all(|(atom, wanted)| atom.passes(text) == *wanted)
            {
                return SolvedValue::Value(text.to_owned());
            }
        }
        // Only texts can still decide, and numbers are not texts to this theory.
        return SolvedValue::Unclear;
    }
    if imprecise {
        SolvedValue::Unclear
    } else {
        SolvedValue::Nothing
    }
}

/// The addresses that satisfy the address conditions among the literals.
pub(super) fn addresses(literals: &[Literal<'_>]) -> Addresses {
    literals
        .iter()
        .fold(Addresses::all(), |set, (atom, wanted)| match &atom.test {
            ValueTest::Address(named) if *wanted == atom.negated => set.and(&named.complement()),
            ValueTest::Address(named) => set.and(named),
            _ => set,
        })
}

fn address(domain: AddressDomain, named: &Addresses, literals: &[Literal<'_>]) -> SolvedValue {
    let broad = domain == AddressDomain::Unchosen;
    let set = match domain {
        AddressDomain::Any => addresses(literals),
        AddressDomain::Public | AddressDomain::Unchosen => {
            addresses(literals).and(Addresses::public())
        }
    };
    if set.is_empty() || (broad && !set.is_broad()) {
        return SolvedValue::Nothing;
    }
    let texts = literals
        .iter()
        .filter(|(atom, _)| !matches!(atom.test, ValueTest::Address(_)));
    let mut candidates: Vec<String> = set
        .and(&named.complement())
        .example()
        .or_else(|| set.example())
        .map(|address| address.to_string())
        .into_iter()
        .collect();
    let foreign: Vec<&Literal<'_>> = texts.collect();
    for (atom, _) in &foreign {
        if let ValueTest::Text(globs) = &atom.test
            && !broad
        {
            candidates.extend(globs.iter().filter_map(Glob::literal).map(str::to_owned));
        }
    }
    let passes = |value: &String| {
        value.parse().is_ok_and(|address| set.contains(address))
            && foreign
                .iter()
                .all(|(atom, wanted)| atom.passes(value) == *wanted)
    };
    // A text pattern on an address narrows it in a way that has no size.
    if broad && foreign.iter().any(|(atom, wanted)| *wanted != atom.negated) {
        return SolvedValue::Unclear;
    }
    match candidates.into_iter().find(passes) {
        Some(value) => SolvedValue::Value(value),
        None if foreign.is_empty() || foreign.iter().any(|literal| lists_all(literal)) => {
            SolvedValue::Nothing
        }
        None => SolvedValue::Unclear,
    }
}

/// Whether a condition asks for one of some texts that it writes in full.
fn lists_all((atom, wanted): &Literal<'_>) -> bool {
    *wanted != atom.negated
        && matches!(&atom.test, ValueTest::Text(globs)
            if globs.iter().all(|glob| glob.literal().is_some()))
}
