//! Columns that fit, with nothing cut in the middle of a word.
//!
//! Table crates cut long words anywhere, and an ARN over four lines cannot be copied. This module makes
//! the table fit first: it leaves out columns in a stated order, wraps the one column of prose between
//! words, and as a last resort puts the first column on a line of its own.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::paint::{Tone, paint};
use crate::output::hostile;
use crate::output::words::Word;

/// Blanks between columns.
const GAP: usize = 2;
/// Prose is not set in less than this.
const MIN_PROSE: usize = 30;

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    group: &'static str,
    title: &'static str,
    /// The higher, the sooner it is left out when the table is too wide; 0 stays.
    sacrifice: u8,
    prose: bool,
    right: bool,
}

impl Column {
    /// A column that always stays.
    pub const fn new(title: &'static str) -> Self {
        Self {
            group: "",
            title,
            sacrifice: 0,
            prose: false,
            right: false,
        }
    }

    /// Left out when there is no room for it; the higher the number, the sooner.
    pub const fn sacrifice(mut self, order: u8) -> Self {
        self.sacrifice = order;
        self
    }

    /// Wrapped between words.
    pub const fn prose(mut self) -> Self {
        self.prose = true;
        self
    }

    /// Set to the right, for numbers.
    pub const fn right(mut self) -> Self {
        self.right = true;
        self
    }

    /// The heading above this and the following columns of the same group.
    pub const fn group(mut self, group: &'static str) -> Self {
        self.group = group;
        self
    }
}

/// A text and its tone.
#[derive(Clone, Debug, Default)]
pub struct Text {
    text: String,
    tone: Tone,
}

impl Text {
    /// A text made safe to show.
    pub fn new(tone: Tone, text: &str) -> Self {
        Self {
            text: hostile::plain(text).into_owned(),
            tone,
        }
    }

    /// A text without a tone.
    pub fn plain(text: &str) -> Self {
        Self::new(Tone::Plain, text)
    }

    /// Of its widest line.
    fn width(&self) -> usize {
        self.text
            .lines()
            .map(UnicodeWidthStr::width)
            .max()
            .unwrap_or(0)
    }
}

impl From<Word> for Text {
    fn from(word: Word) -> Self {
        Self::new(word.tone, &word.text)
    }
}

/// A table in the making.
#[derive(Clone, Debug)]
pub struct Grid {
    columns: Vec<Column>,
    rows: Vec<Vec<Text>>,
    indent: usize,
}

