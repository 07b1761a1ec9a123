//! Every form in which a cell can be written: what is read, or why it is rejected. A cell is read right or not at all.

use crate::read::shown;

/// An amount column: the keys of the source that say how it is written, cells, and what each becomes: the canonical amount, or
/// the reason of the reject.
type Amounts = (&'static str, &'static [(&'static str, &'static str)]);

const SEPARATOR: &str = "!the amount has a separator that contradicts the declared `decimal` and `grouping`";
const GROUPS: &str =
    "!the amount has groups of digits that are not of three, which contradicts the declared `grouping`";
const SYMBOL: &str = "!the amount has something beside the amount that `symbols` does not declare";
const NEGATIVE: &str = "!the amount is negative; if that is right, declare `sign = \"negative\"` or `\"any\"`";
const EXPONENT: &str = "!the amount has an exponent: a spreadsheet has shortened it, export it again as text";

const AMOUNTS: &[Amounts] = &[
    (
        "amount = 'Amount'",
        &[
            ("1234.50", "1234.50"),
            ("0", "0"),
            ("+7.5", "7.5"),
            ("-0.00", "0.00"),
            ("1,234.50", SEPARATOR),
            ("1234,50", SEPARATOR),
            ("-7.5", NEGATIVE),
            ("(7.50)", NEGATIVE),
            ("7.50-", NEGATIVE),
            ("€ 7.50", SYMBOL),
            ("1.5E+3", EXPONENT),
            (".5", "!the amount has a decimal separator without digits on both sides of it"),
            ("5.", "!the amount has a decimal separator without digits on both sides of it"),
            ("-(7.50)", "!the amount has two signs"),
            ("(7.50", "!the amount has a parenthesis without the other"),
            ("--", "!the amount has no digits"),
            ("12345678901234567890123456789", "!the amount has more than 28 digits"),
        ],
    ),
    (
        "decimal = ','\ngrouping = '.'",
        &[
            ("1.234,56", "1234.56"),
            ("1.234.567", "1234567"),
            ("1234,56", "1234.56"),
            ("1.234", "1234"),
            ("12.34", GROUPS),
            ("1.23,45", GROUPS),
            ("0.950", GROUPS),
            ("1,234.56", SEPARATOR),
            ("1.234,56 €", SYMBOL),
        ],
    ),
    ("decimal = ','", &[("950,00", "950.00"), ("1.234,56", SEPARATOR), ("950.00", SEPARATOR)]),
    (
        "grouping = ','",
        &[
            ("1,234,567.89", "1234567.89"),
            ("1,00.00", GROUPS),
            ("12,34", GROUPS),
            ("1234,567", GROUPS),
            ("1.234,5", SEPARATOR),
        ],
    ),
    (
        "grouping = ' '",
        &[
            ("1 234.50", "1234.50"),
            ("1\u{a0}234.50", "1234.50"),
            ("1\u{202f}234\u{202f}567", "1234567"),
            ("1 23", GROUPS),
        ],
    ),
    ("grouping = \"'\"", &[("1'234.50", "1234.50"), ("1\u{2019}234", "1234"), ("1,234", SEPARATOR)]),
    (
        "symbols = ['$', '€', 'EUR']",
        &[
            ("$7.50", "7.50"),
            ("7.50 €", "7.50"),
            ("eur 7.50", "7.50"),
            ("$ 7.50 EUR", "7.50"),
            ("$€7.50", "!the amount has two symbols on one side"),
            ("£7.50", SYMBOL),
            ("7.50 USD", SYMBOL),
        ],
    ),
    (
        "symbols = ['$', '€']\ndecimal = ','\ngrouping = '.'\namount = { column = 'Amount', sign = 'negative' }",
        &[
            ("-950,00 €", "950.00"),
            ("(35,00)", "35.00"),
            ("($1.900,23)", "1900.23"),
            ("€(63,12)", "63.12"),
            ("$-5", "5"),
            ("- $5,00", "5.00"),
            ("5-", "5"),
            ("\u{2212}5", "5"),
            ("5,00", "!the amount is positive, and `sign = \"negative\"` is declared"),
            ("0,00", "0.00"),
        ],
    ),
    ("amount = { column = 'Amount', sign = 'any' }", &[("-5", "5"), ("5", "5"), ("(5)", "5")]),
    (
        "minor_units = 2",
        &[
            ("1000", "10.00"),
            ("5", "0.05"),
            ("10.5", "!the amount has a decimal separator, and `minor_units` is declared"),
        ],
    ),
    ("minor_units = 0", &[("1000", "1000")]),
    (
        "blanks = ['N/A', '--']\namount = { column = 'Amount', default = '0' }",
        &[("n/a", "0"), ("--", "0"), ("", "0"), ("?", "!the amount has no digits")],
    ),
];

