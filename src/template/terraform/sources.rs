//! Where resources are written in `*.tf` files, which a plan does not say.
//!
//! A scan for blocks and their arguments, not a parser of expressions: strings, heredocs and comments
//! are passed over, so that what stands in them is no block.

use std::sync::Arc;

use crate::template::SourcePosition;

/// The deepest nesting that is followed; what is deeper has no lines of its own.
const DEPTH: usize = 64;

/// One file of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleSource {
    /// The names of the modules on the way from the root module; empty for the root.
    pub module: Vec<String>,
    /// The file, as the user knows it.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// A `resource` or `data` block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BlockLines {
    /// It is a `data` block.
    pub data: bool,
    /// Its type.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub position: SourcePosition,
    /// Where its arguments and nested blocks begin.
    pub arguments: Vec<(String, SourcePosition)>,
}

/// The blocks of a file.
pub(super) fn blocks(source: &ModuleSource) -> Vec<BlockLines> {
    let mut scan = Scan {
        file: Arc::from(source.file.as_str()),
        rest: &source.text,
        line: 1,
        column: 1,
        depth: 0,
        words: Vec::new(),
        open: None,
        found: Vec::new(),
    };
    while scan.step() {}
    scan.found.extend(scan.open.take());
    scan.found
}

/// A word, a quoted label or `=` of the current line.
enum Word {
    Name(String, SourcePosition),
    Label(String),
}

struct Scan<'t> {
    file: Arc<str>,
    rest: &'t str,
    line: u32,
    column: u32,
    depth: usize,
    /// The words of the line so far, at the depth where blocks or arguments begin.
    words: Vec<Word>,
    open: Option<BlockLines>,
    found: Vec<BlockLines>,
}

