//! reperform re-performs past refund, cancellation, credit and billing-dispute decisions against the written policies
//! that bound them.
//!
//! ```text
//! exports/*.csv ─► export ─► record ─► case ─► audit ─► finding ─► report ─► reports/
//!                    └► rejects               ▲ check
//! policies/*.toml ─► policy ─► plan ──────────┘
//! ```

pub mod audit;
pub mod calendar;
pub mod case;
pub mod check;
pub mod cli;
pub mod column;
pub mod example;
pub mod explain;
pub mod export;
pub mod finding;
pub mod money;
pub mod plan;
pub mod policy;
pub mod record;
pub mod report;
pub mod text;
pub mod time;
pub mod trail;
pub mod wording;
