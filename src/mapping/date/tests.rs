use super::*;
use proptest::prelude::*;

fn form(text: &str) -> DateForm {
    DateForm::parse(text).unwrap()
}

fn reader(forms: &[&str]) -> DateReader {
    DateReader::new(forms.iter().map(|text| form(text)).collect(), Months::default(), None, None).unwrap()
}

fn in_zone(forms: &[&str], zone: &str, clock_change: Option<ClockChange>) -> DateReader {
    DateReader { zone: Zone::named(zone), clock_change, ..reader(forms) }
}

/// What is read, or the error.
fn read(reader: &DateReader, cell: &str) -> Result<String, DateError> {
    let mut to = b"before".to_vec();
    let result = reader.read(cell, &mut to);
    let added = String::from_utf8(to.strip_prefix(b"before").unwrap().to_vec()).unwrap();
    assert!(result.is_ok() || added.is_empty(), "{cell}");
    result.map(|()| added)
}

fn check(cases: &[(&str, &str, Result<&str, DateError>)]) {
    for (form, cell, expected) in cases {
        assert_eq!(read(&reader(&[form]), cell).as_deref().map_err(|e| *e), *expected, "{cell} as {form}");
    }
}

use DateError::{Day, Form as Unfit, Skipped, Time, Twice};

#[test]
fn days_are_read_by_their_form() {
    check(&[
        ("d/m/Y", "04/03/2026", Ok("2026-03-04")),
        ("d/m/Y", "4/3/2026", Ok("2026-03-04")),
        ("m/d/Y", "04/03/2026", Ok("2026-04-03")),
        ("m/d/Y", "13/03/2026", Err(Day)),
        ("d.m.Y", "31.12.2199", Ok("2199-12-31")),
        ("d.m.Y", "1.1.1990", Ok("1990-01-01")),
        ("d.m.Y", "31.12.1989", Err(Day)),
        ("d.m.Y", "1.1.2200", Err(Day)),
        ("d/m/Y", "29/02/2024", Ok("2024-02-29")),
        ("d/m/Y", "29/02/2026", Err(Day)),
        ("d/m/Y", "0/3/2026", Err(Day)),
        ("d/m/Y", "04/03/26", Err(Unfit)),
        ("d/m/Y", "04/03/20266", Err(Unfit)),
        ("d/m/Y", "004/03/2026", Err(Unfit)),
        ("d/m/Y", "04-03-2026", Err(Unfit)),
        ("d/m/Y", "04/03/2026 ", Err(Unfit)),
        ("d/m/Y", "", Err(Unfit)),
        ("d/m/Y", "\u{660}4/03/2026", Err(Unfit)),
        ("d/m/y", "04/03/26", Ok("2026-03-04")),
        ("d/m/y", "04/03/89", Ok("2089-03-04")),
        ("d/m/y", "04/03/90", Ok("1990-03-04")),
        ("d/m/y", "04/03/99", Ok("1999-03-04")),
        ("d/m/y", "04/03/00", Ok("2000-03-04")),
        ("d/m/y", "04/03/2026", Err(Unfit)),
        ("d/m/y", "04/03/6", Err(Unfit)),
        ("Ymd", "20260304", Ok("2026-03-04")),
        ("Ymd", "2026111", Err(Unfit)),
        ("ymd", "260304", Ok("2026-03-04")),
        ("d b Y", "4 Mar 2026", Ok("2026-03-04")),
        ("d b Y", "04\u{a0}MARCH  2026", Ok("2026-03-04")),
        ("d. b Y", "4. sept. 2026", Ok("2026-09-04")),
        ("d b Y", "4 Ma 2026", Err(Unfit)),
        ("d b Y", "4Mar2026", Err(Unfit)),
        ("b d, Y", "Mar 4, 2026", Ok("2026-03-04")),
        ("d.b.Y", "4.Mar.2026", Ok("2026-03-04")),
        ("d/b/y I:M p", "25/Feb/26 10:17 PM", Ok("2026-02-25T22:17")),
        ("Y\u{5e74}m\u{6708}d\u{65e5}", "2026\u{5e74}3\u{6708}4\u{65e5}", Ok("2026-03-04")),
    ]);
    let names = "Januar Februar M\u{e4}rz April Mai Juni Juli August September Oktober November Dezember";
    let months = Months::new(&names.split(' ').map(str::to_owned).collect::<Vec<_>>()).unwrap();
    let german = DateReader { months, ..reader(&["d. b Y"]) };
    assert_eq!(read(&german, "4. M\u{c4}R. 2026").as_deref(), Ok("2026-03-04"));
    assert_eq!(read(&german, "4. Mar 2026"), Err(Unfit));
}