impl<'t> Scan<'t> {
    /// Passes one token; false at the end.
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else {
            return false;
        };
        match first {
            '\n' => {
                self.advance(1);
                self.words.clear();
            }
            '#' => self.skip_line(),
            '/' if self.rest.starts_with("//") => self.skip_line(),
            '/' if self.rest.starts_with("/*") => {
                let end = self.rest.find("*/").map_or(self.rest.len(), |end| end + 2);
                self.advance(end);
            }
            '"' => {
                let text = self.string();
                self.words.push(Word::Label(text));
            }
            '<' if self.rest.starts_with("<<") => self.heredoc(),
            '{' => {
                self.begin();
                self.depth += 1;
                self.words.clear();
                self.advance(1);
            }
            '}' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.found.extend(self.open.take());
                }
                self.words.clear();
                self.advance(1);
            }
            '=' if !self.rest.starts_with("==") => {
                self.argument();
                self.advance(1);
            }
            letter if letter.is_alphabetic() || letter == '_' => self.word(),
            other => self.advance(other.len_utf8()),
        }
        true
    }

    fn position(&self) -> SourcePosition {
        SourcePosition {
            file: Arc::clone(&self.file),
            line: self.line,
            column: self.column,
        }
    }

    fn advance(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        for letter in passed.chars() {
            if letter == '\n' {
                self.line = self.line.saturating_add(1);
                self.column = 1;
            } else {
                self.column = self.column.saturating_add(1);
            }
        }
        self.rest = rest;
    }

    fn skip_line(&mut self) {
        let end = self.rest.find('\n').unwrap_or(self.rest.len());
        self.advance(end);
    }

    fn word(&mut self) {
        let position = self.position();
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
        let end = self
            .rest
            .find(|letter: char| !is_part(letter))
            .unwrap_or(self.rest.len());
        let name = self.rest.get(..end).unwrap_or_default().to_owned();
        self.words.push(Word::Name(name, position));
        self.advance(end);
    }

    /// A quoted string with its interpolations; its text, up to the first of them.
    fn string(&mut self) -> String {
        let mut text = String::new();
        let mut braces = 0_usize;
        let mut quoted = vec![0_usize];
        let mut letters = self.rest.char_indices().skip(1).peekable();
        let mut end = self.rest.len();
        while let Some((at, letter)) = letters.next() {
            let inside = quoted.last() == Some(&braces);
            match letter {
                '\\' if inside => {
                    letters.next();
                }
                '$' | '%' if inside && letters.peek().is_some_and(|(_, next)| *next == '{') => {
                    letters.next();
                    braces += 1;
                }
                '"' if inside => {
                    quoted.pop();
                    if quoted.is_empty() {
                        end = at + 1;
                        break;
                    }
                }
                '"' => quoted.push(braces),
                '{' if !inside => braces += 1,
                '}' if !inside => braces = braces.saturating_sub(1),
                '\n' if quoted.len() == 1 && inside => {
                    // A string ends on its line: this is no string.
                    end = at;
                    break;
                }
                _ if braces == 0 => text.push(letter),
                _ => {}
            }
            if quoted.len() > DEPTH {
                break;
            }
        }
        self.advance(end);
        text
    }

    /// `<<EOT` or `<<-EOT` up to the line that is its marker.
    fn heredoc(&mut self) {
        let begin = self
            .rest
            .trim_start_matches('<')
            .trim_start_matches(['-', '~']);
        let line = begin.lines().next().unwrap_or("").trim();
        let is_marker = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
        if line.is_empty() || !line.chars().all(is_marker) {
            self.advance(2);
            return;
        }
        let mut length = 0;
        for (number, text) in self.rest.split_inclusive('\n').enumerate() {
            length += text.len();
            if number > 0 && text.trim() == line {
                break;
            }
        }
        self.advance(length);
        self.words.clear();
    }

    /// An opening brace: of a resource at the top, or of a nested block one level below.
    fn begin(&mut self) {
        match (self.depth, self.words.as_slice()) {
            (
                0,
                [
                    Word::Name(keyword, position),
                    Word::Label(kind),
                    Word::Label(name),
                ],
            ) if keyword == "resource" || keyword == "data" => {
                self.open = Some(BlockLines {
                    data: keyword == "data",
                    kind: kind.clone(),
                    name: name.clone(),
                    position: position.clone(),
                    arguments: Vec::new(),
                });
            }
            (1, _) => self.argument(),
            _ => {}
        }
    }

    /// What is written before `=` or `{` in a block. Only directly in it.
    fn argument(&mut self) {
        let name = match self.words.as_slice() {
            [Word::Name(name, position)] => Some((name.clone(), position.clone())),
            // `dynamic "rule" {`
            [Word::Name(keyword, position), Word::Label(name)] if keyword == "dynamic" => {
                Some((name.clone(), position.clone()))
            }
            _ => None,
        };
        if self.depth == 1
            && let (Some(open), Some(argument)) = (&mut self.open, name)
        {
            open.arguments.push(argument);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let source = ModuleSource {
            module: Vec::new(),
            file: "main.tf".to_owned(),
            text: text.to_owned(),
        };
        blocks(&source)
            .iter()
            .map(|block| {
                let arguments: Vec<String> = block
                    .arguments
                    .iter()
                    .map(|(name, position)| format!("{name}:{}", position.line))
                    .collect();
                format!(
                    "{}.{} at {}:{} {}",
                    block.kind,
                    block.name,
                    block.position.line,
                    block.position.column,
                    arguments.join(" ")
                )
            })
            .collect()
    }

    #[test]
    fn blocks_and_their_arguments_have_lines() {
        let text = r#"
# resource "aws_s3_bucket" "commented" {}
resource "aws_s3_bucket" "b" {
  bucket = "x-${var.names["a}"]}" # {
  tags = {
    resource = "no"
  }
  versioning {
    enabled = true
  }
}

  data "aws_iam_policy_document" "p" {
  dynamic "statement" {
    for_each = {}
  }
}
"#;
        assert_eq!(
            lines(text),
            [
                "aws_s3_bucket.b at 3:1 bucket:4 tags:5 versioning:8",
                "aws_iam_policy_document.p at 13:3 statement:14",
            ]
        );
    }

    #[test]
    fn a_heredoc_is_text() {
        let text = "resource \"aws_s3_bucket_policy\" \"p\" {\n  policy = <<-EOT\n  resource \"a\" \"b\" {\n  EOT\n  bucket = 1\n}\n";
        assert_eq!(
            lines(text),
            ["aws_s3_bucket_policy.p at 1:1 policy:2 bucket:5"]
        );
    }

    #[test]
    fn any_text_ends() {
        for text in [
            "\"",
            "\"${",
            "<<",
            "<<E",
            "{{{{",
            "}}}",
            "/*",
            "\u{fffd}\"\\",
        ] {
            lines(text);
        }
    }
}
