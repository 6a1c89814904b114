//! The maximum size of a finding.
//!
//! Evidence points into the snapshot, which holds the full values; the values beside the pointers are for
//! readers. A bucket policy can have 20 KB and be evidence of five findings, so the values share the size
//! of a finding: short ones whole, long ones cut. A cut value ends in `…`; a cut list or object is shown
//! as the beginning of its text.

use std::io;

use serde_json::Value;

use super::{Evidence, Finding};

/// What a finding may take as JSON, bytes. Names and pointers identify and are never cut, so a
/// resource with a name that AWS would not allow may take more. The command of its fix, which a run
/// adds, takes up to 250 bytes more.
const FINDING: usize = 1_200;
/// What is left to the evidence's values at least, bytes each.
const VALUE: usize = 16;
/// Bytes of a message.
const MESSAGE: usize = 600;

/// The finding, with what is too long cut where one can see it.
pub fn bounded(mut finding: Finding) -> Finding {
    if let Some(message) = &mut finding.message {
        cut(message, MESSAGE);
    }
    if finding.evidence.is_empty() {
        return finding;
    }
    let evidence = std::mem::take(&mut finding.evidence);
    let pointers: usize = evidence
        .iter()
        .map(|one| one.pointer.len() + r#"{"pointer":"","value":},"#.len())
        .sum();
    let room = FINDING.saturating_sub(size(&finding) + pointers);
    finding.evidence = fitted(evidence, room);
    finding
}

fn size(value: &impl serde::Serialize) -> usize {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, value).map_or(0, |()| length.0)
}

/// Counts bytes.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The evidence with values that take no more than `room` together.
fn fitted(mut evidence: Vec<Evidence>, room: usize) -> Vec<Evidence> {
    let sizes: Vec<usize> = evidence.iter().map(|one| size(&one.value)).collect();
    if sizes.iter().sum::<usize>() <= room {
        return evidence;
    }
    let most = share(&sizes, room).max(VALUE);
    for (one, size) in evidence.iter_mut().zip(sizes) {
        if size > most {
            let mut text = match std::mem::take(&mut one.value) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            shorten(&mut text, most);
            one.value = Value::String(text);
        }
    }
    evidence
}

/// The most that one value may take so that all take no more than `room`: what short values leave
/// goes to the long ones.
fn share(sizes: &[usize], room: usize) -> usize {
    let mut sorted = sizes.to_vec();
    sorted.sort_unstable();
    let mut left = room;
    for (position, size) in sorted.iter().enumerate() {
        let each = left / (sorted.len() - position);
        if *size > each {
            return each;
        }
        left -= size;
    }
    usize::MAX
}

/// Cuts a text so that it takes at most `most` bytes as JSON, quotes and escapes included.
fn shorten(text: &mut String, most: usize) {
    const AROUND: usize = "\"…\"".len();
    let mut taken = AROUND;
    let end = text.char_indices().find_map(|(at, letter)| {
        taken += match letter {
            '"' | '\\' | '\n' | '\r' | '\t' => 2,
            control if control.is_control() => 6,
            other => other.len_utf8(),
        };
        (taken > most).then_some(at)
    });
    if let Some(end) = end {
        text.truncate(end);
        text.push('…');
    }
}

/// Cuts a text after so many bytes, at a character.
fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        let mut end = most;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    fn evidence(values: &[Value]) -> Vec<Evidence> {
        values
            .iter()
            .map(|value| Evidence {
                pointer: "/a".to_owned(),
                value: value.clone(),
            })
            .collect()
    }

    #[test]
    fn what_fits_is_left_alone() {
        let all = evidence(&[json!("a policy"), json!({"enabled": true})]);
        assert_eq!(fitted(all.clone(), 100), all);
    }

    #[test]
    fn short_values_stay_whole_and_long_ones_share_what_is_left() {
        let long = "x".repeat(500);
        let shown = fitted(
            evidence(&[json!(long), json!({"on": true}), json!([long])]),
            310,
        );
        assert_eq!(shown[1].value, json!({"on": true}));
        for cut in [&shown[0], &shown[2]] {
            let text = cut.value.as_str().unwrap();
            assert!(text.ends_with('…'), "{text}");
            assert!(
                (145..=150).contains(&size(&cut.value)),
                "{}",
                size(&cut.value)
            );
        }
        assert!(shown[2].value.as_str().unwrap().starts_with("[\"xxx"));
    }

    #[test]
    fn escapes_count_as_they_are_written() {
        let mut text = "\u{1}\"é".repeat(50);
        shorten(&mut text, 60);
        assert!(size(&text) <= 60 && size(&text) > 50, "{}", size(&text));
    }
}
