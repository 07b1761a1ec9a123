use super::*;
use crate::mapping::date::{DateForm, DateReader};
use proptest::prelude::*;

fn settler(cells: &[&str]) -> Settler<usize> {
    let mut settler = Settler::new(Months::default());
    cells.iter().enumerate().for_each(|(at, cell)| settler.see(at, cell));
    settler
}

fn forms(cells: &[&str]) -> Vec<String> {
    match settler(cells).settled() {
        Settled::One { forms } => forms,
        other => panic!("{cells:?}: {other:?}"),
    }
}

#[test]
fn a_column_of_one_order_is_settled() {
    let cases: [(&[&str], &[&str]); 24] = [
        (&["03/04/2026", "13/04/2026"], &["d/m/Y"]),
        (&["03/04/2026", "04/13/2026"], &["m/d/Y"]),
        (&["12/12/2026", "12/13/2026"], &["m/d/Y"]),
        (&["3.4.2026", "31.12.2026"], &["d.m.Y"]),
        (&["3-4-26", "31-12-26"], &["d-m-y"]),
        (&["03-04-05", "99-12-31"], &["y-m-d"]),
        (&["26/3/4", "26/3/14"], &["y/m/d"]),
        (&["03/04/2026 17:05", "", "13/04/2026 7:05"], &["d/m/Y H:M"]),
        (&["13/04/2026", "03/04/2026 17:05"], &["d/m/Y H:M"]),
        (&["13/04/2026 1:02", "3/4/2026 17:05:09", "3/4/2026"], &["d/m/Y H:M", "d/m/Y H:M:S"]),
        (&["4/13/2026 2:30 PM"], &["m/d/Y I:M p"]),
        (&["4/13/2026, 2:30:00\u{202f}pm"], &["m/d/Y, I:M:S p"]),
        (&["13.04.2026 17.05"], &["d.m.Y H.M"]),
        (&["13/4/2026 17:05 +0200", "1/4/2026 17:05Z"], &["d/m/Y H:M z"]),
        (&["2026-03-04", "2026-03-04 17:05", "2026-03-04T17:05:09.5+02:00"], &["iso"]),
        (&["2026-3-4 7:05"], &["Y-m-d H:M"]),
        (&["2026/03/04", "2026.3.4"], &["Y/m/d", "Y.m.d"]),
        (&["4 Mar 2026", "13 sept. 26"], &["d b Y", "d b y"]),
        (&["Mar 4, 2026", "May 5, 2026 1:00 AM"], &["b d, Y I:M p"]),
        (&["25/Feb/26 10:17 PM"], &["d/b/y I:M p"]),
        (&["04Mar2026", "2026-Mar-04"], &["dbY", "Y-b-d"]),
        (&["4. 3. 2026", "14. 3. 2026"], &["d. m. Y"]),
        (&["13/04/2026", "31/02/2026", "n/a"], &["d/m/Y"]),
        // Any is right where all are the same days.
        (&["05/05/2026", "07/07/2026"], &["d/m/Y"]),
    ];
    for (cells, expected) in cases {
        if cells.contains(&"n/a") {
            // Half of the cells are no dates: that is too many.
            assert!(matches!(settler(cells).settled(), Settled::NotDates { .. }));
            let more = [cells, &["14/04/2026"]].concat();
            assert_eq!(forms(&more), expected, "{more:?}");
        } else {
            assert_eq!(forms(cells), expected, "{cells:?}");
        }
    }
}

#[test]
fn what_settled_it_is_told() {
    let because = |cells: &[&str]| settler(cells).because().into_iter().map(|row| row.place).collect::<Vec<_>>();
    assert_eq!(because(&["03/04/2026", "13/04/2026", "14/04/2026"]), [1]);
    assert_eq!(because(&["03/04/26", "13/04/26", "01/04/99"]), [1, 2]);
    assert_eq!(because(&["03/04/26", "13/04/26", "13/04/99"]), [2]);
    assert_eq!(because(&["05/05/2026", "2026-03-04", "4 Mar 2026"]), [0_usize; 0]);
}