#[test]
fn amounts() {
    for (keys, cells) in AMOUNTS {
        let (source, column) = keys.split_at(keys.find("amount = ").unwrap_or(keys.len()));
        let column = if column.is_empty() { "amount = 'Amount'" } else { column };
        let mapping = format!(
            "[[invoices]]\nfiles = 'x.csv'\ndelimiter = '|'\n{source}\n[invoices.columns]\ninvoice_id = 'Id'\nline = {{ constant = '1' }}\n\
             account_id = {{ constant = 'A' }}\npolicy = {{ constant = 'opust' }}\ninvoice_date = {{ constant = '2026-01-02' }}\n\
             currency = {{ constant = 'EUR' }}\ncategory = {{ constant = 'other' }}\n{column}\n"
        );
        let (mut file, mut expected) = ("Id|Amount\n".to_owned(), String::new());
        for (number, (cell, becomes)) in cells.iter().enumerate() {
            let number = number + 1;
            file += &format!("N{number}|{cell}\n");
            expected += &match becomes.strip_prefix('!') {
                Some(reason) => format!("{number}: rejected: Amount `{cell}`: {reason}\n"),
                None => format!("{number}: N{number}/1 A 2026-01-02 EUR {becomes} other\n"),
            };
        }
        assert_eq!(shown(&mapping, &[("x.csv", file.as_bytes())]), expected, "{keys}");
    }
}

/// Minor units by the row's currency: the same digits are 100 yen, 1.00 dollar and 0.100 dinar.
#[test]
fn minor_units_by_currency() {
    let mapping = "[[invoices]]\nfiles = 'x.csv'\nminor_units = true\n[invoices.columns]\ninvoice_id = 'Id'\nline = { constant = '1' }\n\
         account_id = { constant = 'A' }\npolicy = { constant = 'opust' }\ninvoice_date = { constant = '2026-01-02' }\n\
         currency = 'Cur'\namount = 'Amount'\ncategory = { constant = 'other' }\n";
    let file = "Id,Cur,Amount\nN1,JPY,100\nN2,usd,100\nN3,KWD,100\nN4,,100\nN5,XQX,100\n";
    let none = "the row has no known currency, by which its minor units are counted";
    let expected = format!(
        "1: N1/1 A 2026-01-02 JPY 100 other\n2: N2/1 A 2026-01-02 USD 1.00 other\n3: N3/1 A 2026-01-02 KWD 0.100 other\n\
         4: rejected: Amount `100`: {none}\n5: rejected: Amount `100`: {none}\n"
    );
    assert_eq!(shown(mapping, &[("x.csv", file.as_bytes())]), expected);
}

const FORM: &str = "!the date is not written in a declared form";
const DAY: &str = "!the date is no day of the calendar from 1990 to 2199";
const SKIPPED: &str = "!the date is a time that the clocks of the declared `zone` skip";
const TWICE: &str =
    "!the date is a time that the clocks of the declared `zone` show twice: `clock_change` says which is meant";

/// Of the canonical form, as of an export that is not mapped.
const CANONICAL: &str = "!`CELL` is not a date or time: expected a day such as `2026-03-04`, or a day and time such as \
     `2026-03-04T17:05:00+04:00`, of the years 1990 to 2199";