#[test]
fn times_of_day_follow_or_are_missing_together() {
    check(&[
        ("d/m/Y H:M", "04/03/2026 17:05", Ok("2026-03-04T17:05")),
        ("d/m/Y H:M", "04/03/2026 7:05", Ok("2026-03-04T07:05")),
        ("d/m/Y H:M", "04/03/2026", Ok("2026-03-04")),
        ("d/m/Y H:M", "04/03/2026 ", Err(Unfit)),
        ("d/m/Y H:M", "04/03/2026 17", Err(Unfit)),
        ("d/m/Y H:M", "04/03/2026 17:05:09", Err(Unfit)),
        ("d/m/Y H:M", "04/03/2026 17:5", Err(Unfit)),
        ("d/m/Y H:M", "04/03/2026 24:00", Err(Time)),
        ("d/m/Y H:M", "04/03/2026 23:60", Err(Time)),
        ("d/m/Y H:M:S", "04/03/2026 23:59:59", Ok("2026-03-04T23:59:59")),
        ("d/m/Y H:M:S", "04/03/2026 23:59:60", Err(Time)),
        ("d/m/Y H:M:S", "04/03/2026 23:59", Err(Unfit)),
        ("d/m/Y H:M:S", "04/03/2026 1:02:03.4560", Ok("2026-03-04T01:02:03.4560")),
        ("d/m/Y H:M:S", "04/03/2026 1:02:03,456", Ok("2026-03-04T01:02:03.456")),
        ("d/m/Y H:M:S", "04/03/2026 1:02:03.", Err(Unfit)),
        ("H:M:S.d.m.Y", "01:02:03.4.3.2026", Ok("2026-03-04T01:02:03")),
        ("H:M d/m/Y", "17:05 4/3/2026", Ok("2026-03-04T17:05")),
        ("H:M d/m/Y", "4/3/2026", Err(Unfit)),
        ("d/m/Y H", "04/03/2026 17", Ok("2026-03-04T17:00")),
        ("m/d/Y I:M p", "3/4/2026 12:00 AM", Ok("2026-03-04T00:00")),
        ("m/d/Y I:M p", "3/4/2026 12:00 pm", Ok("2026-03-04T12:00")),
        ("m/d/Y I:M p", "3/4/2026 2:30\u{202f}p.m.", Ok("2026-03-04T14:30")),
        ("m/d/Y I:M:S p", "3/4/2026 2:30:05PM", Ok("2026-03-04T14:30:05")),
        ("m/d/Y I:M p", "3/4/2026 13:00 PM", Err(Time)),
        ("m/d/Y I:M p", "3/4/2026 0:00 AM", Err(Time)),
        ("m/d/Y I:M p", "3/4/2026 1:00", Err(Unfit)),
        ("d/m/Y H:M z", "4/3/2026 17:05 +0200", Ok("2026-03-04T17:05+02:00")),
        ("d/m/Y H:M z", "4/3/2026 17:05-03:30", Ok("2026-03-04T17:05-03:30")),
        ("d/m/Y H:M z", "4/3/2026 17:05 UTC", Ok("2026-03-04T17:05Z")),
        ("d/m/Y H:Mz", "4/3/2026 17:05 +00", Ok("2026-03-04T17:05Z")),
        ("d/m/Y H:M z", "4/3/2026 17:05", Err(Unfit)),
        ("d/m/Y H:M z", "4/3/2026 17:05 +24:00", Err(Unfit)),
        ("d/m/Y H:M z", "4/3/2026 17:05 +02:60", Err(Unfit)),
        ("d/m/Y H:M z", "4/3/2026 17:05 EST", Err(Unfit)),
        ("d/m/Y H:M z", "4/3/2026 17:05 UTC+2", Err(Unfit)),
        ("Y-m-dTH:M:S", "2026-3-4T1:02:03", Ok("2026-03-04T01:02:03")),
        ("d.m.Y, H:M Uhr", "4.3.2026, 17:05 Uhr", Ok("2026-03-04T17:05")),
        ("YmdHMS", "20260304170509", Ok("2026-03-04T17:05:09")),
    ]);
}

