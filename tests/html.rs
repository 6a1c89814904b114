//! The HTML page in a real browser: it loads, filters, obeys the keyboard, injects nothing, prints.
//!
//! Needs the Debian package `chromium`; `make test` installs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should say where"
)]

mod support;

#[path = "support/chromium.rs"]
mod chromium;

use chromium::Browser;
use coldbucket::output::html;
use coldbucket::report::{Report, Severity, Status};
use serde_json::{Value, json};
use support::{coldbucket, snapshot};

fn page_of(source: &str) -> String {
    coldbucket(&format!("audit {source} -o html")).run().stdout
}

fn report_of(source: &str) -> Value {
    coldbucket(&format!("audit {source} -o json")).run().json()
}

fn rendered(report: &Report) -> String {
    let mut page = Vec::new();
    html::render(report, &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

fn sample() -> Report {
    serde_json::from_value(report_of("--sample")).unwrap()
}

/// How many findings of the report fit.
fn findings(report: &Report, fits: impl Fn(&coldbucket::report::CheckResult) -> bool) -> usize {
    report
        .results
        .iter()
        .filter(|result| result.status == Status::Fail && fits(result))
        .count()
}

/// Rows that are not filtered away, folded or not.
const SHOWN: &str =
    "[...document.querySelectorAll('.row')].filter(row => !row.closest('[hidden]')).length";

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(page_of("--sample"), page_of("--sample"));
}

#[test]
fn it_loads_without_a_complaint_and_without_a_request() {
    let mut browser = Browser::start();
    let report = sample();
    for source in [
        "--sample",
        &snapshot("clean"),
        &snapshot("unlisted"),
        &snapshot("interrupted"),
    ] {
        browser.open(&page_of(source));
    }
    browser.open(&page_of("--sample"));
    assert_eq!(browser.complaints(), Vec::<String>::new());
    assert_eq!(browser.requests(), Vec::<String>::new());
    assert_eq!(
        browser.number("document.querySelectorAll('.row').length"),
        findings(&report, |_| true)
    );
    let urgent = findings(&report, |result| result.severity >= Severity::High);
    assert_eq!(
        browser.text("document.querySelector('h1').textContent"),
        format!("{urgent} findings need attention now")
    );
}

#[test]
fn its_policy_refuses_every_other_script_style_and_address() {
    let mut browser = Browser::start();
    browser.open(&page_of("--sample"));
    let refused = browser.eval(
        "(async () => {
            const refused = [];
            document.addEventListener('securitypolicyviolation', event => refused.push(event.effectiveDirective));
            const add = (tag, members) => document.body.append(Object.assign(document.createElement(tag), members));
            add('script', {textContent: 'window.ran = true'});
            add('style', {textContent: 'body { --ran: 1 }'});
            add('img', {src: 'https://example.invalid/x.png'});
            document.body.setAttribute('onclick', 'window.ran = true');
            document.body.click();
            await fetch('https://example.invalid/').catch(() => 0);
            await new Promise(done => setTimeout(done));
            return [window.ran ?? null, [...new Set(refused)].sort()];
        })()",
    );
    assert_eq!(
        refused,
        json!([
            null,
            [
                "connect-src",
                "img-src",
                "script-src-attr",
                "script-src-elem",
                "style-src-elem"
            ]
        ])
    );
}

