//! reperform re-performs past refund, cancellation, credit and billing-dispute decisions against the written policies
//! that bound them.
//!
//! ```text
//! exports/* ─► export ─► record ─► case ─► audit ─► finding ─► report ─► reports/
//!                └► rejects               ▲ check
//! policies/*.toml ─► policy ─► plan ──────┘
//! policies/stories/*.toml ─► generate ─► exports/*.csv, with a key of what is wrong in them
//! ```
//!
//! | word | here |
//! |---|---|
//! | export, record, reject | a CSV or Parquet file; a row read from it; a row that could not be used |
//! | case | a request with its invoice, decisions, parents and children |
//! | policy, version, clause | a text; its state from a day on; the place in it that a rule cites |
//! | rule, check | one requirement of a policy, as data; the kind of test that it asks for, in code |
//! | outcome | compliant, deviation, review, indeterminate, not applicable |
//! | finding | a deviation or review, written up with clause and evidence |
//! | exposure | the money at stake in a case |
//! | held back | a case that rests on rejected rows, and is not evaluated |
//! | plan | the rules of one policy version, by the kind of request that they can apply to |
//! | part | what is read at a time of exports larger than memory (`divided`) |
//! | story, plant | what generated exports tell about a request; how it goes against one rule |
//! | inspection | what is in another system's export, and which canonical columns its own resemble |
//! | margin, near miss | how far a case lay from another verdict; a margin of a day, a unit, a point or one condition |
//! | bound | what a rule could say of a case if a missing fact were known, with the least and the most money |
//! | trail, working | the columns and rows that an outcome rests on; the steps by which it came about |

pub mod audit;
pub mod bounds;
pub mod calendar;
pub mod case;
pub mod check;
pub mod cli;
pub mod column;
pub mod compare;
pub mod divided;
pub mod document;
pub mod example;
pub mod explain;
pub mod export;
pub mod finding;
pub mod generate;
pub mod inspect;
pub mod mapping;
pub mod margin;
pub mod money;
pub mod obtain;
pub mod plan;
pub mod policy;
pub mod record;
pub mod report;
pub mod sensitivity;
pub mod suppose;
pub mod text;
pub mod time;
pub mod trail;
pub mod wording;
