//! RFC 6901 pointers into the snapshot document.

/// Joins segments to a JSON pointer, escaping `~` and `/` as RFC 6901 §3 says.
pub fn pointer<'a>(segments: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for segment in segments {
        out.push('/');
        out.push_str(&segment.replace('~', "~0").replace('/', "~1"));
    }
    out
}
