//! Which rows a source gives: headers, rows left out, rows that depend on each other, events that become cases, several
//! files and several sources.

use crate::read::shown;

/// A source with these keys, whose columns are the usual ones but for those given.
fn source(table: &str, keys: &str, columns: &str) -> String {
    let usual: &[(&str, &str)] = match table {
        "invoices" => &[
            ("invoice_id", "'Id'"),
            ("line", "{ constant = '1' }"),
            ("account_id", "{ constant = 'A' }"),
            ("policy", "{ constant = 'opust' }"),
            ("invoice_date", "{ constant = '2026-01-02' }"),
            ("currency", "{ constant = 'EUR' }"),
            ("amount", "'Amount'"),
            ("category", "{ constant = 'other' }"),
        ],
        "requests" => &[
            ("request_id", "'Id'"),
            ("account_id", "{ constant = 'A' }"),
            ("invoice_id", "{ constant = 'I' }"),
            ("kind", "{ constant = 'refund' }"),
            ("submitted_at", "'At'"),
        ],
        _ => &[("decision_id", "'Id'"), ("request_id", "{ constant = 'Q' }"), ("outcome", "{ constant = 'approved' }")],
    };
    let given = |name: &str| columns.lines().any(|line| line.split(" = ").next() == Some(name));
    let usual = usual.iter().filter(|(name, _)| !given(name)).map(|(name, from)| format!("{name} = {from}\n"));
    format!("[[{table}]]\n{keys}\n[{table}.columns]\n{}{columns}\n\n", usual.collect::<String>())
}

/// What it is about, the source's keys and columns, the file, and what comes of it.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static str);

