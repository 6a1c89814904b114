//! Texts under wildcards: is there one that matches these patterns and none of those?
//!
//! A pattern is a small non-deterministic automaton: position *i* means that its first *i* tokens
//! have been read. The positions that are possible at once are bits of machine words, and one
//! character moves all of them with a shift and two masks. Several patterns are read side by side;
//! the tuple of their bit sets is one state of the product, and a breadth-first walk over those
//! states finds the shortest text — or, when the walk ends, proves that there is none.
//!
//! Only the characters that occur in the patterns can tell states apart; one more stands for all
//! the others. Two cuts keep the walk short: a state in which a required pattern is dead, or in
//! which a forbidden one can no longer be escaped (it has reached its closing `*`), leads nowhere.
//! Past [`ANTICHAIN_FROM`] states a third one pays: a state is dropped when an earlier one could do
//! everything it can, that is, has all its required positions and no more forbidden ones.
//!
//! The walk starts behind the part that is known (`arn:aws:s3:::bucket/`): the patterns read it
//! once, and what is left of them (their residual) is all that is searched. Often nothing is: a
//! forbidden pattern that covers a required one by its tokens leaves no text.

use std::collections::HashSet;
use std::rc::Rc;

use super::budget::{Budget, Exhausted};

/// From this many states on, dominated states are looked for: the look costs a scan.
const ANTICHAIN_FROM: usize = 500;

/// Forbidden patterns are compared with required ones only where that is no more pairs than this.
const COMPARED_PAIRS: usize = 1_000;

/// The character that stands for all that no pattern names, if it is free itself.
const OTHERS: [char; 12] = ['x', 'y', 'z', 'a', 'b', 'k', 'q', '0', '1', '7', '-', '_'];

/// A part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum GlobToken {
    /// This character.
    Char(char),
    /// This character or its other case; held in lower case.
    AnyCase(char),
    /// `?`: one character.
    One,
    /// `?` inside an ARN's segment: one character, no colon.
    OneInSegment,
    /// `*`: any run of characters.
    Many,
    /// `*` inside an ARN's segment: any run without a colon.
    ManyInSegment,
}

impl GlobToken {
    const fn repeats(self) -> bool {
        matches!(self, Self::Many | Self::ManyInSegment)
    }

    fn takes(self, found: char) -> bool {
        match self {
            Self::Char(wanted) => wanted == found,
            Self::AnyCase(wanted) => fold(found) == wanted,
            Self::Many => true,
            Self::One => !is_symbol(found),
            Self::OneInSegment | Self::ManyInSegment => found != ':' && !is_symbol(found),
        }
    }

    /// Whether a character may be taken by it and by another token, neither of which repeats; "no" is
    /// certain.
    fn may_share(self, other: Self) -> bool {
        match (self, other) {
            (Self::Char(found), taker) | (taker, Self::Char(found)) => taker.takes(found),
            (Self::AnyCase(one), Self::AnyCase(other)) => one == other,
            _ => true,
        }
    }

    /// Whether it takes all that another token does; "no" is not certain.
    fn stands_for(self, other: Self) -> bool {
        match (self, other) {
            (Self::Many, _) => true,
            (taker, Self::Char(found)) => taker.takes(found),
            (Self::One, Self::OneInSegment) | (Self::ManyInSegment, Self::OneInSegment) => true,
            (one, other) => one == other,
        }
    }
}

/// The first of the characters that stand for the value of a variable; they are from Unicode's private
/// use area.
const SYMBOLS: char = '\u{F0000}';

/// The character that stands for a variable's value, whatever it is: only itself and `*` match it.
pub(super) fn symbol(variable: usize) -> char {
    u32::try_from(variable)
        .ok()
        .and_then(|variable| char::from_u32(SYMBOLS as u32 + variable.min(0xFFFD)))
        .unwrap_or(SYMBOLS)
}

const fn is_symbol(found: char) -> bool {
    found >= SYMBOLS
}

/// Lower case of one character; itself where lower case is not one character.
pub(super) fn fold(found: char) -> char {
    let mut lower = found.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        _ => found,
    }
}