/// A column of times: how it is declared, cells, and what each becomes, in UTC where an offset is known.
const DATES: &[Amounts] = &[
    (
        "",
        &[
            ("2026-03-04", "2026-03-04"),
            ("2026-03-04 17:05", "2026-03-04 17:05"),
            ("2026-03-04T17:05:00.123+02:00", "2026-03-04 15:05"),
            ("2026-03-04 17:05:00 -0400", "2026-03-04 21:05"),
            ("2026-03-04 17:05:00 UTC", "2026-03-04 17:05"),
            ("04/03/2026", CANONICAL),
            ("2026-02-30", CANONICAL),
            ("2026-03-04 24:00", CANONICAL),
        ],
    ),
    (
        "dates = 'd/m/Y H:M'",
        &[
            ("04/03/2026", "2026-03-04"),
            ("4/3/2026 9:05", "2026-03-04 09:05"),
            ("03/13/2026", DAY),
            ("04.03.2026", FORM),
            ("04/03/26", FORM),
        ],
    ),
    (
        "dates = 'm/d/Y I:M p'",
        &[
            ("04/03/2026 12:30 PM", "2026-04-03 12:30"),
            ("4/3/2026 12:05 am", "2026-04-03 00:05"),
            ("13/03/2026 1:00 PM", DAY),
        ],
    ),
    ("dates = 'd/m/y'", &[("04/03/26", "2026-03-04"), ("04/03/99", "1999-03-04"), ("04/03/89", "2089-03-04")]),
    (
        "dates = 'd/b/y I:M p'",
        &[("25/Feb/26 10:17 PM", "2026-02-25 22:17"), ("25/sept/26", "2026-09-25"), ("25/Foo/26", FORM)],
    ),
    (
        "dates = 'd b Y'\nmonths = ['Januar', 'Februar', 'März', 'April', 'Mai', 'Juni', 'Juli', 'August', 'September', 'Oktober', 'November', 'Dezember']",
        &[("4 März 2026", "2026-03-04"), ("4 Mär 2026", "2026-03-04"), ("4. Dez. 2026", FORM), ("4 May 2026", FORM)],
    ),
    ("dates = 'excel'", &[("46085", "2026-03-04"), ("46085.5", "2026-03-04 12:00"), ("0", DAY), ("2026-03-04", FORM)]),
    ("dates = 'excel-1904'", &[("44623", "2026-03-04")]),
    ("dates = 'unix'", &[("1772625900", "2026-03-04 12:05"), ("1772625900.5", "2026-03-04 12:05")]),
    ("dates = 'unix-ms'", &[("1772625900000", "2026-03-04 12:05")]),
    ("dates = ['d/m/Y', 'iso']", &[("04/03/2026", "2026-03-04"), ("2026-03-04", "2026-03-04")]),
    (
        "zone = 'Europe/Berlin'",
        &[
            ("2026-03-29 01:59", "2026-03-29 00:59"),
            ("2026-03-29 02:30", SKIPPED),
            ("2026-03-29 03:00", "2026-03-29 01:00"),
            ("2026-10-25 02:30", TWICE),
            ("2026-10-25 03:00", "2026-10-25 02:00"),
            ("2026-10-25 02:30:00+02:00", "2026-10-25 00:30"),
            ("2026-10-25", "2026-10-25"),
        ],
    ),
    (
        "zone = 'Europe/Berlin'\nclock_change = 'earlier'",
        &[("2026-10-25 02:30", "2026-10-25 00:30"), ("2026-03-29 02:30", SKIPPED)],
    ),
    ("zone = 'Europe/Berlin'\nclock_change = 'later'", &[("2026-10-25 02:30", "2026-10-25 01:30")]),
];

/// A source of requests with these keys and columns.
fn requests(keys: &str, submitted_at: &str) -> String {
    format!(
        "[[requests]]\nfiles = 'x*.csv'\n{keys}\n[requests.columns]\nrequest_id = 'Id'\naccount_id = {{ constant = 'A' }}\n\
         invoice_id = {{ constant = 'I' }}\nkind = {{ constant = 'refund' }}\nsubmitted_at = {submitted_at}\n"
    )
}

#[test]
fn dates() {
    for (keys, cells) in DATES {
        let (mut file, mut expected) = ("Id|At\n".to_owned(), String::new());
        for (number, (cell, becomes)) in cells.iter().enumerate() {
            let number = number + 1;
            file += &format!("Q{number}|{cell}\n");
            expected += &match becomes.strip_prefix('!') {
                Some(reason) => format!("{number}: rejected: At `{cell}`: {}\n", reason.replace("CELL", cell)),
                None => format!("{number}: Q{number} refund of I {becomes}\n"),
            };
        }
        let mapping = requests(&format!("delimiter = '|'\n{keys}"), "'At'");
        assert_eq!(shown(&mapping, &[("x.csv", file.as_bytes())]), expected, "{keys}");
    }
}

/// What stands between fields, and in which bytes: all of them write the same two rows.
#[test]
fn delimiters_and_encodings() {
    let text = |delimiter: char| {
        format!(
            "Id{delimiter}At{delimiter}Überweg\nQ1{delimiter}2026-03-04{delimiter}Zoë\n\"Q,2\"{delimiter}2026-03-05{delimiter}x\n"
        )
    };
    let utf16 = |text: &str, little: bool, mark: bool| -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    };
    let latin = |text: &str| -> Vec<u8> { text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect() };
    let bom = |text: &str| [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
    let cases: [(&str, Vec<u8>); 12] = [
        ("", text(',').into()),
        ("", text(',').replace('\n', "\r\n").into()),
        ("delimiter = ';'", text(';').into()),
        ("delimiter = '|'", text('|').into()),
        ("delimiter = \"\\t\"", text('\t').into()),
        ("", bom(&text(','))),
        ("encoding = 'windows-1252'", bom(&text(','))),
        ("", utf16(&text(','), true, true)),
        ("delimiter = \"\\t\"", utf16(&text('\t'), false, true)),
        ("encoding = 'utf-16le'", utf16(&text(','), true, false)),
        ("encoding = 'utf-16be'", utf16(&text(','), false, false)),
        ("encoding = 'windows-1252'", latin(&text(','))),
    ];
    for (keys, bytes) in &cases {
        // The third column is needed, so that its name must have been read right.
        let mapping = requests(&format!("{keys}\nskip = [{{ column = 'Überweg', is = 'nein' }}]"), "'At'");
        let expected = "1: Q1 refund of I 2026-03-04\n2: Q,2 refund of I 2026-03-05\n";
        assert_eq!(shown(&mapping, &[("x.csv", bytes)]), expected, "{keys}");
    }
    let undeclared =
        shown(&requests("skip = [{ column = 'Überweg', is = 'nein' }]", "'At'"), &[("x.csv", &latin(&text(',')))]);
    assert!(
        undeclared
            .starts_with("refused: x.csv: no row names all columns of the mapping: that of record 1 lacks `Überweg`"),
        "{undeclared}"
    );
}

