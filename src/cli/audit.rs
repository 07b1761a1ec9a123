//! `reperform audit`: three exports in, one folder of results out.

use super::Status;
use super::exports::{ExportArgs, Exports, quoted};
use super::failure::Failure;
use super::memory::{self, Parts};
use super::policies::{PolicyArgs, RuleArgs, under};
use super::progress::Progress;
use crate::audit::{Options, audit};
use crate::check::outcome::Verdict;
use crate::divided::{self, Asked, Step};
use crate::explain::Workings;
use crate::obtain::Facts;
use crate::plan::Plans;
use crate::policy::rule::Severity;
use crate::policy::{Catalogue, Choice, Strictness};
use crate::report::exposure::{By, Group};
use crate::report::folder::{Folder, RUN};
use crate::report::format::Format;
use crate::report::run::{Run, RunOptions, Timing};
use crate::report::summary::Summary;
use crate::report::totals::Totals;
use crate::report::{Results, coverage, files, readings, terminal, to_obtain};
use crate::sensitivity;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::ValueEnum;
use clap::builder::PossibleValue;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

/// Audit exports and write a folder of results.
#[derive(clap::Args)]
#[command(after_help = "Exit status: 0 no deviation, 1 deviations, 2 not audited, 3 audited but rows were rejected.")]
pub(super) struct Args {
    #[command(flatten)]
    exports: ExportArgs,
    #[command(flatten)]
    policies: PolicyArgs,
    #[command(flatten)]
    rules: RuleArgs,
    /// The folder to write; without it `reports/` and the name of the folder of exports.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace the results of an earlier run.
    #[arg(long)]
    force: bool,
    /// The least severity of a deviation for which the exit status is 1.
    #[arg(long, value_name = "SEVERITY", default_value = "low")]
    fail_on: Severity,
    /// Let the exit status be 0 or 1 although rows were rejected.
    #[arg(long)]
    allow_rejects: bool,
    /// Write up what could not be tested too.
    #[arg(long, value_name = "VERDICT")]
    include: Vec<Include>,
    /// The formats in which findings are written; the other files of a run are written always.
    #[arg(long, value_name = "FORMAT,...", value_delimiter = ',', default_values = Format::USUAL.map(Format::name))]
    format: Vec<Format>,
    /// List the facts that are missing, the most valuable first, in `to_obtain.csv`.
    #[arg(long)]
    to_obtain: bool,
    /// Try the alternative readings that the policies write too, and say of every finding which of them turns it: judge by
    /// those that are strict, by those that are lenient, or as the policies declare.
    #[arg(long, value_enum, value_name = "READINGS")]
    readings: Option<Readings>,
    /// How many threads to use; without it one a core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// The most memory to take, such as `4GiB` or `800MB`; without it what the machine has free. Exports that do not fit
    /// are divided on disk, beside the results, and audited part by part.
    #[arg(long, value_name = "SIZE", value_parser = memory::size)]
    memory: Option<u64>,
    /// Print nothing but errors.
    #[arg(long, short)]
    quiet: bool,
}

/// What can be written up besides deviations and what is for a person to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Include {
    /// Evidence was missing.
    Indeterminate,
}

/// By which readings an audit judges that tries others too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Readings {
    /// Those that demand more of the provider than the declared ones, where there are any.
    Strict,
    /// Those that demand less.
    Lenient,
    /// Those that the policies declare.
    Declared,
}

impl Readings {
    fn choice(self) -> Choice {
        let all = match self {
            Readings::Strict => Some(Strictness::Strict),
            Readings::Lenient => Some(Strictness::Lenient),
            Readings::Declared => None,
        };
        Choice { all, ..Choice::default() }
    }

    fn name(self) -> &'static str {
        self.choice().all.map_or("declared", Strictness::name)
    }
}

impl ValueEnum for Severity {
    fn value_variants<'a>() -> &'a [Severity] {
        &Severity::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Format] {
        &Format::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.file()))
    }
}

/// Audits.
pub(super) fn run(args: &Args) -> Result<Status, Failure> {
    let threads = args.threads.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| Failure::new(format!("the threads cannot be started: {error}"), None))?;
    pool.install(|| audit_exports(args))
}

