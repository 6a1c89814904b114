//! JSON with places: a reader that remembers where each value stands, and keeps what ordinary
//! readers silently lose.
//!
//! Two things about a policy cannot be had from a generic reader: the place of a statement, which is
//! the evidence of a finding, and a key that occurs twice, which IAM refuses and most readers merge.
//! Apart from that this is RFC 8259 to the letter. It recurses no deeper than [`DEPTH_LIMIT`] and
//! never looks at a byte twice, so hostile text costs no more than its length. Strings without escapes
//! are not copied: the tree lends them from the text.

use std::borrow::Cow;

use super::document::{Defect, DefectKind, Place};

/// How deep values may nest. A policy needs six levels.
const DEPTH_LIMIT: usize = 64;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node<'a> {
    /// Where it begins.
    pub(super) place: Place,
    /// Byte offset just behind it.
    pub(super) end: usize,
    /// What it is.
    pub(super) value: Json<'a>,
}

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    /// The digits as written: 1.0 and 1 are different texts to a string operator.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// Members in their order, repeated keys included.
    Object(Vec<Member<'a>>),
}

/// One member of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) place: Place,
    pub(super) value: Node<'a>,
}

impl Json<'_> {
    /// What kind of value it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Reads one document.
///
/// # Errors
/// The first place where the text is not JSON.
pub(super) fn read(text: &str) -> Result<Node<'_>, Defect> {
    let mut reader = Reader {
        text,
        at: Place::START,
    };
    reader.skip_space();
    let node = reader.value(0)?;
    reader.skip_space();
    if reader.peek().is_some() {
        return Err(reader.wrong("there is more text after the end of the document"));
    }
    Ok(node)
}

struct Reader<'a> {
    text: &'a str,
    at: Place,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at.offset).copied()
    }

    /// One byte further; not over a line end, and not into a string.
    fn bump(&mut self) {
        self.at.offset += 1;
        self.at.column += 1;
    }

    fn wrong(&self, what: &str) -> Defect {
        Defect {
            kind: DefectKind::Syntax,
            place: self.at,
            statement: None,
            text: what.to_owned(),
        }
    }

    /// What stands here, for messages.
    fn here(&self) -> String {
        match self
            .text
            .get(self.at.offset..)
            .and_then(|rest| rest.chars().next())
        {
            None => "the end of the text".to_owned(),
            Some(found) => format!("{found:?}"),
        }
    }

    fn skip_space(&mut self) {
        while let Some(space @ (b' ' | b'\t' | b'\n' | b'\r')) = self.peek() {
            self.bump();
            if space == b'\n' {
                self.at.line += 1;
                self.at.column = 1;
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Defect> {
        if self.peek() == Some(byte) {
            self.bump();
            Ok(())
        } else {
            Err(self.wrong(&format!(
                "expected {:?}, found {}",
                char::from(byte),
                self.here()
            )))
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, Defect> {
        if depth >= DEPTH_LIMIT {
            return Err(self.wrong("values nest too deep"));
        }
        let place = self.at;
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Json::Text(self.string()?),
            Some(b't') => self.word("true", Json::Bool(true))?,
            Some(b'f') => self.word("false", Json::Bool(false))?,
            Some(b'n') => self.word("null", Json::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => return Err(self.wrong(&format!("expected a value, found {}", self.here()))),
        };
        Ok(Node {
            place,
            end: self.at.offset,
            value,
        })
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, Defect> {
        let matches = self
            .text
            .get(self.at.offset..)
            .is_some_and(|rest| rest.starts_with(word));
        if !matches {
            return Err(self.wrong(&format!("expected a value, found {}", self.here())));
        }
        for _ in word.bytes() {
            self.bump();
        }
        Ok(value)
    }

    fn digits(&mut self) -> Result<(), Defect> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.wrong(&format!("expected a digit, found {}", self.here())));
        }
        while let Some(b'0'..=b'9') = self.peek() {
            self.bump();
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Json<'a>, Defect> {
        let start = self.at.offset;
        if self.peek() == Some(b'-') {
            self.bump();
        }
        if self.peek() == Some(b'0') {
            self.bump();
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.bump();
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.bump();
            if let Some(b'+' | b'-') = self.peek() {
                self.bump();
            }
            self.digits()?;
        }
        Ok(Json::Number(self.since(start)))
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at.offset).unwrap_or_default()
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Defect> {
        self.expect(b'"')?;
        let mut out = Cow::Borrowed("");
        loop {
            let run = self.run();
            if out.is_empty() {
                out = Cow::Borrowed(run);
            } else {
                out.to_mut().push_str(run);
            }
            match self.peek() {
                Some(b'"') => {
                    self.bump();
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.bump();
                    let found = self.escape()?;
                    out.to_mut().push(found);
                }
                Some(_) => return Err(self.wrong("a control character inside a string")),
                None => return Err(self.wrong("the string is never closed")),
            }
        }
    }

    /// The text up to what ends or interrupts a string.
    fn run(&mut self) -> &'a str {
        let rest = self.text.get(self.at.offset..).unwrap_or_default();
        let end = rest
            .bytes()
            .position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
            .unwrap_or(rest.len());
        let run = rest.get(..end).unwrap_or_default();
        // A column is a character, so the later bytes of one do not count.
        let characters = if run.is_ascii() {
            run.len()
        } else {
            run.chars().count()
        };
        self.at.offset += run.len();
        self.at.column = u32::try_from(characters)
            .ok()
            .and_then(|characters| self.at.column.checked_add(characters))
            .unwrap_or(u32::MAX);
        run
    }

    fn escape(&mut self) -> Result<char, Defect> {
        let plain = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.bump();
                return self.unicode();
            }
            _ => return Err(self.wrong(&format!("unknown escape {}", self.here()))),
        };
        self.bump();
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, Defect> {
        let first = self.hex4()?;
        let code = if (0xD800..0xDC00).contains(&first) {
            self.expect(b'\\')?;
            self.expect(b'u')?;
            let second = self.hex4()?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(self.wrong("half of a surrogate pair"));
            }
            0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.wrong("half of a surrogate pair"))
    }

    fn hex4(&mut self) -> Result<u32, Defect> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self
                .peek()
                .and_then(|byte| char::from(byte).to_digit(16))
                .ok_or_else(|| self.wrong("expected four hexadecimal digits"))?;
            code = code * 16 + digit;
            self.bump();
        }
        Ok(code)
    }

    fn list(&mut self, depth: usize) -> Result<Json<'a>, Defect> {
        self.expect(b'[')?;
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.bump();
            return Ok(Json::List(items));
        }
        loop {
            self.skip_space();
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.peek() == Some(b',') {
                self.bump();
            } else {
                self.expect(b']')?;
                return Ok(Json::List(items));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, Defect> {
        self.expect(b'{')?;
        let mut members = Vec::new();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.bump();
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_space();
            let place = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.wrong(&format!("expected a key, found {}", self.here())));
            }
            let key = self.string()?;
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            members.push(Member {
                key,
                place,
                value: self.value(depth + 1)?,
            });
            self.skip_space();
            if self.peek() == Some(b',') {
                self.bump();
            } else {
                self.expect(b'}')?;
                return Ok(Json::Object(members));
            }
        }
    }
}