/// A pattern over whole texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob {
    tokens: Vec<GlobToken>,
    /// The one text it matches, when it has no wildcard and regards case.
    literal: Option<String>,
}

impl Glob {
    /// From tokens; runs of `*` become one.
    pub(super) fn new(mut tokens: Vec<GlobToken>) -> Self {
        tokens.dedup_by(|token, before| token.repeats() && token == before);
        let is_char = |token: &GlobToken| matches!(token, GlobToken::Char(_));
        let literal = tokens.iter().all(is_char).then(|| written(&tokens));
        Self { tokens, literal }
    }

    /// The text itself, wildcards and all.
    pub(super) fn exactly(text: &str) -> Self {
        Self {
            tokens: spelled(text, GlobToken::Char),
            literal: Some(text.to_owned()),
        }
    }

    /// The text in any case.
    pub(super) fn any_case(text: &str) -> Self {
        Self::new(spelled(text, |found| GlobToken::AnyCase(fold(found))))
    }

    /// `*` and `?` are wildcards.
    pub(super) fn like(text: &str) -> Self {
        if !text.contains(['*', '?']) {
            return Self::exactly(text);
        }
        Self::new(spelled(text, |found| match found {
            '*' => GlobToken::Many,
            '?' => GlobToken::One,
            other => GlobToken::Char(other),
        }))
    }

    /// The one text it matches, if there is only one.
    pub(super) fn literal(&self) -> Option<&str> {
        self.literal.as_deref()
    }

    /// True where a character of it stands for others, but for its case.
    pub(super) fn has_wildcards(&self) -> bool {
        let is_letter =
            |token: &GlobToken| matches!(token, GlobToken::Char(_) | GlobToken::AnyCase(_));
        !self.tokens.iter().all(is_letter)
    }

    /// As it would be written in a policy.
    pub(super) fn written(&self) -> String {
        written(&self.tokens)
    }

    /// Its tokens.
    pub(super) fn into_tokens(self) -> Vec<GlobToken> {
        self.tokens
    }

    /// How many tokens: what one look at it costs.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// What it says of the texts that begin with a prefix: it matches all of them, none of them, or
    /// that depends.
    pub(super) fn of_prefix(&self, prefix: &str) -> Option<bool> {
        let mut known = prefix.chars();
        for (place, token) in self.tokens.iter().enumerate() {
            match token {
                GlobToken::Many => return (place + 1 == self.tokens.len()).then_some(true),
                GlobToken::ManyInSegment => return None,
                single => match known.next() {
                    Some(found) if single.takes(found) => {}
                    Some(_) => return Some(false),
                    None => return None,
                },
            }
        }
        known.next().map(|_| false)
    }

    /// A text that it matches, as short as can be.
    pub(super) fn example(&self) -> String {
        self.tokens
            .iter()
            .filter_map(|token| match token {
                GlobToken::Char(found) | GlobToken::AnyCase(found) => Some(*found),
                GlobToken::One | GlobToken::OneInSegment => Some('x'),
                GlobToken::Many | GlobToken::ManyInSegment => None,
            })
            .collect()
    }

    /// True when it matches the whole text.
    pub(super) fn matches(&self, text: &str) -> bool {
        match &self.literal {
            Some(literal) => literal == text,
            None => read_all(&self.tokens, text.chars(), GlobToken::takes),
        }
    }

    /// Whether no text matches both it and another pattern, as their beginnings and ends show it; "no"
    /// is not certain.
    fn is_apart_from(&self, other: &Self) -> bool {
        let (one, other) = (self.tokens.iter(), other.tokens.iter());
        begin_apart(one.clone(), other.clone()) || begin_apart(one.rev(), other.rev())
    }

    /// Whether it matches every text that another pattern does, as the tokens show it; "no" is not
    /// certain.
    fn covers(&self, other: &Self) -> bool {
        read_all(
            &self.tokens,
            other.tokens.iter().copied(),
            GlobToken::stands_for,
        )
    }
}

