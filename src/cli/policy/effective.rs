//! `reperform policy show --effective`: every value of a policy with what is laid over it, and where each comes from.

use crate::policy::{Catalogue, Entry, Policy};
use crate::report::layout::plain;
use std::io::{self, Write};

/// Writes a policy as one file would have it, with the place of each value that another document gave.
pub(super) fn show(catalogue: &Catalogue, policy: &Policy, to: &mut dyn Write) -> io::Result<()> {
    let entries = catalogue.effective(policy.own_name()).unwrap_or_default();
    writeln!(to, "# Values without a comment are from {}.", policy.file)?;
    if let Some(amendment) = &policy.amendment {
        for applies in &amendment.applies {
            let who: Vec<String> = applies.named().map(|(kind, name)| format!("{kind} {name}")).collect();
            let from = applies.from.map(|day| format!(" from {day}")).unwrap_or_default();
            writeln!(to, "# Governs {}{from}.", plain(&who.join(", ")))?;
        }
    }
    for table in entries.chunk_by(|a, b| a.table == b.table) {
        if let Some(first) = table.first() {
            section(first, table, to)?;
        }
    }
    Ok(())
}

fn section(first: &Entry, entries: &[Entry], to: &mut dyn Write) -> io::Result<()> {
    if let (true, Some(from)) = (first.key.is_empty(), &first.from) {
        return writeln!(to, "\n# {}: left out by {from}", plain(&first.table));
    }
    writeln!(to, "\n# {}", plain(&first.table))?;
    for entry in entries {
        let from = entry.from.as_ref().map(|from| format!("  # {from}")).unwrap_or_default();
        writeln!(to, "{} = {}{from}", plain(&entry.key), plain(&entry.value))?;
    }
    Ok(())
}
