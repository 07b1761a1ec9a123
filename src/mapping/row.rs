//! One row of a source made a row of its table: cells picked, mapped and brought into the canonical form.

use super::amount::{AmountError, AmountForm, is_canonical};
use super::date::{DateError, Leaves};
use super::source::{Condition, Convert, HeaderAt, Minor, Pick, Source, Spec};
use crate::column::Column;
use crate::export::Fault;
use crate::money::{self, Currency, minor_digits};
use rust_decimal::Decimal;
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;

/// How rows of one file become rows of its table.
#[derive(Clone, Debug)]
pub(crate) struct RowMap {
    source: Arc<Source>,
    /// The cells that a row must have.
    pub(crate) width: usize,
    /// The file's own columns, and behind them those that were added as it was read before.
    header: Vec<String>,
    cells: Vec<Mapped>,
    keep: Vec<usize>,
    skip: Vec<usize>,
    /// Where reading the file before has put what it found out about the row.
    verdict: Option<usize>,
    is_gathered: bool,
}

/// A canonical column with the positions of the cells that it takes.
#[derive(Clone, Debug)]
struct Mapped {
    spec: usize,
    inputs: SmallVec<[usize; 2]>,
    /// The cell that is copied as it stands if it looks so.
    copied: Option<(usize, Look)>,
}

/// By what a cell is known of which nothing need be changed.
#[derive(Clone, Copy, Debug)]
enum Look {
    Any,
    /// It does not begin with a digit, or has nothing else: spreadsheets damage numbers.
    Id,
    Amount,
    Time(Leaves),
}

impl Look {
    /// That of a column's cells, if there is one.
    fn of(spec: &Spec) -> Option<Look> {
        if !spec.is_unchanged || !matches!(spec.pick, Pick::Cell(_) | Pick::Event) || spec.is_number() {
            return None;
        }
        match &spec.convert {
            Convert::Text => Some(Look::Any),
            Convert::Id => Some(Look::Id),
            Convert::Amount(form, Minor::No) if form.leaves_canonical() => Some(Look::Amount),
            Convert::Date(reader, false) => reader.leaves().map(Look::Time),
            _ => None,
        }
    }

    #[inline]
    fn knows(self, cell: &[u8]) -> bool {
        let Some(first) = cell.first() else { return true };
        match self {
            Look::Any => true,
            Look::Id => !first.is_ascii_digit() || cell.iter().all(u8::is_ascii_digit),
            Look::Amount => is_canonical(cell),
            Look::Time(leaves) => leaves.leaves(cell),
        }
    }
}

/// Texts that are used again for each cell.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    text: String,
    lower: String,
}

/// The cells of a row of a source.
pub(crate) trait Row {
    fn len(&self) -> usize;
    /// A cell, blank if the row has none there.
    fn cell(&self, at: usize) -> &[u8];
}

/// Why a row of a source is left out, by number.
pub(crate) type Reason = u16;

const BLANK_ROW: Reason = 0;
const HEADER_AGAIN: Reason = 1;
const TOLD_BEFORE: Reason = 2;
/// Rows of a case behind its first.
pub(super) const GATHERED: Reason = 3;
/// Rows of a case without any of the events that it needs.
pub(super) const UNNEEDED: Reason = 4;
const KEEP: Reason = 5;

/// Where the column of a condition stands that need not be asked, as there is no such column.
const MISSING: usize = usize::MAX;

impl RowMap {
    /// The mapping of rows under a header that lacks nothing.
    pub(crate) fn new(source: &Arc<Source>, header: &[String]) -> RowMap {
        let layout = source.layout(header);
        let is_gathered = source.gather.is_some();
        let mut next = 0;
        let mut cells = Vec::new();
        for (number, spec) in source.columns.iter().enumerate() {
            let inputs: Option<SmallVec<[usize; 2]>> = match &spec.pick {
                _ if is_gathered => {
                    let from = next;
                    next += spec.gathered_cells();
                    Some((from..next).collect())
                }
                Pick::NumberWithin(within) => Some(layout.number(within).into_iter().collect()),
                pick => pick.inputs().iter().map(|named| Some(layout.filled(named.at(header)?))).collect(),
            };
            cells.extend(inputs.map(|inputs| {
                let only = if let [only] = inputs.as_slice() { Some(*only) } else { None };
                Mapped { spec: number, copied: only.zip(Look::of(spec)), inputs }
            }));
        }
        let (keep, skip) = source.condition_places(header);
        RowMap {
            source: Arc::clone(source),
            width: if is_gathered { next + 1 } else { layout.width() },
            header: header.to_vec(),
            cells,
            keep,
            skip,
            verdict: if is_gathered { Some(next) } else { layout.once },
            is_gathered,
        }
    }

