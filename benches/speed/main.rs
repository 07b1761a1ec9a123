//! Micro-benchmarks of the parts (`cargo bench`), and the references that `benches/run.py` measures whole audits
//! against (`speed split`, `speed parse`).

mod calendars;
mod cells;
mod checks;
mod exports;
mod reading;
mod split;

use criterion::Criterion;
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(reference) = words.first().and_then(|word| split::Reference::named(word)) {
        return split::run(reference, &words[1..]);
    }
    let short = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
    let mut criterion = short.sample_size(20).configure_from_args();
    checks::bench(&mut criterion);
    calendars::bench(&mut criterion);
    cells::bench(&mut criterion);
    reading::bench(&mut criterion);
    criterion.final_summary();
    ExitCode::SUCCESS
}
