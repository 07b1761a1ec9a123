//! Amendments: signed agreements that override a general policy for some accounts or invoices.

use super::Catalogue;
use super::lay::{self, Flaw, Table, Value, as_text};
use super::lint::code;
use crate::record::{Books, Invoice, NO_POLICY};
use crate::text::Sym;
use chrono::NaiveDate;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::DeValue;

/// An agreement that overrides a policy.
#[derive(Clone, Debug)]
pub struct Amendment {
    /// As reports name it.
    pub name: String,
    /// The cases that it governs.
    pub applies: Vec<Applies>,
}

/// Which cases an amendment governs: those of an account, of an invoice, or under a contract.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applies {
    /// The account that was billed.
    pub account: Option<String>,
    /// The invoice.
    pub invoice: Option<String>,
    /// The contract, or statement of work, to which the request refers. No invoice line refers to one.
    pub contract: Option<String>,
    /// The first day of submission, or of the charge for an invoice line, that it governs; always, if not given.
    #[serde(default, deserialize_with = "day")]
    pub from: Option<NaiveDate>,
}

impl Applies {
    /// What it names, each with its kind.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [("account", &self.account), ("invoice", &self.invoice), ("contract", &self.contract)];
        all.into_iter().filter_map(|(kind, name)| Some((kind, name.as_deref()?)))
    }
}

/// A day as TOML writes it, without quotation marks.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    let written = toml::value::Datetime::deserialize(deserializer)?;
    let day = written.date.and_then(|d| NaiveDate::from_ymd_opt(d.year.into(), d.month.into(), d.day.into()));
    day.map(Some).ok_or_else(|| D::Error::custom("not a day: write it as in `from = 2026-01-31`"))
}

/// The name of an amendment whose tables are not read yet.
#[derive(Clone, Debug)]
pub(super) struct Named(pub(super) String);

impl Named {
    /// Takes the name out of an amendment's `[policy]`, and lays the rest over that of the policy.
    pub(super) fn take<'t>(mut header: Value<'t>, table: &mut Table<'t>, flaws: &mut Vec<Flaw>) -> Named {
        let span = header.span();
        let mut name = String::new();
        if let DeValue::Table(own) = header.get_mut() {
            own.remove("extends");
            name = own.remove("name").as_ref().and_then(as_text).unwrap_or_default().to_owned();
            if let Some(zone) = own.remove("zone") {
                let help = Some("leave it out: the days of all cases of a policy are taken in one zone".to_owned());
                flaws.push(Flaw {
                    code: code::WRONG_AMENDMENT,
                    span: zone.span(),
                    what: "an amendment cannot change the zone".to_owned(),
                    help,
                });
            }
        }
        if name.trim().is_empty() {
            let help = Some("add `name`, as reports are to name it".to_owned());
            flaws.push(Flaw { code: code::WRONG_AMENDMENT, span, what: "the amendment has no name".to_owned(), help });
        }
        if let Some(DeValue::Table(base)) = table.get_mut("policy").map(Spanned::get_mut) {
            lay::onto_table(base, header, flaws);
        }
        Named(name)
    }
}

/// From which day on an amended policy governs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Governs {
    from: Option<NaiveDate>,
    /// The number of the amended policy, which follow those of the families.
    policy: u16,
}

/// What of a population amendments govern, by family: an invoice's own go before those of a contract, and these before
/// those of its account.
#[derive(Clone, Debug, Default)]
pub struct Governed {
    invoices: BTreeMap<(u16, Sym), Vec<Governs>>,
    contracts: BTreeMap<(u16, Sym), Vec<Governs>>,
    accounts: BTreeMap<(u16, Sym), Vec<Governs>>,
}

impl Governed {
    /// Those of the books.
    pub fn of(catalogue: &Catalogue, books: &Books) -> Governed {
        let mut governed = Governed::default();
        let asked = Asked::of(catalogue);
        if asked.invoices.is_empty() && asked.contracts.is_empty() && asked.accounts.is_empty() {
            return governed;
        }
        for request in books.requests.iter().filter(|request| !request.sow_reference.is_blank()) {
            let family = books.invoices.get(request.invoice as usize).map(|invoice| invoice.policy);
            let family = family.unwrap_or(NO_POLICY);
            if let Some(contract) = asked.contracts.get(&(family, books.text(request.sow_reference))) {
                governed.contracts.insert((family, request.sow_reference), contract.clone());
            }
        }
        for invoice in &books.invoices {
            let own = asked.invoices.get(&(invoice.policy, books.text(invoice.id)));
            let account = asked.accounts.get(&(invoice.policy, books.text(invoice.account)));
            if let Some(own) = own {
                governed.invoices.insert((invoice.policy, invoice.id), own.clone());
            }
            if let Some(account) = account {
                governed.accounts.insert((invoice.policy, invoice.account), account.clone());
            }
        }
        governed
    }

    /// The number of the policy that governs a case of an invoice, or its lines, on a day: that of its family, or of an
    /// amendment to it. Of several the one that began last. `contract` is blank for lines.
    pub fn policy(&self, invoice: &Invoice, contract: Sym, day: NaiveDate) -> u16 {
        let on_day = |list: &Vec<Governs>| list.iter().filter(|g| g.from.is_none_or(|from| from <= day)).max().copied();
        let own = self.invoices.get(&(invoice.policy, invoice.id)).and_then(on_day);
        let by_contract = || self.contracts.get(&(invoice.policy, contract)).and_then(on_day);
        let by_account = || self.accounts.get(&(invoice.policy, invoice.account)).and_then(on_day);
        let found = own.or_else(by_contract).or_else(by_account);
        found.map_or(invoice.policy, |governs| governs.policy)
    }
}

/// The accounts, invoices and contracts that amendments name.
#[derive(Default)]
struct Asked<'a> {
    invoices: BTreeMap<(u16, &'a str), Vec<Governs>>,
    contracts: BTreeMap<(u16, &'a str), Vec<Governs>>,
    accounts: BTreeMap<(u16, &'a str), Vec<Governs>>,
}

impl<'a> Asked<'a> {
    fn of(catalogue: &'a Catalogue) -> Asked<'a> {
        let mut asked = Asked::default();
        let families: Vec<&str> = catalogue.families().map(|policy| policy.name.as_str()).collect();
        let number = |at: usize| u16::try_from(at).ok();
        for (at, policy) in catalogue.amended().enumerate() {
            let family = families.iter().position(|name| *name == policy.name).and_then(number);
            let (Some(family), Some(amended)) = (family, number(families.len() + at)) else { continue };
            for applies in policy.amendment.iter().flat_map(|amendment| &amendment.applies) {
                let governs = Governs { from: applies.from, policy: amended };
                for (list, name) in [
                    (&mut asked.invoices, &applies.invoice),
                    (&mut asked.contracts, &applies.contract),
                    (&mut asked.accounts, &applies.account),
                ] {
                    if let Some(name) = name {
                        list.entry((family, name.as_str())).or_default().push(governs);
                    }
                }
            }
        }
        asked
    }
}
