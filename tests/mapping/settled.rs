//! Dates whose order the data tell: settled, ambiguous or contradictory, over all files of a source.

use crate::read::shown;

fn requests(dates: &str) -> String {
    format!(
        "[[requests]]\nfiles = 'x*.csv'\ndates = {dates}\nskip = [{{ column = 'Id', starts_with = 'Total' }}]\n[requests.columns]\nrequest_id = 'Id'\n\
         account_id = {{ constant = 'A' }}\ninvoice_id = {{ constant = 'I' }}\nkind = {{ constant = 'refund' }}\nsubmitted_at = 'At'\n"
    )
}

#[test]
fn a_row_of_any_file_settles_the_order() {
    let files: [(&str, &[u8]); 2] =
        [("x1.csv", b"Id,At\nQ1,04/03/2026\n"), ("x2.csv", b"Id,At\nQ2,13/03/2026\nTotal,03/14/2026\n")];
    let expected = "x1.csv:1: Q1 refund of I 2026-03-04\nx2.csv:1: Q2 refund of I 2026-03-13\nleft out 1: `Id` starts with `total`\n";
    assert_eq!(shown(&requests("'auto'"), &files), expected);
    let files: [(&str, &[u8]); 1] = [("x.csv", b"Id,At\nQ1,04/03/2026 9:00\nQ2,03/14/2026\nQ3,\n")];
    let blank = "rejected: At ``: `submitted_at` is blank: every row must fill it";
    let expected = format!("1: Q1 refund of I 2026-04-03 09:00\n2: Q2 refund of I 2026-03-14\n3: {blank}\n");
    assert_eq!(shown(&requests("'auto'"), &files), expected);
}

#[test]
fn dates_that_fit_two_orders_are_refused_with_the_rows_that_settle_it() {
    let files: [(&str, &[u8]); 1] = [("x.csv", b"Id,At\nQ0,05/05/2026\nQ1,04/03/2026\nQ2,12/11/2026\n")];
    let expected = "refused: x.csv:3: the dates of `submitted_at` can be read as d/m/Y or as m/d/Y\n  help: write the right one in `dates`; one of these \
         rows settles it: `04/03/2026` in record 2 of x.csv (2026-03-04 as d/m/Y, 2026-04-03 as m/d/Y); `12/11/2026` in record 3 of x.csv (2026-11-12 as d/m/Y, \
         2026-12-11 as m/d/Y)\n";
    assert_eq!(shown(&requests("'auto'"), &files), expected);
    // Where both orders mean the same days, nothing is ambiguous.
    let files: [(&str, &[u8]); 1] = [("x.csv", b"Id,At\nQ0,05/05/2026\n")];
    assert_eq!(shown(&requests("'auto'"), &files), "1: Q0 refund of I 2026-05-05\n");
}

#[test]
fn dates_that_exclude_each_other_are_refused() {
    let files: [(&str, &[u8]); 1] = [("x.csv", b"Id,At\nQ0,13/05/2026\nQ1,04/03/2026\nQ2,04/23/2026\n")];
    let expected = "refused: x.csv:2: no order of day, month and year fits all dates of `submitted_at`\n  help: these rows exclude each other: export \
         dates in one form: `13/05/2026` in record 1 of x.csv (2026-05-13 as d/m/Y); `04/23/2026` in record 3 of x.csv (2026-04-23 as m/d/Y)\n";
    assert_eq!(shown(&requests("'auto'"), &files), expected);
    let files: [(&str, &[u8]); 1] = [("x.csv", b"Id,At\nQ0,soon\nQ1,later\nQ2,2026-03-04\n")];
    let refused = shown(&requests("'auto'"), &files);
    assert!(refused.contains("most cells of `submitted_at` are no dates\n"), "{refused}");
}