#[test]
fn the_canonical_form_may_have_a_loose_offset() {
    check(&[
        ("iso", "2026-03-04", Ok("2026-03-04")),
        ("iso", "2026-03-04T17:05", Ok("2026-03-04T17:05")),
        ("iso", "2026-03-04 17:05:09.120", Ok("2026-03-04T17:05:09.120")),
        ("iso", "2026-03-04 17:05:09+02:00", Ok("2026-03-04T17:05:09+02:00")),
        ("iso", "2026-03-04T17:05Z", Ok("2026-03-04T17:05Z")),
        ("iso", "2024-05-01 10:00:00 +0000", Ok("2024-05-01T10:00:00Z")),
        ("iso", "2024-05-01 10:00:00 -0400", Ok("2024-05-01T10:00:00-04:00")),
        ("iso", "2024-05-01 10:00:00 UTC", Ok("2024-05-01T10:00:00Z")),
        ("iso", "2024-05-01 10:00:00+02", Ok("2024-05-01T10:00:00+02:00")),
        ("iso", "2026-3-4", Err(Unfit)),
        ("iso", "2026-03-04 7:05", Err(Unfit)),
        ("iso", "2026-03-04T", Err(Unfit)),
        ("iso", "2026-03-04Z", Err(Unfit)),
        ("iso", "2026-02-30", Err(Day)),
        ("iso", "2026-02-03 24:00", Err(Time)),
    ]);
}

#[test]
fn numbers_of_days_and_seconds_are_read() {
    check(&[
        ("excel", "45292", Ok("2024-01-01")),
        ("excel", "45292.0", Ok("2024-01-01")),
        ("excel", "32874", Ok("1990-01-01")),
        ("excel", "32873", Err(Day)),
        ("excel", "109574", Ok("2199-12-31")),
        ("excel", "109575", Err(Day)),
        ("excel", "0", Err(Day)),
        ("excel", "99999999999999999999", Err(Day)),
        ("excel", "45292.5", Ok("2024-01-01T12:00:00")),
        ("excel", "45292.7118055556", Ok("2024-01-01T17:05:00")),
        ("excel", "45292.999999", Ok("2024-01-02T00:00:00")),
        ("excel", "45292.00000578703", Ok("2024-01-01T00:00:00")),
        ("excel", "45292.00000578704", Ok("2024-01-01T00:00:01")),
        ("excel", "45292.99999421296296296296296", Ok("2024-01-01T23:59:59")),
        ("excel", "109574.9999999", Err(Day)),
        ("excel", "45292,5", Err(Unfit)),
        ("excel", "45292.", Err(Unfit)),
        ("excel", "4.5E4", Err(Unfit)),
        ("excel", "-45292", Err(Unfit)),
        ("excel", "2024-01-01", Err(Unfit)),
        ("excel-1904", "43830", Ok("2024-01-01")),
        ("unix", "1700000000", Ok("2023-11-14T22:13:20Z")),
        ("unix", "1700000000.250", Ok("2023-11-14T22:13:20.250Z")),
        ("unix", "631152000", Ok("1990-01-01T00:00:00Z")),
        ("unix", "631151999", Err(Day)),
        ("unix", "7258118399", Ok("2199-12-31T23:59:59Z")),
        ("unix", "7258118400", Err(Day)),
        ("unix", "1700000000000", Err(Day)),
        ("unix", "soon", Err(Unfit)),
        ("unix-ms", "1700000000123", Ok("2023-11-14T22:13:20.123Z")),
        ("unix-ms", "1700000000000", Ok("2023-11-14T22:13:20Z")),
        ("unix-ms", "1700000000", Err(Day)),
        ("unix-ms", "17.00000000123", Err(Unfit)),
        ("unix-ms", "1700000000.123", Err(Unfit)),
        ("unix-ms", "12", Err(Unfit)),
    ]);
}

