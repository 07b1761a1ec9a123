//! `report.html`, and the page about a case, in a browser: it opens without an error or a request, its figures are those of `summary.json`, findings
//! are filtered, sorted, searched and opened, by link and by keyboard, it prints, and text of the exports stays text.
//!
//! The tests need Chromium and are not run by default: `cargo test --test browser -- --ignored`. Where there is none,
//! `REPERFORM_NO_BROWSER=1` skips them. `REPERFORM_SCREENSHOTS=FOLDER` keeps pictures of the page.

use assert_cmd::Command;
use headless_chrome::browser::default_executable;
use headless_chrome::protocol::cdp::Emulation::{MediaFeature, SetDeviceMetricsOverride, SetEmulatedMedia};
use headless_chrome::protocol::cdp::Page::CaptureScreenshotFormatOption::Png;
use headless_chrome::protocol::cdp::types::Event;
use headless_chrome::protocol::cdp::{Network, Page};
use headless_chrome::{Browser, LaunchOptions, Tab};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder of results.
struct Results {
    _folder: TempDir,
    out: PathBuf,
}

impl Results {
    fn of(exports: &Path) -> Results {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let mut audit = Command::cargo_bin("reperform").unwrap();
        let audit = audit.current_dir(root()).arg("audit").arg(exports).args(["--quiet", "--allow-rejects", "--out"]);
        audit.arg(&out).args(["--include", "indeterminate"]).assert().code(1);
        Results { _folder: folder, out }
    }

    fn quarter() -> Results {
        Results::of(Path::new("fixtures/quarter"))
    }