#[test]
fn search_and_filters_show_what_fits_and_nothing_else() {
    let report = sample();
    let all = findings(&report, |_| true);
    let mut browser = Browser::start();
    browser.open(&page_of("--sample"));
    let said = "document.querySelector('#findings output').textContent";

    // Words may stand in any order: a resource and a word of a check's id.
    browser.eval("document.querySelector('#q').focus()");
    browser.write("HTTP acme-legacy-inbox");
    let expected = findings(&report, |result| {
        result.resource.name == "acme-legacy-inbox" && result.check == "s3-plain-http"
    });
    assert_eq!(expected, 1);
    assert_eq!(browser.number(SHOWN), 1);
    assert_eq!(browser.text(said), format!("1 of {all} findings"));
    // What was found is not left in a fold.
    assert!(browser.holds(
        "[...document.querySelectorAll('.row')].filter(row => row.checkVisibility()).length === 1"
    ));

    browser.eval("document.querySelector('#findings button[type=reset]').click()");
    browser.eval("new Promise(done => setTimeout(done))");
    browser.drawn();
    assert_eq!(browser.number(SHOWN), all);
    assert_eq!(browser.text(said), format!("{all} findings"));

    browser.click(".chip.critical");
    browser.click(".chip.high");
    assert_eq!(
        browser.number(SHOWN),
        findings(&report, |result| result.severity >= Severity::High)
    );
    browser.click(".chip.witness");
    assert_eq!(
        browser.number(SHOWN),
        findings(&report, |result| {
            result.severity >= Severity::High && result.witness.is_some()
        })
    );

    browser.write("");
    browser.eval("document.querySelector('#q').focus()");
    browser.write("no such thing");
    assert_eq!(browser.number(SHOWN), 0);
    assert!(browser.holds("document.querySelector('.nothing').checkVisibility()"));
    browser.click(".nothing .clear");
    browser.eval("new Promise(done => setTimeout(done))");
    browser.drawn();
    assert_eq!(browser.number(SHOWN), all);

    // A tile and a resource lead to their findings.
    browser.click(".tile.medium");
    assert_eq!(
        browser.number(SHOWN),
        findings(&report, |result| result.severity == Severity::Medium)
    );
    browser.click(".worst a");
    let name = browser.text("document.querySelector('.worst a').dataset.find");
    assert!(browser.number(SHOWN) >= findings(&report, |result| result.resource.name == name));
    assert!(browser.number(SHOWN) < all);

    // The other lists have a field of their own.
    browser.eval("document.querySelector('#q-buckets').focus()");
    browser.write("acme-ledger");
    assert_eq!(
        browser.number("document.querySelectorAll('#posture tbody tr:not([hidden])').length"),
        1
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn the_keyboard_reaches_everything() {
    let mut browser = Browser::start();
    browser.open(&page_of("--sample"));
    let focus = "document.activeElement";

    browser.press("Tab");
    assert!(browser.holds(&format!("{focus}.matches('.skip')")));
    browser.press("Enter");
    browser.press("Tab");
    assert!(browser.holds(&format!("{focus}.matches('#q')")));
    browser.press("Tab");
    assert!(browser.holds(&format!("{focus}.matches('.chip input')")));
    browser.press(" ");
    assert!(browser.holds(&format!("{focus}.checked")));
    browser.press(" ");

    browser.eval("document.querySelector('#q').focus()");
    browser.press("ArrowDown");
    assert!(browser.holds(&format!(
        "{focus} === document.querySelector('.row > summary')"
    )));
    browser.press("Enter");
    assert!(browser.holds(&format!("{focus}.parentElement.open")));
    browser.press("Tab");
    assert!(browser.holds(&format!(
        "{focus}.closest('.row') === document.querySelector('.row')"
    )));
    browser.eval("document.querySelector('.row > summary').focus()");
    browser.press("Escape");
    assert!(browser.holds(&format!("!{focus}.parentElement.open")));
    browser.press("ArrowDown");
    assert!(browser.holds(&format!(
        "{focus} === document.querySelectorAll('.row > summary')[1]"
    )));
    browser.press("ArrowUp");
    assert!(browser.holds(&format!(
        "{focus} === document.querySelector('.row > summary')"
    )));
    // Who has the focus can be seen.
    assert_eq!(
        browser.text(&format!("getComputedStyle({focus}).outlineStyle")),
        "solid"
    );
}

#[test]
fn a_finding_opens_to_its_evidence_its_request_and_its_fix() {
    let mut browser = Browser::start();
    let report = sample();
    let result = report
        .results
        .iter()
        .find(|result| result.check == "s3-public-read" && result.witness.is_some())
        .unwrap();
    browser.open(&page_of("--sample"));
    // A link to it opens it, folded or not.
    browser.eval(&format!("location.hash = 'f-{}'", result.fingerprint));
    browser.drawn();
    let row = format!("document.getElementById('f-{}')", result.fingerprint);
    assert!(browser.holds(&format!(
        "{row}.open && {row}.checkVisibility({{contentVisibilityAuto: true}})"
    )));
    let text = browser.text(&format!("{row}.innerText"));
    let witness = result.witness.as_ref().unwrap();
    for part in [
        result.message.as_deref().unwrap(),
        &result.resource.arn,
        "Anyone on the internet, without credentials",
        witness["action"].as_str().unwrap(),
        witness["resource"].as_str().unwrap(),
        &format!("curl https://{}.s3.amazonaws.com/", result.resource.name),
        &result.evidence[0].pointer,
        &format!("Turn on Block Public Access of {}.", result.resource.name),
        &format!(
            "coldbucket explain --sample s3-public-read {}",
            result.resource.name
        ),
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    // The ARN wraps on the page and is copied whole.
    assert_eq!(
        browser.text(&format!("{row}.querySelector('dd.arn').textContent")),
        result.resource.arn
    );
    assert!(browser.number(&format!("{row}.querySelectorAll('button.copier').length")) >= 3);
}

#[test]
fn a_cold_start_is_a_bar_of_three_phases() {
    let mut browser = Browser::start();
    let report = sample();
    browser.open(&page_of("--sample"));
    let start = report
        .cold_start
        .iter()
        .max_by(|a, b| takes(a).total_cmp(&takes(b)))
        .unwrap();
    // The worst comes first.
    assert_eq!(
        browser.text("document.querySelector('.start .name').textContent"),
        start.function
    );
    let duration = start.duration.as_ref().unwrap();
    let phases = [
        duration.pre_init_ms,
        duration.init_ms,
        duration.first_call_ms,
    ];
    // Widths on the screen are to each other as the times are.
    let widths: Vec<f64> = browser
        .eval("[...document.querySelectorAll('.start:nth-of-type(2) .bar rect.pre, .start:nth-of-type(2) .bar rect.init, .start:nth-of-type(2) .bar rect.call')].map(shape => shape.getBoundingClientRect().width)")
        .as_array()
        .unwrap()
        .iter()
        .map(|width| width.as_f64().unwrap())
        .collect();
    assert_eq!(widths.len(), 3);
    let scale = widths[1] / phases[1];
    for (width, ms) in widths.iter().zip(&phases) {
        assert!(
            (width - ms * scale).abs() < 1.0,
            "{widths:?} for {phases:?}"
        );
    }
    // And for readers who do not see it, a sentence.
    let told = browser.text("document.querySelector('.start .bar svg').getAttribute('aria-label')");
    for part in ["before init", "init", "first call", "between"] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn measured_starts_and_inspected_packages_are_shown_where_there_are_some() {
    let mut report = sample();
    // The sample has some of its own; here there is one.
    for start in &mut report.cold_start {
        start.measured = None;
        start.contents = None;
    }
    let start = report
        .cold_start
        .iter_mut()
        .max_by(|a, b| takes(a).total_cmp(&takes(b)))
        .unwrap();
    start.measured = serde_json::from_value(json!({
        "cold_starts": 40, "invocations": 5000, "p50_ms": 2600.0, "p99_ms": 5200.0, "window_days": 14,
        "cause": "your code",
    }))
    .unwrap();
    start.duration = serde_json::from_value(json!({
        "basis": "measurement", "pre_init_ms": 140.0, "init_ms": 2000.0, "first_call_ms": 600.0,
        "reported_ms": 2600.0, "low_ms": 2600.0, "high_ms": 5200.0,
    }))
    .unwrap();
    let name = start.function.clone();
    start.contents = serde_json::from_value(json!({
        "unzipped_mb": 131.0, "files": 4211,
        "largest": [{"path": "lib/netty", "unzipped_mb": 40.0}],
        "waste": [{"kind": "source-jars", "place": "lib/sources", "zipped_mb": 12.5, "saves_ms": 180.0}],
    }))
    .unwrap();
    let mut browser = Browser::start();
    browser.open(&rendered(&report));
    assert_eq!(
        browser.number("document.querySelectorAll('.bar .p50').length"),
        1
    );
    assert_eq!(
        browser.number("document.querySelectorAll('.bar .p99').length"),
        1
    );
    // The mark of the median stands before that of the 99th percentile.
    assert!(browser.holds("document.querySelector('.bar .p50').getBoundingClientRect().x < document.querySelector('.bar .p99').getBoundingClientRect().x"));
    browser.eval("document.querySelectorAll('.start > details, details.contents').forEach(it => { it.open = true; })");
    browser.drawn();
    let text = browser.text("document.querySelector('#cold-starts').textContent");
    assert!(
        text.contains("40 cold starts in 5,000 calls, over 14 days: half take up to 2.6 s"),
        "{text}"
    );
    // One number: the head of the section, the row and its phases say what was measured.
    let row = format!(
        "[...document.querySelectorAll('.start')].find(row => row.querySelector('.name').textContent === '{name}')"
    );
    let took = browser.text(&format!("{row}.querySelector('.took').textContent"));
    assert_eq!(took, "2.6 smeasured");
    let text = browser.text("document.querySelector('#packages').textContent");
    for part in [
        "131 MB unzipped in 4,211 files",
        "source jars, most of it in lib/sources: 12.5 MB less to fetch, saves 180 ms",
        "lib/netty 40 MB",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

fn takes(start: &coldbucket::report::ColdStart) -> f64 {
    start
        .duration
        .as_ref()
        .map_or(0.0, |duration| duration.reported_ms)
}

/// Everything that text may try on a page.
const HOSTILE: &str = "\"><script>window.ran=1</script><img src=x onerror='window.ran=1'><svg/onload=window.ran=1></textarea></style></title>--><a href=\"javascript:window.ran=1\">' onmouseover=window.ran=1 x='\u{202e}\u{1b}[2J{{7*7}}{% raw %}&lt;b&gt;";

/// A copy of the value with every text made hostile, but for those that a program compares.
fn poisoned(value: &mut Value, name: &str) {
    match value {
        Value::String(text) => {
            let fixed = [
                "status",
                "severity",
                "fail_on",
                "type",
                "schema",
                "source",
                "reason",
                "fingerprint",
            ];
            let words = [
                "reachable",
                "unreachable",
                "constrained",
                "unknown",
                "estimate",
                "good",
                "fair",
                "rough",
                "measurement",
                "your code",
                "the platform",
            ];
            if !fixed.contains(&name) && !words.contains(&text.as_str()) {
                text.push_str(HOSTILE);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| poisoned(item, name)),
        Value::Object(members) => members
            .iter_mut()
            .for_each(|(name, member)| poisoned(member, name)),
        _ => {}
    }
}

#[test]
fn a_hostile_account_injects_nothing() {
    let mut browser = Browser::start();
    browser.open(&page_of("--sample"));
    let tags = "JSON.stringify([...new Set([...document.querySelectorAll('*')].map(it => it.localName))].sort())";
    let own = browser.text(tags);

    let mut value = report_of("--sample");
    poisoned(&mut value, "");
    let report: Report = serde_json::from_value(value).unwrap();
    for page in [page_of(&snapshot("hostile")), rendered(&report)] {
        browser.open(&page);
        assert!(browser.number("document.querySelectorAll('.row').length") > 0);
        // No element of a kind that the page does not have by itself, and of these no more.
        let found = browser.text(tags);
        let found: Vec<String> = serde_json::from_str(&found).unwrap();
        for tag in &found {
            assert!(own.contains(&format!("\"{tag}\"")), "{tag}");
        }
        for tag in ["script", "style", "title:not(svg *)", "h1"] {
            assert_eq!(
                browser.number(&format!("document.querySelectorAll('{tag}').length")),
                1,
                "{tag}"
            );
        }
        assert_eq!(
            browser.eval("[...document.querySelectorAll('*')].flatMap(it => [...it.attributes]).filter(it => it.name.startsWith('on') || it.name === 'style' || it.name === 'src').map(it => it.name)"),
            json!([])
        );
        assert_eq!(
            browser.eval("[...document.querySelectorAll('a')].map(it => it.getAttribute('href')).filter(it => !it.startsWith('#') && !it.startsWith('https://'))"),
            json!([])
        );
        // Nothing that turns the line around or acts on a terminal that the text is pasted into.
        assert!(browser.holds("!/[\\u202a-\\u202e\\u2066-\\u2069\\u0000-\\u0008\\u001b]/.test(document.documentElement.outerHTML)"));
        // Open everything: what is made at that time is as harmless.
        browser.eval("document.querySelectorAll('details').forEach(it => { it.open = true; })");
        browser.drawn();
        assert!(browser.holds("window.ran === undefined"));
        browser.window(400, 900);
        browser.drawn();
        assert_eq!(browser.eval(CUT_OFF), json!([]));
        browser.window(1280, 900);
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
    assert_eq!(browser.requests(), Vec::<String>::new());
}

/// The sample's findings again and again, on other buckets, until there are so many.
fn crowded(many: usize) -> Report {
    let mut report = sample();
    let examples: Vec<_> = report
        .results
        .iter()
        .filter(|result| result.status == Status::Fail)
        .cloned()
        .collect();
    report.results.clear();
    for (at, example) in examples.iter().cycle().take(many).enumerate() {
        let mut result = example.clone();
        let resource = std::sync::Arc::make_mut(&mut result.resource);
        resource.name = format!("{}-{at}", resource.name);
        resource.arn = format!("{}-{at}", resource.arn);
        result.fingerprint = format!("{at:032x}");
        report.results.push(result);
    }
    report
        .summary
        .results
        .insert("fail".to_owned(), many as u64);
    report
}

#[test]
fn five_thousand_findings_stay_responsive() {
    const MANY: usize = 6_000;
    let report = crowded(MANY);
    let mut browser = Browser::start();
    browser.open(&rendered(&report));
    assert_eq!(
        browser.number("document.querySelectorAll('.row').length"),
        5_000
    );
    let remark = browser.text("document.querySelector('#findings .left-out').textContent");
    assert!(remark.contains("worst 5,000 of 6,000 findings"), "{remark}");
    assert!(remark.contains("-o json"), "{remark}");
    // The worst are there: whatever is left out is no worse than the least that is shown.
    let worst = findings(&report, |result| result.severity >= Severity::Medium);
    assert!(worst < 5_000);
    assert_eq!(
        browser.number("document.querySelectorAll('.row:is([data-severity=critical], [data-severity=high], [data-severity=medium])').length"),
        worst
    );

    // The browser's work is bounded by counting it, for times would tell of this machine only.
    let elements = browser.number("document.querySelectorAll('*').length");
    assert!(elements < 5_000 * 60, "{elements} elements");
    // Rows that are off the screen are not laid out.
    let laid_out = browser.number(
        "[...document.querySelectorAll('.row > summary > .name')].filter(it => it.checkVisibility({contentVisibilityAuto: true})).length",
    );
    assert!(laid_out < 500, "{laid_out} rows are laid out");

    browser.eval(
        "window.changes = 0; new MutationObserver(list => { window.changes += list.length; }).observe(document.querySelector('#cards'), {subtree: true, attributes: true, childList: true, characterData: true})",
    );
    browser.eval("document.querySelector('#q').focus()");
    let before = browser.counter("LayoutCount");
    browser.write("s3-public-read");
    let layouts = browser.counter("LayoutCount") - before;
    assert!(layouts <= 12, "{layouts} layouts for one filter");
    // All of them are critical, so none is left out.
    assert_eq!(
        browser.number(SHOWN),
        findings(&report, |result| result.check == "s3-public-read")
    );
    // At most one change a row, and a few a card.
    let changes = browser.number("window.changes");
    assert!(changes < 5_000 + 500, "{changes} changes for one filter");
    // The same words again change nothing.
    browser.eval("window.changes = 0; document.querySelector('#q').dispatchEvent(new Event('input', {bubbles: true}))");
    browser.drawn();
    let again = browser.number("window.changes");
    assert!(again < 200, "{again} changes for no change");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// The smallest contrast of a text with what is behind it, and the text.
const CONTRAST: &str = r#"(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
    const known = new Map();
    const rgba = (color) => {
        if (!known.has(color)) {
            canvas.clearRect(0, 0, 1, 1);
            canvas.fillStyle = color;
            canvas.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
            known.set(color, [r, g, b, a / 255]);
        }
        return known.get(color);
    };
    const over = (top, under) => [0, 1, 2].map(at => top[at] * top[3] + under[at] * (1 - top[3]));
    const behind = (element) => {
        if (!element) return [255, 255, 255];
        const color = rgba(getComputedStyle(element).backgroundColor);
        return color[3] === 1 ? color : over(color, behind(element.parentElement));
    };
    const light = (color) => {
        const [r, g, b] = color.slice(0, 3).map(part => part / 255).map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    let worst = [99, ""];
    for (const element of document.querySelectorAll("body *")) {
        if (element.closest("svg, .out, .skip, [hidden]")) continue;
        if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
        const back = behind(element);
        const ink = over(rgba(getComputedStyle(element).color), back);
        const [a, b] = [light(ink), light(back)].sort((x, y) => y - x);
        const contrast = (a + 0.05) / (b + 0.05);
        if (contrast < worst[0]) worst = [contrast, element.outerHTML.slice(0, 200)];
    }
    return worst;
})()"#;

#[test]
fn both_colour_schemes_are_readable() {
    let mut browser = Browser::start();
    browser.open(&page_of("--sample"));
    let paper = "getComputedStyle(document.body).backgroundColor";
    let mut papers = Vec::new();
    for scheme in ["light", "dark"] {
        browser.scheme(scheme, "screen");
        browser.drawn();
        papers.push(browser.text(paper));
        // WCAG 2.2, 1.4.3: 4.5 to 1 for text.
        let worst = browser.eval(CONTRAST);
        assert!(worst[0].as_f64().unwrap() >= 4.5, "{scheme}: {worst}");
    }
    assert_ne!(papers[0], papers[1]);

    // The reader's choice goes before the system's, and is kept.
    browser.click("button.theme");
    assert_eq!(browser.text(paper), papers[0]);
    browser.call("Page.reload", json!({}));
    browser.settled();
    assert_eq!(browser.text(paper), papers[0]);
    assert!(
        browser.holds(
            "document.querySelector('button.theme').getAttribute('aria-pressed') === 'false'"
        )
    );

    // Paper is white.
    browser.scheme("dark", "print");
    browser.drawn();
    assert_eq!(browser.text(paper), "rgb(255, 255, 255)");
}

/// From a phone to a wide screen, with everything open.
#[test]
fn no_width_scrolls_sideways() {
    let mut browser = Browser::start();
    let page = page_of("--sample --pack fsbp");
    for (width, page) in [390, 768, 1024, 1280, 1440]
        .into_iter()
        .flat_map(|width| [(width, page_of("--sample")), (width, page.clone())])
    {
        browser.window(width, 900);
        browser.open(&page);
        for open in [false, true] {
            let script = format!(
                "document.querySelectorAll('details').forEach(it => {{ it.open = {open}; }})"
            );
            browser.eval(&script);
            browser.drawn();
            let wide = browser.number("document.documentElement.scrollWidth");
            assert!(wide <= width as usize, "{wide} at {width}, open: {open}");
        }
    }
}

/// A bucket that 500 roles reach for two reasons is two lines, from a phone to a wide screen.
#[test]
fn the_matrix_of_a_bucket_fits_every_width() {
    let name = |number: usize| {
        format!(
            "arn:aws:iam::444455556666:role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Team{number:03}_0123456789abcdef"
        )
    };
    let classes = |read: &str, write: &str| json!({"read": read, "list": read, "write": write, "acl": "unreachable", "takeover": "unknown"});
    let mut report = report_of("--sample");
    report["who_can"] = json!([{
        "bucket": "acme-payroll", "account": "444455556666", "without_access": 12,
        "groups": [
            {"principals": (0..490).map(name).collect::<Vec<_>>(), "classes": classes("reachable", "reachable"),
             "through": ["AdministratorAccess, statement 0"]},
            {"principals": (490..500).map(name).collect::<Vec<_>>(), "classes": classes("constrained", "unreachable"),
             "through": ["inline/<b>read</b>, statement 0"], "under": ["aws:MultiFactorAuthPresent true"]},
        ],
        "assumes": ["session policies do not restrict it"],
    }]);
    let report: Report = serde_json::from_value(report).unwrap();
    let mut browser = Browser::start();
    for width in [390, 768, 1024, 1280, 1440] {
        browser.window(width, 900);
        browser.open(&rendered(&report));
        browser.eval(
            "document.querySelectorAll('#who-can details').forEach(it => { it.open = true; })",
        );
        browser.drawn();
        let wide = browser.number("document.documentElement.scrollWidth");
        assert!(wide <= width as usize, "{wide} at {width}");
        assert_eq!(
            browser.number("document.querySelectorAll('#who-can tbody tr').length"),
            2
        );
    }
    assert_eq!(
        browser.text("document.querySelector('#who-can summary .sub').textContent"),
        "read 500 · list 500 · write 490"
    );
    // What a policy is called is text.
    assert!(browser.holds("document.querySelectorAll('#who-can td b').length === 0"));
}

/// A link with filters shows what its sender saw, and each chip counts what it would show.
#[test]
fn filters_stand_in_the_address_and_in_the_counts() {
    let mut browser = Browser::start();
    let report = sample();
    browser.open(&page_of("--sample"));
    browser.click("input[name=severity][value=critical]");
    browser.drawn();
    let critical = findings(&report, |result| result.severity == Severity::Critical);
    assert_eq!(browser.number(SHOWN), critical);
    assert!(browser.holds("location.search === '?severity=critical'"));
    browser.call("Page.reload", json!({}));
    browser.settled();
    browser.drawn();
    assert_eq!(browser.number(SHOWN), critical);
    let high = findings(&report, |result| result.severity == Severity::High);
    let chip = "[...document.querySelectorAll('input[name=severity]')].find(it => it.value === 'high').parentElement.querySelector('b').textContent";
    assert_eq!(browser.text(chip), high.to_string());
}

/// The fix stands in the finding, in every form, one at a time.
#[test]
fn a_finding_holds_its_fix() {
    let mut browser = Browser::start();
    browser.open(&page_of("--sample"));
    let tabs = "document.querySelector('.forms')";
    assert!(browser.holds(&format!("{tabs} !== null")));
    browser.eval(&format!("{tabs}.closest('details.more')?.setAttribute('open', ''); {tabs}.closest('details.row').open = true"));
    browser.drawn();
    let shown = format!(
        "[...{tabs}.querySelectorAll('.form')].filter(it => it.checkVisibility()).map(it => it.className).join()"
    );
    assert_eq!(browser.text(&shown), "form cli");
    browser.eval(&format!("{tabs}.querySelector('input.terraform').click()"));
    assert_eq!(browser.text(&shown), "form terraform");
    let commands = "[...document.querySelectorAll('.row pre.copy')].filter(it => it.textContent.startsWith('coldbucket remediate --sample ')).length";
    assert_eq!(browser.number(commands), findings(&sample(), |_| true));
}

/// What reaches beyond a window of 400 pixels.
const CUT_OFF: &str = "[...document.querySelectorAll('main *')].filter(it => it.checkVisibility() && !it.closest('.out, svg, nav') && it.getBoundingClientRect().right > 400.5).map(it => it.outerHTML.slice(0, 160))";

#[test]
fn on_a_phone_nothing_is_cut_off() {
    let mut browser = Browser::start();
    browser.window(400, 800);
    browser.open(&page_of("--sample"));
    browser.eval("document.querySelectorAll('details').forEach(it => { it.open = true; })");
    browser.drawn();
    assert_eq!(browser.eval(CUT_OFF), json!([]));
}

#[test]
fn without_scripts_the_essentials_are_there() {
    let mut browser = Browser::start();
    browser.without_scripts();
    browser.open(&page_of("--sample"));
    assert!(!browser.holds("document.documentElement.matches('.scripting')"));
    // Controls that would do nothing are not shown.
    assert_eq!(
        browser.number(
            "[...document.querySelectorAll('.scripted')].filter(it => it.checkVisibility()).length"
        ),
        0
    );
    let text = browser.text("document.body.innerText");
    for part in [
        "need attention now",
        "Bucket allows public read access",
        "Cold starts",
        "Not assessed",
        "s3:GetEncryptionConfiguration",
    ] {
        assert!(text.contains(part), "{part}");
    }
    browser.click(".row > summary");
    assert!(browser.holds("document.querySelector('.row').open"));
    assert!(browser.holds("document.querySelector('.row .evidence').checkVisibility()"));
}

#[test]
fn on_paper_every_finding_is_there_and_no_control() {
    let mut browser = Browser::start();
    browser.open(&page_of("--sample"));
    browser.scheme("light", "print");
    browser.drawn();
    assert!(browser.holds("[...document.querySelectorAll('.row > summary')].every(it => it.getClientRects().length > 0)"));
    assert_eq!(
        browser.number("[...document.querySelectorAll('nav, .filters, button')].filter(it => it.checkVisibility()).length"),
        0
    );
    let pdf = browser.call("Page.printToPDF", json!({"preferCSSPageSize": true}));
    assert!(pdf["data"].as_str().unwrap().len() > 10_000);
}

#[test]
fn its_structure_can_be_heard() {
    let mut browser = Browser::start();
    browser.open(&page_of("--sample"));
    assert_eq!(browser.text("document.documentElement.lang"), "en");
    // Headings: one title, and no level is left out on the way down.
    let levels: Vec<u64> = browser
        .eval("[...document.querySelectorAll('h1, h2, h3, h4')].map(it => Number(it.localName[1]))")
        .as_array()
        .unwrap()
        .iter()
        .map(|level| level.as_u64().unwrap())
        .collect();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    for pair in levels.windows(2) {
        assert!(pair[1] <= pair[0] + 1, "h{} after h{}", pair[1], pair[0]);
    }
    for (what, expression) in [
        (
            "ids that are there twice",
            "(() => { const ids = [...document.querySelectorAll('[id]')].map(it => it.id); return ids.filter((id, at) => ids.indexOf(id) !== at); })()",
        ),
        (
            "references to no id",
            "[...document.querySelectorAll('[aria-labelledby], label[for]')].map(it => it.getAttribute('aria-labelledby') ?? it.htmlFor).filter(id => !document.getElementById(id))",
        ),
        (
            "links to nowhere on the page",
            "[...document.querySelectorAll('a[href^=\"#\"]')].map(it => it.hash.slice(1)).filter(id => !document.getElementById(id))",
        ),
        (
            "fields without a label",
            "[...document.querySelectorAll('input, select')].filter(it => it.labels.length === 0).map(it => it.outerHTML)",
        ),
        (
            "pictures without words",
            "[...document.querySelectorAll('svg')].filter(it => !it.closest('[aria-hidden]') && !it.getAttribute('aria-label')).map(it => it.outerHTML.slice(0, 80))",
        ),
        (
            "buttons and links without a name",
            "[...document.querySelectorAll('a, button, summary')].filter(it => !it.textContent.trim() && !it.ariaLabel).map(it => it.outerHTML)",
        ),
        (
            "heads of columns without a scope",
            "[...document.querySelectorAll('th:not([scope])')].map(it => it.outerHTML)",
        ),
    ] {
        assert_eq!(browser.eval(expression), json!([]), "{what}");
    }
}
