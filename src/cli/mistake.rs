//! A mistake of the user: what is wrong, where, and the likely fix.

use std::fmt;

/// A place in a text file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileLocation {
    /// The file as the user named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl FileLocation {
    /// The place of a byte offset in a text.
    pub fn at(file: &str, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or("").chars().count() + 1,
        }
    }
}

impl fmt::Display for FileLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A value and its place; none for the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub place: Option<FileLocation>,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where; absent for the command line.
    pub place: Option<FileLocation>,
    /// What is wrong.
    pub message: String,
    /// The likely fix.
    pub help: Option<String>,
}

impl Mistake {
    /// A mistake on the command line.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            place: None,
            message: message.into(),
            help: None,
        }
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, place: Option<FileLocation>) -> Self {
        self.place = place;
        self
    }

    /// Adds the likely fix.
    #[must_use]
    pub fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        Ok(())
    }
}

/// All mistakes of one start, in the order they were found. Never empty when returned.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => one.fmt(f),
            several => {
                write!(f, "{} mistakes", several.len())?;
                for mistake in several {
                    write!(f, "\n  {mistake}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Mistakes {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let text = "a = 1\nü = x";
        let place = FileLocation::at("f", text, text.find('x').unwrap_or_default());
        assert_eq!((place.line, place.column), (2, 5));
    }

    #[test]
    fn an_offset_past_the_end_is_the_end() {
        assert_eq!(FileLocation::at("f", "ab", 99).column, 3);
    }

    #[test]
    fn one_mistake_is_one_line_and_several_are_a_list() {
        let one = Mistake::new("first").help(Some("did you mean `fist`?".to_owned()));
        let two = Mistake::new("second").at(Some(FileLocation::at("c.toml", "", 0)));
        assert_eq!(
            Mistakes(vec![one.clone()]).to_string(),
            "first; did you mean `fist`?"
        );
        assert_eq!(
            Mistakes(vec![one, two]).to_string(),
            "2 mistakes\n  first; did you mean `fist`?\n  c.toml:1:1: second"
        );
    }
}
