//! YAML and JSON with the position of every value, and CloudFormation's short tags in their long form.
//!
//! CloudFormation reads YAML 1.1 and JSON alike. Here both are read by one YAML parser. Plain scalars
//! become booleans and numbers where their text says so without loss; everything else stays a text: an
//! account id with a leading zero, `1.10`, `2012-10-17`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag, options};

use super::value::{SourcePosition, TemplateNode, TemplateValue, without_symbols};

/// Largest template that is read, bytes. CloudFormation takes 1 MB; a plan is read by other means.
const MOST_BYTES: usize = 10 << 20;

/// Most values of one template, aliases expanded.
const MOST_NODES: usize = 1_000_000;

/// How deep values may nest.
pub const DEEPEST: usize = 128;

/// Why a template cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// Where it is.
    pub position: Option<SourcePosition>,
    /// One sentence.
    pub message: String,
}

impl TemplateError {
    /// An error without a position.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            position: None,
            message: message.into(),
        }
    }
}

/// The text of a file: UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it.
///
/// # Errors
/// The bytes are neither.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, TemplateError> {
    let wide = |bytes: &[u8], of: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .filter_map(|pair| Some(of(pair.try_into().ok()?)))
            .collect();
        String::from_utf16(&units)
            .map(Cow::Owned)
            .map_err(|_| TemplateError::new("not valid UTF-16"))
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => std::str::from_utf8(rest)
            .map(Cow::Borrowed)
            .map_err(|_| TemplateError::new("not a text file: neither UTF-8 nor UTF-16")),
    }
}

