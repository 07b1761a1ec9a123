"use strict";
/* Lists, filters and opens the findings that stand in the page as data. Text of the data becomes text nodes only. */
(() => {
  const byId = (id) => document.getElementById(id);
  const parts = (part) => Array.from(document.querySelectorAll(`script[data-part="${part}"]`));
  const read = (element) => JSON.parse(element.textContent);
  const only = (part) => read(parts(part)[0]);

  /* The data. A block has so many findings; its details are read when one of them is opened. */
  const names = only("names");
  const [policies, versions, deciders, currencies] = only("words");
  const texts = only("texts");
  const count = only("count");
  const BLOCK = 1000;
  const list = {};
  for (const element of parts("list")) {
    const block = read(element);
    for (const column of Object.keys(block)) (list[column] ||= []).push(block[column]);
  }
  for (const column of Object.keys(list)) list[column] = list[column].flat();
  if (count === 0) for (const column of ["verdict", "policy", "rule", "day", "decidedBy", "currency"]) list[column] = [];
  const detailBlocks = parts("details");
  const details = new Map();
  const detail = (at) => {
    const block = Math.floor(at / BLOCK);
    if (!details.has(block)) details.set(block, read(detailBlocks[block]));
    const { working, rows } = details.get(block);
    return { working: working[at % BLOCK], rows: rows[at % BLOCK] };
  };

  /* A text is itself, or the number of one that recurs, with the figures that stand in it. */
  const expand = (text) => {
    if (typeof text === "string") return text;
    const [number, ...figures] = Array.isArray(text) ? text : [text];
    return texts[number].reduce((whole, piece, at) => whole + figures[at - 1] + piece);
  };
  const dates = new Map();
  const date = (at) => {
    const day = list.day[at];
    if (!dates.has(day)) dates.set(day, new Date(day * 864e5).toISOString().slice(0, 10));
    return dates.get(day);
  };
  const rule = (at) => names.rules[list.rule[at]];
  const severity = (at) => rule(at).severity;
  const decidedBy = (at) => deciders[list.decidedBy[at]];
  const subject = (at) => list.request[at] || list.invoice[at] + (list.line[at] && `, line ${list.line[at]}`);
  const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");
  const number = (value) => grouped(String(value));
  const money = (text) => {
    const [, sign, whole, rest] = /^(-?)(\d*)(.*)$/.exec(text);
    return (sign && "−") + grouped(whole) + rest;
  };

  /* What cannot be seen, or turns the text after it around, is written out. */
  const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
  const plain = (text) => text.replace(UNSEEN, (letter) => `\\u{${letter.codePointAt(0).toString(16)}}`);
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const bdi = (text) => make("bdi", null, plain(text));

  /* The columns of the list. A sort key is a number or a text; the order of the file breaks ties. */
  const verdictName = ["deviation", "review", "not testable"];
  const verdict = (at) => {
    const kind = list.verdict[at];
    return make("span", { class: "verdict" }, make("span", { class: `key ${["a", "b", ""][kind]}` }), verdictName[kind]);
  };
  const columns = [
    { title: "Date", key: (at) => list.day[at], show: date },
    { title: "Verdict", key: (at) => list.verdict[at], show: verdict },
    { title: "Severity", key: (at) => names.severities.indexOf(severity(at)), show: (at) => make("span", { class: severity(at) }, severity(at)) },
    { title: "Rule", key: (at) => rule(at).id, show: (at) => bdi(rule(at).id) },
    { title: "Case", key: subject, show: (at) => bdi(subject(at)) },
    { title: "Decided by", key: decidedBy, show: (at) => bdi(decidedBy(at)) },
    { title: "Amount", figure: true, key: (at) => [list.amount[at] ? currencies[list.currency[at]] : "\uffff", Number(list.amount[at])], show: (at) => list.amount[at] && `${money(list.amount[at])} ${currencies[list.currency[at]]}` },
    { title: "Days late", figure: true, key: (at) => list.daysLate[at] ?? -Infinity, show: (at) => (list.daysLate[at] === null ? "" : number(list.daysLate[at])) },
    { title: "What was found", key: (at) => expand(list.message[at]), show: (at) => make("span", { class: "message" }, bdi(expand(list.message[at]))) },
  ];
  const OPEN = 4;

  /* The filters: what each compares, and its choices in the order in which they are offered. */
  const form = byId("filters");
  const distinct = (values) => Array.from(new Set(values));
  const sorted = (values) => distinct(values).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const month = (at) => date(at).slice(0, 7);
  const side = (at) => (!list.amount[at] || Number(list.amount[at]) === 0 ? "none" : list.amount[at].startsWith("-") ? "under" : "over");
  const all = Array.from({ length: count }, (_, at) => at);
  const filters = {
    verdict: { of: (at) => names.verdicts[list.verdict[at]], values: () => names.verdicts, show: (value) => verdictName[names.verdicts.indexOf(value)] },
    severity: { of: severity, values: () => names.severities },
    policy: { of: (at) => policies[list.policy[at]], values: () => sorted(policies) },
    rule: { of: (at) => rule(at).id, values: () => distinct(distinct(list.rule).sort((a, b) => a - b).map((at) => names.rules[at].id)) },
    month: { of: month, values: () => sorted(distinct(list.day).map((day) => new Date(day * 864e5).toISOString().slice(0, 7))) },
    decidedBy: { of: decidedBy, values: () => sorted(deciders) },
    currency: { of: (at) => currencies[list.currency[at]], values: () => sorted(currencies) },
    side: { of: side, values: () => ["over", "under", "none"], show: (value) => ({ over: "over-refund", under: "under-refund", none: "no amount" })[value] },
  };
  const fillFilters = () => {
    for (const [name, filter] of Object.entries(filters)) {
      const options = filter.values().map((value) => {
        const option = make("option", null, filter.show ? filter.show(value) : plain(value) || "(not recorded)");
        option.value = `=${value}`;
        return option;
      });
      const any = make("option", null, "all");
      any.value = "";
      form.elements[name].replaceChildren(any, ...options);
    }
  };

  /* What a search looks through, made at the first search. */
  let haystacks = null;
  const haystack = (at) => [list.id[at], list.account[at], list.invoice[at], list.line[at], list.request[at], list.decision[at], decidedBy(at), rule(at).id, rule(at).clause, expand(list.message[at])].join("\n").toLowerCase();

  let shown = all;
  let sort = null;
  let page = 0;
  let opened = -1;
  let rowsAtOnce = 50;

  const tests = () => {
    const chosen = [];
    for (const [name, filter] of Object.entries(filters)) {
      const value = form.elements[name].value;
      if (value) chosen.push((at) => filter.of(at) === value.slice(1));
    }
    const [least, most] = ["least", "most"].map((name) => form.elements[name].value);
    const size = (at) => Math.abs(Number(list.amount[at]));
    if (least) chosen.push((at) => list.amount[at] !== "" && size(at) >= Number(least));
    if (most) chosen.push((at) => list.amount[at] !== "" && size(at) <= Number(most));
    const words = form.elements.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) {
      haystacks ||= all.map(haystack);
      chosen.push((at) => words.every((word) => haystacks[at].includes(word)));
    }
    return chosen;
  };
  const compare = (a, b) => {
    if (Array.isArray(a)) return compare(a[0], b[0]) || compare(a[1], b[1]);
    return a < b ? -1 : a > b ? 1 : 0;
  };
  const select = () => {
    const chosen = tests();
    shown = chosen.length ? all.filter((at) => chosen.every((test) => test(at))) : all;
    if (sort) {
      const keys = new Map(shown.map((at) => [at, columns[sort.column].key(at)]));
      shown = shown.slice().sort((a, b) => sort.way * compare(keys.get(a), keys.get(b)) || a - b);
    }
  };

  /* The list. */
  const table = byId("list");
  const head = table.tHead.rows[0];
  const body = table.tBodies[0];
  const showHead = () => {
    head.replaceChildren(...columns.map((column, at) => {
      const button = make("button", { type: "button" }, column.title + (sort?.column === at ? (sort.way > 0 ? " ↑" : " ↓") : ""));
      button.addEventListener("click", () => {
        sort = sort?.column === at ? (sort.way > 0 ? { column: at, way: -1 } : null) : { column: at, way: 1 };
        refresh();
        head.cells[at].firstChild.focus();
      });
      const cell = make("th", { scope: "col" }, button);
      if (column.figure) cell.className = "n";
      if (sort?.column === at) cell.setAttribute("aria-sort", sort.way > 0 ? "ascending" : "descending");
      return cell;
    }));
  };
  const showRow = (at) => {
    const row = make("tr", { id: `row-${list.id[at]}` });
    columns.forEach((column, place) => {
      const cell = make("td", column.figure ? { class: "n" } : null);
      if (place === OPEN) {
        const button = make("button", { type: "button", class: "open", "aria-expanded": String(at === opened) }, column.show(at));
        button.addEventListener("click", () => (at === opened ? close() : open(at)));
        cell.append(button);
      } else {
        cell.append(column.show(at));
      }
      row.append(cell);
    });
    if (at !== opened) return [row];
    row.className = "opened";
    return [row, make("tr", { class: "detail" }, make("td", { colspan: columns.length }, finding(at)))];
  };
  const showList = () => {
    const pages = Math.max(1, Math.ceil(shown.length / rowsAtOnce));
    page = Math.min(page, pages - 1);
    const first = page * rowsAtOnce;
    const rows = shown.slice(first, first + rowsAtOnce);
    body.replaceChildren(...rows.flatMap(showRow));
    const which = shown.length === count ? `${number(count)} findings` : `${number(shown.length)} of ${number(count)} findings`;
    byId("shown").textContent = shown.length > rows.length ? `${which}; ${number(first + 1)} to ${number(first + rows.length)} are shown` : which;
    byId("page").textContent = `Page ${number(page + 1)} of ${number(pages)}`;
    byId("previous").disabled = page === 0;
    byId("next").disabled = page === pages - 1;
    byId("pages").hidden = pages === 1;
  };
  const refresh = () => {
    select();
    page = 0;
    showHead();
    showList();
  };

  /* A finding in full. */
  const section = (title, ...children) => make("section", null, make("h4", null, title), ...children.filter(Boolean));
  const pairs = (entries) => make("dl", null, ...entries.filter(([, value]) => value !== "" && value !== null).flatMap(([name, value]) => [make("dt", null, name), make("dd", null, bdi(String(value)))]));
  const finding = (at) => {
    const { working, rows } = detail(at);
    const { title, clause, reading } = rule(at);
    const sideNames = { over: " (over)", under: " (under)", none: "" };
    const amount = list.amount[at] && `${money(list.amount[at])} ${currencies[list.currency[at]]}${sideNames[side(at)]}`;
    const policy = policies[list.policy[at]];
    const policyTitle = names.policies.find(([name]) => name === policy)?.[1] ?? policy;
    const record = ([file, number, says]) => make("li", null, says === undefined ? "" : bdi(expand(says)), says === undefined ? "" : " ", make("span", { class: "place" }, bdi(`${names.files[file].name}:${number}`)));
    const link = make("a", { href: `#finding=${list.id[at]}` }, `Link to this finding (${list.id[at]})`);
    const shut = make("button", { type: "button" }, "Close");
    shut.addEventListener("click", close);
    return make("article", { class: "finding", "aria-label": `Finding ${list.id[at]}` },
      make("h3", { tabindex: "-1" }, bdi(expand(list.message[at]))),
      section("Criteria", make("p", null, bdi(title)), pairs([["Clause", clause], ["Policy", `${policyTitle}, version ${versions[list.version[at]]}`], ["Rule", rule(at).id]]), reading && make("p", null, bdi(`Reading: ${reading}`))),
      section("Condition", make("ul", null, ...rows.map(record)), pairs([["Expected", expand(list.expected[at])], ["Found", expand(list.actual[at])]])),
      section("Effect", pairs([["Amount", amount || "no money effect"], ["Days late", list.daysLate[at]], ["Date", date(at)], ["Severity", severity(at)]])),
      section("Working", working.length ? make("ol", null, ...working.map((step) => make("li", null, bdi(expand(step))))) : make("p", null, "The finding needs no steps besides the rows.")),
      section("Who and what", pairs([["Account", list.account[at]], ["Invoice", list.invoice[at]], ["Line", list.line[at]], ["Request", list.request[at]], ["Decision", list.decision[at]], ["Decided by", decidedBy(at)]])),
      make("p", { class: "tools" }, link, shut));
  };
  const showOpened = (focus) => {
    showList();
    const row = byId(`row-${list.id[opened]}`);
    if (!row) return;
    row.scrollIntoView({ block: "start" });
    if (focus) row.nextSibling.querySelector("h3").focus({ preventScroll: true });
  };
  const open = (at) => {
    const address = `#finding=${list.id[at]}`;
    if (location.hash !== address) history.pushState(null, "", address);
    opened = at;
    showOpened(true);
  };
  const close = () => {
    const row = opened >= 0 && `row-${list.id[opened]}`;
    opened = -1;
    if (location.hash.startsWith("#finding=")) history.pushState(null, "", "#findings");
    showList();
    byId(row)?.querySelector(".open").focus();
  };

  /* Links: `#finding=ID` opens a finding, `#rule=ID` and the like filter by one value. */
  const follow = () => {
    const [, name, value] = /^#([a-zA-Z]+)=(.*)$/.exec(location.hash) || [];
    if (name === "finding") {
      const at = list.id ? list.id.indexOf(value) : -1;
      if (at < 0) {
        byId("shown").textContent = `There is no finding ${plain(value)} in this report.`;
        byId("findings").scrollIntoView();
        return;
      }
      if (!shown.includes(at)) {
        form.reset();
        select();
      }
      page = Math.floor(shown.indexOf(at) / rowsAtOnce);
      opened = at;
      showOpened(true);
    } else if (name in filters) {
      form.reset();
      form.elements[name].value = `=${decodeURIComponent(value)}`;
      opened = -1;
      refresh();
      byId("findings").scrollIntoView();
      byId("findings-title").focus({ preventScroll: true });
    }
  };

  /* Rows that are only looked up, in pages of their own. */
  const plainList = (place, { rows, count: inAll }) => {
    const host = byId(place);
    if (inAll === 0) return host.replaceChildren(make("p", null, "None."));
    const AT_ONCE = 25;
    const header = make("tr", null, ...host.dataset.columns.split(",").map((title) => make("th", { scope: "col" }, title)));
    const content = make("tbody");
    const label = make("span");
    const [back, on] = ["Previous", "Next"].map((title) => make("button", { type: "button" }, title));
    let first = 0;
    let atOnce = AT_ONCE;
    const show = () => {
      content.replaceChildren(...rows.slice(first, first + atOnce).map((row) => make("tr", null, ...row.map((cell, at) => make("td", at >= row.length - (row.length > 3 ? 2 : 1) ? { class: "long" } : null, bdi(String(cell)))))));
      label.textContent = `${number(first + 1)} to ${number(Math.min(first + atOnce, rows.length))} of ${number(rows.length)}`;
      back.disabled = first === 0;
      on.disabled = first + atOnce >= rows.length;
    };
    back.addEventListener("click", () => { first -= atOnce; show(); });
    on.addEventListener("click", () => { first += atOnce; show(); });
    const buttons = make("nav", { class: "pages", "aria-label": "Pages of rows" }, back, label, on);
    buttons.hidden = rows.length <= AT_ONCE;
    const cut = rows.length < inAll && make("p", { class: "notice" }, `The first ${number(rows.length)} of ${number(inAll)} are here; ${host.dataset.file} has all.`);
    const caption = make("caption", { class: "hidden" }, host.previousElementSibling.textContent);
    const scroll = make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption.textContent }, make("table", null, caption, make("thead", null, header), content));
    host.replaceChildren(...[cut, scroll, buttons].filter(Boolean));
    addEventListener("beforeprint", () => { first = 0; atOnce = rows.length; show(); });
    addEventListener("afterprint", () => { atOnce = AT_ONCE; show(); });
    show();
  };

  /* Light and dark: as the system has it until someone chooses. */
  const theme = byId("theme");
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme || (systemDark.matches ? "dark" : "light")) === "dark";
  const nameTheme = () => (theme.textContent = isDark() ? "Light" : "Dark");
  theme.setAttribute("aria-label", "Light or dark");
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    nameTheme();
  });
  systemDark.addEventListener("change", nameTheme);

  /* On paper: everything that is folded is open, and as many findings as paper bears; the line above says how many. */
  const ON_PAPER = 1000;
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = Array.from(document.querySelectorAll("details:not([open])"));
    folded.forEach((element) => (element.open = true));
    page = 0;
    rowsAtOnce = ON_PAPER;
    showList();
  });
  addEventListener("afterprint", () => {
    folded.forEach((element) => (element.open = false));
    rowsAtOnce = 50;
    showList();
  });

  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { opened = -1; refresh(); }, 120);
  };
  form.addEventListener("input", soon);
  form.addEventListener("submit", (event) => { event.preventDefault(); soon(); });
  form.addEventListener("reset", () => setTimeout(soon));
  const turn = (by) => {
    page += by;
    showList();
    byId("findings-title").scrollIntoView();
  };
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && opened >= 0) close();
  });
  addEventListener("hashchange", follow);
  addEventListener("popstate", follow);

  fillFilters();
  nameTheme();
  document.querySelectorAll(".needs-script").forEach((element) => (element.hidden = false));
  refresh();
  plainList("rejected-rows", only("rejects"));
  plainList("held-back", only("heldBack"));
  follow();
})();
