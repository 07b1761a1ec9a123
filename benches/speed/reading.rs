//! Reading and joining exports of a few megabytes, which lie in the page cache.

use super::exports::{Exports, catalogue};
use criterion::{BenchmarkId, Criterion, Throughput};

/// On one thread and on two.
pub fn bench(criterion: &mut Criterion) {
    let (catalogue, exports) = (catalogue(), Exports::write());
    let mut group = criterion.benchmark_group("reading");
    group.throughput(Throughput::Bytes(exports.bytes));
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        group.bench_function(BenchmarkId::new("threads", threads), |bencher| {
            pool.install(|| bencher.iter(|| exports.read(&catalogue).cases));
        });
    }
    group.finish();
}
