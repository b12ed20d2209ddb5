//! Lists of credentials as people have them: CSV files (RFC 4180), or lines pasted from a spreadsheet or an editor.
//!
//! Values are separated by tabs, semicolons or commas, whichever the first line shows; lines end in CRLF, LF or CR; blank
//! lines and a byte order mark are passed over; white space around values does not count. The first line may name the
//! columns, in any order and among others: `appId`, `connectorId` and `id` or `credentialId`, in any case, also as `app_id`,
//! `app-id` or `App ID`. Without such a line, each line is `appId,connectorId,id`.
//!
//! What is wrong is told by line, and the rest is read all the same: nothing is guessed, because what is read is revoked.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

/// One credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// The line on which it begins; the first one is 1.
    pub line: usize,
    /// The app's id.
    pub app_id: Cow<'a, str>,
    /// The connector's id.
    pub connector_id: Cow<'a, str>,
    /// The credential's id.
    pub id: Cow<'a, str>,
}

/// A line that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The line; the first one is 1.
    pub line: usize,
    /// What is wrong with it.
    pub kind: RowErrorKind,
}

/// A column that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The app's id.
    AppId,
    /// The connector's id.
    ConnectorId,
    /// The credential's id.
    Id,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowErrorKind {
    /// There is a quote in the middle of a value, or something after the quote that ends one.
    StrayQuote,
    /// A quote that begins a value has no end.
    OpenQuote,
    /// The line of column names lacks one.
    NoColumn(Column),
    /// The line of column names has one twice.
    TwoColumns(Column),
    /// A value is missing.
    NoValue(Column),
    /// There are more values than columns.
    TooManyValues,
}

impl RowErrorKind {
    /// What is wrong and what to do.
    pub fn message(self) -> &'static str {
        use Column::{AppId, ConnectorId, Id};
        match self {
            Self::StrayQuote => "a quote stands in the middle of a value: put the whole value in quotes, and double those inside",
            Self::OpenQuote => "a value begins with a quote that is never closed",
            Self::NoColumn(AppId) => "the line of column names has no appId",
            Self::NoColumn(ConnectorId) => "the line of column names has no connectorId",
            Self::NoColumn(Id) => "the line of column names has no id (or credentialId)",
            Self::TwoColumns(AppId) => "the line of column names has more than one appId",
            Self::TwoColumns(ConnectorId) => "the line of column names has more than one connectorId",
            Self::TwoColumns(Id) => "the line of column names has more than one id (or credentialId)",
            Self::NoValue(AppId) => "the appId is missing",
            Self::NoValue(ConnectorId) => "the connectorId is missing",
            Self::NoValue(Id) => "the id is missing: a line is appId, connectorId, id",
            Self::TooManyValues => "there are more values than columns",
        }
    }
}

/// Reads a list, row by row.
pub fn rows(text: &str) -> Rows<'_> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Rows { rest: text, line: 1, delimiter: delimiter_of(text), columns: None, over: false }
}

/// The rows of a list, and what is wrong with some.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    rest: &'a str,
    line: usize,
    delimiter: char,
    /// Known after the first line.
    columns: Option<Columns>,
    over: bool,
}

/// Where app id, connector id and credential id stand, and how many values a line may have.
#[derive(Clone, Copy, Debug)]
struct Columns {
    places: [usize; 3],
    count: usize,
}

const COLUMNS: [Column; 3] = [Column::AppId, Column::ConnectorId, Column::Id];

impl<'a> Iterator for Rows<'a> {
    type Item = Result<Row<'a>, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.over && !self.rest.is_empty() {
            let line = self.line;
            let values = match self.record() {
                Ok(values) if values.iter().all(|value| value.is_empty()) => continue,
                Ok(values) => values,
                Err(kind) => return Some(Err(RowError { line, kind })),
            };
            let columns = match self.columns {
                Some(columns) => columns,
                None => match header(&values) {
                    Ok(Some(columns)) => {
                        self.columns = Some(columns);
                        continue;
                    }
                    Ok(None) => *self.columns.insert(Columns { places: [0, 1, 2], count: 3 }),
                    Err(kind) => {
                        // Without knowing the columns, nothing that follows can be read.
                        self.over = true;
                        return Some(Err(RowError { line, kind }));
                    }
                },
            };
            return Some(row(line, values, columns).map_err(|kind| RowError { line, kind }));
        }
        None
    }
}

