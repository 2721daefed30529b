//! Output: aligned columns for people, or a JSON object a line for scripts.

use std::io::{self, Write};

use serde::Serialize;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    title: &'static str,
    width: usize,
    right: bool,
}

impl Column {
    /// Words, which begin on the left.
    pub const fn left(title: &'static str, width: usize) -> Self {
        Self {
            title,
            width,
            right: false,
        }
    }

    /// Numbers, which end on the right.
    pub const fn right(title: &'static str, width: usize) -> Self {
        Self {
            title,
            width,
            right: true,
        }
    }
}

/// A table written row by row. Cells wider than their column push the rest.
pub struct Table<'a> {
    out: &'a mut dyn Write,
    columns: Vec<Column>,
}

impl<'a> Table<'a> {
    /// Writes the titles.
    ///
    /// # Errors
    /// What the output says.
    pub fn begin(out: &'a mut dyn Write, columns: &[Column]) -> io::Result<Self> {
        let mut table = Self {
            out,
            columns: columns.to_vec(),
        };
        let titles: Vec<String> = columns.iter().map(|one| one.title.to_owned()).collect();
        table.row(&titles)?;
        Ok(table)
    }

    /// Writes a row; a cell for each column.
    ///
    /// # Errors
    /// What the output says.
    pub fn row(&mut self, cells: &[String]) -> io::Result<()> {
        let mut line = String::new();
        for (column, cell) in self.columns.iter().zip(cells) {
            let title = column.title.len();
            let width = column.width.max(title);
            let fill = " ".repeat(width.saturating_sub(cell.chars().count()));
            let (before, behind) = if column.right {
                (fill.as_str(), "")
            } else {
                ("", fill.as_str())
            };
            line.extend([before, cell, behind, "  "]);
        }
        writeln!(self.out, "{}", line.trim_end())
    }

    /// Writes a line of its own below a row.
    ///
    /// # Errors
    /// What the output says.
    pub fn below(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "    {text}")
    }
}

/// Writes a table whose columns are as wide as what stands in them.
///
/// # Errors
/// What the output says.
pub fn fitted(out: &mut dyn Write, columns: &[Column], rows: &[Vec<String>]) -> io::Result<()> {
    let mut columns = columns.to_vec();
    for row in rows {
        for (column, cell) in columns.iter_mut().zip(row) {
            column.width = column.width.max(cell.chars().count());
        }
    }
    let mut table = Table::begin(out, &columns)?;
    rows.iter().try_for_each(|row| table.row(row))
}

/// Writes an object and ends the line.
///
/// # Errors
/// What the output says.
pub fn json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut out = Vec::new();
        let columns = [
            Column::left("NAME", 0),
            Column::right("N", 3),
            Column::left("WHY", 0),
        ];
        let row =
            |name: &str, n: &str, why: &str| vec![name.to_owned(), n.to_owned(), why.to_owned()];
        let rows = [row("first", "1", "x"), row("ที่สอง", "1234", "")];
        fitted(&mut out, &columns, &rows).expect("memory takes it");
        let text = String::from_utf8(out).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "NAME       N  WHY");
        assert_eq!(lines[1], "first      1  x");
        assert_eq!(lines[2], "ที่สอง  1234");
    }
}
