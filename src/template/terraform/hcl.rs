//! Terraform configuration as far as policies need it: blocks, arguments with their lines, and
//! expressions. What is written in another way is an expression that is not known.
//!
//! Syntax: "HCL Native Syntax Specification" of HashiCorp. Nesting is limited, as the text may come from
//! anyone.

use serde_json::Value as Json;

/// The deepest nesting of blocks and expressions.
const DEPTH: usize = 48;

/// A line and a column, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineColumn {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// Arguments and blocks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct HclBody {
    /// The arguments.
    pub arguments: Vec<HclArgument>,
    /// The blocks.
    pub blocks: Vec<HclBlock>,
}

/// `name = value`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HclArgument {
    /// The name.
    pub name: String,
    /// Where it begins.
    pub place: LineColumn,
    /// The value.
    pub value: HclExpression,
}

/// `kind "label" { … }`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HclBlock {
    /// The first word.
    pub kind: String,
    /// The labels.
    pub labels: Vec<String>,
    /// Where it begins.
    pub place: LineColumn,
    /// What is in it.
    pub body: HclBody,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum HclExpression {
    /// A number, true, false or null.
    Literal(Json),
    /// A text with its interpolations.
    Template(Vec<HclTextPart>),
    /// `[a, b]`.
    List(Vec<HclExpression>),
    /// `{ a = b }`.
    Map(Vec<(HclExpression, HclExpression)>),
    /// `name(a, b)`.
    Call(String, Vec<HclExpression>),
    /// `a.b[0].c`.
    Path(Vec<PathStep>),
    /// `a ? b : c`.
    Conditional(Box<[HclExpression; 3]>),
    /// `a == b`, `a != b`, `a && b`, `a || b`; others are not known.
    Operation(&'static str, Box<[HclExpression; 2]>),
    /// `!a`.
    Not(Box<HclExpression>),
    /// Something else: `for`, arithmetic, a splat.
    Other,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum HclTextPart {
    /// As it is.
    Text(String),
    /// `${ … }`.
    Value(HclExpression),
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PathStep {
    /// `.name`; the first has no dot.
    Name(String),
    /// `[key]`.
    Key(HclExpression),
}

impl HclBody {
    /// The value of an argument.
    pub fn argument(&self, name: &str) -> Option<&HclArgument> {
        self.arguments.iter().find(|argument| argument.name == name)
    }
}

/// The blocks and arguments of a file. What cannot be read is passed over.
pub(super) fn parse(text: &str) -> HclBody {
    let mut parser = HclParser {
        text,
        at: 0,
        lines: text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| at)
            .collect(),
        depth: 0,
    };
    parser.body(true)
}

/// Text that is none of the syntax.
struct Unreadable;

type Parsed<T> = Result<T, Unreadable>;

struct HclParser<'t> {
    text: &'t str,
    at: usize,
    /// The offsets of the line ends.
    lines: Vec<usize>,
    depth: usize,
}

impl<'t> HclParser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn pass(&mut self, letter: char) {
        self.at += letter.len_utf8();
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Parsed<()> {
        if self.take(token) {
            Ok(())
        } else {
            Err(Unreadable)
        }
    }

    fn place(&self, at: usize) -> LineColumn {
        let line = self.lines.partition_point(|end| *end < at);
        let start = match line
            .checked_sub(1)
            .and_then(|before| self.lines.get(before))
        {
            Some(end) => end + 1,
            None => 0,
        };
        let column = self
            .text
            .get(start..at)
            .map_or(0, |text| text.chars().count());
        let from_1 = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
        LineColumn {
            line: from_1(line),
            column: from_1(column),
        }
    }

    /// Passes blanks and comments, and line ends where they mean nothing.
    fn space(&mut self, lines: bool) {
        loop {
            let rest = self.rest();
            if rest.starts_with("/*") {
                self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            } else if rest.starts_with('#') || rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else {
                match rest.chars().next() {
                    Some('\n') if !lines => return,
                    Some(letter) if letter.is_whitespace() || letter == '\u{feff}' => {
                        self.pass(letter);
                    }
                    _ => return,
                }
            }
        }
    }

    fn word(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        if !(first.is_alphabetic() || first == '_') {
            return None;
        }
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let word = rest.get(..end)?;
        self.at += end;
        Some(word)
    }

    fn body(&mut self, top: bool) -> HclBody {
        let mut body = HclBody::default();
        loop {
            self.space(true);
            let before = self.at;
            if self.rest().starts_with('}') && !top || self.rest().is_empty() {
                return body;
            }
            if self.entry(&mut body).is_err() {
                self.recover(before);
            }
        }
    }

    /// Passes what cannot be read: to the end of its line, and of what is open there.
    fn recover(&mut self, from: usize) {
        self.at = from;
        let mut open = 0_usize;
        while let Some(letter) = self.peek() {
            match letter {
                '\n' if open == 0 => return,
                '{' | '[' | '(' => open += 1,
                '}' if open == 0 && self.at > from => return,
                '}' | ']' | ')' => open = open.saturating_sub(1),
                '"' => {
                    self.pass(letter);
                    self.skip_string();
                    continue;
                }
                '#' => {
                    self.space(false);
                    continue;
                }
                _ => {}
            }
            self.pass(letter);
        }
    }

    /// To the end of a string without looking into it.
    fn skip_string(&mut self) {
        while let Some(letter) = self.peek() {
            if letter == '\n' {
                return;
            }
            self.pass(letter);
            match letter {
                '"' => return,
                '\\' => {
                    if let Some(next) = self.peek() {
                        self.pass(next);
                    }
                }
                _ => {}
            }
        }
    }

    fn entry(&mut self, body: &mut HclBody) -> Parsed<()> {
        let start = self.at;
        let name = self.word().ok_or(Unreadable)?.to_owned();
        let place = self.place(start);
        self.space(false);
        if self.rest().starts_with('=') && !self.rest().starts_with("==") {
            self.at += 1;
            self.space(false);
            let at = self.at;
            let value = match self.expression(false) {
                Ok(value) => value,
                Err(Unreadable) => {
                    // The argument is there all the same.
                    self.recover(at);
                    HclExpression::Other
                }
            };
            body.arguments.push(HclArgument { name, place, value });
            return Ok(());
        }
        let mut labels = Vec::new();
        loop {
            self.space(false);
            if self.take("\"") {
                labels.push(match self.template("\"")?.as_slice() {
                    [] => String::new(),
                    [HclTextPart::Text(text)] => text.clone(),
                    _ => return Err(Unreadable),
                });
            } else if let Some(word) = self.word() {
                labels.push(word.to_owned());
            } else {
                break;
            }
        }
        self.expect("{")?;
        let inner = self.nested(|parser| Ok(parser.body(false)))?;
        self.expect("}")?;
        body.blocks.push(HclBlock {
            kind: name,
            labels,
            place,
            body: inner,
        });
        Ok(())
    }

    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEPTH {
            return Err(Unreadable);
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn expression(&mut self, lines: bool) -> Parsed<HclExpression> {
        self.nested(|parser| {
            let condition = parser.operation(lines, 0)?;
            parser.space(lines);
            if !parser.take("?") {
                return Ok(condition);
            }
            parser.space(true);
            let yes = parser.expression(lines)?;
            parser.space(true);
            parser.expect(":")?;
            parser.space(true);
            let no = parser.expression(lines)?;
            Ok(HclExpression::Conditional(Box::new([condition, yes, no])))
        })
    }

    /// Binary operators, with their precedence.
    fn operation(&mut self, lines: bool, least: u8) -> Parsed<HclExpression> {
        const OPERATORS: [(&str, u8); 13] = [
            ("||", 1),
            ("&&", 2),
            ("==", 3),
            ("!=", 3),
            (">=", 4),
            ("<=", 4),
            (">", 4),
            ("<", 4),
            ("+", 5),
            ("-", 5),
            ("*", 6),
            ("/", 6),
            ("%", 6),
        ];
        let mut left = self.unary(lines)?;
        loop {
            self.space(lines);
            let rest = self.rest();
            let found = OPERATORS
                .into_iter()
                .find(|(operator, _)| rest.starts_with(operator));
            let Some((operator, precedence)) = found.filter(|(_, strength)| *strength > least)
            else {
                return Ok(left);
            };
            self.at += operator.len();
            self.space(true);
            let right = self.nested(|parser| parser.operation(lines, precedence))?;
            left = match operator {
                "||" | "&&" | "==" | "!=" => {
                    HclExpression::Operation(operator, Box::new([left, right]))
                }
                _ => HclExpression::Other,
            };
        }
    }

    fn unary(&mut self, lines: bool) -> Parsed<HclExpression> {
        let mut negations = 0_usize;
        let mut minus = false;
        loop {
            self.space(lines);
            if self.rest().starts_with('!') && !self.rest().starts_with("!=") {
                negations += 1;
            } else if self.rest().starts_with('-') {
                minus = true;
            } else {
                break;
            }
            self.at += 1;
        }
        let value = self.postfix(lines)?;
        Ok(match (negations % 2, minus) {
            (_, true) => HclExpression::Other,
            (1, false) => HclExpression::Not(Box::new(value)),
            _ => value,
        })
    }

    /// A value with the attributes and keys behind it.
    fn postfix(&mut self, lines: bool) -> Parsed<HclExpression> {
        let value = self.primary()?;
        let (mut steps, mut known) = match value {
            HclExpression::Path(steps) => (steps, true),
            other => {
                if !self.rest().starts_with(['.', '[']) {
                    return Ok(other);
                }
                // An attribute of a value that is no path.
                (Vec::new(), false)
            }
        };
        loop {
            if lines {
                let before = self.at;
                self.space(true);
                if !self.rest().starts_with('.') || self.rest().starts_with("...") {
                    self.at = before;
                }
            }
            if self.rest().starts_with("...") {
                break;
            }
            if self.take(".") {
                if let Some(word) = self.word() {
                    steps.push(PathStep::Name(word.to_owned()));
                } else if self.take("*") {
                    known = false;
                } else {
                    // `x.0.id` of old configurations.
                    let rest = self.rest();
                    let end = rest.find(|letter: char| !letter.is_ascii_digit());
                    let digits = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                    let number: u64 = digits.parse().map_err(|_| Unreadable)?;
                    self.at += digits.len();
                    steps.push(PathStep::Key(HclExpression::Literal(number.into())));
                }
            } else if self.take("[") {
                self.space(true);
                if self.take("*") {
                    known = false;
                } else {
                    steps.push(PathStep::Key(self.expression(true)?));
                }
                self.space(true);
                self.expect("]")?;
            } else {
                break;
            }
        }
        Ok(if known {
            HclExpression::Path(steps)
        } else {
            HclExpression::Other
        })
    }

    fn primary(&mut self) -> Parsed<HclExpression> {
        let first = self.peek().ok_or(Unreadable)?;
        match first {
            '"' => {
                self.at += 1;
                Ok(HclExpression::Template(self.template("\"")?))
            }
            '<' if self.rest().starts_with("<<") => self.heredoc(),
            '(' => {
                self.at += 1;
                self.space(true);
                let inner = self.expression(true)?;
                self.space(true);
                self.expect(")")?;
                Ok(inner)
            }
            '[' => self.list(),
            '{' => self.map(),
            digit if digit.is_ascii_digit() => {
                let rest = self.rest();
                let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '.';
                let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
                let text = rest.get(..end).unwrap_or_default();
                self.at += end;
                let number = serde_json::from_str(text).map_err(|_| Unreadable)?;
                Ok(HclExpression::Literal(number))
            }
            _ => {
                let word = self.word().ok_or(Unreadable)?.to_owned();
                // Functions of providers: `provider::aws::arn_build(…)`.
                let mut name = word;
                while self.take("::") {
                    let part = self.word().ok_or(Unreadable)?;
                    name = format!("{name}::{part}");
                }
                if self.take("(") {
                    return self.call(name);
                }
                Ok(match name.as_str() {
                    "true" => HclExpression::Literal(true.into()),
                    "false" => HclExpression::Literal(false.into()),
                    "null" => HclExpression::Literal(Json::Null),
                    _ => HclExpression::Path(vec![PathStep::Name(name)]),
                })
            }
        }
    }

    fn call(&mut self, name: String) -> Parsed<HclExpression> {
        let mut arguments = Vec::new();
        let mut spread = false;
        loop {
            self.space(true);
            if self.take(")") {
                return Ok(if spread {
                    HclExpression::Other
                } else {
                    HclExpression::Call(name, arguments)
                });
            }
            arguments.push(self.expression(true)?);
            self.space(true);
            spread |= self.take("...");
            self.space(true);
            if !self.take(",") && !self.rest().starts_with(')') {
                return Err(Unreadable);
            }
        }
    }

    /// `[for …]` and `{for …}` are not known.
    fn is_loop(&self) -> bool {
        self.rest()
            .strip_prefix("for")
            .is_some_and(|rest| rest.starts_with(char::is_whitespace))
    }

    fn list(&mut self) -> Parsed<HclExpression> {
        let start = self.at;
        self.expect("[")?;
        let mut items = Vec::new();
        loop {
            self.space(true);
            if self.take("]") {
                return Ok(HclExpression::List(items));
            }
            if items.is_empty() && self.is_loop() {
                return self.skip_brackets(start);
            }
            items.push(self.expression(true)?);
            self.space(true);
            if !self.take(",") && !self.rest().starts_with(']') {
                return Err(Unreadable);
            }
        }
    }

    fn map(&mut self) -> Parsed<HclExpression> {
        let start = self.at;
        self.expect("{")?;
        let mut members = Vec::new();
        loop {
            self.space(true);
            if self.take("}") {
                return Ok(HclExpression::Map(members));
            }
            if members.is_empty() && self.is_loop() {
                return self.skip_brackets(start);
            }
            let key = match self.expression(false)? {
                // A bare word is a text.
                HclExpression::Path(steps) => match steps.as_slice() {
                    [PathStep::Name(name)] => {
                        HclExpression::Template(vec![HclTextPart::Text(name.clone())])
                    }
                    _ => HclExpression::Other,
                },
                key => key,
            };
            self.space(true);
            if !self.take("=") {
                self.expect(":")?;
            }
            self.space(true);
            let value = self.expression(false)?;
            members.push((key, value));
            self.space(false);
            if !self.take(",") && !self.rest().starts_with(['\n', '}']) {
                return Err(Unreadable);
            }
        }
    }

    /// To the bracket that closes the one at `start`.
    fn skip_brackets(&mut self, start: usize) -> Parsed<HclExpression> {
        self.at = start;
        let mut open = 0_usize;
        while let Some(letter) = self.peek() {
            self.pass(letter);
            match letter {
                '[' | '{' | '(' => open += 1,
                ']' | '}' | ')' => {
                    open = open.saturating_sub(1);
                    if open == 0 {
                        return Ok(HclExpression::Other);
                    }
                }
                '"' => self.skip_string(),
                _ => {}
            }
        }
        Err(Unreadable)
    }

    /// The parts of a text up to its closing mark, which is passed.
    fn template(&mut self, close: &str) -> Parsed<Vec<HclTextPart>> {
        let mut parts = Vec::new();
        let mut text = String::new();
        loop {
            if self.take(close) {
                break;
            }
            let letter = self.peek().ok_or(Unreadable)?;
            if self.take("$${") {
                text.push_str("${");
            } else if self.take("%%{") {
                text.push_str("%{");
            } else if self.take("%{") {
                return Err(Unreadable);
            } else if self.take("${") {
                self.take("~");
                self.space(true);
                let value = self.expression(true)?;
                self.space(true);
                self.take("~");
                self.expect("}")?;
                if !text.is_empty() {
                    parts.push(HclTextPart::Text(std::mem::take(&mut text)));
                }
                parts.push(HclTextPart::Value(value));
            } else if letter == '\\' && close == "\"" {
                self.pass(letter);
                text.push(self.escape()?);
            } else if letter == '\n' && close == "\"" {
                return Err(Unreadable);
            } else {
                self.pass(letter);
                text.push(letter);
            }
        }
        if !text.is_empty() {
            parts.push(HclTextPart::Text(text));
        }
        Ok(parts)
    }

    fn escape(&mut self) -> Parsed<char> {
        let letter = self.peek().ok_or(Unreadable)?;
        self.pass(letter);
        let digits = match letter {
            'n' => return Ok('\n'),
            'r' => return Ok('\r'),
            't' => return Ok('\t'),
            'u' => 4,
            'U' => 8,
            other => return Ok(other),
        };
        let code = self.rest().get(..digits).ok_or(Unreadable)?;
        self.at += digits;
        let code = u32::from_str_radix(code, 16).map_err(|_| Unreadable)?;
        char::from_u32(code).ok_or(Unreadable)
    }

    /// `<<EOT` up to the line that is its marker. Indentation is kept: JSON does not mind.
    fn heredoc(&mut self) -> Parsed<HclExpression> {
        self.expect("<<")?;
        self.take("-");
        let marker = self.word().ok_or(Unreadable)?.to_owned();
        self.space(false);
        self.expect("\n")?;
        let rest = self.rest();
        let mut length = 0;
        for line in rest.split_inclusive('\n') {
            if line.trim() == marker {
                let text = rest.get(..length).unwrap_or_default();
                let line = line.trim_end_matches('\n').len();
                let end = self.at + length + line;
                let parts = self.part_of_file(text)?;
                self.at = end;
                return Ok(HclExpression::Template(parts));
            }
            length += line.len();
        }
        Err(Unreadable)
    }

    /// The parts of a text that stands as it is.
    fn part_of_file(&mut self, text: &'t str) -> Parsed<Vec<HclTextPart>> {
        let mut inner = HclParser {
            text,
            at: 0,
            lines: Vec::new(),
            depth: self.depth + 1,
        };
        if inner.depth >= DEPTH {
            return Err(Unreadable);
        }
        let mut parts = Vec::new();
        while !inner.rest().is_empty() {
            // No mark closes it but its end.
            match inner.rest().find("${") {
                Some(0) => {
                    inner.at += 2;
                    inner.take("~");
                    inner.space(true);
                    let value = inner.expression(true)?;
                    inner.space(true);
                    inner.take("~");
                    inner.expect("}")?;
                    parts.push(HclTextPart::Value(value));
                }
                Some(before)
                    if inner
                        .rest()
                        .get(..before)
                        .is_some_and(|text| text.ends_with('$')) =>
                {
                    return Err(Unreadable);
                }
                found => {
                    let length = found.unwrap_or(inner.rest().len());
                    let text = inner.rest().get(..length).unwrap_or_default();
                    if text.contains("%{") {
                        return Err(Unreadable);
                    }
                    parts.push(HclTextPart::Text(text.to_owned()));
                    inner.at += length;
                }
            }
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> HclExpression {
        let body = parse(&format!("x = {text}\n"));
        body.argument("x")
            .map_or(HclExpression::Other, |argument| argument.value.clone())
    }

    fn text(text: &str) -> HclExpression {
        HclExpression::Template(vec![HclTextPart::Text(text.to_owned())])
    }

    fn path(names: &[&str]) -> HclExpression {
        let name = |name: &&str| PathStep::Name((*name).to_owned());
        HclExpression::Path(names.iter().map(name).collect())
    }

    #[test]
    fn blocks_and_arguments_have_lines() {
        let body = parse(
            "# resource \"a\" \"b\" {}\nresource \"aws_s3_bucket\" \"b\" {\n  bucket = \"x-${var.names[\"a\"]}\" # {\n  \
             versioning {\n    enabled = true\n  }\n}\n\n  data \"d\" \"p\" {}\n",
        );
        let block = &body.blocks[0];
        assert_eq!(block.labels, ["aws_s3_bucket", "b"]);
        assert_eq!((block.place.line, block.place.column), (2, 1));
        assert_eq!(block.body.arguments[0].place.line, 3);
        assert_eq!(block.body.blocks[0].place.line, 4);
        assert_eq!(
            (body.blocks[1].place.line, body.blocks[1].place.column),
            (9, 3)
        );
    }

    #[test]
    fn expressions_of_policies() {
        assert_eq!(value("\"a\\\"b$${c}\""), text("a\"b${c}"));
        assert_eq!(
            value("\"${aws_s3_bucket.b.arn}/*\""),
            HclExpression::Template(vec![
                HclTextPart::Value(path(&["aws_s3_bucket", "b", "arn"])),
                HclTextPart::Text("/*".to_owned()),
            ])
        );
        assert_eq!(
            value("jsonencode({\n  Version = \"1\"\n  \"a:b\" : [true, null,]\n})"),
            HclExpression::Call(
                "jsonencode".to_owned(),
                vec![HclExpression::Map(vec![
                    (text("Version"), text("1")),
                    (
                        text("a:b"),
                        HclExpression::List(vec![
                            HclExpression::Literal(true.into()),
                            HclExpression::Literal(Json::Null),
                        ])
                    ),
                ])]
            )
        );
        assert_eq!(
            value("<<-EOT\n  {\"a\": \"${local.b}\"}\n  EOT"),
            HclExpression::Template(vec![
                HclTextPart::Text("  {\"a\": \"".to_owned()),
                HclTextPart::Value(path(&["local", "b"])),
                HclTextPart::Text("\"}\n".to_owned()),
            ])
        );
        assert!(matches!(
            value("var.a == \"b\" && !var.c ? 1 : 2"),
            HclExpression::Conditional(_)
        ));
        assert_eq!(value("[for x in y : x]"), HclExpression::Other);
        assert_eq!(value("a.b[*].c"), HclExpression::Other);
        assert_eq!(
            value("a.b[0].c"),
            HclExpression::Path(vec![
                PathStep::Name("a".to_owned()),
                PathStep::Name("b".to_owned()),
                PathStep::Key(HclExpression::Literal(0.into())),
                PathStep::Name("c".to_owned()),
            ])
        );
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        let body = parse(
            "x = @@ {\n}\nresource \"a\" \"b\" {\n  y = \"%{if true}z%{endif}\"\n  z = 1\n}\n",
        );
        assert_eq!(body.blocks.len(), 1);
        assert_eq!(body.blocks[0].body.arguments.len(), 2);
    }

    #[test]
    fn any_text_ends() {
        let deep = "[".repeat(5_000);
        let blocks = "a {".repeat(5_000);
        let nots = format!("x = {}a", "!".repeat(5_000));
        let conditions = format!("x = {}a", "a ? b : ".repeat(5_000));
        let texts = [
            "\"",
            "\"${",
            "<<",
            "<<E",
            "<<E\n",
            "{{{{",
            "}}}",
            "/*",
            "x = \"\\u12\"",
            "x = <<E\n${\nE",
            &deep,
            &blocks,
            &nots,
            &conditions,
        ];
        for text in texts {
            parse(text);
            parse(&format!("x = {text}"));
        }
    }
}
