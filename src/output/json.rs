//! `-o json`: the report exactly as its types say, `coldbucket-report/1`.
//!
//! One JSON document, laid out so that both a parser and `grep` or `diff` can live with it: the
//! members of the two outer levels stand on a line each, and everything below on that line. A result
//! is one line. The other formats that are JSON use the same writer.
//!
//! What JSON allows but a terminal acts on (C1 controls, marks that turn the direction of writing,
//! characters of no width) is written as `\u202e`: the same text to a parser, and plain to the eye.

use std::io::{self, BufWriter, IntoInnerError, Write};

use serde::Serialize;
use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

use super::hostile;
use crate::report::ReportParts;
use crate::report::parts::Take;

/// Writes the report and a newline.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &dyn ReportParts, out: &mut dyn Write) -> io::Result<()> {
    document(&WholeReport(report), out)
}

/// The report, its lists written piece by piece.
struct WholeReport<'r>(&'r dyn ReportParts);

impl Serialize for WholeReport<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parts = self.0;
        // The members of the type itself, in its order; the lists are put in their places.
        let head = parts.head().without_lists();
        let Value::Object(members) = serde_json::to_value(&head).map_err(S::Error::custom)? else {
            return Err(S::Error::custom("a report is an object"));
        };
        let mut map = serializer.serialize_map(Some(members.len()))?;
        for (name, value) in &members {
            match name.as_str() {
                "results" => map.serialize_entry(name, &PiecewiseList(&|take| parts.results(take))),
                "buckets" => map.serialize_entry(name, &PiecewiseList(&|take| parts.buckets(take))),
                "cold_start" => {
                    map.serialize_entry(name, &PiecewiseList(&|take| parts.cold_starts(take)))
                }
                "gaps" => map.serialize_entry(name, &PiecewiseList(&|take| parts.gaps(take))),
                _ => map.serialize_entry(name, value),
            }?;
        }
        map.end()
    }
}

/// Hands over the pieces of a list.
type ReadPieces<'r, T> = dyn for<'t> Fn(Take<'t, T>) -> io::Result<()> + 'r;

/// One list of a report, read by a function that hands over its pieces.
struct PiecewiseList<'r, T>(&'r ReadPieces<'r, T>);

impl<T: Serialize> Serialize for PiecewiseList<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut failed = None;
        let read = (self.0)(&mut |piece| {
            for item in piece {
                if let Err(error) = list.serialize_element(item) {
                    failed = Some(error);
                    return Err(io::ErrorKind::Other.into());
                }
            }
            Ok(())
        });
        // The writer's own error: a closed pipe is known by its kind.
        match (failed, read) {
            (Some(error), _) => Err(error),
            (None, Err(error)) => Err(S::Error::custom(error)),
            (None, Ok(())) => list.end(),
        }
    }
}

/// Writes any document in the layout of the report.
///
/// # Errors
/// Those of the writer.
pub fn document(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    spread(2, value, out)
}

/// Writes any document on one line.
///
/// # Errors
/// Those of the writer.
pub fn line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    spread(0, value, out)
}

/// Writes any document with so many levels spread over lines, and a line feed.
pub(super) fn spread(levels: usize, value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let layout = Lines {
        levels,
        depth: 0,
        filled: false,
    };
    // JSON is written in pieces of a few bytes: a buffer of a known type takes them without a call each.
    let mut out = BufWriter::new(out);
    let mut serializer = Serializer::with_formatter(&mut out, layout);
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")?;
    // Not flushed: a format may write a document a line.
    out.into_inner().map_err(IntoInnerError::into_error)?;
    Ok(())
}

/// An object without the members that say nothing: null, and empty lists and objects.
pub(super) fn present(mut object: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.retain(|_, member| match member {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
            _ => true,
        });
    }
    object
}

/// A list whose items are made while it is written, so that they are never all in memory.
pub(super) struct LazyList<F>(pub(super) F);

impl<I, T, F> Serialize for LazyList<F>
where
    F: Fn() -> I,
    I: Iterator<Item = T>,
    T: Serialize,
{
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

struct Lines {
    /// How many levels are spread over lines.
    levels: usize,
    depth: usize,
    /// The innermost open list or object has something in it.
    filled: bool,
}

impl Lines {
    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        let spread = self.depth <= self.levels && self.filled;
        self.depth = self.depth.saturating_sub(1);
        if spread {
            self.line(out)?;
        }
        self.filled = true;
        out.write_all(bracket)
    }

    fn item<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        if self.depth <= self.levels {
            self.line(out)?;
        }
        Ok(())
    }

    fn line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\n")?;
        for _ in 0..self.depth {
            out.write_all(b"  ")?;
        }
        Ok(())
    }
}

impl Formatter for Lines {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if fragment.is_ascii() && !fragment.contains('\u{7f}') {
            return out.write_all(fragment.as_bytes());
        }
        let mut rest = 0;
        for (at, letter) in fragment.char_indices() {
            if hostile::acts(letter) {
                out.write_all(fragment.get(rest..at).unwrap_or_default().as_bytes())?;
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
                rest = at + letter.len_utf8();
            }
        }
        out.write_all(fragment.get(rest..).unwrap_or_default().as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.item(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _out: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.item(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(if self.depth <= self.levels {
            b": "
        } else {
            b":"
        })
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _out: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(value: &serde_json::Value) -> String {
        let mut out = Vec::new();
        document(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn two_levels_are_spread_and_the_rest_is_one_line() {
        let value =
            json!({"a": 1, "b": [{"c": [1, 2], "d": {}}, {}], "e": [], "f": {"g": {"h": null}}});
        assert_eq!(
            written(&value),
            "{\n  \"a\": 1,\n  \"b\": [\n    {\"c\":[1,2],\"d\":{}},\n    {}\n  ],\n  \"e\": [],\n  \"f\": {\n    \"g\": {\"h\":null}\n  }\n}\n"
        );
    }

    #[test]
    fn what_acts_on_a_terminal_is_escaped_and_reads_back() {
        let value = json!({"\u{202e}a\u{9b}": "é\u{e0041}\u{7f}東\u{2028}"});
        let text = written(&value);
        assert_eq!(
            text,
            "{\n  \"\\u202ea\\u009b\": \"é\\udb40\\udc41\\u007f東\\u2028\"\n}\n"
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }

    #[test]
    fn what_is_written_reads_back() {
        let value = json!({"a": [[], [[1]], {"b": "\u{1b}\n"}], "c": "x"});
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&written(&value)).unwrap(),
            value
        );
    }
}