const INVOICES: &[Case] = &[
    (
        "rows above the header, and totals and blank rows below it",
        "skip = [{ column = 'Id', starts_with = ['Total', 'Sub'] }, { column = 'Id', blank = true }]",
        "",
        "Northlight Ltd\nInvoices\n\nId,Amount\nN1,5\n\n,\n,5\nN2,7\nTotal,12\nsub-total for all,12\n",
        "1: N1/1 A 2026-01-02 EUR 5 other\n4: N2/1 A 2026-01-02 EUR 7 other\nleft out 1: `Id` is blank\n\
         left out 2: `Id` starts with `total` or `sub`\nleft out 1: the row is blank\n",
    ),
    (
        "a header by its number, though a row above has the same names",
        "header = 2",
        "",
        "Id,Amount\n Amount ,*ID\n5,N1\n",
        "1: N1/1 A 2026-01-02 EUR 5 other\n",
    ),
    (
        "no header",
        "header = 'none'\nskip = [{ position = 1, is = 'x' }]",
        "invoice_id = { position = 1 }\namount = { position = 3 }",
        "N1,a,5\nx,a,5\nN2,b,7\n",
        "1: N1/1 A 2026-01-02 EUR 5 other\n3: N2/1 A 2026-01-02 EUR 7 other\nleft out 1: column 1 is `x`\n",
    ),
    (
        "row types and status filters",
        "keep = [{ column = 'T', is = 'SB' }]\nskip = [{ column = 'S', is_not = ['paid', 'sent'] }, { column = 'Id', matches = '^test-' }]",
        "",
        "T,Id,Amount,S\nRH,1\nSB,N1,5,Paid\nSB,N2,7,void\nsb,test-3,7,sent\nRF,2,2\n",
        "2: N1/1 A 2026-01-02 EUR 5 other\nleft out 1: `Id` matches `^test-`\nleft out 1: `S` is not `paid` or `sent`\n\
         left out 2: not kept: it is not so that `T` is `sb`\n",
    ),
    (
        "a condition on a column that is not there",
        "skip = [{ column = ['Mode', 'Live'], is = ['test', 'false'], optional = true }]",
        "",
        "Id,Amount\nN1,5\n",
        "1: N1/1 A 2026-01-02 EUR 5 other\n",
    ),
    (
        "the header again, and rows with too few or too many fields",
        "",
        "",
        "Id,Amount\nN1,5\nId,Amount\nN2\nN3,5,x\nN4,7\n",
        "1: N1/1 A 2026-01-02 EUR 5 other\n3: rejected:  ``: the row has 1 fields: expected 2, as many as the header has\n\
         4: rejected:  ``: the row has 3 fields: expected 2, as many as the header has\n5: N4/1 A 2026-01-02 EUR 7 other\n\
         left out 1: the row repeats the header\n",
    ),
    (
        "a name that columns share, and columns that were renamed",
        "",
        "invoice_id = { column = ['Number', 'No'] }\naccount_id = { column = 'Id', occurrence = 2 }\namount = { column = 'Amount', optional = true }",
        "Id,No,Id,Amount\nt,N1,B,5\n",
        "1: N1/1 B 2026-01-02 EUR 5 other\n",
    ),
    (
        "columns joined, one of them blank",
        "dates = 'd/m/Y H:M'",
        "invoice_id = { join = ['Id', { column = 'Part' }], with = '-' }\ninvoice_date = { join = ['Day', 'Time'] }",
        "Id,Part,Day,Time,Amount\nN1,a,05/01/2026,10:00,5\nN2,,06/01/2026,,5\n",
        "1: N1-a/1 A 2026-01-05 EUR 5 other\n2: N2/1 A 2026-01-06 EUR 5 other\n",
    ),
    (
        "columns multiplied",
        "grouping = ','",
        "amount = { product = ['Q', 'P'], default = '0' }",
        "Id,Q,P\nN1,3,0.35\nN2,-2,\"1,000.00\"\nN3,-2,-4\nN4,,4\nN5,x,4\n",
        "1: N1/1 A 2026-01-02 EUR 1.05 other\n\
         2: rejected: Q, P `-2, 1,000.00`: the amount is negative; if that is right, declare `sign = \"negative\"` or `\"any\"`\n\
         3: N3/1 A 2026-01-02 EUR 8 other\n4: N4/1 A 2026-01-02 EUR 0 other\n5: rejected: Q, P `x, 4`: the amount has no digits\n",
    ),
    (
        "lines numbered within their invoice; rows left out do not count",
        "skip = [{ column = 'Amount', is = '0' }]",
        "line = { number_within = 'Id' }",
        "Id,Amount\nN1,5\nN2,6\nN1,0\nN1,7\nN1,5\n",
        "1: N1/1 A 2026-01-02 EUR 5 other\n2: N2/1 A 2026-01-02 EUR 6 other\n4: N1/2 A 2026-01-02 EUR 7 other\n\
         5: N1/3 A 2026-01-02 EUR 5 other\nleft out 1: `Amount` is `0`\n",
    ),
    (
        "values of the order on its first row only",
        "fill = { by = 'Id', columns = ['Acc'] }",
        "line = { number_within = 'Id' }\naccount_id = 'Acc'",
        "Id,Acc,Amount\nN1,A,5\nN1,,6\n,,7\nN2,,5\n",
        "1: N1/1 A 2026-01-02 EUR 5 other\n2: N1/2 A 2026-01-02 EUR 6 other\n3: N1/3 A 2026-01-02 EUR 7 other\n\
         4: rejected: Acc ``: `account_id` is blank: every row must fill it\n",
    ),
    (
        "totals of the invoice on every row",
        "once = 'Id'",
        "",
        "Id,Amount,What\nN1,5,a\nN1,5,b\nN2,7,a\nN2,8,b\nN2,7,c\n",
        "1: N1/1 A 2026-01-02 EUR 5 other\n3: N2/1 A 2026-01-02 EUR 7 other\n\
         4: rejected:  ``: the row has the `Id` of record 3 and says something else: expected the same in each\n\
         left out 2: a row before says the same\n",
    ),
    (
        "values, others, default, blanks and extract, in their order",
        "blanks = ['?']",
        "invoice_id = { column = 'Id', extract = '#(\\d+)' }\ncategory = { column = 'C', values = { Host = 'hosting', 'Web site' = 'project_fee' }, others = 'other', default = 'domain' }",
        "Id,C,Amount\n#01,HOST,1\nNo #2,web site,1\n#3,zzz,1\n#4,?,1\n#5,,1\nx6,,1\n",
        "1: 01/1 A 2026-01-02 EUR 1 hosting\n2: 2/1 A 2026-01-02 EUR 1 project_fee\n3: 3/1 A 2026-01-02 EUR 1 other\n\
         4: 4/1 A 2026-01-02 EUR 1 domain\n5: 5/1 A 2026-01-02 EUR 1 domain\n6: rejected: Id `x6`: `#(\\d+)` does not match\n",
    ),
    (
        "values without others stay as they are",
        "",
        "category = { column = 'C', values = { Host = 'hosting' } }",
        "Id,C,Amount\nN1,Domain,1\nN2,zzz,1\n",
        "1: N1/1 A 2026-01-02 EUR 1 domain\n2: rejected: C `zzz`: `zzz` is not a known `category`: expected a category of the input contract or of a \
         loaded policy; a policy can name further categories\n",
    ),
    (
        "the currency of a symbol in the cell",
        "symbols = ['kr']",
        "currency = { column = 'Amount', take = 'currency', codes = { '€' = 'EUR', '$' = 'USD' } }\namount = { column = 'Amount', symbols = ['€', '$', 'kr'] }",
        "Id,Amount\nN1,€5\nN2,5 $\nN3,5\nN4,5 kr\n",
        "1: N1/1 A 2026-01-02 EUR 5 other\n2: N2/1 A 2026-01-02 USD 5 other\n\
         3: rejected: Amount `5`: there is no symbol of a currency that `codes` names\n4: rejected: Amount `5 kr`: `codes` does not name `kr`\n",
    ),
    (
        "a quoted field with a line end; the record after it is still told by its line",
        "delimiter = ';'",
        "",
        "Id;Amount\n\"N\n1\";5\nN2;x\n",
        "1: N\n1/1 A 2026-01-02 EUR 5 other\n2: rejected: Amount `x`: the amount has no digits\n",
    ),
];