impl Grid {
    /// An empty table.
    pub fn new(indent: usize, columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
            indent,
        }
    }

    /// Adds a row, a text a column.
    pub fn row(&mut self, row: impl IntoIterator<Item = Text>) {
        self.rows.push(row.into_iter().collect());
    }

    /// Leaves out every column (but the first) of which every text is `empty`.
    pub fn drop_where_all(&mut self, empty: impl Fn(&str) -> bool) {
        let keep: Vec<bool> = (0..self.columns.len())
            .map(|index| {
                index == 0
                    || self.rows.is_empty()
                    || !self
                        .rows
                        .iter()
                        .all(|row| row.get(index).is_none_or(|text| empty(&text.text)))
            })
            .collect();
        self.keep(&keep);
    }

    /// Writes it, at most `width` wide unless a single word is wider.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(mut self, width: usize, color: bool, out: &mut dyn Write) -> io::Result<()> {
        if self.fit(width.saturating_sub(self.indent)) {
            let widths = self.widths();
            self.print(&self.header_rows(), &widths, color, out)?;
            self.print(&self.rows, &widths, color, out)
        } else {
            self.stacked(width, color, out)
        }
    }

    fn keep(&mut self, keep: &[bool]) {
        let kept = |index: usize| keep.get(index).copied().unwrap_or(true);
        for row in &mut self.rows {
            let mut index = 0;
            row.retain(|_| {
                index += 1;
                kept(index - 1)
            });
        }
        let mut index = 0;
        self.columns.retain(|_| {
            index += 1;
            kept(index - 1)
        });
    }

    /// Keeps the columns there is room for, the dearest first, and wraps the prose. False when not
    /// even those that must stay fit.
    fn fit(&mut self, room: usize) -> bool {
        let widths = self.widths_below_groups();
        let floor = self.prose_floor();
        let mut keep: Vec<bool> = self
            .columns
            .iter()
            .map(|column| column.sacrifice == 0)
            .collect();
        let fits = self.least(&keep, &widths, floor) <= room;
        let mut dear: Vec<(u8, usize)> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| (column.sacrifice, index))
            .filter(|(sacrifice, _)| *sacrifice > 0)
            .collect();
        dear.sort_unstable();
        for (_, index) in dear {
            let mut with = keep.clone();
            if let Some(kept) = with.get_mut(index) {
                *kept = true;
            }
            if self.least(&with, &widths, floor) <= room {
                keep = with;
            }
        }
        self.keep(&keep);
        let widths = self.widths();
        let total = total(&widths);
        if fits
            && total > room
            && let Some((index, _)) = self.prose_floor()
        {
            let others = total - widths.get(index).copied().unwrap_or(0);
            self.wrap(index, room.saturating_sub(others));
        }
        fits
    }

    /// How wide the kept columns are at least, with the prose wrapped as far as it goes.
    fn least(&self, keep: &[bool], widths: &[usize], floor: Option<(usize, usize)>) -> usize {
        let mut group = "";
        let mut kept = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            if !keep.get(index).copied().unwrap_or(true) {
                continue;
            }
            let mut width = widths.get(index).copied().unwrap_or(0);
            if column.group != group {
                width = width.max(column.group.width());
            }
            group = column.group;
            if let Some((prose, least)) = floor
                && prose == index
            {
                width = width.min(least.max(column.title.width()));
            }
            kept.push(width);
        }
        total(&kept)
    }

    /// The widths of titles and texts, without the headings of groups above them.
    fn widths_below_groups(&self) -> Vec<usize> {
        self.columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let texts = self.rows.iter().filter_map(|row| row.get(index));
                let widest = texts.map(Text::width).max().unwrap_or(0);
                widest.max(column.title.width())
            })
            .collect()
    }

    /// The column of prose and the least width that cuts no word of it.
    fn prose_floor(&self) -> Option<(usize, usize)> {
        let index = self.columns.iter().position(|column| column.prose)?;
        let longest_word = self
            .rows
            .iter()
            .filter_map(|row| row.get(index))
            .flat_map(|text| text.text.split(' '))
            .map(UnicodeWidthStr::width)
            .max()
            .unwrap_or(0);
        Some((index, longest_word.max(MIN_PROSE)))
    }

    fn wrap(&mut self, index: usize, width: usize) {
        for text in self.rows.iter_mut().filter_map(|row| row.get_mut(index)) {
            text.text = wrap(&text.text, width).join("\n");
        }
    }

    fn header(&self) -> Option<Vec<String>> {
        if self.columns.iter().all(|column| column.title.is_empty()) {
            return None;
        }
        let grouped = self.columns.iter().any(|column| !column.group.is_empty());
        let mut group = "";
        Some(
            self.columns
                .iter()
                .map(|column| {
                    let first = column.group != group;
                    group = column.group;
                    match (grouped, first) {
                        (false, _) => column.title.to_owned(),
                        (true, true) => format!("{}\n{}", column.group, column.title),
                        (true, false) => format!("\n{}", column.title),
                    }
                })
                .collect(),
        )
    }

    /// The titles as rows.
    fn header_rows(&self) -> Vec<Vec<Text>> {
        let title = |text| Text {
            text,
            tone: Tone::Quiet,
        };
        let header = self.header().into_iter();
        header
            .map(|titles| titles.into_iter().map(title).collect())
            .collect()
    }

    fn widths(&self) -> Vec<usize> {
        let header = self.header().unwrap_or_default();
        (0..self.columns.len())
            .map(|index| {
                let title = header
                    .get(index)
                    .into_iter()
                    .flat_map(|title| title.lines())
                    .map(UnicodeWidthStr::width)
                    .max()
                    .unwrap_or(0);
                self.rows
                    .iter()
                    .filter_map(|row| row.get(index))
                    .map(Text::width)
                    .max()
                    .unwrap_or(0)
                    .max(title)
            })
            .collect()
    }

    /// The first column on a line of its own, the others below it.
    fn stacked(mut self, width: usize, color: bool, out: &mut dyn Write) -> io::Result<()> {
        let mut names = Vec::new();
        for row in &mut self.rows {
            names.push(if row.is_empty() {
                Text::default()
            } else {
                row.remove(0)
            });
        }
        if !self.columns.is_empty() {
            self.columns.remove(0);
        }
        let outer = self.indent;
        self.indent += 2;
        let room = width.saturating_sub(self.indent);
        if !self.fit(room)
            && let Some((index, least)) = self.prose_floor()
        {
            // Nothing more to leave out, and a word is wider than the room: it stays whole.
            let widths = self.widths();
            let others = total(&widths).saturating_sub(widths.get(index).copied().unwrap_or(0));
            self.wrap(index, room.saturating_sub(others).max(least));
        }
        let widths = self.widths();
        self.print(&self.header_rows(), &widths, color, out)?;
        for (name, row) in names.iter().zip(&self.rows) {
            writeln!(out, "{:outer$}{}", "", paint(color, name.tone, &name.text))?;
            self.print(std::slice::from_ref(row), &widths, color, out)?;
        }
        Ok(())
    }

    /// Writes rows in columns of the given widths.
    fn print(
        &self,
        rows: &[Vec<Text>],
        widths: &[usize],
        color: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for row in rows {
            let height = row.iter().map(|text| text.text.lines().count()).max();
            for line in 0..height.unwrap_or(0).max(1) {
                let mut painted = String::new();
                // Blanks are written before the next text, so that no line ends in any.
                let mut blanks = self.indent;
                for ((text, column), width) in row.iter().zip(&self.columns).zip(widths) {
                    let cell = text.text.lines().nth(line).unwrap_or_default().trim();
                    let free = width.saturating_sub(cell.width());
                    let (before, behind) = if column.right { (free, 0) } else { (0, free) };
                    if cell.is_empty() {
                        blanks += width;
                    } else {
                        painted.extend(std::iter::repeat_n(' ', blanks + before));
                        painted.push_str(&paint(color, text.tone, cell));
                        blanks = behind;
                    }
                    blanks += GAP;
                }
                writeln!(out, "{painted}")?;
            }
        }
        Ok(())
    }
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