/// Reads the first document of a YAML or JSON text.
///
/// # Errors
/// The text is not YAML, or it is larger, deeper or expands to more than is read.
pub fn parse(file: &str, text: &str) -> Result<TemplateNode, TemplateError> {
    if text.len() > MOST_BYTES {
        return Err(TemplateError::new(format!(
            "the file is larger than {} MB",
            MOST_BYTES >> 20
        )));
    }
    let options = options! {
        emit_comments: false,
        simple_key_max_lookahead: 1 << 20,
        flow_nesting_limit: DEEPEST * 2,
    };
    let mut reader = TreeReader {
        file: Arc::from(file),
        anchors: Vec::new(),
        nodes: 0,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    while let Some((event, span)) = reader.next(&mut parser)? {
        match event {
            Event::StreamStart | Event::DocumentStart(..) => {}
            Event::StreamEnd | Event::DocumentEnd => break,
            event => return reader.node(event, &span, &mut parser, 0),
        }
    }
    Ok(TemplateNode::default())
}

type Events<'t> = Parser<'t, granit_parser::StrInput<'t>>;

/// Builds the tree from events.
struct TreeReader {
    file: Arc<str>,
    /// What anchors name, with the number of values in it.
    anchors: Vec<(usize, TemplateNode, usize)>,
    nodes: usize,
}

impl TreeReader {
    fn next<'t>(
        &self,
        events: &mut Events<'t>,
    ) -> Result<Option<(Event<'t>, Span)>, TemplateError> {
        events.next().transpose().map_err(|error| TemplateError {
            position: Some(self.position(error.marker().line(), error.marker().col())),
            message: error.info(),
        })
    }

    fn position(&self, line: usize, column: usize) -> SourcePosition {
        SourcePosition {
            file: Arc::clone(&self.file),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column.saturating_add(1)).unwrap_or(u32::MAX),
        }
    }

    fn at(&self, span: &Span) -> SourcePosition {
        self.position(span.start.line(), span.start.col())
    }

    fn error(&self, span: &Span, message: String) -> TemplateError {
        TemplateError {
            position: Some(self.at(span)),
            message,
        }
    }

    fn count(&mut self, number: usize, span: &Span) -> Result<(), TemplateError> {
        self.nodes = self.nodes.saturating_add(number);
        if self.nodes > MOST_NODES {
            return Err(self.error(span, format!("it expands to more than {MOST_NODES} values")));
        }
        Ok(())
    }

    fn node<'t>(
        &mut self,
        event: Event<'t>,
        span: &Span,
        events: &mut Events<'t>,
        depth: usize,
    ) -> Result<TemplateNode, TemplateError> {
        if depth > DEEPEST {
            return Err(self.error(span, format!("values nest more than {DEEPEST} deep")));
        }
        self.count(1, span)?;
        let before = self.nodes;
        let position = Some(self.at(span));
        let (value, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = match (&tag, style) {
                    (None, ScalarStyle::Plain) => plain(&text),
                    _ => TemplateValue::Text(without_symbols(&text)),
                };
                (value, anchor, tag)
            }
            Event::SequenceStart(_, anchor, tag) => {
                let mut items = Vec::new();
                loop {
                    match self.next(events)? {
                        None | Some((Event::SequenceEnd, _)) => break,
                        Some((event, span)) => {
                            items.push(self.node(event, &span, events, depth + 1)?);
                        }
                    }
                }
                (TemplateValue::List(items), anchor, tag)
            }
            Event::MappingStart(_, anchor, tag) => (self.members(events, depth)?, anchor, tag),
            Event::Alias(id) => {
                let found = self.anchors.iter().position(|(anchor, ..)| *anchor == id);
                let size = found.and_then(|index| self.anchors.get(index));
                self.count(size.map_or(0, |(.., size)| *size), span)?;
                let found = found.and_then(|index| self.anchors.get(index));
                return Ok(found.map(|(_, node, _)| node.clone()).unwrap_or_default());
            }
            _ => (TemplateValue::Null, 0, None),
        };
        let node = with_tag(tag.as_deref(), TemplateNode { value, position });
        if anchor != 0 {
            let size = self.nodes.saturating_sub(before).saturating_add(1);
            self.anchors.push((anchor, node.clone(), size));
        }
        Ok(node)
    }

    fn members(
        &mut self,
        events: &mut Events<'_>,
        depth: usize,
    ) -> Result<TemplateValue, TemplateError> {
        let mut members: Vec<(String, TemplateNode)> = Vec::new();
        let mut merged: BTreeSet<String> = BTreeSet::new();
        loop {
            let (key, key_span) = match self.next(events)? {
                None | Some((Event::MappingEnd, _)) => break,
                // A name stays as it is written: `On` is no boolean.
                Some((Event::Scalar(text, ..), span)) => {
                    (TemplateNode::text(without_symbols(&text)), span)
                }
                Some((event, span)) => (self.node(event, &span, events, depth + 1)?, span),
            };
            let Some((event, span)) = self.next(events)? else {
                break;
            };
            let value = self.node(event, &span, events, depth + 1)?;
            let Some(name) = key.as_text() else {
                return Err(self.error(&key_span, "a key is not a text".to_owned()));
            };
            // YAML's merge key: a map, or a list of maps of which the first one counts.
            if name == "<<" && matches!(value.value, TemplateValue::Map(_) | TemplateValue::List(_))
            {
                for (name, value) in value.items().iter().flat_map(TemplateNode::members) {
                    if !members.iter().any(|(known, _)| known == name) {
                        merged.insert(name.clone());
                        members.push((name.clone(), value.clone()));
                    }
                }
                continue;
            }
            // A key of its own takes the place of a merged one.
            if merged.remove(&name) {
                members.retain(|(known, _)| *known != name);
            }
            // The line of a member is the line of its name.
            members.push((name, value.at(Some(self.at(&key_span)))));
        }
        Ok(TemplateValue::Map(members))
    }
}

/// A plain scalar. Booleans are those of YAML 1.1, which CloudFormation reads.
fn plain(text: &str) -> TemplateValue {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return TemplateValue::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            return TemplateValue::Bool(true);
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return TemplateValue::Bool(false);
        }
        _ => {}
    }
    let digits = text.replace('_', "");
    if digits.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
        if let Some(number) = digits
            .parse::<i64>()
            .ok()
            .filter(|n| n.to_string() == digits)
        {
            return TemplateValue::Number(number.into());
        }
        let float = digits
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64);
        if let Some(number) = float.filter(|number| number.to_string() == digits) {
            return TemplateValue::Number(number);
        }
    }
    TemplateValue::Text(without_symbols(text))
}

