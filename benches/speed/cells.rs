//! The parsers of cells, each on the forms that exports have.

use criterion::{Criterion, Throughput};
use reperform::export::value;
use std::hint::black_box;

/// Each call parses all of a kind's cells.
pub fn bench(criterion: &mut Criterion) {
    let mut kind = Kind { criterion };
    kind.bench("date", &["2026-03-04", "1999-12-31", "2024-02-29", "soon"], |cell| value::date(cell).is_some());
    let times =
        ["2026-03-04", "2026-03-04T17:05", "2026-03-04T17:05:00Z", "2026-03-04 17:05:00.123+04:00", "2026-03-04T25:00"];
    kind.bench("time", &times, |cell| value::time(cell).is_some());
    let amounts = ["0", "19.99", "1234567.89", "0.000000000000000000000000001", "1,234.00"];
    kind.bench("amount", &amounts, |cell| value::amount(cell).is_some());
    kind.bench("flag", &["true", "No", "1", "maybe"], |cell| value::flag(cell).is_some());
    kind.bench("currency", &["USD", "aed", "XXQ"], |cell| value::currency(cell).is_some());
    let codes = ["billing_error", "No-Longer needed", "ÜBER"];
    kind.bench("code", &codes, |cell| std::str::from_utf8(cell).is_ok_and(|cell| !value::code(cell).is_empty()));
}

struct Kind<'a> {
    criterion: &'a mut Criterion,
}

impl Kind<'_> {
    fn bench(&mut self, name: &str, cells: &[&str], parse: impl Fn(&[u8]) -> bool) {
        let mut group = self.criterion.benchmark_group("cell");
        group.throughput(Throughput::Elements(cells.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| cells.iter().filter(|cell| parse(black_box(cell.as_bytes()))).count());
        });
        group.finish();
    }
}