    /// The canonical columns, in the order of the mapped cells.
    pub(crate) fn columns(&self) -> impl Iterator<Item = Column> {
        self.cells.iter().filter_map(|cell| self.spec(cell)).map(|spec| spec.column)
    }

    /// The canonical columns as the source names them.
    pub(crate) fn labels(&self) -> Vec<String> {
        let label = |cell: &Mapped| self.spec(cell).map_or_else(String::new, |spec| self.label(spec));
        self.cells.iter().map(label).collect()
    }

    fn label(&self, spec: &Spec) -> String {
        if self.is_gathered || spec.pick.inputs().is_empty() {
            return spec.column.name().to_owned();
        }
        let named = spec.pick.inputs().iter().map(|named| named.at(&self.header).and_then(|at| self.header.get(at)));
        let names: Vec<&str> = named.map(|name| name.map_or("", |name| name.trim())).collect();
        if names.iter().all(|name| name.is_empty()) { spec.column.name().to_owned() } else { names.join(", ") }
    }

    /// How many of a row's cells are not of the file.
    pub(crate) fn added(&self) -> usize {
        if self.is_gathered { 0 } else { self.width - self.header.len() }
    }

    /// Why rows are left out, as it is told.
    pub(crate) fn reason(&self, reason: Reason) -> String {
        let conditions = usize::from(reason.saturating_sub(KEEP));
        match reason {
            BLANK_ROW => "the row is blank".to_owned(),
            HEADER_AGAIN => "the row repeats the header".to_owned(),
            TOLD_BEFORE => "a row before says the same".to_owned(),
            GATHERED => "the row is told with the first of its case".to_owned(),
            UNNEEDED => "its case has none of the events that it needs".to_owned(),
            _ => match (self.source.keep.get(conditions), conditions.checked_sub(self.source.keep.len())) {
                (Some(condition), _) => format!("not kept: it is not so that {}", condition.shown()),
                (None, Some(skip)) => self.source.skip.get(skip).map_or_else(String::new, |c| c.shown()),
                (None, None) => String::new(),
            },
        }
    }

    /// Appends a row's canonical cells, each with a comma after it, and where the bytes after each comma begin. Returns what
    /// is known of the row.
    ///
    /// # Errors
    /// Why the row is left out; then nothing was appended.
    pub(crate) fn map(
        &self,
        row: &impl Row,
        to: &mut Vec<u8>,
        bounds: &mut Vec<usize>,
        scratch: &mut Scratch,
    ) -> Result<Option<Fault>, Reason> {
        self.chosen(row)?;
        let verdict = self.verdict(row);
        let mut fault = (!verdict.is_empty())
            .then(|| Fault { reason: String::from_utf8_lossy(verdict).into_owned(), ..Fault::default() });
        // Minor units are counted by the row's currency, which is the first of its cells.
        let mut currency = to.len()..to.len();
        for (number, cell) in self.cells.iter().enumerate() {
            let start = to.len();
            let copied = cell.copied.map(|(at, look)| (row.cell(at), look)).filter(|(cell, look)| look.knows(cell));
            if let Some((cell, _)) = copied {
                to.extend_from_slice(cell);
            } else if let Some(spec) = self.spec(cell)
                && let Err(reason) = self.fill(cell, spec, row, to, currency.clone(), scratch)
            {
                to.truncate(start);
                fault.get_or_insert_with(|| self.fault(cell, spec, row, reason));
            }
            if number == 0 {
                currency = start..to.len();
            }
            to.push(b',');
            bounds.push(to.len());
        }
        Ok(fault)
    }