/// Whether no text can begin with what stands before the first run of two patterns.
fn begin_apart<'a>(
    one: impl Iterator<Item = &'a GlobToken>,
    other: impl Iterator<Item = &'a GlobToken>,
) -> bool {
    one.zip(other)
        .take_while(|(one, other)| !one.repeats() && !other.repeats())
        .any(|(one, other)| !one.may_share(*other))
}

/// A text as tokens, character by character.
fn spelled(text: &str, token: impl Fn(char) -> GlobToken) -> Vec<GlobToken> {
    let mut tokens = Vec::with_capacity(text.len());
    tokens.extend(text.chars().map(token));
    tokens
}

/// Tokens as they would be written in a policy.
fn written(tokens: &[GlobToken]) -> String {
    let mut text = String::with_capacity(tokens.len());
    text.extend(tokens.iter().map(|token| match token {
        GlobToken::Char(found) | GlobToken::AnyCase(found) => *found,
        GlobToken::One | GlobToken::OneInSegment => '?',
        GlobToken::Many | GlobToken::ManyInSegment => '*',
    }));
    text
}

/// Whether tokens read a whole sequence. The last wildcard run is the only one that takes more when
/// the tokens behind it fail: it can take whatever an earlier one could leave it, and a run that stops
/// at a colon is only followed by colons that stand fast (see `arn`).
fn read_all<T: Copy>(
    tokens: &[GlobToken],
    sequence: impl Iterator<Item = T> + Clone,
    takes: impl Fn(GlobToken, T) -> bool,
) -> bool {
    let mut rest = sequence;
    let mut at = 0;
    // The last run, and what stands behind what it has taken.
    let mut run = None;
    loop {
        let mut behind = rest.clone();
        match (tokens.get(at).copied(), behind.next()) {
            (Some(token), _) if token.repeats() => {
                run = Some((at, rest.clone()));
                at += 1;
                continue;
            }
            (Some(token), Some(found)) if takes(token, found) => {
                at += 1;
                rest = behind;
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((place, left)) = &mut run else {
            return false;
        };
        match (tokens.get(*place), left.next()) {
            (Some(token), Some(found)) if takes(*token, found) => {
                at = *place + 1;
                rest = left.clone();
            }
            _ => return false,
        }
    }
}

/// A question over texts.
#[derive(Debug, Default)]
pub(super) struct GlobQuestion<'a> {
    /// What the text begins with, known beforehand.
    pub(super) prefix: &'a str,
    /// One pattern of each list must match the whole text.
    pub(super) required: Vec<&'a [Glob]>,
    /// None of these may match the whole text.
    pub(super) forbidden: Vec<&'a Glob>,
}

impl<'a> GlobQuestion<'a> {
    fn globs(&self) -> impl Iterator<Item = &'a Glob> {
        self.required
            .iter()
            .flat_map(|group| group.iter())
            .chain(self.forbidden.iter().copied())
    }

    /// Whether two required lists exclude each other, as their beginnings and ends show it.
    fn is_contradictory(&self) -> bool {
        let exclude = |one: &[Glob], other: &[Glob]| {
            one.len().saturating_mul(other.len()) <= COMPARED_PAIRS
                && one
                    .iter()
                    .all(|glob| other.iter().all(|wanted| glob.is_apart_from(wanted)))
        };
        let mut lists = self.required.iter();
        while let Some(list) = lists.next() {
            if lists.clone().any(|other| exclude(list, other)) {
                return true;
            }
        }
        false
    }

    /// Whether the forbidden patterns cover all of one required list, as their tokens show it.
    fn is_covered(&self) -> bool {
        let covered = |wanted: &Glob| {
            self.forbidden
                .iter()
                .any(|forbidden| forbidden.covers(wanted))
        };
        self.required.iter().any(|group| {
            group.len().saturating_mul(self.forbidden.len()) <= COMPARED_PAIRS
                && group.iter().all(covered)
        })
    }
}

