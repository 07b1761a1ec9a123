//! Files that polars wrote, read as the bytes of CSV.

use super::super::input::{Input, Refused};
use super::ROWS;
use polars::prelude::*;
use std::io::Read;
use tempfile::TempDir;

/// A Parquet file of these columns, in row groups of so many rows.
fn parquet(columns: Vec<Column>, group: usize) -> Vec<u8> {
    let mut frame = DataFrame::new_infer_height(columns).unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).with_row_group_size(Some(group)).finish(&mut frame).unwrap();
    bytes
}

/// What is read of a file, or what is said of it.
fn read(bytes: &[u8]) -> Result<String, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("table.Parquet");
    std::fs::write(&path, bytes).unwrap();
    let mut text = String::new();
    match Input::open(&path, None).and_then(|mut input| input.read_to_string(&mut text)) {
        Ok(_) => Ok(text),
        Err(error) => match error.get_ref().and_then(|source| source.downcast_ref::<Refused>()) {
            Some(Refused { what, help }) => Err(format!("{what}; {help}")),
            None => Err(format!("no help: {error}")),
        },
    }
}

/// The texts of a column, which is written to a file and read.
fn cells(column: Column) -> Vec<String> {
    let text = read(&parquet(vec![column], 2)).unwrap();
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap()[0].to_owned()).collect()
}

fn column<T, S: ?Sized>(values: T) -> Column
where
    Series: NamedFrom<T, S>,
{
    Series::new("c".into(), values).into_column()
}

#[test]
fn texts_are_as_they_are_and_nothing_is_blank() {
    let odd = ["", " a ", "a,b", "12\" pipe", "two\nlines\r\n", "\u{feff}é", "=1+1", "\0"];
    assert_eq!(cells(column(odd)), odd);
    assert_eq!(cells(column([Some("x"), None, Some("")])), ["x", "", ""]);
    assert_eq!(cells(Column::full_null("c".into(), 3, &DataType::Null)), ["", "", ""]);
    let words = column([Some("x"), None, Some("y"), Some("x")]);
    let words = words.cast(&DataType::from_categories(Categories::global())).unwrap();
    assert_eq!(cells(words), ["x", "", "y", "x"]);
}

#[test]
fn numbers_are_exact() {
    assert_eq!(cells(column([Some(true), Some(false), None])), ["true", "false", ""]);
    assert_eq!(cells(column([Some(i8::MIN), None])), ["-128", ""]);
    assert_eq!(cells(column([i16::MAX, -1])), ["32767", "-1"]);
    assert_eq!(cells(column([i32::MIN])), ["-2147483648"]);
    assert_eq!(cells(column([i64::MAX])), ["9223372036854775807"]);
    assert_eq!(cells(column([u8::MAX])), ["255"]);
    assert_eq!(cells(column([u16::MAX])), ["65535"]);
    assert_eq!(cells(column([u32::MAX])), ["4294967295"]);
    assert_eq!(cells(column([u64::MAX])), ["18446744073709551615"]);
    assert_eq!(cells(column([0.1_f32, 16_777_216.0])), ["0.1", "16777216"]);
    let floats = [0.0, 1.0, 0.1, 30.005, 1e16, 1e-7, 0.1 + 0.2, 1e27, 1e28, 1e-27];
    let texts = [
        "0",
        "1",
        "0.1",
        "30.005",
        "10000000000000000",
        "0.0000001",
        "0.30000000000000004",
        "1000000000000000000000000000",
        "10000000000000000000000000000",
        "0.000000000000000000000000001",
    ];
    assert_eq!(cells(column(floats)), texts);
}

#[test]
fn floats_that_are_no_amounts_are_told_to_be_none() {
    let floats = [f64::NAN, f64::INFINITY, -0.0, -1.5, f64::MAX, f64::MIN_POSITIVE];
    let texts = cells(column(floats));
    assert_eq!(texts, ["NaN", "inf", "-0", "-1.5", "1.7976931348623157e308", "2.2250738585072014e-308"]);
    assert!(texts.iter().all(|text| crate::export::value::amount(text.as_bytes()).is_none()));
}

#[test]
fn decimals_keep_their_scale() {
    let decimals = |scale: usize, values: &[i128]| {
        let values = Int128Chunked::from_slice("c".into(), values);
        cells(values.into_decimal(38, scale).unwrap().into_column())
    };
    assert_eq!(
        decimals(2, &[0, 5, 50, 500, 1234, -5, -1234]),
        ["0.00", "0.05", "0.50", "5.00", "12.34", "-0.05", "-12.34"]
    );
    assert_eq!(decimals(0, &[0, 7, -7]), ["0", "7", "-7"]);
    let most = 10_i128.pow(38) - 1;
    assert_eq!(decimals(38, &[1, most]), [format!("0.{:038}", 1), format!("0.{}", "9".repeat(38))]);
    assert_eq!(decimals(0, &[most]), ["9".repeat(38)]);
}