fn audit_exports(args: &Args) -> Result<Status, Failure> {
    let clock = Clock::start();
    let catalogue = args.policies.load()?;
    let choice = args.readings.map(Readings::choice).unwrap_or_default();
    let catalogue = under(catalogue, &choice)?;
    let selection = args.rules.selection(&catalogue)?;
    let exports = args.exports.exports()?;
    let sources = &exports.sources;
    let include_indeterminate = args.include.contains(&Include::Indeterminate);
    let options = Options { as_of: args.exports.as_of, include_indeterminate, selection };
    let bytes = super::exports::bytes(sources);
    let text_bytes = super::exports::text_bytes(sources);
    let run = Audit { args, catalogue: &catalogue, exports: &exports, options: &options, bytes, text_bytes };
    match memory::parts(text_bytes, args.memory)? {
        None => run.at_once(clock),
        Some(_) if args.readings.is_some() => {
            let what = "the exports are larger than the memory that may be used, and are not divided for `--readings`";
            Err(Failure::new(what.to_owned(), Some("audit a part of them, such as a month".to_owned())))
        }
        Some(parts) => run.in_parts(parts, clock),
    }
}

/// An audit that is asked for.
struct Audit<'a> {
    args: &'a Args,
    catalogue: &'a Catalogue,
    exports: &'a Exports,
    options: &'a Options,
    /// The size of the exports, as they are and as text.
    bytes: u64,
    text_bytes: u64,
}

impl Audit<'_> {
    /// Audits exports that fit in memory.
    fn at_once(&self, mut clock: Clock) -> Result<Status, Failure> {
        let Audit { args, catalogue, options, .. } = *self;
        let sources = &self.exports.sources;
        // Whether the results can be written is known before the exports are read, and nothing lies there meanwhile.
        drop(Folder::begin(&args.target(), args.force)?);
        let progress = Progress::new(args.quiet);
        // The process ends soon after: what fills its memory need not be taken apart piece by piece.
        let books = ManuallyDrop::new(super::exports::read(catalogue, sources, &progress)?);
        clock.timing.reading_ms = clock.lap();
        progress.step("judging", books.requests.len() as u64);
        let mut report = ManuallyDrop::new(audit(catalogue, &books, options, &|n| progress.tick(n))?);
        if let Some(readings) = args.readings {
            let worlds = sensitivity::worlds(catalogue, &readings.choice());
            let worlds = worlds.map_err(|problems| Failure::documents(problems, &catalogue.sources))?;
            let worlds = sensitivity::concerned(worlds, catalogue, &books);
            progress.step("readings", (worlds.len() * books.requests.len()) as u64);
            let ledger = sensitivity::test(&worlds, &books, options, &mut report, &|n| progress.tick(n))?;
            report.sensitivity = Some(ledger);
        }
        clock.timing.judging_ms = clock.lap();
        drop(progress);
        let mut folder = Folder::begin(&args.target(), args.force)?;
        let results = Results { catalogue, books: &books, report: &report };
        let workings = Workings::of(catalogue, &books, options, report.as_of);
        let totals = files::write(results, &workings, &args.format, &mut folder)?;
        let facts = args.to_obtain.then(|| Facts::of(catalogue, &books, options, report.as_of));
        if let Some(ledger) = &report.sensitivity {
            folder.write(readings::NAME, |to| readings::write(ledger, to))?;
        }
        let status = self.finish(folder, &totals, facts, clock)?;
        if let Some(ledger) = report.sensitivity.as_ref().filter(|_| !args.quiet) {
            super::show(|to| readings::lines(ledger).iter().try_for_each(|line| writeln!(to, "{line}")))?;
        }
        Ok(status)
    }

    /// Audits exports part by part.
    fn in_parts(&self, parts: Parts, mut clock: Clock) -> Result<Status, Failure> {
        let Audit { args, catalogue, options, bytes, text_bytes, .. } = *self;
        let sources = &self.exports.sources;
        clock.timing.parts = parts.count;
        let mut folder = Folder::begin(&args.target(), args.force)?;
        let progress = Progress::new(args.quiet);
        let began = Cell::new(Step::Dividing);
        let timing = RefCell::new(&mut clock);
        let begin = |step: Step| {
            let mut clock = timing.borrow_mut();
            match began.replace(step) {
                Step::Dividing if step == Step::Dividing => {}
                Step::Dividing => clock.timing.reading_ms = clock.lap(),
                Step::Judging | Step::Merging => clock.timing.judging_ms += clock.lap(),
            }
            match step {
                Step::Dividing => progress.step("dividing", bytes),
                Step::Judging => progress.step("auditing", text_bytes),
                Step::Merging => progress.step("writing", 0),
            }
        };
        let asked = Asked {
            catalogue,
            sources,
            options,
            formats: &args.format,
            to_obtain: args.to_obtain,
            parts: parts.count,
            memory: parts.memory,
        };
        let (totals, facts) = divided::audit(&asked, &mut folder, &begin, &|n| progress.tick(n))?;
        drop(progress);
        self.finish(folder, &totals, facts, clock)
    }

    /// Writes what adds up the whole, puts the folder in its place, and shows what was found.
    fn finish(
        &self,
        mut folder: Folder,
        totals: &Totals<'_>,
        facts: Option<Facts>,
        mut clock: Clock,
    ) -> Result<Status, Failure> {
        let Audit { args, catalogue, options, .. } = *self;
        let rules = Plans::of(catalogue, &options.selection).listed;
        folder.write("coverage.csv", |to| coverage::coverage(&rules, totals, to))?;
        folder.write("summary.json", |to| Summary::of(catalogue, &rules, totals).write(to))?;
        if let Some(facts) = facts {
            folder.write(to_obtain::NAME, |to| to_obtain::write(&facts, &rules, to))?;
        }
        clock.timing.writing_ms = clock.lap();
        let written = folder.written().to_vec();
        let mut run = Run::of(catalogue, totals, args.options(), &self.exports.sources, &written, clock.timing);
        for input in &mut run.inputs {
            input.path = self.exports.given(&input.path).unwrap_or_else(|| std::mem::take(&mut input.path));
        }
        folder.write(RUN, |to| run.write(to))?;
        let place = folder.finish()?;
        if !args.quiet {
            let explain = totals.gravest.as_ref().map(|gravest| args.explain(&gravest.request));
            let place = place.display().to_string();
            let summary = Summary::of(catalogue, &rules, totals);
            super::show(|to| terminal::show(&summary, &rules, &place, explain.as_deref(), to))?;
        }
        Ok(args.status(totals))
    }
}