/// What is left of a pattern behind the known beginning.
#[derive(Clone, Copy)]
struct PatternRest<'a> {
    tokens: &'a [GlobToken],
    /// The part of the beginning that stands behind its first wildcard run and is still to be read.
    unread: &'a str,
}

impl<'a> PatternRest<'a> {
    /// None for a pattern that matches no text with that beginning.
    fn of(glob: &'a Glob, prefix: &'a str) -> Option<Self> {
        let mut tokens = glob.tokens.as_slice();
        let mut unread = prefix.chars();
        while let Some(found) = unread.clone().next() {
            let (first, rest) = tokens.split_first()?;
            if first.repeats() {
                break;
            }
            if !first.takes(found) {
                return None;
            }
            tokens = rest;
            unread.next();
        }
        Some(Self {
            tokens,
            unread: unread.as_str(),
        })
    }
}

/// The automaton of one pattern over the alphabet of the question.
struct Machine<'a> {
    residual: PatternRest<'a>,
    /// First word of its bits in a state.
    at: usize,
    /// Number of words.
    words: usize,
    /// By character of the alphabet, the tokens that take it, as bits; then the repeating ones.
    masks: Vec<u64>,
    /// All repeating tokens.
    repeating: Vec<u64>,
    accept: usize,
    /// True when it ends with `*` and so cannot be left once that is reached.
    closes: bool,
}

impl<'a> Machine<'a> {
    fn new(residual: PatternRest<'a>, at: usize, alphabet: &[char]) -> Self {
        let tokens = residual.tokens;
        let words = tokens.len() / 64 + 1;
        let mut masks = vec![0; words * alphabet.len() * 2];
        let mut repeating = vec![0; words];
        for (index, token) in tokens.iter().enumerate() {
            let (word, bit) = (index / 64, 1u64 << (index % 64));
            if token.repeats()
                && let Some(mask) = repeating.get_mut(word)
            {
                *mask |= bit;
            }
            for (letter, found) in alphabet.iter().enumerate() {
                if token.takes(*found) {
                    let half = usize::from(token.repeats());
                    if let Some(mask) = masks.get_mut((letter * 2 + half) * words + word) {
                        *mask |= bit;
                    }
                }
            }
        }
        Self {
            residual,
            at,
            words,
            masks,
            repeating,
            accept: tokens.len(),
            closes: tokens.last() == Some(&GlobToken::Many),
        }
    }