/// A short tag in its long form: `!GetAtt A.B` is `{"Fn::GetAtt": ["A", "B"]}`.
fn with_tag(tag: Option<&Tag>, node: TemplateNode) -> TemplateNode {
    let Some(tag) = tag.filter(|tag| tag.handle() == "!" && !tag.suffix().is_empty()) else {
        return node;
    };
    let name = tag.suffix();
    let position = node.position.clone();
    let (name, value) = match (name, &node.value) {
        ("Ref" | "Condition", _) => (name.to_owned(), node),
        ("GetAtt", TemplateValue::Text(text)) => {
            // Logical ids have no dots; an attribute may: `Outputs.Name`.
            let (resource, attribute) = text.split_once('.').unwrap_or((text, ""));
            let parts =
                [resource, attribute].map(|part| TemplateNode::text(part).at(position.clone()));
            (
                "Fn::GetAtt".to_owned(),
                TemplateNode::new(TemplateValue::List(parts.into())).at(position.clone()),
            )
        }
        _ => (format!("Fn::{}", without_symbols(name)), node),
    };
    TemplateNode::new(TemplateValue::Map(vec![(name, value)])).at(position)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read(text: &str) -> TemplateNode {
        parse("t.yaml", text).unwrap()
    }

    fn text(node: &TemplateNode, name: &str) -> String {
        node.get(name).unwrap().as_text().unwrap()
    }

    #[test]
    fn scalars_stay_what_they_say() {
        let node =
            read("a: 012345678901\nb: 1_000\nc: 1.10\nd: 2012-10-17\ne: Yes\nf: \"true\"\ng:\n");
        assert_eq!(text(&node, "a"), "012345678901");
        assert_eq!(text(&node, "b"), "1000");
        assert_eq!(text(&node, "c"), "1.10");
        assert_eq!(text(&node, "d"), "2012-10-17");
        assert_eq!(node.get("e").unwrap().value, TemplateValue::Bool(true));
        assert_eq!(text(&node, "f"), "true");
        assert!(node.get("g").unwrap().is_empty());
    }

    #[test]
    fn short_tags_become_functions_with_positions() {
        let node = read(
            "Bucket: !Ref Logs\nArn:\n  !GetAtt Logs.Outputs.X\nName: !Sub\n  - '${A}-b'\n  - {A: x}\n",
        );
        assert_eq!(text(node.get("Bucket").unwrap(), "Ref"), "Logs");
        let parts = node.get("Arn").unwrap().get("Fn::GetAtt").unwrap();
        let parts: Vec<_> = parts
            .items()
            .iter()
            .filter_map(TemplateNode::as_text)
            .collect();
        assert_eq!(parts, ["Logs", "Outputs.X"]);
        assert_eq!(
            node.get("Name")
                .unwrap()
                .get("Fn::Sub")
                .unwrap()
                .items()
                .len(),
            2
        );
        assert_eq!(node.get("Name").unwrap().position.as_ref().unwrap().line, 4);
    }

    #[test]
    fn json_with_tabs_repeated_names_and_a_byte_order_mark_is_read() {
        let text = decode(b"\xef\xbb\xbf{\n\t\"a\": 1,\n\t\"a\": \"\\u00e9\"\n}").unwrap();
        let node = parse("t.json", &text).unwrap();
        assert_eq!(node.get("a").unwrap().as_text().unwrap(), "\u{e9}");
        let wide: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain("a: 1".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        assert_eq!(decode(&wide).unwrap(), "a: 1");
    }

    #[test]
    fn aliases_that_expand_to_millions_are_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let before = format!("*a{}, ", level - 1).repeat(10);
            bomb.push_str(&format!(
                "a{level}: &a{level} [{}]\n",
                before.trim_end_matches(", ")
            ));
        }
        assert!(
            parse("t.yaml", &bomb)
                .unwrap_err()
                .message
                .contains("expands")
        );
        assert!(parse("t.yaml", &"[".repeat(1000)).is_err());
    }
}