    /// What was found out about a row before: nothing, `again` if it says what a row before says, or why it is at fault.
    fn verdict<'r>(&self, row: &'r impl Row) -> &'r [u8] {
        self.verdict.filter(|_| row.len() == self.width).map_or(&[], |at| row.cell(at))
    }

    fn spec(&self, cell: &Mapped) -> Option<&Spec> {
        self.source.columns.get(cell.spec)
    }

    /// Whether a row is to be mapped at all.
    fn chosen(&self, row: &impl Row) -> Result<(), Reason> {
        if self.is_gathered {
            return Ok(());
        }
        if (0..row.len().min(self.header.len())).all(|at| row.cell(at).trim_ascii().is_empty()) {
            return Err(BLANK_ROW);
        }
        if self.repeats_header(row) {
            return Err(HEADER_AGAIN);
        }
        self.source.chosen(row, &self.keep, &self.skip)?;
        match self.verdict(row) {
            b"again" => Err(TOLD_BEFORE),
            _ => Ok(()),
        }
    }

    fn repeats_header(&self, row: &impl Row) -> bool {
        if self.source.header == HeaderAt::Nowhere || row.len() < self.header.len() {
            return false;
        }
        let mut names = self.header.iter().enumerate();
        names.all(|(at, name)| row.cell(at).trim_ascii() == name.trim().as_bytes())
    }

    /// Appends a cell in its canonical form.
    fn fill(
        &self,
        cell: &Mapped,
        spec: &Spec,
        row: &impl Row,
        to: &mut Vec<u8>,
        currency: Range<usize>,
        scratch: &mut Scratch,
    ) -> Result<(), String> {
        match (&spec.pick, cell.inputs.as_slice()) {
            (Pick::Cell(_) | Pick::Event, [at]) if spec.is_unchanged => {
                self.form(spec, text_of(row.cell(*at))?, to, currency)
            }
            (Pick::Product(_, form), _) if !self.is_gathered => product(cell, spec, form, row, to),
            _ => {
                let Scratch { text, lower } = scratch;
                text.clear();
                pick(cell, spec, row, text)?;
                spec.rewrite(text, lower)?;
                self.form(spec, text.trim(), to, currency)
            }
        }
    }

    /// Why a cell cannot be used, in the source's words: its column or columns, and the cell as it stands.
    fn fault(&self, cell: &Mapped, spec: &Spec, row: &impl Row, reason: String) -> Fault {
        let text = |at: &usize| String::from_utf8_lossy(row.cell(*at)).trim().to_owned();
        let values: Vec<String> = cell.inputs.iter().map(text).collect();
        Fault { column: self.label(spec), value: values.join(", "), reason }
    }

    /// Brings a text that was picked and rewritten into the form of its column.
    fn form(&self, spec: &Spec, text: &str, to: &mut Vec<u8>, currency: Range<usize>) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        match &spec.convert {
            _ if spec.is_count() => to.extend_from_slice(text.as_bytes()),
            Convert::Text => to.extend_from_slice(text.as_bytes()),
            Convert::Id => match damage(text) {
                Some(reason) => return Err(reason.to_owned()),
                None => to.extend_from_slice(text.as_bytes()),
            },
            Convert::Amount(form, _) if self.is_gathered && spec.is_number() => {
                let value: Decimal = text.parse().map_err(|_| "the sum is too large".to_owned())?;
                form.write(value, to).map_err(amount_error)?;
            }
            Convert::Amount(form, minor) => {
                let digits = digits(*minor, to.get(currency).unwrap_or_default())?;
                form.read(text, digits, to).map_err(amount_error)?;
            }
            Convert::Date(reader, day_only) => {
                let start = to.len();
                reader.read(text, to).map_err(date_error)?;
                if *day_only {
                    to.truncate(to.len().min(start + "2026-03-04".len()));
                }
            }
            Convert::AutoDate(..) => return Err("the order of day and month is not settled".to_owned()),
            Convert::CurrencyOf(form, codes) => {
                let symbol = form
                    .symbol(text)
                    .ok_or_else(|| "there is no symbol of a currency that `codes` names".to_owned())?;
                let code = codes.get(symbol).ok_or_else(|| format!("`codes` does not name `{symbol}`"))?;
                to.extend_from_slice(code.as_bytes());
            }
        }
        Ok(())
    }
}

/// How many digits stand behind a point that is not written, by the row's currency.
fn digits(minor: Minor, currency: &[u8]) -> Result<Option<u32>, String> {
    match minor {
        Minor::No => Ok(None),
        Minor::Digits(digits) => Ok(Some(digits)),
        Minor::ByCurrency => {
            let code = std::str::from_utf8(currency).unwrap_or_default().trim().to_uppercase();
            let none = || "the row has no known currency, by which its minor units are counted".to_owned();
            Currency::from_code(&code).map(|currency| Some(minor_digits(currency))).ok_or_else(none)
        }
    }
}

/// The text of the cells that a column takes.
fn pick(cell: &Mapped, spec: &Spec, row: &impl Row, to: &mut String) -> Result<(), String> {
    if let Pick::Constant(text) = &spec.pick {
        to.push_str(text);
        return Ok(());
    }
    let with = if let Pick::Join(_, with) = &spec.pick { with.as_str() } else { " " };
    for at in &cell.inputs {
        let text = text_of(row.cell(*at))?;
        if !to.is_empty() && !text.is_empty() {
            to.push_str(with);
        }
        to.push_str(text);
    }
    Ok(())
}

impl Spec {
    /// Whether the cell was added up or multiplied before.
    fn is_number(&self) -> bool {
        self.is_sum() || matches!(self.pick, Pick::Product(..))
    }