    fn of<'s>(&self, state: &'s [u64]) -> &'s [u64] {
        state.get(self.at..self.at + self.words).unwrap_or_default()
    }

    /// A run may be empty: its position implies the next one.
    fn skip_runs(&self, bits: &mut [u64]) {
        // Two runs can stand side by side (an ARN's and a plain one), so once may not be enough.
        loop {
            let mut carry = 0;
            let mut grew = false;
            for (word, repeating) in bits.iter_mut().zip(&self.repeating) {
                let runs = *word & repeating;
                let next = *word | (runs << 1) | carry;
                carry = runs >> 63;
                grew |= next != *word;
                *word = next;
            }
            if !grew {
                return;
            }
        }
    }

    /// The positions behind the known beginning.
    fn start(&self, bits: &mut [u64]) {
        if let Some(first) = bits.first_mut() {
            *first |= 1;
        }
        self.skip_runs(bits);
        for found in self.residual.unread.chars() {
            self.read_char(bits, found);
        }
    }

    /// Reads one character by its masks.
    fn step(&self, from: &[u64], single: &[u64], runs: &[u64], to: &mut [u64]) {
        let mut carry = 0;
        for (((to, from), single), runs) in to.iter_mut().zip(from).zip(single).zip(runs) {
            let moved = from & single;
            *to = (moved << 1) | carry | (from & runs);
            carry = moved >> 63;
        }
        self.skip_runs(to);
    }

    /// The tokens that take a character of the alphabet, single ones and runs.
    fn masks_of(&self, letter: usize) -> (&[u64], &[u64]) {
        let at = letter * 2 * self.words;
        let masks = self.masks.get(at..at + 2 * self.words).unwrap_or_default();
        masks.split_at_checked(self.words).unwrap_or_default()
    }

    /// The tokens that take a character of the alphabet and not its first one, or the other way round.
    fn apart_from_first(&self, letter: usize) -> impl Iterator<Item = u64> {
        let (single, runs) = self.masks_of(letter);
        let (first_single, first_runs) = self.masks_of(0);
        let single = single.iter().zip(first_single);
        let runs = runs.iter().zip(first_runs);
        single
            .zip(runs)
            .map(|((one, first), (run, first_run))| (one ^ first) | (run ^ first_run))
    }

    /// Reads a character of the alphabet; false where no position is left.
    fn read(&self, from: &[u64], letter: usize, to: &mut [u64]) -> bool {
        let (single, runs) = self.masks_of(letter);
        self.step(from, single, runs, to);
        to.iter().any(|word| *word != 0)
    }

    /// Reads a character that need not be in the alphabet.
    fn read_char(&self, bits: &mut [u64], found: char) {
        let mut carry = 0;
        for (word, first) in bits.iter_mut().zip((0..).step_by(64)) {
            let (mut moved, mut kept) = (0, 0);
            let tokens = self.residual.tokens.iter().skip(first).take(64);
            for (index, token) in tokens.enumerate() {
                let bit = *word & (1 << index);
                if bit != 0 && token.takes(found) {
                    *(if token.repeats() {
                        &mut kept
                    } else {
                        &mut moved
                    }) |= bit;
                }
            }
            *word = (moved << 1) | carry | kept;
            carry = moved >> 63;
        }
        self.skip_runs(bits);
    }

    fn has(&self, state: &[u64], position: usize) -> bool {
        self.of(state)
            .get(position / 64)
            .is_some_and(|word| word >> (position % 64) & 1 == 1)
    }

    fn accepts(&self, state: &[u64]) -> bool {
        self.has(state, self.accept)
    }

    fn is_dead(&self, state: &[u64]) -> bool {
        self.of(state).iter().all(|word| *word == 0)
    }

    /// A forbidden pattern that matches now and whatever follows.
    fn is_final(&self, state: &[u64]) -> bool {
        self.closes && self.accepts(state)
    }
}

/// The characters that can tell apart what is left of the patterns, the pleasant ones first.
fn alphabet(question: &GlobQuestion<'_>) -> Vec<char> {
    let upper = |found: char| found.to_uppercase().next();
    let mut letters: Vec<char> = Vec::new();
    let mut colon = false;
    for glob in question.globs() {
        let left =
            PatternRest::of(glob, question.prefix).map_or(0, |residual| residual.tokens.len());
        for (place, token) in glob.tokens.iter().enumerate() {
            let is_read = place + left < glob.tokens.len();
            match token {
                // A character that another case or a variable stands for may differ from all others
                // behind the beginning too.
                GlobToken::Char(found) | GlobToken::AnyCase(found)
                    if is_read && found.is_ascii() => {}
                GlobToken::Char(found) => letters.push(*found),
                GlobToken::AnyCase(found) => {
                    letters.push(*found);
                    letters.extend(upper(*found));
                }
                GlobToken::OneInSegment | GlobToken::ManyInSegment => colon = true,
                GlobToken::One | GlobToken::Many => {}
            }
        }
    }
    if colon {
        letters.push(':');
    }
    letters.sort_unstable();
    letters.dedup();
    let is_named = |candidate: char| {
        let is = |found: char| found == candidate || found == fold(candidate);
        question
            .globs()
            .flat_map(|glob| &glob.tokens)
            .any(|token| match token {
                GlobToken::Char(found) => is(*found),
                GlobToken::AnyCase(found) => is(*found) || upper(*found).is_some_and(is),
                _ => false,
            })
    };
    let other = OTHERS
        .iter()
        .copied()
        .chain('\u{e0}'..='\u{fff}')
        .chain('\u{10000}'..='\u{10ffff}')
        .find(|candidate| !is_named(*candidate));
    // A separator or a control character is a witness only when nothing else will do.
    letters.sort_by_key(|letter| (!letter.is_ascii_alphanumeric(), *letter));
    other.into_iter().chain(letters).collect()
}