/// Takes the times of a run.
struct Clock {
    lap: Instant,
    timing: Timing,
}

impl Clock {
    fn start() -> Clock {
        let started = DateTime::<Utc>::from(SystemTime::now()).to_rfc3339_opts(SecondsFormat::Secs, true);
        Clock {
            lap: Instant::now(),
            timing: Timing { started, threads: rayon::current_num_threads(), parts: 1, ..Timing::default() },
        }
    }

    /// Milliseconds since the last lap.
    fn lap(&mut self) -> u64 {
        let lap = std::mem::replace(&mut self.lap, Instant::now());
        u64::try_from(lap.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Args {
    /// Where the results go.
    fn target(&self) -> PathBuf {
        let name = self.exports.folder.as_deref().and_then(|f| f.canonicalize().ok());
        let name = name.as_deref().and_then(Path::file_name).unwrap_or("audit".as_ref());
        self.out.clone().unwrap_or_else(|| Path::new("reports").join(name))
    }

    fn options(&self) -> RunOptions<'_> {
        RunOptions {
            as_of: self.exports.as_of.map(|day| day.to_string()),
            policies: self.policies.policies.as_ref().map(|folder| folder.display().to_string()),
            select: &self.rules.select,
            ignore: &self.rules.ignore,
            readings: self.readings.map(Readings::name),
            include: if self.include.is_empty() { Vec::new() } else { vec![Verdict::Indeterminate.name()] },
            format: Format::ALL.into_iter().filter(|f| self.format.contains(f)).map(Format::name).collect(),
            fail_on: self.fail_on.name(),
            allow_rejects: self.allow_rejects,
            to_obtain: self.to_obtain,
        }
    }

    /// The command that shows a case of this run in full.
    fn explain(&self, case: &str) -> String {
        let mut words = vec!["reperform".to_owned(), "explain".to_owned(), quoted(case)];
        words.extend(self.exports.words());
        if let Some(folder) = &self.policies.policies {
            words.extend(["--policies".to_owned(), quoted(&folder.display().to_string())]);
        }
        words.join(" ")
    }

    fn status(&self, totals: &Totals<'_>) -> Status {
        let fails = |(number, group): (u32, &Group)| {
            let severity = Severity::ALL.get(number as usize);
            group.deviation > 0 && severity.is_some_and(|severity| *severity >= self.fail_on)
        };
        let rejected = totals.rows(None).rejected > 0;
        match (!rejected || self.allow_rejects, totals.groups.by(By::Severity).any(fails)) {
            (false, _) => Status::Rejects,
            (true, true) => Status::Deviations,
            (true, false) => Status::Fine,
        }
    }
}
