//! Counting days.

use super::exports::catalogue;
use chrono::NaiveDate;
use criterion::{BenchmarkId, Criterion, Throughput};
use reperform::calendar::{days_after, months_after};
use std::hint::black_box;

/// Each call counts from every day of a year.
pub fn bench(criterion: &mut Criterion) {
    let days: Vec<NaiveDate> = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day").iter_days().take(365).collect();
    let catalogue = catalogue();
    let mut group = criterion.benchmark_group("days");
    group.throughput(Throughput::Elements(days.len() as u64));
    let calendars = catalogue.families().filter_map(|policy| policy.calendar.as_ref());
    for calendar in calendars {
        for count in [2, 20] {
            let name = BenchmarkId::new(format!("business days, {}", calendar.name), count);
            group.bench_function(name, |bencher| {
                bencher.iter(|| days.iter().filter_map(|day| calendar.after(black_box(*day), count)).max());
            });
        }
    }
    group.bench_function("calendar days", |bencher| {
        bencher.iter(|| days.iter().filter_map(|day| days_after(black_box(*day), 30)).max());
    });
    group.bench_function("months", |bencher| {
        bencher.iter(|| days.iter().filter_map(|day| months_after(black_box(*day), 11)).max());
    });
    group.finish();
}