#[test]
fn an_ambiguous_column_tells_the_rows_that_would_settle_it() {
    let cells = ["05/05/2026", "03/04/2026", "x", "12/11/2026", "1/2/2026", "1/3/2026", "1/4/2026", "1/5/2026"];
    let Settled::Ambiguous { forms, rows } = settler(&cells).settled() else { panic!() };
    assert_eq!(forms, ["d/m/Y", "m/d/Y"]);
    assert_eq!(rows.iter().map(|row| row.place).collect::<Vec<_>>(), [1, 3, 4, 5, 6]);
    let reading = |form: &str, day: &str| (form.to_owned(), day.to_owned());
    assert_eq!(rows[0].cell, "03/04/2026");
    assert_eq!(rows[0].readings, [reading("d/m/Y", "2026-04-03"), reading("m/d/Y", "2026-03-04")]);
    let left = |cells: &[&str]| match settler(cells).settled() {
        Settled::Ambiguous { forms, .. } => forms,
        other => panic!("{cells:?}: {other:?}"),
    };
    assert_eq!(left(&["01/02/03"]), ["d/m/y", "m/d/y", "y/m/d"]);
    assert_eq!(left(&["13/02/03"]), ["d/m/y", "y/m/d"]);
    // Days and short years are nearly the same numbers.
    assert_eq!(left(&["26-12-31"]), ["d-m-y", "y-m-d"]);
    assert_eq!(left(&["05/05/26"]), ["d/m/y", "y/m/d"]);
    assert_eq!(left(&["01/02/03", "1/2/2003"]), ["d/m/y", "m/d/y"]);
    // Other separators may be in another order.
    assert_eq!(left(&["13.04.2026", "03/04/2026", "2026-03-04"]), ["d/m/Y", "m/d/Y"]);
    assert_eq!(left(&["03/04/2026 17:05", "03/04/2026"]), ["d/m/Y H:M", "m/d/Y H:M"]);
}

#[test]
fn rows_that_exclude_each_other_are_told() {
    let contradictory = |cells: &[&str]| match settler(cells).settled() {
        Settled::Contradictory { rows } => rows.into_iter().map(|row| row.place).collect::<Vec<_>>(),
        other => panic!("{cells:?}: {other:?}"),
    };
    assert_eq!(contradictory(&["03/04/2026", "13/04/2026", "14/04/2026", "04/13/2026"]), [1, 3]);
    let many = ["04/13/2026"; 20].into_iter().chain(["13/04/2026"]).collect::<Vec<_>>();
    assert_eq!(contradictory(&many), [0, 20]);
    assert_eq!(contradictory(&["99/12/31", "31/12/2026"]), [0, 1]);
}

#[test]
fn what_is_no_date_does_not_count() {
    assert_eq!(settler(&[]).settled(), Settled::Empty);
    assert_eq!(settler(&["", " ", "\u{a0}"]).settled(), Settled::Empty);
    let others = [
        "soon",
        "45292",
        "20260304",
        "1.5",
        "1.2.3",
        "10.0.0.1",
        "31/02/2026",
        "13/13/2026",
        "03/04/1989",
        "03/04/20266",
        "03/04-2026",
        "03//04/2026",
        "03/04/2026 25:00",
        "03/04/2026 17",
        "03/04/2026 13:00 PM",
        "03/04/2026x",
        "2026-03",
        "17:05",
        "3/2026/4",
        "2026-13-01",
        "4 Foo 2026",
        "Mar 2026",
        "03/04/2026T17:05",
        "3 / 4 / 2026",
    ];
    for cell in others {
        let settler = settler(&[cell]);
        assert!(matches!(settler.settled(), Settled::NotDates { .. }), "{cell}: {:?}", settler.settled());
        assert_eq!((settler.dates(), settler.others()), (0, 1), "{cell}");
    }
    let Settled::NotDates { rows } = settler(&others).settled() else { panic!() };
    assert_eq!(rows.iter().map(|row| row.place).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

fn any_cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-3]?[0-9][/.-][01]?[0-9][/.-](20)?2[0-9]( [0-2]?[0-9]:[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,3})?)?)?",
        1 => "20[0-9]{2}[/-][01]?[0-9][/-][0-3]?[0-9]([T ][0-2]?[0-9]:[0-5][0-9]( ?(Z|UTC|[+-]0[0-9]:?00|AM|p\\.m\\.))?)?",
        1 => "[0-3]?[0-9][ -]?(Jan|may|SEPT)[ .-]{0,2}(20)?[0-9]{2}(, 1[01]:00 ?PM)?",
        1 => "(Jan|may|SEPT)[ .-]{0,2}[0-3]?[0-9],? ?(20)?[0-9]{2}",
        1 => "\\PC{0,12}",
    ]
}

