//! The kinds of check: an audit by the rules of one kind only. `none` is the walk through the cases without a rule.

use super::exports::{Exports, catalogue};
use criterion::{BenchmarkId, Criterion, Throughput};
use reperform::audit::{Options, Report, audit};
use reperform::plan::Selection;
use reperform::policy::Catalogue;
use reperform::record::Books;
use std::collections::BTreeMap;

/// What a kind costs is its time less that of `none`; how many outcomes it gives is printed before. Throughput is in
/// cases.
pub fn bench(criterion: &mut Criterion) {
    let catalogue = catalogue();
    let books = Exports::write().read(&catalogue);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let mut group = criterion.benchmark_group("check");
    group.throughput(Throughput::Elements(books.cases));
    for (kind, selection) in selections(&catalogue) {
        let outcomes: u64 = run(&catalogue, &books, &selection).tallies.iter().map(|tally| tally.judged).sum();
        let mut told = false;
        group.bench_with_input(BenchmarkId::from_parameter(kind), &selection, |bencher, selection| {
            if !std::mem::replace(&mut told, true) {
                println!("check/{kind}: {outcomes} outcomes over {} cases", books.cases);
            }
            pool.install(|| bencher.iter(|| run(&catalogue, &books, selection).cases));
        });
    }
    group.finish();
}

/// Per kind of check the rules of that kind; no rule, and all rules.
fn selections(catalogue: &Catalogue) -> BTreeMap<&'static str, Selection> {
    let mut kinds: BTreeMap<&str, Selection> = BTreeMap::new();
    for rule in catalogue.policies.iter().flat_map(|policy| &policy.rules) {
        kinds.entry(rule.check.kind()).or_default().select.push(rule.id.clone());
    }
    let none = Selection { select: vec!["none".to_owned()], ignore: Vec::new() };
    kinds.into_iter().chain([("none", none), ("all", Selection::default())]).collect()
}

fn run<'a>(catalogue: &'a Catalogue, books: &'a Books, selection: &Selection) -> Report<'a> {
    let options = Options { selection: selection.clone(), ..Options::default() };
    audit(catalogue, books, &options, &|_| {}).expect("counts that add up")
}