struct GlobProduct<'a> {
    required: Vec<Vec<Machine<'a>>>,
    forbidden: Vec<Machine<'a>>,
    words: usize,
    /// By character of the alphabet, the bits of a state that read it otherwise than the first one.
    apart: Vec<Vec<u64>>,
}

impl<'a> GlobProduct<'a> {
    fn new(question: &GlobQuestion<'a>, alphabet: &[char]) -> Self {
        let mut words = 0;
        let mut machine = |glob| {
            let machine = Machine::new(PatternRest::of(glob, question.prefix)?, words, alphabet);
            words += machine.words;
            Some(machine)
        };
        let required = question
            .required
            .iter()
            .map(|group| group.iter().filter_map(&mut machine).collect())
            .collect();
        let forbidden = question
            .forbidden
            .iter()
            .copied()
            .filter_map(machine)
            .collect();
        let mut this = Self {
            required,
            forbidden,
            words,
            apart: Vec::new(),
        };
        let apart = |letter| {
            this.machines()
                .flat_map(move |machine| machine.apart_from_first(letter))
        };
        this.apart = (0..alphabet.len())
            .map(|letter| apart(letter).collect())
            .collect();
        this
    }

    fn machines(&self) -> impl Iterator<Item = &Machine<'a>> {
        self.required.iter().flatten().chain(&self.forbidden)
    }

    fn start(&self) -> Vec<u64> {
        let mut state = vec![0; self.words];
        for machine in self.machines() {
            if let Some(bits) = state.get_mut(machine.at..machine.at + machine.words) {
                machine.start(bits);
            }
        }
        state
    }

    /// Reads a character; false where nothing that begins like this can be an answer.
    fn read(&self, state: &[u64], letter: usize, next: &mut [u64]) -> bool {
        let read = |machine: &Machine<'_>, next: &mut [u64]| {
            next.get_mut(machine.at..machine.at + machine.words)
                .is_some_and(|to| machine.read(machine.of(state), letter, to))
        };
        for group in &self.required {
            let mut is_alive = false;
            for machine in group {
                is_alive |= read(machine, next);
            }
            if !is_alive {
                return false;
            }
        }
        self.forbidden.iter().all(|machine| {
            read(machine, next);
            !machine.is_final(next)
        })
    }

    /// Nothing that begins like this can be an answer.
    fn is_hopeless(&self, state: &[u64]) -> bool {
        self.required
            .iter()
            .any(|group| group.iter().all(|machine| machine.is_dead(state)))
            || self.forbidden.iter().any(|machine| machine.is_final(state))
    }

    fn accepts(&self, state: &[u64]) -> bool {
        self.required
            .iter()
            .all(|group| group.iter().any(|machine| machine.accepts(state)))
            && !self.forbidden.iter().any(|machine| machine.accepts(state))
    }

    /// `strong` can do whatever `weak` can: more required positions, fewer forbidden ones.
    fn dominates(&self, strong: &[u64], weak: &[u64]) -> bool {
        let within = |machine: &Machine<'_>, inner: &[u64], outer: &[u64]| {
            machine
                .of(inner)
                .iter()
                .zip(machine.of(outer))
                .all(|(inner, outer)| inner & !outer == 0)
        };
        self.required
            .iter()
            .flatten()
            .all(|machine| within(machine, weak, strong))
            && self
                .forbidden
                .iter()
                .all(|machine| within(machine, strong, weak))
    }
}