#[test]
fn a_zone_gives_its_offset_or_refuses() {
    use ClockChange::{Earlier, Later};
    let cases = [
        ("Europe/Berlin", None, "2026-03-04 17:05", Ok("2026-03-04T17:05+01:00")),
        ("Europe/Berlin", None, "2026-07-04 17:05:00.5", Ok("2026-07-04T17:05:00.5+02:00")),
        ("Europe/Berlin", None, "2026-07-04", Ok("2026-07-04")),
        ("Europe/Berlin", None, "2026-07-04 17:05Z", Ok("2026-07-04T17:05Z")),
        ("Europe/Berlin", None, "2026-07-04 17:05 +0000", Ok("2026-07-04T17:05Z")),
        ("Europe/Berlin", None, "2026-03-29 01:59:59", Ok("2026-03-29T01:59:59+01:00")),
        ("Europe/Berlin", Some(Later), "2026-03-29 02:00", Err(Skipped)),
        ("Europe/Berlin", None, "2026-03-29 02:59:59.9", Err(Skipped)),
        ("Europe/Berlin", None, "2026-03-29 03:00", Ok("2026-03-29T03:00+02:00")),
        ("Europe/Berlin", None, "2026-10-25 01:59:59", Ok("2026-10-25T01:59:59+02:00")),
        ("Europe/Berlin", None, "2026-10-25 02:00", Err(Twice)),
        ("Europe/Berlin", Some(Earlier), "2026-10-25 02:30", Ok("2026-10-25T02:30+02:00")),
        ("Europe/Berlin", Some(Later), "2026-10-25 02:30", Ok("2026-10-25T02:30+01:00")),
        ("Europe/Berlin", None, "2026-10-25 03:00", Ok("2026-10-25T03:00+01:00")),
        ("Australia/Lord_Howe", Some(Earlier), "2026-04-05 01:45", Ok("2026-04-05T01:45+11:00")),
        ("Australia/Lord_Howe", Some(Later), "2026-04-05 01:45", Ok("2026-04-05T01:45+10:30")),
        ("Asia/Dubai", None, "2026-04-05 01:45", Ok("2026-04-05T01:45+04:00")),
        ("UTC", None, "2026-04-05 01:45", Ok("2026-04-05T01:45Z")),
        ("America/St_Johns", None, "2026-01-05 01:45", Ok("2026-01-05T01:45-03:30")),
    ];
    for (zone, clock_change, cell, expected) in cases {
        let iso = in_zone(&["iso"], zone, clock_change);
        assert_eq!(read(&iso, cell).as_deref().map_err(|e| *e), expected, "{cell} in {zone}");
        assert_eq!(iso.instant(cell).err(), expected.err(), "{cell} in {zone}");
    }
    let serials = in_zone(&["excel"], "Asia/Dubai", None);
    assert_eq!(read(&serials, "45292.5").as_deref(), Ok("2024-01-01T12:00:00+04:00"));
    let unix = in_zone(&["unix"], "Asia/Dubai", None);
    assert_eq!(read(&unix, "1700000000").as_deref(), Ok("2023-11-14T22:13:20Z"));
}

#[test]
fn instants_put_times_in_order() {
    let cells = [
        "2026-10-24 23:59:59.9999999",
        "2026-10-25",
        "2026-10-25 00:00:00.0000001",
        "2026-10-25 02:30:00.5+02:00",
        "2026-10-25 02:30+01:00",
        "2026-10-25 02:30:01Z",
        "2026-10-25 03:30:02",
    ];
    let berlin = in_zone(&["iso"], "Europe/Berlin", None);
    let instants: Vec<i64> = cells.iter().map(|cell| berlin.instant(cell).unwrap()).collect();
    assert!(instants.is_sorted_by(|a, b| a < b), "{instants:?}");
    let seconds = |reader: &DateReader, cell| reader.instant(cell).unwrap() / TICKS_PER_SECOND;
    assert_eq!(seconds(&reader(&["unix"]), "1700000000"), 1_700_000_000);
    assert_eq!(seconds(&reader(&["d/m/Y H:M"]), "1/1/1990 0:00"), 631_152_000);
    // The day begins at one o'clock where clocks are put forward at midnight.
    let beirut = in_zone(&["iso"], "Asia/Beirut", None);
    assert_eq!(beirut.instant("2026-03-29"), beirut.instant("2026-03-29 01:00"));
}

