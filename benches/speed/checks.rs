//! The kinds of check: an audit by the rules of one kind only. `none` is the walk through the cases without a rule.

use super::exports::{Exports, catalogue};
use criterion::{Criterion, Throughput};
use reperform::audit::{Options, Report, Tally, audit};
use reperform::plan::Selection;
use reperform::policy::Catalogue;
use reperform::record::Books;
use std::collections::BTreeMap;

/// Each kind's throughput is in outcomes: cases, lines or rows that a rule was put to.
pub fn bench(criterion: &mut Criterion) {
    let catalogue = catalogue();
    let books = Exports::write().read(&catalogue);
    let all = judged(&catalogue, &books, &Selection::default());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let mut group = criterion.benchmark_group("check");
    for (kind, selection) in selections(&catalogue) {
        let judged = judged(&catalogue, &books, &selection);
        group.throughput(Throughput::Elements(if kind == "none" { books.cases } else { judged }));
        group.bench_function(kind, |bencher| {
            pool.install(|| bencher.iter(|| run(&catalogue, &books, &selection).cases));
        });
    }
    group.throughput(Throughput::Elements(all));
    group.bench_function("all", |bencher| {
        pool.install(|| bencher.iter(|| run(&catalogue, &books, &Selection::default()).cases));
    });
    group.finish();
}

/// Per kind of check the rules of that kind.
fn selections(catalogue: &Catalogue) -> BTreeMap<&'static str, Selection> {
    let mut kinds: BTreeMap<&str, Selection> = BTreeMap::new();
    for rule in catalogue.policies.iter().flat_map(|policy| &policy.rules) {
        kinds.entry(rule.check.kind()).or_default().select.push(rule.id.clone());
    }
    let none = Selection { select: vec!["none".to_owned()], ignore: Vec::new() };
    kinds.into_iter().chain([("none", none)]).collect()
}

fn judged(catalogue: &Catalogue, books: &Books, selection: &Selection) -> u64 {
    run(catalogue, books, selection).tallies.iter().map(|tally: &Tally| tally.judged).sum()
}

fn run<'a>(catalogue: &'a Catalogue, books: &'a Books, selection: &Selection) -> Report<'a> {
    let options = Options { selection: selection.clone(), ..Options::default() };
    audit(catalogue, books, &options, &|_| {}).expect("counts that add up")
}