    fn summary(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.out.join("summary.json")).unwrap()).unwrap()
    }

    fn findings(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.out.join("findings.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The page in a browser of its own.
struct Opened {
    tab: Arc<Tab>,
    /// What the browser complained of, and what it asked for besides the page.
    complaints: Arc<Mutex<Vec<String>>>,
    _browser: Browser,
    _profile: TempDir,
}

/// Opens the page of results at a link; `None` where tests without a browser are wanted.
fn open(results: &Results, link: &str) -> Option<Opened> {
    if std::env::var_os("REPERFORM_NO_BROWSER").is_some() {
        return None;
    }
    let path = default_executable().unwrap_or_else(|error| {
        panic!("no browser: {error}; `apt-get install chromium`, or skip these tests with REPERFORM_NO_BROWSER=1")
    });
    let profile = tempfile::tempdir().unwrap();
    let args = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
    let options = LaunchOptions::default_builder()
        .path(Some(path))
        .sandbox(false)
        .enable_gpu(false)
        .user_data_dir(Some(profile.path().to_path_buf()))
        .window_size(Some((1400, 1000)))
        .idle_browser_timeout(Duration::from_secs(120))
        .args(args.map(OsStr::new).to_vec())
        .build()
        .unwrap();
    let browser = Browser::new(options).unwrap();
    let tab = browser.new_tab().unwrap();
    let complaints = watch(&tab);
    let opened = Opened { tab, complaints, _browser: browser, _profile: profile };
    opened.go(&format!("file://{}{link}", results.out.join("report.html").display()));
    Some(opened)
}

fn watch(tab: &Tab) -> Arc<Mutex<Vec<String>>> {
    let complaints = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&complaints);
    tab.enable_log().unwrap().enable_runtime().unwrap();
    tab.call_method(Network::Enable {
        max_total_buffer_size: None,
        max_resource_buffer_size: None,
        max_post_data_size: None,
        report_direct_socket_traffic: None,
        enable_durable_messages: None,
    })
    .unwrap();
    let listener = move |event: &Event| {
        let complaint = match event {
            Event::LogEntryAdded(entry) => format!("log: {:?}", entry.params.entry),
            Event::RuntimeExceptionThrown(thrown) => format!("exception: {:?}", thrown.params.exception_details),
            Event::RuntimeConsoleAPICalled(call) => format!("console: {:?}", call.params.args),
            Event::NetworkRequestWillBeSent(sent) if !sent.params.request.url.ends_with("report.html") => {
                format!("request: {}", sent.params.request.url)
            }
            _ => return,
        };
        heard.lock().unwrap().push(complaint);
    };
    tab.add_event_listener(Arc::new(listener)).unwrap();
    complaints
}

impl Opened {
    fn go(&self, url: &str) {
        self.tab.navigate_to(url).unwrap().wait_until_navigated().unwrap();
        self.until("document.readyState === 'complete' && !(document.getElementById('list') || {}).hidden");
    }

    /// What a script says, by way of JSON.
    fn ask(&self, script: &str) -> Value {
        let said = self.tab.evaluate(&format!("JSON.stringify({script})"), false).unwrap().value;
        said.and_then(|text| serde_json::from_str(text.as_str()?).ok()).unwrap_or(Value::Null)
    }

    /// Waits until something holds.
    fn until(&self, script: &str) {
        let began = Instant::now();
        while self.ask(&format!("Boolean({script})")) != Value::Bool(true) {
            assert!(began.elapsed() < Duration::from_secs(20), "never: {script}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn text(&self, selector: &str) -> String {
        self.ask(&format!("document.querySelector({selector:?}).textContent")).as_str().unwrap_or_default().to_owned()
    }

    /// A figure as a number.
    fn number(&self, selector: &str) -> u64 {
        self.text(selector).replace(',', "").trim().parse().unwrap()
    }

    /// The texts of the cells of a table's rows.
    fn cells(&self, table: &str) -> Vec<Vec<String>> {
        let cells = "row => Array.from(row.cells, cell => cell.innerText.trim())";
        let rows =
            self.ask(&format!("Array.from(document.querySelectorAll({:?}), {cells})", format!("{table} tbody tr")));
        serde_json::from_value(rows).unwrap()
    }

    /// Sets a control as a person does.
    fn set(&self, control: &str, value: &str) {
        let shown = self.text("#shown");
        self.ask(&format!(
            "(() => {{ const control = document.getElementById({control:?}); control.value = {value:?}; \
             control.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()"
        ));
        self.until(&format!("document.getElementById('shown').textContent !== {shown:?}"));
    }

    fn press(&self, keys: &[&str]) {
        for key in keys {
            self.tab.press_key(key).unwrap();
        }
    }

    fn assert_quiet(&self) {
        let complaints = self.complaints.lock().unwrap();
        assert!(complaints.is_empty(), "{complaints:#?}");
    }

    fn size(&self, width: u32, height: u32) {
        let size: SetDeviceMetricsOverride = serde_json::from_value(serde_json::json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false
        }))
        .unwrap();
        self.tab.call_method(size).unwrap();
    }

    /// Keeps a picture, if someone wants to look at it.
    fn picture(&self, name: &str, (width, height): (u32, u32), dark: bool) {
        let Some(folder) = std::env::var_os("REPERFORM_SCREENSHOTS") else { return };
        let scheme = if dark { "dark" } else { "light" }.to_owned();
        let feature = MediaFeature { name: "prefers-color-scheme".to_owned(), value: scheme };
        self.tab.call_method(SetEmulatedMedia { media: None, features: Some(vec![feature]) }).unwrap();
        self.size(width, height);
        self.ask("document.querySelector('.opened')?.scrollIntoView()");
        std::thread::sleep(Duration::from_millis(200));
        let png = self.tab.capture_screenshot(Png, None, None, true).unwrap();
        std::fs::write(Path::new(&folder).join(name), png).unwrap();
    }
}

#[test]
#[ignore = "needs Chromium"]
fn the_page_opens_quietly_with_the_figures_of_the_summary() {
    let results = Results::quarter();
    let Some(page) = open(&results, "") else { return };
    let summary = results.summary();
    let count = |value: &Value| value.as_u64().unwrap();
    for (figure, value) in [
        ("#deviations", &summary["verdicts"]["deviation"]),
        ("#reviews", &summary["verdicts"]["review"]),
        ("#indeterminate", &summary["verdicts"]["indeterminate"]),
        ("#evaluated", &summary["cases"]["evaluated"]),
    ] {
        assert_eq!(page.number(figure), count(value), "{figure}");
    }
    let plain = |text: &str| text.replace([',', '\u{2212}'], "");
    let exposure = summary["exposure"].as_object().unwrap();
    let rows = page.cells("#exposure");
    assert_eq!(rows.len(), exposure.len());
    for row in rows {
        let of = &exposure[&row[0]];
        assert_eq!(
            (plain(&row[1]).as_str(), plain(&row[3]).as_str()),
            (of["under"].as_str().unwrap(), of["over"].as_str().unwrap())
        );
    }
    for (key, name) in [
        ("severity", "by_severity"),
        ("policy", "by_policy"),
        ("rule", "by_rule"),
        ("month", "by_month"),
        ("decidedBy", "by_decided_by"),
    ] {
        page.ask("document.querySelectorAll('details').forEach(element => { element.open = true })");
        let groups = summary["findings"][name].as_object().unwrap();
        let rows = page.cells(&format!("[data-group={key}]"));
        assert_eq!(rows.len(), groups.len(), "{key}");
        for row in rows {
            let group = &groups[if row[0] == "(not recorded)" { "" } else { &row[0] }];
            assert_eq!(
                (row[2].as_str(), row[3].as_str()),
                (&*group["deviation"].to_string(), &*group["review"].to_string()),
                "{key} {}",
                row[0]
            );
        }
    }
    let tested: u64 =
        page.cells("#rules").iter().map(|row| row[3].parse::<u64>().unwrap() + row[7].parse::<u64>().unwrap()).sum();
    assert_eq!(tested, page.number("#tests"));
    assert_eq!(page.cells("#held-back").len() as u64, count(&summary["cases"]["held_back"]));
    assert_eq!(page.cells("#rejected-rows").len() as u64, count(&summary["rejects"]["rows"]));
    for (name, size, dark) in [
        ("wide-light.png", (1400, 2600), false),
        ("wide-dark.png", (1400, 2600), true),
        ("narrow-light.png", (390, 2800), false),
        ("narrow-dark.png", (390, 2800), true),
    ] {
        page.picture(name, size, dark);
    }
    for part in ["coverage", "rejects", "method"] {
        page.ask(&format!("document.getElementById('{part}').scrollIntoView()"));
        page.picture(&format!("{part}-wide-light.png"), (1400, 1000), false);
    }
    page.ask("document.getElementById('coverage').scrollIntoView()");
    page.picture("coverage-narrow-light.png", (390, 1400), false);
    page.size(360, 800);
    let wide = "Array.from(document.querySelectorAll('body *')).filter(element => !element.closest('.scroll, .readings, nav') && \
        element.getBoundingClientRect().right > innerWidth).map(element => element.outerHTML.slice(0, 80))";
    assert_eq!(page.ask(wide), Value::Array(Vec::new()), "nothing is wider than a narrow screen");
    page.assert_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn findings_are_filtered_sorted_and_searched() {
    let results = Results::quarter();
    let Some(page) = open(&results, "#findings") else { return };
    let findings = results.findings();
    let shown = |expected: usize| {
        let all = findings.len();
        let text = page.text("#shown");
        let start = if expected == all { format!("{all} findings") } else { format!("{expected} of {all} findings") };
        assert!(text == start || text.starts_with(&format!("{start};")), "{text} for {start}");
    };
    shown(findings.len());
    let clear = || {
        page.ask("document.getElementById('filters').reset()");
        page.until(&format!("document.getElementById('shown').textContent.startsWith('{} findings')", findings.len()));
    };
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    for (control, key) in [
        ("verdict", "verdict"),
        ("severity", "severity"),
        ("policy", "policy"),
        ("rule", "rule"),
        ("decidedBy", "decided_by"),
        ("currency", "currency"),
    ] {
        let value = text(&findings[findings.len() / 2], key);
        page.set(control, &format!("={value}"));
        shown(findings.iter().filter(|finding| text(finding, key) == value).count());
        clear();
    }
    let month = text(&findings[0], "date")[..7].to_owned();
    page.set("month", &format!("={month}"));
    shown(findings.iter().filter(|finding| text(finding, "date").starts_with(&month)).count());
    clear();
    let size = |finding: &Value| text(finding, "amount").trim_start_matches('-').parse::<f64>().ok();
    page.set("least", "100");
    page.set("most", "500");
    shown(findings.iter().filter(|finding| size(finding).is_some_and(|size| (100.0..=500.0).contains(&size))).count());
    page.set("side", "=under");
    shown(
        findings
            .iter()
            .filter(|f| text(f, "amount").starts_with('-') && size(f).is_some_and(|s| (100.0..=500.0).contains(&s)))
            .count(),
    );
    clear();
    let (case, request) = (&findings[7], text(&findings[7], "request_id"));
    page.set("search", &request.to_lowercase());
    assert!(page.cells("#list").iter().any(|row| row[4] == request && row[8].contains(&text(case, "message"))));
    clear();
    page.ask("document.querySelectorAll('#list thead button')[0].click()");
    let first = findings.iter().map(|finding| text(finding, "date")).min().unwrap();
    assert_eq!(page.cells("#list")[0][0], first);
    page.ask("document.querySelectorAll('#list thead button')[0].click()");
    assert_eq!(page.cells("#list")[0][0], findings.iter().map(|finding| text(finding, "date")).max().unwrap());
    assert_eq!(page.ask("document.querySelectorAll('#list thead th')[0].getAttribute('aria-sort')"), "descending");
    page.assert_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn every_finding_opens_by_its_link_with_its_evidence_and_working() {
    let results = Results::quarter();
    let findings = results.findings();
    let late = findings.iter().position(|finding| finding["days_late"].as_i64() > Some(1)).unwrap();
    let Some(page) = open(&results, &format!("#finding={}", findings[late]["finding_id"].as_str().unwrap())) else {
        return;
    };
    for (at, finding) in findings.iter().enumerate().skip(late).step_by(17) {
        let id = finding["finding_id"].as_str().unwrap();
        page.ask(&format!("location.hash = '#finding={id}'"));
        page.until(&format!("document.querySelector('.finding')?.getAttribute('aria-label') === 'Finding {id}'"));
        let text = page.text(".finding");
        for key in
            ["message", "clause", "rule", "request_id", "decision_id", "invoice_id", "decided_by", "date", "severity"]
        {
            assert!(text.contains(finding[key].as_str().unwrap()), "{key} of {id} in {text}");
        }
        for row in finding["evidence"].as_array().unwrap() {
            let cited = format!("{}:{}", row["file"].as_str().unwrap(), row["record"]);
            assert!(text.contains(&cited), "{cited} of {id}");
        }
        if at == late {
            assert!(
                page.ask("document.querySelectorAll('.finding ol li').length").as_u64() > Some(0),
                "working of {id}"
            );
            page.picture("finding-wide-light.png", (1400, 1000), false);
            page.picture("finding-narrow-dark.png", (390, 1400), true);
            page.picture("finding-wide-dark.png", (1400, 1000), true);
        }
    }
    page.ask("history.back()");
    page.ask("location.hash = '#finding=0000'");
    page.until("document.getElementById('shown').textContent.startsWith('There is no finding')");
    page.assert_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn the_keyboard_alone_is_enough() {
    let results = Results::quarter();
    let Some(page) = open(&results, "") else { return };
    let focused = |script: &str| page.ask(&format!("document.activeElement.{script}"));
    let tab_to = |what: &str| {
        for _ in 0..400 {
            page.press(&["Tab"]);
            if focused(&format!("matches({what:?})")) == true {
                return;
            }
        }
        panic!("the tabulator never reaches {what}");
    };
    page.press(&["Tab"]);
    assert_eq!(focused("className"), "skip");
    tab_to("#theme");
    page.press(&["Enter"]);
    assert_eq!(page.ask("document.documentElement.dataset.theme"), "dark");
    tab_to("#search");
    page.tab.type_str("opust").unwrap();
    page.until("/ of /.test(document.getElementById('shown').textContent)");
    tab_to("#list thead button");
    page.press(&["Enter"]);
    assert_eq!(page.ask("document.querySelector('#list th[aria-sort]').getAttribute('aria-sort')"), "ascending");
    assert_eq!(focused("tagName"), "BUTTON", "the heading keeps the focus");
    tab_to("#list .open");
    page.press(&["Enter"]);
    page.until("document.querySelector('.finding')");
    assert_eq!(focused("tagName"), "H3", "the finding has the focus");
    assert_eq!(page.ask("/^#finding=[0-9a-f]{16}$/.test(location.hash)"), true);
    page.press(&["Escape"]);
    page.until("!document.querySelector('.finding')");
    assert_eq!(focused("className"), "open", "the row that was open has the focus");
    tab_to("#next");
    page.press(&["Enter"]);
    page.until("/^Page 2 of/.test(document.getElementById('page').textContent)");
    page.assert_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn the_page_prints_everything_that_is_folded_or_on_a_further_page() {
    let results = Results::quarter();
    let Some(page) = open(&results, "") else { return };
    page.ask("addEventListener('beforeprint', () => { window.printed = { rows: document.querySelectorAll('#list tbody tr').length, folded: document.querySelectorAll('details:not([open])').length } })");
    let options =
        serde_json::from_value(serde_json::json!({ "printBackground": true, "preferCSSPageSize": true })).ok();
    let pdf = page.tab.print_to_pdf(options).unwrap();
    assert!(pdf.starts_with(b"%PDF"));
    if let Some(folder) = std::env::var_os("REPERFORM_SCREENSHOTS") {
        std::fs::write(Path::new(&folder).join("printed.pdf"), &pdf).unwrap();
    }
    let printed = page.ask("window.printed");
    assert_eq!(printed["rows"].as_u64(), Some(results.findings().len() as u64));
    assert_eq!(printed["folded"], 0);
    page.until("document.querySelectorAll('#list tbody tr').length <= 50");
    page.assert_quiet();
}

#[test]
#[ignore = "needs Chromium"]
fn hostile_text_is_shown_as_text() {
    const NAMES: [&str; 6] = [
        "</script><img src=x onerror=alert(1)>",
        "=cmd|' /C calc'!A0",
        "<!--<script>",
        "\u{202e}gnp.exe",
        "&lt;b&gt; {{ 7*7 }}",
        "bell\u{7}",
    ];
    let exports = tempfile::tempdir().unwrap();
    for file in ["invoices.csv", "requests.csv", "decisions.csv"] {
        let quarter = root().join("fixtures/quarter").join(file);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(quarter).unwrap();
        let mut writer = csv::WriterBuilder::new().flexible(true).from_path(exports.path().join(file)).unwrap();
        let header = reader.headers().unwrap().clone();
        let by = header.iter().position(|name| name == "decided_by");
        writer.write_record(&header).unwrap();
        let long = "x<".repeat(5000);
        for (at, row) in reader.records().enumerate() {
            let row = row.unwrap();
            let name = NAMES.get(at % 7).copied().unwrap_or(&long);
            let cell = |(place, cell)| if Some(place) == by { name } else { cell };
            writer.write_record(row.iter().enumerate().map(cell)).unwrap();
        }
    }
    let results = Results::of(exports.path());
    let Some(page) = open(&results, "") else { return };
    page.ask("document.querySelectorAll('details').forEach(element => { element.open = true })");
    let shown: Vec<String> =
        page.cells("[data-group=decidedBy]").into_iter().map(|mut row| row.swap_remove(0)).collect();
    for name in [
        "</script><img src=x onerror=alert(1)>",
        "=cmd|' /C calc'!A0",
        "<!--<script>",
        "\\u{202e}gnp.exe",
        "&lt;b&gt; {{ 7*7 }}",
        "bell\\u{7}",
    ] {
        assert!(shown.iter().any(|shown| shown == name), "{name} in {shown:?}");
        assert!(
            page.ask("Array.from(document.getElementById('decidedBy').options, option => option.textContent)")
                .as_array()
                .unwrap()
                .iter()
                .any(|option| option == name),
            "{name} among the choices"
        );
    }
    assert!(shown.iter().any(|shown| shown.len() == 10_000));
    assert_eq!(page.ask("document.querySelectorAll('img, b').length"), 0);
    page.set("decidedBy", &format!("={}", NAMES[0]));
    page.ask("document.querySelector('#list .open').click()");
    assert!(page.text(".finding").contains(NAMES[0]));
    assert_eq!(page.ask("document.querySelectorAll('img, b').length"), 0);
    assert_eq!(page.ask("document.documentElement.scrollWidth <= innerWidth"), true, "nothing is wider than the page");
    page.assert_quiet();
}

/// A page is `report.html` and nothing else, whatever lies beside it.
#[test]
#[ignore = "needs Chromium"]
fn the_page_needs_nothing_beside_it() {
    let results = Results::quarter();
    let alone = tempfile::tempdir().unwrap();
    std::fs::copy(results.out.join("report.html"), alone.path().join("report.html")).unwrap();
    let moved = Results { out: alone.path().to_path_buf(), _folder: alone };
    let Some(page) = open(&moved, "#rule=opust.5.2-decision") else { return };
    page.until("/ of /.test(document.getElementById('shown').textContent)");
    assert!(page.cells("#list").iter().all(|row| row[3] == "opust.5.2-decision"));
    page.picture("list-wide-light.png", (1400, 1000), false);
    page.picture("list-narrow-light.png", (390, 1400), false);
    let tree: Page::GetFrameTreeReturnObject = page.tab.call_method(Page::GetFrameTree(None)).unwrap();
    assert!(tree.frame_tree.child_frames.is_none());
    page.assert_quiet();
}

/// The page about a case, in a folder of its own.
fn explained(case: &str) -> Results {
    let folder = tempfile::tempdir().unwrap();
    let mut explain = Command::cargo_bin("reperform").unwrap();
    let explain = explain.current_dir(root()).args(["explain", case, "fixtures/quarter", "--format", "html"]);
    let page = explain.assert().code(0).get_output().stdout.clone();
    std::fs::write(folder.path().join("report.html"), page).unwrap();
    Results { out: folder.path().to_path_buf(), _folder: folder }
}

#[test]
#[ignore = "needs Chromium"]
fn the_page_of_a_case_opens_quietly_fits_and_prints() {
    // One with deviations, one kept by little, one that a missing fact leaves open.
    for (case, section, says) in [
        ("RQ-20547", "#rules", "deviation"),
        ("RQ-20408", "#near", "Near misses"),
        ("RQ-20609", "#rules", "indeterminate"),
    ] {
        let results = explained(case);
        let Some(page) = open(&results, "") else { return };
        assert_eq!(page.text("h1"), format!("Case {case}"));
        assert!(page.text(&format!("section:has({section})")).contains(says), "{case}");
        for (width, dark) in [(1400, false), (1400, true), (390, false), (390, true)] {
            page.size(width, 1000);
            let fits = page.ask("document.documentElement.scrollWidth <= innerWidth");
            assert_eq!(fits, true, "{case}: nothing is wider than {width} pixels");
            let look = if dark { "dark" } else { "light" };
            page.picture(&format!("{case}-{width}-{look}.png"), (width, 2600), dark);
        }
        let print = SetEmulatedMedia { media: Some("print".to_owned()), features: None };
        page.tab.call_method(print).unwrap();
        let breaks = page.ask("Array.from(document.querySelectorAll('section'), s => getComputedStyle(s).breakBefore)");
        assert!(breaks.as_array().unwrap().iter().all(|before| before == "auto"), "{breaks}");
        page.assert_quiet();
    }
}