/// Ids that a spreadsheet has made numbers are never joined on.
#[test]
fn damaged_ids() {
    let lost = "the id was made a number by a spreadsheet, and what it was cannot be told: export it again as text";
    let added = "the id looks like a number that a program made of it: `extract = '^(\\d+)\\.0$'` takes the `.0` away";
    let file = "Id,At\n8.96529E+19,2026-03-04\n2.19e+26,2026-03-04\n17850.0,2026-03-04\n17850,2026-03-04\n219E01BE,2026-03-04\n1.5,2026-03-04\n00420,2026-03-04\n";
    let expected = format!(
        "1: rejected: Id `8.96529E+19`: {lost}\n2: rejected: Id `2.19e+26`: {lost}\n3: rejected: Id `17850.0`: {added}\n\
         4: 17850 refund of I 2026-03-04\n5: 219E01BE refund of I 2026-03-04\n6: 1.5 refund of I 2026-03-04\n7: 00420 refund of I 2026-03-04\n"
    );
    assert_eq!(shown(&requests("", "'At'"), &[("x.csv", file.as_bytes())]), expected);
    let mended = requests("", "'At'")
        .replace("request_id = 'Id'", r"request_id = { column = 'Id', extract = '^(\d+)(?:\.0)?$' }");
    let file = "Id,At\n17850.0,2026-03-04\n17851,2026-03-04\nx,2026-03-04\n";
    let expected = "1: 17850 refund of I 2026-03-04\n2: 17851 refund of I 2026-03-04\n3: rejected: Id `x`: `^(\\d+)(?:\\.0)?$` does not match\n";
    assert_eq!(shown(&mended, &[("x.csv", file.as_bytes())]), expected);
}

/// A reference that differs from an id only in zeros at its beginning names no row, and is told which id that is.
#[test]
fn references_without_their_zeros() {
    let invoices = "invoice_id,line,account_id,policy,invoice_date,currency,amount,category\n\
        0042,01,A,opust,2026-01-02,EUR,1.00,other\n42A,1,A,opust,2026-01-02,EUR,1.00,other\n";
    let requests = requests("", "'At'").replace("{ constant = 'I' }", "'Invoice'")
        + "line = 'Line'\nparent_request_id = 'Parent'\n";
    let requests = requests
        + "\n[[decisions]]\nfiles = 'd.csv'\n[decisions.columns]\ndecision_id = 'D'\nrequest_id = 'R'\noutcome = { constant = 'denied' }\n";
    let asked = "Id,Invoice,Line,Parent,At\n007,0042,,,2026-03-04\n2,42,,,2026-03-04\n3,042A,,,2026-03-04\n4,0042,1,,2026-03-04\n5,0042,,7,2026-03-04\n6,43,,,2026-03-04\n";
    let decided = "D,R\nD1,007\nD2,7\nD3,0\n";
    let zeros = "differs from it only in zeros at the beginning";
    let expected = format!(
        "x.csv:1: 007 refund of 0042 2026-03-04\n\
         x.csv:2: rejected: invoice_id `42`: `42` is the `invoice_id` of no invoice; `0042` {zeros}\n\
         x.csv:3: rejected: invoice_id `042A`: `042A` is the `invoice_id` of no invoice\n\
         x.csv:4: rejected: line `1`: `1` is no line of the invoice `0042`; `01` {zeros}\n\
         x.csv:5: rejected: parent_request_id `7`: `7` is the `request_id` of no request; `007` {zeros}\n\
         x.csv:6: rejected: invoice_id `43`: `43` is the `invoice_id` of no invoice\n\
         d.csv:1: D1 denied [] [] []\n\
         d.csv:2: rejected: request_id `7`: `7` is the `request_id` of no request; `007` {zeros}\n\
         d.csv:3: rejected: request_id `0`: `0` is the `request_id` of no request\n"
    );
    let files =
        [("invoices.csv", invoices), ("x.csv", asked), ("d.csv", decided)].map(|(name, text)| (name, text.as_bytes()));
    assert_eq!(shown(&requests, &files), expected);
}
