//! Small tables of dated facts, as the files under `policies/data/` have them.
//!
//! `#` begins a comment, and one of them is `# table-date: YYYY-MM-DD`, the day the sources were read; then
//! a heading, then rows whose fields have commas between them and none inside. What a row means is its
//! table's own matter.

/// Hands the fields of each row to `row`, with what makes an error of the row's place, and returns the
/// table's date.
///
/// # Errors
/// The first that `row` gives.
pub(in crate::facts) fn read<'t>(
    file: &str,
    heading: &str,
    text: &'t str,
    mut row: impl FnMut(&[&'t str], &dyn Fn(&str) -> String) -> Result<(), String>,
) -> Result<String, String> {
    let mut date = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            if let Some(day) = comment.trim().strip_prefix("table-date:") {
                day.trim().clone_into(&mut date);
            }
            continue;
        }
        if line.is_empty() || line.starts_with(heading) {
            continue;
        }
        let wrong = |what: &str| format!("{file}:{}: {what}: {line}", index + 1);
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        row(&fields, &wrong)?;
    }
    Ok(date)
}