/// Lines of at most `width`, broken at blanks only: a word that is wider stays whole.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut taken = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let wide = word.width();
        if taken > 0 && taken + 1 + wide > width {
            lines.push(std::mem::take(&mut line));
            taken = 0;
        }
        if taken > 0 {
            line.push(' ');
            taken += 1;
        }
        line.push_str(word);
        taken += wide;
    }
    if taken > 0 {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn shown(grid: Grid, width: usize) -> String {
        let mut out = Vec::new();
        grid.write(width, false, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn grid() -> Grid {
        let mut grid = Grid::new(
            2,
            [
                Column::new("bucket"),
                Column::new("region").sacrifice(1),
                Column::new("found").prose(),
            ],
        );
        grid.row([
            Text::plain("acme-logs"),
            Text::plain("eu-west-1"),
            Text::plain("one two three four five six seven eight nine ten"),
        ]);
        grid.row([
            Text::plain("a"),
            Text::plain("us-east-1"),
            Text::plain("short"),
        ]);
        grid
    }

    #[test]
    fn wide_enough_it_is_one_line_a_row() {
        assert_eq!(
            shown(grid(), 80),
            "  bucket     region     found\n  acme-logs  eu-west-1  one two three four five six seven eight nine ten\n  a          us-east-1  short\n"
        );
    }

    #[test]
    fn prose_wraps_between_words() {
        assert_eq!(
            shown(grid(), 60),
            "  bucket     region     found\n  acme-logs  eu-west-1  one two three four five six seven\n                        eight nine ten\n  a          us-east-1  short\n"
        );
    }

    #[test]
    fn then_columns_are_left_out() {
        assert_eq!(
            shown(grid(), 46),
            "  bucket     found\n  acme-logs  one two three four five six seven\n             eight nine ten\n  a          short\n"
        );
    }

    #[test]
    fn at_last_the_name_has_a_line_of_its_own() {
        let mut grid = Grid::new(
            0,
            [Column::new("bucket"), Column::new("x"), Column::new("yy")],
        );
        grid.row([
            Text::plain("a-rather-long-name"),
            Text::plain("1"),
            Text::plain("2"),
        ]);
        grid.row([Text::plain("b"), Text::plain("11111"), Text::plain("3")]);
        assert_eq!(
            shown(grid, 20),
            "  x      yy\na-rather-long-name\n  1      2\nb\n  11111  3\n"
        );
    }

    #[test]
    fn words_are_never_cut() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:orders";
        assert_eq!(wrap(&format!("see {arn} now"), 20), ["see", arn, "now"]);
    }

    #[test]
    fn columns_that_tell_nothing_are_dropped() {
        let mut grid = grid();
        grid.drop_where_all(|text| text.ends_with("-1"));
        assert!(!shown(grid, 80).contains("region"));
    }

    #[test]
    fn colours_are_put_around_texts_and_not_around_blanks() {
        let mut grid = Grid::new(1, [Column::new("a"), Column::new("n").right()]);
        grid.row([Text::new(Tone::Bad, "東京"), Text::new(Tone::Good, "1")]);
        grid.row([Text::plain("longer"), Text::plain("22")]);
        let mut out = Vec::new();
        grid.write(80, true, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            " \u{1b}[2ma\u{1b}[0m        \u{1b}[2mn\u{1b}[0m\n \u{1b}[31m東京\u{1b}[0m     \u{1b}[32m1\u{1b}[0m\n longer  22\n"
        );
    }

    #[test]
    fn cells_cannot_carry_escapes() {
        let mut grid = Grid::new(0, [Column::new("")]);
        grid.row([Text::plain("a\u{1b}[2Jb\nc")]);
        assert_eq!(shown(grid, 80), "a�[2Jb c\n");
    }

    proptest::proptest! {
        /// Whatever the texts, no line is wider than asked for while the words are not.
        #[test]
        fn no_line_is_too_wide(
            rows in proptest::collection::vec(
                ("[a-z東]{1,10}", "[a-z]{0,10}", "([a-z]{1,12} ){0,30}", "[0-9]{0,6}"),
                0..8,
            ),
            width in 45usize..160,
            color: bool,
        ) {
            let mut grid = Grid::new(
                2,
                [
                    Column::new("name"),
                    Column::new("where").sacrifice(1).group("PLACE"),
                    Column::new("what").prose(),
                    Column::new("how many").right().sacrifice(2),
                ],
            );
            for (name, place, what, number) in &rows {
                grid.row([
                    Text::plain(name),
                    Text::new(Tone::Quiet, place),
                    Text::new(Tone::Bad, what.trim()),
                    Text::plain(number),
                ]);
            }
            let mut out = Vec::new();
            grid.write(width, color, &mut out).unwrap();
            let shown = String::from_utf8(out).unwrap();
            let bare: Vec<String> = shown.lines().map(without_colors).collect();
            for line in &bare {
                proptest::prop_assert!(line.width() <= width, "{line:?} at {width}");
            }
            let all = bare.join(" ");
            for (name, ..) in &rows {
                proptest::prop_assert!(all.contains(name.as_str()), "{name} is gone");
            }
        }
    }

    fn without_colors(line: &str) -> String {
        let mut parts = line.split('\u{1b}');
        let head = parts.next().unwrap_or("");
        let tail = parts.map(|part| part.split_once('m').map_or("", |(_, text)| text));
        std::iter::once(head).chain(tail).collect()
    }
}