/// The shortest text that answers the question, or none: then no text does.
///
/// # Errors
/// When the budget is used up before either is known.
pub(super) fn solve(
    question: &GlobQuestion<'_>,
    budget: &mut Budget,
) -> Result<Option<String>, Exhausted> {
    let cost: usize = question.globs().map(Glob::len).sum();
    budget.spend(cost)?;
    if question.is_contradictory() || question.is_covered() {
        return Ok(None);
    }
    let alphabet = alphabet(question);
    budget.spend(cost.saturating_mul(alphabet.len()))?;
    let product = GlobProduct::new(question, &alphabet);
    budget.spend(cost.saturating_mul(question.prefix.len()))?;

    let start: Rc<[u64]> = product.start().into();
    if product.is_hopeless(&start) {
        return Ok(None);
    }
    // Parent and letter of every state but the first.
    let mut trail: Vec<(usize, char)> = vec![(0, '\0')];
    let mut states = vec![Rc::clone(&start)];
    let mut known = HashSet::from([start]);
    let mut next = vec![0; product.words];
    let mut at = 0;
    while let Some(state) = states.get(at).cloned() {
        if product.accepts(&state) {
            return Ok(Some(spell(question.prefix, &trail, at)));
        }
        for (letter, (found, apart)) in alphabet.iter().zip(&product.apart).enumerate() {
            budget.spend(product.words + 1)?;
            // A character that no position reads otherwise than the first one leads where that does.
            let is_first_again =
                letter > 0 && apart.iter().zip(&*state).all(|(bits, at)| bits & at == 0);
            if is_first_again
                || !product.read(&state, letter, &mut next)
                || known.contains(next.as_slice())
            {
                continue;
            }
            let next: Rc<[u64]> = next.as_slice().into();
            known.insert(Rc::clone(&next));
            if states.len() > ANTICHAIN_FROM {
                budget.spend(states.len().saturating_mul(product.words) / 4)?;
                if states
                    .iter()
                    .any(|earlier| product.dominates(earlier, &next))
                {
                    continue;
                }
            }
            states.push(next);
            trail.push((at, *found));
        }
        at += 1;
    }
    Ok(None)
}