proptest! {
    #[test]
    fn a_settled_column_can_be_read(cells in proptest::collection::vec(any_cell(), 0..12)) {
        let cells: Vec<&str> = cells.iter().map(|cell| cell.trim()).collect();
        let settler = settler(&cells);
        let _ = settler.because();
        let (Settled::One { forms } | Settled::Ambiguous { forms, .. }) = settler.settled() else { return Ok(()) };
        prop_assert!(forms.iter().all(|form| DateForm::parse(form).is_ok()), "{:?}", forms);
        if let Settled::One { forms } = settler.settled() {
            let compiled = forms.iter().map(|form| DateForm::parse(form).unwrap()).collect();
            let reader = DateReader::new(compiled, Months::default(), None, None).unwrap();
            let read = cells.iter().filter(|cell| reader.read(cell, &mut Vec::new()).is_ok()).count() as u64;
            prop_assert_eq!(read, settler.dates(), "{:?} by {:?}", cells, forms);
        }
    }

    #[test]
    fn the_true_order_is_never_excluded(
        days in proptest::collection::vec((1_u32..=28, 1_u32..=12, 2000_u32..2030), 1..8), order in 0_usize..3, is_short: bool,
    ) {
        let cells: Vec<String> = days.iter().map(|(d, m, y)| match (order, is_short) {
            (0, true) => format!("{d}/{m:02}/{:02}", y % 100),
            (0, false) => format!("{d:02}/{m}/{y}"),
            (1, true) => format!("{m}/{d:02}/{:02}", y % 100),
            (1, false) => format!("{m:02}/{d}/{y}"),
            _ => format!("{:02}/{m}/{d}", y % 100),
        }).collect();
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let expected = match (order, is_short) {
            (0, true) => "d/m/y",
            (0, false) => "d/m/Y",
            (1, true) => "m/d/y",
            (1, false) => "m/d/Y",
            _ => "y/m/d",
        };
        match settler(&cells).settled() {
            Settled::One { forms } => {
                let reader = DateReader::new(vec![DateForm::parse(&forms[0]).unwrap()], Months::default(), None, None).unwrap();
                for ((d, m, y), cell) in days.iter().zip(&cells) {
                    let mut to = Vec::new();
                    reader.read(cell, &mut to).unwrap();
                    prop_assert_eq!(String::from_utf8(to).unwrap(), format!("{y}-{m:02}-{d:02}"));
                }
            }
            Settled::Ambiguous { forms, rows } => {
                // A form that is left out reads all as another that is there.
                let is_there = forms.iter().any(|form| form == expected);
                prop_assert!(is_there || days.iter().any(|(d, m, y)| d == m || y % 100 == *d), "{:?} {:?}", cells, forms);
                prop_assert!(!rows.is_empty() && rows.iter().all(|row| row.readings.len() > 1));
            }
            other => prop_assert!(false, "{:?}: {:?}", cells, other),
        }
    }

    #[test]
    fn merging_is_seeing_one_after_the_other(cells in proptest::collection::vec(any_cell(), 0..20), at in 0_usize..20) {
        let whole = settler(&cells.iter().map(String::as_str).collect::<Vec<_>>());
        let mut parts = [Settler::new(Months::default()), Settler::new(Months::default())];
        cells.iter().enumerate().for_each(|(n, cell)| parts[usize::from(n >= at)].see(n, cell));
        let [mut first, second] = parts;
        first.merge(second);
        prop_assert_eq!(first.settled(), whole.settled());
        prop_assert_eq!(first.because(), whole.because());
        prop_assert_eq!((first.dates(), first.others()), (whole.dates(), whole.others()));
    }
}