#[test]
fn days_and_times_are_written_as_the_contract_writes_them() {
    let days = [0, 20_516, -1, 2_932_896, 2_932_897, -719_529, i32::MAX];
    let texts = ["1970-01-01", "2026-03-04", "1969-12-31", "9999-12-31", "+10000-01-01", "-0001-12-31", "2147483647"];
    assert_eq!(cells(Int32Chunked::from_slice("c".into(), &days).into_date().into_column()), texts);

    let second = 1_772_643_900_i64;
    let times = |unit, zone: Option<&str>, ticks: &[i64]| {
        let zone = TimeZone::opt_try_new(zone).unwrap();
        cells(Int64Chunked::from_slice("c".into(), ticks).into_datetime(unit, zone).into_column())
    };
    let (milli, micro, nano) = (TimeUnit::Milliseconds, TimeUnit::Microseconds, TimeUnit::Nanoseconds);
    let told = ["2026-03-04T17:05:00", "2026-03-04T17:05:00.05", "1969-12-31T23:59:59.999"];
    assert_eq!(times(milli, None, &[second * 1000, second * 1000 + 50, -1]), told);
    assert_eq!(times(micro, Some("UTC"), &[second * 1_000_000 + 1]), ["2026-03-04T17:05:00.000001Z"]);
    assert_eq!(times(micro, Some("Asia/Dubai"), &[second * 1_000_000]), ["2026-03-04T17:05:00Z"]);
    assert_eq!(times(nano, None, &[second * 1_000_000_000 + 120]), ["2026-03-04T17:05:00.00000012"]);
    assert_eq!(times(nano, Some("UTC"), &[0]), ["1970-01-01T00:00:00Z"]);

    let of_day = Int64Chunked::from_slice("c".into(), &[0, 86_399_999_999_999]).into_time();
    assert_eq!(cells(of_day.into_column()), ["00:00:00", "23:59:59.999999999"]);
}

#[test]
fn all_rows_come_in_order_whatever_the_row_groups() {
    let rows = ROWS as u32 * 2 + 3;
    let numbers: Vec<u32> = (0..rows).collect();
    let expected = numbers.iter().fold("n,n2\n".to_owned(), |text, n| text + &format!("{n},{n}\n"));
    for group in [1000, ROWS, ROWS + 1, rows as usize] {
        let [a, b] = ["n", "n2"].map(|name| Series::new(name.into(), &numbers).into_column());
        assert!(read(&parquet(vec![a, b], group)).unwrap() == expected, "{group}");
    }
    let none = Series::new("n".into(), [0_i32; 0]).into_column();
    assert_eq!(read(&parquet(vec![none], 10)).unwrap(), "\"n\"\n");
}

#[test]
fn columns_without_a_text_are_named() {
    let lists = Series::new("items".into(), [Series::new("".into(), [1_i32, 2])]).into_column();
    let bytes = Series::new("blob".into(), [b"x".as_slice()]).into_column();
    let said = read(&parquet(vec![column(["a"]), lists, bytes], 9)).unwrap_err();
    assert!(said.contains("`items` holds lists, `blob` holds bytes") && said.contains("leave them out"), "{said}");
}

fn sample() -> Vec<u8> {
    let texts: Vec<Option<String>> = (0..60).map(|n| (n % 7 > 0).then(|| format!("text {}", n % 9))).collect();
    let numbers: Vec<f64> = (0..60).map(f64::from).collect();
    let times = Int64Chunked::from_slice("t".into(), &[1_772_643_900_000_000; 60]);
    let times = times.into_datetime(TimeUnit::Microseconds, None).into_column();
    let numbers = Series::new("n".into(), numbers).into_column();
    parquet(vec![column(&texts[..]), numbers, times], 25)
}

#[test]
fn what_is_no_parquet_file_is_refused() {
    let whole = sample();
    assert!(read(&whole).is_ok());
    let cases: [(&[u8], &str); 5] = [
        (b"", "does not begin with `PAR1`"),
        (b"invoice_id,line\n", "if it is CSV"),
        (b"PAR1", "does not begin with `PAR1`"),
        (&whole[..whole.len() - 1], "is cut short"),
        (b"PAR1\xff\xff\xff\x7fPAR1", "is damaged"),
    ];
    for (bytes, says) in cases {
        let said = read(bytes).unwrap_err();
        assert!(said.contains(says), "{said}");
    }
    let hole = [&whole[..100], &whole[200..]].concat();
    assert!(read(&hole).unwrap_err().contains("damaged"));
}

/// Whatever is wrong with what describes the file, it is read or refused with a help: nothing panics.
#[test]
fn no_damage_to_the_description_ends_the_program() {
    let whole = sample();
    let length = &whole[whole.len() - 8..whole.len() - 4];
    let description = whole.len() - 8 - u32::from_le_bytes(length.try_into().unwrap()) as usize;
    let mut refused = 0;
    for at in description..whole.len() - 4 {
        let mut bytes = whole.clone();
        bytes[at] ^= [0xff, 0x01, 0x80][at % 3];
        if let Err(said) = read(&bytes) {
            assert!(!said.starts_with("no help"), "byte {at}: {said}");
            refused += 1;
        }
    }
    assert!(refused > 100, "{refused}");
}
