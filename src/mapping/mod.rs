//! Mapped exports: what other systems export, converted to the canonical form.
//!
//! | module | does |
//! |---|---|
//! | `amount` | converts amounts: separators, symbols, signs, minor units |
//! | `date` | converts days and times: forms, names of months, zones |
//! | `settle` | finds the order of day, month and year in which a whole column is written |
//! | `blank` | knows blanks of any width |

pub mod amount;
mod blank;
pub mod date;
pub mod settle;