#[test]
fn rows_of_one_file() {
    for (about, keys, columns, file, expected) in INVOICES {
        let mapping = source("invoices", &format!("files = 'x.csv'\n{keys}"), columns);
        assert_eq!(shown(&mapping, &[("x.csv", file.as_bytes())]), *expected, "{about}");
    }
}

const GATHER: &str = "files = 'x*.csv'\ngather = { by = 'Case', event = 'What', time = 'When' }";

const EVENTS: &[Case] = &[
    (
        "first and last are by time, and by place where that is the same",
        GATHER,
        "decision_id = 'Case'\nacknowledged_at = { first = 'ack' }\ndecided_at = { last = ['approve', 'deny'] }\noutcome = { last = ['approve', 'deny'], column = 'What', values = { approve = 'approved', deny = 'denied' } }",
        "Case,What,When\nC1,deny,2026-03-04 10:00\nC1,Approve,2026-03-04 09:00\nC2,approve,2026-03-05\nC1,ack,2026-03-03\nC2,deny,2026-03-05\nC1,ACK,2026-03-02\n",
        "1: C1 denied [2026-03-02] [2026-03-04 10:00] []\n3: C2 denied [] [2026-03-05] []\nleft out 4: the row is told with the first of its case\n",
    ),
    (
        "sums and counts",
        "files = 'x*.csv'\ngather = { by = 'Case', event = 'What' }",
        "decision_id = 'Case'\nrefund_amount = { sum = 'pay', column = 'Sum' }\nadmin_fee = { count = '*' }",
        "Case,What,Sum\nC1,open,\nC1,pay,10.50\nC1,pay,0.25\nC1,fee,99\nC2,open,1\n",
        "1: C1 approved [] [] [] 10.75\n5: C2 approved [] [] []\nleft out 3: the row is told with the first of its case\n",
    ),
    (
        "only cases with an event that is needed",
        "files = 'x*.csv'\ngather = { by = 'Case', event = 'What', time = 'When', needs = ['pay'] }",
        "decision_id = 'Case'\nprocessed_at = { last = 'pay' }",
        "Case,What,When\nC1,open,2026-03-01\nC2,open,2026-03-01\nC1,pay,2026-03-02\n",
        "1: C1 approved [] [] [2026-03-02]\nleft out 1: its case has none of the events that it needs\n\
         left out 1: the row is told with the first of its case\n",
    ),
    (
        "an event with a bad time, and one of the wrong number of fields, reject their case",
        GATHER,
        "decision_id = 'Case'\ndecided_at = { last = 'deny' }",
        "Case,What,When\nC1,open,2026-03-01\nC1,deny,soon\nC2,deny,2026-03-02\nC3,deny,2026-03-02,x\nC2,note,later\n",
        "1: rejected:  ``: in record 2: the date is not written in a declared form\n3: C2 approved [] [2026-03-02] []\n\
         4: rejected:  ``: in record 4: the row has 4 fields: expected 3\nleft out 2: the row is told with the first of its case\n",
    ),
    (
        "events without a case do not belong together",
        GATHER,
        "decision_id = { column = 'Case', default = 'none' }\ndecided_at = { last = 'deny' }",
        "Case,What,When\n,deny,2026-03-01\nC1,deny,2026-03-02\n,deny,2026-03-03\n",
        "1: none approved [] [2026-03-01] []\n2: C1 approved [] [2026-03-02] []\n\
         3: rejected: decision_id `none`: `decision_id` `none` is already used by record 1 of x.csv\n",
    ),
];

#[test]
fn events_become_cases() {
    for (about, keys, columns, file, expected) in EVENTS {
        let mapping = source("decisions", keys, columns);
        assert_eq!(shown(&mapping, &[("x.csv", file.as_bytes())]), *expected, "{about}");
    }
    let columns =
        "decision_id = 'Case'\nacknowledged_at = { first = '*' }\nrefund_amount = { sum = 'pay', column = 'Sum' }";
    let files: [(&str, &[u8]); 2] = [
        ("x1.csv", b"Case,What,When,Sum\nC1,open,2026-03-02,\nC2,pay,2026-03-02,5\n"),
        ("x2.csv", b"What,Sum,When,Case\npay,7,2026-03-01,C1\nopen,,2026-03-01,C3\n"),
    ];
    let expected = "x1.csv:1: C1 approved [2026-03-01] [] [] 7\nx1.csv:2: C2 approved [2026-03-02] [] [] 5\nx2.csv:2: C3 approved [2026-03-01] [] []\n\
         left out 1: the row is told with the first of its case\n";
    assert_eq!(shown(&source("decisions", GATHER, columns), &files), expected, "over two files");
}