    /// What the mapping makes of the text, whatever its form.
    fn rewrite(&self, text: &mut String, lower: &mut String) -> Result<(), String> {
        if !self.blanks.is_empty() || !self.values.is_empty() {
            lower.clear();
            lower.extend(text.trim().chars().flat_map(char::to_lowercase));
        }
        if self.blanks.iter().any(|blank| blank == lower) {
            text.clear();
        }
        if let Some(pattern) = self.extract.as_ref().filter(|_| !text.is_empty()) {
            let none = || format!("`{pattern}` does not match");
            let groups = pattern.captures(text).ok_or_else(none)?;
            let part = groups.get(1).or_else(|| groups.get(0)).map_or("", |part| part.as_str()).to_owned();
            *text = part;
            lower.clear();
            lower.extend(text.trim().chars().flat_map(char::to_lowercase));
        }
        if !text.is_empty()
            && let Some(value) = self.values.get(lower.as_str()).or(self.others.as_ref())
        {
            text.clone_from(value);
        }
        if text.is_empty() {
            text.push_str(&self.default);
        }
        Ok(())
    }
}

fn product(cell: &Mapped, spec: &Spec, form: &AmountForm, row: &impl Row, to: &mut Vec<u8>) -> Result<(), String> {
    match multiplied(cell.inputs.iter().map(|at| row.cell(*at)), form)? {
        Some(value) => form.write(value, to).map_err(amount_error),
        None => {
            to.extend_from_slice(spec.default.as_bytes());
            Ok(())
        }
    }
}

pub(super) fn amount_error(error: AmountError) -> String {
    format!("the amount {error}")
}

pub(super) fn date_error(error: DateError) -> String {
    format!("the date {error}")
}

/// Numbers multiplied, exactly; nothing if one is blank.
pub(super) fn multiplied<'a>(
    cells: impl Iterator<Item = &'a [u8]>,
    form: &AmountForm,
) -> Result<Option<Decimal>, String> {
    let mut product = Decimal::ONE;
    for cell in cells {
        let text = text_of(cell)?;
        if text.is_empty() {
            return Ok(None);
        }
        let factor = form.signed(text, None).map_err(amount_error)?;
        product = money::product(product, factor).ok_or_else(|| "the product has more than 28 digits".to_owned())?;
    }
    Ok(Some(product))
}

/// A cell as text, without white space around it.
pub(super) fn text_of(cell: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(cell).map(str::trim).map_err(|_| "the cell is not UTF-8: say the `encoding`".to_owned())
}

/// What a spreadsheet did to an id.
fn damage(id: &str) -> Option<&'static str> {
    let bytes = id.as_bytes();
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let rest = bytes.get(digits..)?;
    let fraction = match rest {
        [b'.', rest @ ..] => rest.iter().take_while(|byte| byte.is_ascii_digit()).count() + 1,
        _ => 0,
    };
    match rest.get(fraction..)? {
        [] if rest == b".0" => {
            Some("the id looks like a number that a program made of it: `extract = '^(\\d+)\\.0$'` takes the `.0` away")
        }
        [b'e' | b'E', b'+', power @ ..] if !power.is_empty() && power.iter().all(u8::is_ascii_digit) => {
            Some("the id was made a number by a spreadsheet, and what it was cannot be told: export it again as text")
        }
        _ => None,
    }
}

impl Spec {
    /// The text that the column takes of a row, before its form; nothing if it cannot be had.
    pub(super) fn text(&self, row: &impl Row, inputs: &[usize]) -> Option<String> {
        let cell = Mapped { spec: 0, inputs: inputs.iter().copied().collect(), copied: None };
        let (mut text, mut lower) = (String::new(), String::new());
        pick(&cell, self, row, &mut text).ok()?;
        self.rewrite(&mut text, &mut lower).ok()?;
        Some(text)
    }
}

impl Source {
    /// Where the columns of the conditions stand.
    pub(super) fn condition_places(&self, header: &[String]) -> (Vec<usize>, Vec<usize>) {
        let at = |condition: &Condition| condition.column.at(header).unwrap_or(MISSING);
        (self.keep.iter().map(at).collect(), self.skip.iter().map(at).collect())
    }

    /// Whether a row meets all conditions to keep it, and none to skip it; their columns stand at these positions.
    pub(super) fn chosen(&self, row: &impl Row, keep: &[usize], skip: &[usize]) -> Result<(), Reason> {
        let cell = |at: usize| String::from_utf8_lossy(row.cell(at));
        for (number, (condition, at)) in (KEEP..).zip(self.keep.iter().zip(keep)) {
            if *at != MISSING && !condition.holds(cell(*at).trim()) {
                return Err(number);
            }
        }
        let first = KEEP + self.keep.len() as Reason;
        for (number, (condition, at)) in (first..).zip(self.skip.iter().zip(skip)) {
            if *at != MISSING && condition.holds(cell(*at).trim()) {
                return Err(number);
            }
        }
        Ok(())
    }
}