impl<'a> Rows<'a> {
    /// Takes the values of the next record. After an error, goes on with the next line: a quote gone astray spoils its own
    /// line, not the rest of the file.
    fn record(&mut self) -> Result<Vec<Cow<'a, str>>, RowErrorKind> {
        let (start, line) = (self.rest, self.line);
        let mut values = Vec::new();
        loop {
            match self.value() {
                Ok(value) => values.push(value),
                Err(kind) => {
                    self.rest = start.get(start.find(['\r', '\n']).unwrap_or(start.len())..).unwrap_or_default();
                    self.line = line;
                    self.take_line_break();
                    return Err(kind);
                }
            }
            if !self.take(self.delimiter) {
                self.take_line_break();
                return Ok(values);
            }
        }
    }

    /// Takes a value; what is left begins with a delimiter or a line break, or is empty.
    fn value(&mut self) -> Result<Cow<'a, str>, RowErrorKind> {
        self.skip_spaces();
        if self.take('"') {
            return self.quoted();
        }
        let end = self.rest.find([self.delimiter, '\r', '\n']).unwrap_or(self.rest.len());
        let (value, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        if value.contains('"') {
            return Err(RowErrorKind::StrayQuote);
        }
        self.rest = rest;
        Ok(Cow::Borrowed(value.trim()))
    }

    /// Takes the rest of a value in quotes.
    fn quoted(&mut self) -> Result<Cow<'a, str>, RowErrorKind> {
        let mut value = Cow::Borrowed("");
        loop {
            let (part, rest) = self.rest.split_once('"').ok_or(RowErrorKind::OpenQuote)?;
            self.line = self.line.saturating_add(line_breaks(part));
            self.rest = rest;
            match &mut value {
                Cow::Borrowed("") => value = Cow::Borrowed(part),
                _ => value.to_mut().push_str(part),
            }
            if !self.take('"') {
                break;
            }
            value.to_mut().push('"');
        }
        self.skip_spaces();
        if !self.rest.is_empty() && !self.rest.starts_with([self.delimiter, '\r', '\n']) {
            return Err(RowErrorKind::StrayQuote);
        }
        Ok(match value {
            Cow::Borrowed(value) => Cow::Borrowed(value.trim()),
            Cow::Owned(value) => Cow::Owned(value.trim().to_owned()),
        })
    }

    fn skip_spaces(&mut self) {
        let delimiter = self.delimiter;
        self.rest = self.rest.trim_start_matches(|c| matches!(c, ' ' | '\t') && c != delimiter);
    }

    fn take(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take_line_break(&mut self) {
        let carriage_return = self.take('\r');
        if self.take('\n') || carriage_return {
            self.line = self.line.saturating_add(1);
        }
    }
}

fn line_breaks(text: &str) -> usize {
    let mut before = ' ';
    text.chars().fold(0, |count: usize, c| {
        let breaks = c == '\r' || c == '\n' && before != '\r';
        before = c;
        count.saturating_add(usize::from(breaks))
    })
}

/// Tabs, if the first line that is not blank has any, for they never stand in an id; else the more frequent of `;` and `,`.
fn delimiter_of(text: &str) -> char {
    let line = text.split(['\r', '\n']).find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |delimiter| line.matches(delimiter).count();
    if line.trim().contains('\t') {
        '\t'
    } else if count(';') > count(',') {
        ';'
    } else {
        ','
    }
}

/// Where the columns are, if this is a line of column names.
fn header(values: &[Cow<str>]) -> Result<Option<Columns>, RowErrorKind> {
    let named = |value: &str| {
        let letters = value.chars().filter(|c| !matches!(c, ' ' | '_' | '-'));
        let name: String = letters.map(|c| c.to_ascii_lowercase()).collect();
        match name.as_str() {
            "appid" => Some(Column::AppId),
            "connectorid" => Some(Column::ConnectorId),
            "id" | "credentialid" => Some(Column::Id),
            _ => None,
        }
    };
    let found: Vec<Option<Column>> = values.iter().map(|value| named(value)).collect();
    if found.iter().all(Option::is_none) {
        return Ok(None);
    }
    let mut places = [0; 3];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let mut at = found.iter().enumerate().filter(|(_, found)| **found == Some(column)).map(|(at, _)| at);
        *place = at.next().ok_or(RowErrorKind::NoColumn(column))?;
        if at.next().is_some() {
            return Err(RowErrorKind::TwoColumns(column));
        }
    }
    Ok(Some(Columns { places, count: values.len() }))
}

