//! Cells that must be filled and flags that must be set.

use super::outcome::{Fault, Outcome, Truth, Verdict};
use crate::case::Case;
use crate::column::Column;
use crate::policy::rule::Required;

pub fn required(required: &Required, case: &Case<'_>) -> Outcome {
    let (mut missing, mut unknown) = (Vec::new(), false);
    for demand in &required.demands {
        let due = case.all(&demand.when);
        for column in demand.columns.iter().filter(|_| due.possible()) {
            let filled = case.filled(*column);
            case.trail.note(|| format!("{}: {}", Column::from(*column).name(), shown(filled)));
            match due.and(!filled) {
                Truth::Yes => missing.push(Column::from(*column).name()),
                Truth::Unknown => unknown = true,
                Truth::No => {}
            }
        }
    }
    if !missing.is_empty() {
        let message = format!("the text requires what is not recorded: `{}`", missing.join("`, `"));
        let missing = missing.join(", ");
        return Fault::new(Verdict::Deviation, message).between("recorded", format!("missing: {missing}")).into();
    }
    if unknown { Outcome::Indeterminate("the export does not show what the rule requires") } else { Outcome::Compliant }
}

fn shown(filled: Truth) -> &'static str {
    match filled {
        Truth::Yes => "given",
        Truth::No => "not given",
        Truth::Unknown => "the export has no such column",
    }
}