#[test]
fn forms_that_make_no_time_are_refused() {
    let cases = [
        ("", "has no day"),
        ("m/Y", "has no day"),
        ("d/Y", "has no month"),
        ("d/m", "has no year"),
        ("dd/mm/yyyy", "has the day twice"),
        ("d/m/Y H:m", "has the month twice"),
        ("d m b Y", "has the month twice"),
        ("d/m/Y y", "has the year twice"),
        ("d/m/Y H I p", "has the hour twice"),
        ("d/m/Y M", "has the minute but no hour"),
        ("d/m/Y H S", "has the second but no minute"),
        ("d/m/Y z", "has the offset but no hour"),
        ("d/m/Y I:M", "needs `p`"),
        ("d/m/Y H:M p", "needs `I`"),
        ("%d/%m/%Y", "`%` has no place"),
        ("d/m/20y", "`2` has no place"),
        ("d/m/Y h:M", "`h` stands for nothing"),
        ("D/M/Y", "`D` stands for nothing"),
        ("Y-m-dTH:M:SZ", "`Z` stands for nothing"),
        ("Y-m-d H:M Z", "write `z`"),
        ("Y-m-d H:M UTC", "write `z`"),
        ("auto", "stands alone"),
        ("Iso", "`I` stands for nothing"),
    ];
    for (text, expected) in cases {
        let error = DateForm::parse(text).unwrap_err();
        // What stands for nothing is told of the first such letter.
        let is_told = error.contains(expected) || (text == "Iso" && error.contains("stands for nothing"));
        assert!(is_told, "{text}: {error}");
    }
    assert!(DateReader::new(Vec::new(), Months::default(), None, None).is_err());
}

#[test]
fn forms_that_a_text_can_fit_both_are_refused() {
    let new = |forms: &[&str]| {
        let forms = forms.iter().map(|text| form(text)).collect();
        DateReader::new(forms, Months::default(), None, None)
    };
    let bad = [
        ["d/m/Y", "m/d/Y"],
        ["d/m/Y H:M", "m/d/Y"],
        ["d/m/y", "y/m/d"],
        ["m/d/y", "y/m/d"],
        ["d b y", "y b d"],
        ["iso", "Y-d-m"],
        ["Ymd", "Ydm"],
        ["excel", "excel-1904"],
        ["excel", "ymd"],
        ["unix", "YmdH"],
        ["d/m/Y H:M", "d/m/Y M:H"],
    ];
    for [one, other] in bad {
        for forms in [[one, other], [other, one]] {
            assert!(new(&forms).is_err(), "{forms:?}");
        }
    }
    let good: [&[&str]; 7] = [
        &["d/m/Y", "d/m/Y H:M", "d/m/Y H:M:S", "d/m/y"],
        &["iso", "d/m/Y", "Y-m-d H:M"],
        &["d/m/Y", "m-d-Y"],
        &["excel", "unix", "unix-ms", "iso", "Ymd"],
        &["d b Y", "b d Y", "d b y"],
        &["d/m/Y H:M", "m/d/Y I:M p z"],
        &["d/m/Y", "Y/m/d"],
    ];
    for forms in good {
        // With a time of day that only one form has, a bare day can still fit both.
        let expected = forms.iter().any(|text| text.contains('p'));
        assert_eq!(new(forms).is_err(), expected, "{forms:?}");
    }
    let error = new(&["d/m/Y", "m/d/Y"]).unwrap_err();
    assert!(error.contains("as `d/m/Y` and") && error.contains("as `m/d/Y`"), "{error}");
    let both = reader(&["d/m/Y", "iso"]);
    assert_eq!(both.forms(), "`d/m/Y` or `iso`");
    assert_eq!(read(&both, "31/02/2026"), Err(Day));
    assert_eq!(read(&both, "2026-03-04").as_deref(), Ok("2026-03-04"));
}