fn row<'a>(line: usize, mut values: Vec<Cow<'a, str>>, columns: Columns) -> Result<Row<'a>, RowErrorKind> {
    if values.iter().skip(columns.count).any(|value| !value.is_empty()) {
        return Err(RowErrorKind::TooManyValues);
    }
    let mut take = |column: Column| {
        let place = columns.places.into_iter().zip(COLUMNS).find(|(_, other)| *other == column);
        let value = place.and_then(|(place, _)| values.get_mut(place)).filter(|value| !value.is_empty());
        value.map(core::mem::take).ok_or(RowErrorKind::NoValue(column))
    };
    let (app_id, connector_id, id) = (take(Column::AppId)?, take(Column::ConnectorId)?, take(Column::Id)?);
    Ok(Row { line, app_id, connector_id, id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::prelude::v1::*;
    use std::vec;
    use Column::{AppId, ConnectorId, Id};
    use RowErrorKind::*;

    /// Rows as `line app connector id`, errors as they are.
    fn read(text: &str) -> Vec<Result<String, (usize, RowErrorKind)>> {
        rows(text)
            .map(|row| match row {
                Ok(row) => Ok([&row.line.to_string(), row.app_id.as_ref(), &row.connector_id, &row.id].join(" ")),
                Err(error) => Err((error.line, error.kind)),
            })
            .collect()
    }

    fn good(text: &str) -> Vec<String> {
        read(text).into_iter().map(Result::unwrap).collect()
    }

    #[test]
    fn lines_without_column_names() {
        for text in [
            "a,c,1\nb,d,2\n",
            "a,c,1\r\nb,d,2",
            "a,c,1\rb,d,2\r",
            "\u{feff}a,c,1\nb,d,2",
            "a\tc\t1\nb\td\t2",
            "a;c;1\nb;d;2",
            " a , c,1 \n\tb,d\t,2",
        ] {
            assert_eq!(good(text), ["1 a c 1", "2 b d 2"], "{text:?}");
        }
        assert_eq!(good("\n\r\n ,, \na,c,1,,\n\n\nb,d,2"), ["4 a c 1", "7 b d 2"]);
        assert!(good("").is_empty() && good("\n \n\r\r\n").is_empty() && good("\u{feff}").is_empty());
    }

    #[test]
    fn column_names_in_any_order_and_spelling() {
        for names in [
            "id,appId,connectorId",
            "ID,APP_ID,Connector-Id",
            "\"credential id\",\"App ID\",\"connector id\"",
            "credentialId,appid,CONNECTORID",
        ] {
            assert_eq!(good(&[names, "\n1,a,c\n2,b,d"].concat()), ["2 a c 1", "3 b d 2"], "{names}");
        }
        assert_eq!(good("Name;App ID;x;Connector ID;Credential ID\n\"a;\n\nb\";a;;c;1\nn;b;;d;2"), ["2 a c 1", "5 b d 2"]);
        assert_eq!(good("appId\tconnectorId\tid\na\tc\t1"), ["2 a c 1"]);
        assert!(good("appId,connectorId,id").is_empty());
    }

    #[test]
    fn quotes() {
        assert_eq!(
            good("\"a\",\"c\"\"c\",\"1\"\n\"b,;\" , \"d\r\ne\",  \"2\"  \nx,y,z"),
            ["1 a c\"c 1", "2 b,; d\r\ne 2", "4 x y z"]
        );
        assert_eq!(read("a,\"c,1\nb,d,2"), [Err((1, OpenQuote)), Ok("2 b d 2".to_owned())]);
        assert_eq!(read("a,c\"c,1\nb,\"d\"d,2\ne,f,3"), [Err((1, StrayQuote)), Err((2, StrayQuote)), Ok("3 e f 3".to_owned())]);
        assert_eq!(read("a,\"c\n,1\nb,\"d,2"), [Err((1, StrayQuote)), Err((2, NoValue(AppId))), Err((3, OpenQuote))]);
    }

    #[test]
    fn what_is_wrong_is_told_by_line_and_the_rest_is_read() {
        assert_eq!(
            read("a,c,1\na,c\n,c,3\na,,4\na,c,5,x\nonly\na,c,6"),
            [
                Ok("1 a c 1".to_owned()),
                Err((2, NoValue(Id))),
                Err((3, NoValue(AppId))),
                Err((4, NoValue(ConnectorId))),
                Err((5, TooManyValues)),
                Err((6, NoValue(ConnectorId))),
                Ok("7 a c 6".to_owned()),
            ]
        );
        assert_eq!(
            read("id,appId,connectorId,note\n1,a\n2,b,d,n\n3,b,d,n,x"),
            [Err((2, NoValue(ConnectorId))), Ok("3 b d 2".to_owned()), Err((4, TooManyValues)),]
        );
    }

    #[test]
    fn unclear_column_names_end_the_reading() {
        assert_eq!(read("\nappId,id\na,1"), [Err((2, NoColumn(ConnectorId)))]);
        assert_eq!(read("app,connectorId,id\na,c,1"), [Err((1, NoColumn(AppId)))]);
        assert_eq!(read("appId,connectorId,name\na,c,1"), [Err((1, NoColumn(Id)))]);
        assert_eq!(read("appId,connectorId,id,credentialId\na,c,1,2"), [Err((1, TwoColumns(Id)))]);
    }

    #[test]
    fn messages_are_told_apart() {
        let mut all = vec![StrayQuote.message(), OpenQuote.message(), TooManyValues.message()];
        for column in COLUMNS {
            all.extend([NoColumn(column), TwoColumns(column), NoValue(column)].map(RowErrorKind::message));
        }
        assert_eq!(std::collections::BTreeSet::from_iter(&all).len(), all.len());
    }

    #[test]
    fn time_is_linear_in_what_is_read_even_when_every_quote_is_wrong() {
        let text = "a,\"b\n".repeat(100_000);
        assert_eq!(rows(&text).filter(Result::is_err).count(), 100_000);
    }

    proptest! {
        #[test]
        fn what_is_written_by_the_rules_is_read_back(
            ids in proptest::collection::vec(("[!-~ ]{0,8}", "[\\PC\r\n]{0,8}", "[a-z\",;\t]{0,6}"), 0..20),
            delimiter in proptest::sample::select(vec![",", ";", "\t"]),
            line_break in proptest::sample::select(vec!["\n", "\r\n", "\r"])
        ) {
            let quoted = |value: &str| ["\"x", &value.replace('"', "\"\""), "x\""].concat();
            let mut text = ["appId", "connectorId", "id"].join(delimiter);
            let mut expected = Vec::new();
            let mut line = 2;
            for (a, b, c) in &ids {
                text += line_break;
                text += &[quoted(a), quoted(b), quoted(c)].join(delimiter);
                let [a, b, c] = [a, b, c].map(|value| ["x", value, "x"].concat());
                expected.push((line, a.clone(), b.clone(), c.clone()));
                let breaks = |v: &str| v.replace("\r\n", "\n").matches(['\r', '\n']).count();
                line += 1 + breaks(&a) + breaks(&b) + breaks(&c);
            }
            let found: Vec<_> = rows(&text).map(|row| row.unwrap()).map(|r| (r.line, r.app_id.into_owned(), r.connector_id.into_owned(), r.id.into_owned())).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn every_line_is_a_row_an_error_or_blank(text in "[a-c,;\t\" \r\n]{0,60}") {
            let lines = text.replace("\r\n", "\n").replace('\r', "\n").split('\n').count();
            let mut last = 0;
            for row in rows(&text) {
                let line = match &row { Ok(row) => row.line, Err(error) => error.line };
                prop_assert!(line > last && line <= lines);
                last = line;
                if let Ok(row) = row {
                    prop_assert!([&row.app_id, &row.connector_id, &row.id].iter().all(|id| !id.is_empty() && id.trim() == id.as_ref()));
                }
            }
        }

        #[test]
        fn plain_lines_are_split_and_trimmed(lines in proptest::collection::vec("[a-z ]{0,3},[a-z]{0,3},[0-9]{0,3}", 0..20)) {
            let expected = lines.iter().enumerate().filter_map(|(at, line)| {
                let values: Vec<&str> = line.split(',').map(str::trim).collect();
                (!values.contains(&"")).then(|| [&(at + 1).to_string(), values[0], values[1], values[2]].join(" "))
            });
            // Nothing that could be a header.
            prop_assume!(!lines.iter().any(|line| line.replace(' ', "").contains("id")));
            let found: Vec<String> = read(&lines.join("\n")).into_iter().flatten().collect();
            prop_assert_eq!(found, expected.collect::<Vec<_>>());
        }

        #[test]
        fn any_text_is_read_without_fault(text in any::<String>()) {
            prop_assert!(rows(&text).count() <= text.len() + 1);
        }
    }
}
