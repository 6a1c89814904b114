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

/// The pointer of one reading of a bucket, for example `policy`.
pub fn bucket(account: &str, name: &str, reading: &str) -> String {
    pointer(["accounts", account, "buckets", name, reading])
}

/// The pointer of one reading of a function.
pub fn function(account: &str, region: &str, name: &str, reading: &str) -> String {
    pointer([
        "accounts",
        account,
        "regions",
        region,
        "functions",
        name,
        reading,
    ])
}

/// The pointer of one reading of the account itself.
pub fn account(account: &str, reading: &str) -> String {
    pointer(["accounts", account, reading])
}