fn any_form() -> impl Strategy<Value = String> {
    let named = prop_oneof![Just("iso"), Just("excel"), Just("excel-1904"), Just("unix"), Just("unix-ms")];
    let usual = prop_oneof![
        Just("d/m/Y"),
        Just("m/d/y H:M"),
        Just("d.m.Y H:M:S z"),
        Just("b d, Y I:M p"),
        Just("YmdHMS"),
        Just("d-b-y"),
        Just("H:M:S d/m/Y")
    ];
    prop_oneof![named.prop_map(str::to_owned), usual.prop_map(str::to_owned), "[dmYybHMSIpzT/ :.-]{0,12}", "\\PC{0,8}"]
}

fn any_cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,20}",
        "[0-9]{1,4}[/. -][0-9]{1,2}[/. -][0-9]{1,4}( [0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?( ?(AM|pm|Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?)?",
        "[0-9]{1,2}[ -](Jan|may|SEPT|okt)[ .-]{1,2}[0-9]{2,4}",
        "[12][09][0-9]{2}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-5][0-9](:[0-5][0-9])? ?(\\+02:?00|Z)?)?",
        "[0-9]{3,15}(\\.[0-9]{0,20})?",
    ]
}

proptest! {
    #[test]
    fn any_text_is_read_canonically_or_refused(
        text in any_form(),
        cell in any_cell(),
        zone in prop_oneof![Just(None), Just(Some("Europe/Berlin")), Just(Some("Asia/Kolkata"))],
    ) {
        let Ok(form) = DateForm::parse(&text) else { return Ok(()) };
        let zone = zone.and_then(Zone::named);
        let reader = DateReader::new(vec![form], Months::default(), zone, None).unwrap();
        let instant = reader.instant(&cell);
        match read(&reader, &cell) {
            Err(error) => prop_assert_eq!(instant, Err(error)),
            Ok(canonical) => {
                let stamp = value::time(canonical.as_bytes());
                prop_assert!(stamp.is_some(), "{cell:?} as {text:?} gave {canonical:?}");
                prop_assert_eq!(stamp.and_then(|s| s.instant_in(zone.unwrap_or(Zone::UTC))), instant.ok());
                prop_assert!(zone.is_none() || stamp.and_then(Stamp::form) != Some(Form::Local));
                prop_assert_eq!(read(&reader_of_iso(zone), &canonical), Ok(canonical));
            }
        }
    }

    #[test]
    fn a_written_time_reads_back_the_same(
        text in any_form(), number in 7305_i32..84_005, seconds in 0_u32..86_400, is_bare: bool, is_padded: bool,
    ) {
        let Ok(form) = DateForm::parse(&text) else { return Ok(()) };
        let day = time::date_of_number(i64::from(number)).unwrap();
        let date = [chrono::Datelike::year(&day) as u32, chrono::Datelike::month(&day), chrono::Datelike::day(&day)];
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, Some(seconds % 60));
        let clock = (!is_bare).then_some(Clock { hour, minute, second, fraction: &[], offset: None });
        let moment = Moment { date, number, clock };
        let months = Months::default();
        let Some(cell) = form.show(&moment, is_padded, &months) else { return Ok(()) };
        let back = form.read(&cell, &months);
        if text.contains('y') && date[0] / 10 != 199 && !(2000..2090).contains(&date[0]) {
            return Ok(());
        }
        // What the form does not write, it cannot read; all else is the same.
        let back = back.map_err(|error| format!("{cell:?} as {text:?}: {error}")).unwrap();
        let is_number = matches!(text.as_str(), "excel" | "excel-1904" | "unix" | "unix-ms");
        prop_assert!(back.date == date || is_number && is_bare, "{cell:?} as {text:?}");
        if let (Some(clock), false, false) = (back.clock, is_bare, is_number) {
            prop_assert_eq!(clock.hour, hour, "{:?} as {:?}", cell, text);
            prop_assert!(clock.minute == minute || !text.contains('M'));
            prop_assert!(clock.second.is_none_or(|s| Some(s) == second));
        }
    }
}

fn reader_of_iso(zone: Option<Zone>) -> DateReader {
    DateReader { zone, ..reader(&["iso"]) }
}