#[test]
fn several_files_and_sources() {
    // Windows of an export that overlap: the same rows twice do no harm, also with columns in another order.
    let files: [(&str, &[u8]); 2] =
        [("x-01.csv", b"Id,Amount\nN1,5\nN2,x\nN3,7\n"), ("x-02.csv", b"Id,Amount\nN2,x\nN3,7\nN4,9\n")];
    let expected = "x-01.csv:1: N1/1 A 2026-01-02 EUR 5 other\nx-01.csv:2: rejected: Amount `x`: the amount has no digits\n\
         x-01.csv:3: N3/1 A 2026-01-02 EUR 7 other\nx-02.csv:1: rejected:  ``: repeats record 2 of x-01.csv\n\
         x-02.csv:2: rejected:  ``: repeats record 3 of x-01.csv\nx-02.csv:3: N4/1 A 2026-01-02 EUR 9 other\n";
    assert_eq!(shown(&source("invoices", "files = 'x-*.csv'", ""), &files), expected);
    // A file that feeds two tables, and a table that two sources feed.
    let mapping = source("requests", "files = 'x.csv'", "")
        + &source(
            "decisions",
            "files = 'x.csv'\nkeep = [{ column = 'Done', blank = false }]",
            "request_id = 'Id'\ndecided_at = 'Done'",
        )
        + &source("decisions", "files = ['y.csv']\ndelimiter = ';'", "request_id = 'R'");
    let files: [(&str, &[u8]); 2] =
        [("x.csv", b"Id,At,Done\nQ1,2026-03-04,2026-03-05\nQ2,2026-03-04,\n"), ("y.csv", b"R;Id\nQ2;D9\n")];
    let expected = "x.csv:1: Q1 refund of I 2026-03-04\nx.csv:2: Q2 refund of I 2026-03-04\nx.csv:1: Q1 approved [] [2026-03-05] []\n\
         y.csv:1: D9 approved [] [] []\nleft out 1: not kept: it is not so that `Done` is not blank\n";
    assert_eq!(shown(&mapping, &files), expected);
}

/// Two rows of which one cell cannot be read are one row twice only if that cell is the same too.
#[test]
fn rows_that_differ_only_in_what_cannot_be_read_are_no_repeats() {
    let file = b"Id,Amount\nN1,\"1,00\"\nN1,\"2,00\"\nN1,\"1,00\"\n";
    let reason = "the amount has a separator that contradicts the declared `decimal` and `grouping`";
    let expected = format!(
        "1: rejected: Amount `1,00`: {reason}\n2: rejected: Amount `2,00`: {reason}\n3: rejected:  ``: repeats record 1 of x.csv\n"
    );
    assert_eq!(shown(&source("invoices", "files = 'x.csv'", ""), &[("x.csv", file)]), expected);
}

/// What stops a run before any row is read.
#[test]
fn exports_that_are_refused() {
    let cases: &[(&str, &str, &str)] = &[
        (
            "files = 'y-*.csv'",
            "Id,Amount\n",
            "refused: invoices: no file in `DIR` matches `y-*.csv`\n  help: put the export there, or mend `files` of the source of invoices in the mapping\n",
        ),
        (
            "files = 'x.csv'",
            "Title\nId,Amounts\nN1,5\n",
            "refused: x.csv: no row names all columns of the mapping: that of record 2 lacks `Amount`\n  help: `Amount` may be `Amounts`; mark a \
             column that may be missing with `optional = true`\n",
        ),
        (
            "files = 'x.csv'\nheader = 1",
            "Title,x\nId,Amount\nN1,5\n",
            "refused: x.csv: record 1 lacks columns of the mapping: `Id`, `Amount`\n  help: it has `Title`, `x`; mark a column that may be missing with \
             `optional = true`\n",
        ),
        (
            "files = 'x.csv'",
            "",
            "refused: x.csv: the file has no row that names its columns\n  help: check that it is the export that is meant\n",
        ),
        (
            "files = 'x.csv'\nonce = 'Id'",
            "Id,Amount\nN1,5\nN2,\"5\n",
            "refused: x.csv:3: a quote in this row is closed in the middle of a field, or not at all\n  help: close the quote, or write each quote inside \
             a quoted field twice\n",
        ),
    ];
    for (keys, file, expected) in cases {
        assert_eq!(shown(&source("invoices", keys, ""), &[("x.csv", file.as_bytes())]), *expected, "{keys}");
    }
}
