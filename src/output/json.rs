//! `-o json`: the report exactly as its types say, `coldbucket-report/1`.
//!
//! One JSON document, laid out so that both a parser and `grep` or `diff` can live with it: the
//! members of the two outer levels stand on a line each, and everything below on that line. A result
//! is one line.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::report::Report;

/// Writes the report and a newline.
///
/// # Errors
/// Those of the writer.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    document(report, out)
}

/// Writes any document in the layout of the report.
///
/// # Errors
/// Those of the writer.
pub fn document(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, Lines::default());
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// How many levels are spread over lines.
const SPREAD: usize = 2;

#[derive(Default)]
struct Lines {
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
        let spread = self.depth <= SPREAD && self.filled;
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
        if self.depth <= SPREAD {
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
        out.write_all(if self.depth <= SPREAD { b": " } else { b":" })
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
    fn what_is_written_reads_back() {
        let value = json!({"a": [[], [[1]], {"b": "\u{1b}\n"}], "c": "x"});
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&written(&value)).unwrap(),
            value
        );
    }
}