fn spell(prefix: &str, trail: &[(usize, char)], mut at: usize) -> String {
    let mut letters = Vec::new();
    while at != 0 {
        let Some((parent, letter)) = trail.get(at) else {
            break;
        };
        letters.push(*letter);
        at = *parent;
    }
    prefix.chars().chain(letters.into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ask(prefix: &str, required: &[&[&str]], forbidden: &[&str]) -> Option<String> {
        let required: Vec<Vec<Glob>> = required
            .iter()
            .map(|group| group.iter().map(|text| Glob::like(text)).collect())
            .collect();
        let forbidden: Vec<Glob> = forbidden.iter().map(|text| Glob::like(text)).collect();
        solve(
            &GlobQuestion {
                prefix,
                required: required.iter().map(Vec::as_slice).collect(),
                forbidden: forbidden.iter().collect(),
            },
            &mut Budget::new(100_000_000),
        )
        .unwrap()
    }

    #[test]
    fn a_pattern_covers_another_by_its_tokens() {
        let covers = |upper: &str, lower: &str| Glob::like(upper).covers(&Glob::like(lower));
        assert!(covers("a*", "a?b*"));
        assert!(covers("*b", "a*b"));
        assert!(covers("*", "?*"));
        assert!(!covers("a?*", "a*"));
        assert!(!covers("?", "*"));
        // One character in any case is not one in lower case.
        assert!(!Glob::exactly("a").covers(&Glob::any_case("a")));
        // A variable may stand for no character or several.
        let variable = Glob::new(vec![GlobToken::Char(symbol(0))]);
        assert!(covers("*", "") && Glob::like("*").covers(&variable));
        assert!(!Glob::like("?").covers(&variable));
    }

    #[test]
    fn a_partition_leaves_nothing() {
        assert_eq!(ask("", &[&["a*"]], &["a", "a?*"]), None);
        assert_eq!(ask("", &[&["????"]], &["?", "???*"]), None);
    }

    #[test]
    fn a_hole_is_found_and_is_the_shortest() {
        assert_eq!(ask("", &[&["a*"]], &["a?*"]), Some("a".to_owned()));
        assert_eq!(ask("", &[&["a*"]], &["a", "a?"]), Some("axx".to_owned()));
    }

    #[test]
    fn the_known_beginning_is_part_of_the_answer() {
        assert_eq!(
            ask("arn:b/", &[&["arn:b/?*"]], &["arn:b/x"]).map(|text| text.len()),
            Some(7)
        );
        assert_eq!(ask("arn:c/", &[&["arn:b/?*"]], &[]), None);
    }

    #[test]
    fn a_character_no_pattern_names_can_be_the_answer() {
        let all: String = ('a'..='z').chain('0'..='9').collect();
        let names: Vec<String> = all.chars().map(String::from).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(ask("", &[&["?"]], &names), Some("-".to_owned()));
    }

    #[test]
    fn a_window_over_ten_characters_is_decided_past_the_antichains_threshold() {
        let window = |first: &str| format!("*{first}{}", "?".repeat(10));
        assert!(ask("", &[&[window("a").as_str()]], &[window("b").as_str()]).is_some());
        assert_eq!(
            ask("", &[&[window("a").as_str()]], &[window("a").as_str()]),
            None
        );
    }

    #[test]
    fn a_pattern_longer_than_a_machine_word() {
        let long = format!("{}*", "ab".repeat(100));
        let found = ask("", &[&[long.as_str()]], &[]).unwrap();
        assert_eq!(found, "ab".repeat(100));
        assert_eq!(
            ask(
                "",
                &[&[long.as_str()]],
                &[format!("{}*", "ab".repeat(50)).as_str()]
            ),
            None
        );
    }

    #[test]
    fn a_budget_that_ends_is_an_error_and_not_an_answer() {
        let group = [Glob::like("*a????????????")];
        let question = GlobQuestion {
            prefix: "",
            required: vec![&group],
            forbidden: Vec::new(),
        };
        assert_eq!(solve(&question, &mut Budget::new(20)), Err(Exhausted));
    }

    /// Texts over three letters up to a length that decides patterns of at most five tokens.
    fn texts(length: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..length {
            last = last
                .iter()
                .flat_map(|text| ['a', 'b', 'x'].map(|letter| format!("{text}{letter}")))
                .collect();
            all.extend(last.clone());
        }
        all
    }

    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => {
                naive(rest, text)
                    || text
                        .split_first()
                        .is_some_and(|(_, tail)| naive(pattern, tail))
            }
            (Some((b'?', rest)), Some((_, tail))) => naive(rest, tail),
            (Some((wanted, rest)), Some((found, tail))) => wanted == found && naive(rest, tail),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn the_walk_agrees_with_trying_every_short_text(
            required in prop::collection::vec(prop::collection::vec("[ab?*]{0,4}", 1..3), 1..3),
            forbidden in prop::collection::vec("[ab?*]{0,4}", 0..3),
        ) {
            let groups: Vec<Vec<&str>> = required.iter().map(|group| group.iter().map(String::as_str).collect()).collect();
            let groups: Vec<&[&str]> = groups.iter().map(Vec::as_slice).collect();
            let none: Vec<&str> = forbidden.iter().map(String::as_str).collect();
            let brute = texts(6).into_iter().find(|text| {
                required.iter().all(|group| group.iter().any(|glob| naive(glob.as_bytes(), text.as_bytes())))
                    && !forbidden.iter().any(|glob| naive(glob.as_bytes(), text.as_bytes()))
            });
            let found = ask("", &groups, &none);
            // What is found is an answer, and no shorter text is.
            if let Some(found) = &found {
                prop_assert!(required.iter().all(|group| group.iter().any(|glob| naive(glob.as_bytes(), found.as_bytes()))));
                prop_assert!(!forbidden.iter().any(|glob| naive(glob.as_bytes(), found.as_bytes())));
            }
            if let Some(brute) = brute {
                prop_assert_eq!(found.map(|text| text.len()), Some(brute.len()));
            } else if let Some(found) = found {
                prop_assert!(found.len() > 6);
            }
        }

        #[test]
        fn matching_one_text_agrees_with_the_naive_way(pattern in "[ab?*]{0,8}", text in "[ab]{0,8}") {
            prop_assert_eq!(Glob::like(&pattern).matches(&text), naive(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
