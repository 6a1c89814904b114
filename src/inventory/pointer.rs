//! RFC 6901 pointers into the snapshot document.

/// Joins segments to a JSON pointer, escaping `~` and `/` as RFC 6901 §3 says.
pub fn pointer<'a>(segments: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for segment in segments {
        out.push('/');
        for letter in segment.chars() {
            match letter {
                '~' => out.push_str("~0"),
                '/' => out.push_str("~1"),
                other => out.push(other),
            }
        }
    }
    out
}

/// The segments of a JSON pointer, without their escapes.
pub fn segments(pointer: &str) -> impl Iterator<Item = String> {
    let escaped = pointer.split('/').skip(1);
    escaped.map(|segment| segment.replace("~1", "/").replace("~0", "~"))
}
