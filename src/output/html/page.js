"use strict";
// Hides, opens and copies. It never makes markup out of data: what is on the page is there already.
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  root.classList.add("scripting");

  // Light or dark: the system's choice until the reader makes one, which this browser keeps.
  const theme = one("button.theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const kept = () => { try { return localStorage.getItem("coldbucket-theme"); } catch { return null; } };
  const paint = (choice) => {
    if (choice) root.dataset.theme = choice; else delete root.dataset.theme;
    const isDark = choice ? choice === "dark" : dark.matches;
    theme.setAttribute("aria-pressed", String(isDark));
  };
  paint(kept());
  dark.addEventListener("change", () => paint(kept()));
  theme.addEventListener("click", () => {
    const choice = theme.getAttribute("aria-pressed") === "true" ? "light" : "dark";
    try { localStorage.setItem("coldbucket-theme", choice); } catch { /* a browser that keeps nothing */ }
    paint(choice);
  });

  // Words are looked for each on its own, whatever their case and order.
  const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
  const holds = (text, wanted) => wanted.every((word) => text.includes(word));
  const hide = (element, hidden) => { if (element.hidden !== hidden) element.hidden = hidden; };
  const plural = (many, noun) => `${many.toLocaleString("en")} ${noun}${many === 1 ? "" : "s"}`;
  // Once a frame at most, however fast somebody types.
  const soon = (work) => {
    let waiting = 0;
    return () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(work); };
  };

  // Findings.
  const form = one("form.filters:not(.small)");
  if (form) {
    const said = one("output", form);
    const nothing = one(".nothing");
    let cards = null;
    // Read once, when the first filter is set: reading while hiding would lay the page out each time.
    const index = () => all(".card").map((card) => {
      const about = one("h3", card).textContent + " " + one(".id", card).textContent;
      const rows = all(".row", card).map((row) => ({
        row,
        data: { ...row.dataset },
        text: (about + " " + one("summary", row).textContent + " " + one(".where", row).textContent).toLowerCase(),
      }));
      const more = one("details.more", card);
      return { card, rows, more, folded: more ? one("summary", more) : null, opened: false };
    });
    const apply = () => {
      cards ??= index();
      const wanted = words(form.elements.q.value);
      const severities = new Set(all("input[name=severity]:checked", form).map((box) => box.value));
      const witness = form.elements.witness?.checked;
      const picks = ["kind", "region", "account"]
        .map((name) => [name, form.elements[name]?.value])
        .filter(([, value]) => value);
      const filtered = wanted.length > 0 || severities.size > 0 || witness || picks.length > 0;
      let found = 0;
      let total = 0;
      const counts = new Map();
      let proved = 0;
      for (const group of cards) {
        let here = 0;
        for (const { row, data, text } of group.rows) {
          const others = picks.every(([name, value]) => data[name] === value) && holds(text, wanted);
          const severe = severities.size === 0 || severities.has(data.severity);
          // A chip counts what it would show beside the other filters.
          if (others && (!witness || data.witness)) counts.set(data.severity, (counts.get(data.severity) ?? 0) + 1);
          if (others && severe && data.witness) proved += 1;
          const fits = others && severe && (!witness || data.witness);
          hide(row, !fits);
          if (fits) here += 1;
        }
        hide(group.card, here === 0);
        if (group.more) {
          const inside = group.rows.filter(({ row }) => !row.hidden && group.more.contains(row)).length;
          hide(group.more, inside === 0);
          group.folded.textContent = `${inside.toLocaleString("en")} more`;
          // A search shows what it found; when it ends, the fold is as it was.
          const open = filtered && wanted.length > 0 && inside > 0;
          if (open && !group.more.open) { group.more.open = true; group.opened = true; }
          if (!open && group.opened) { group.more.open = false; group.opened = false; }
        }
        found += here;
        total += group.rows.length;
      }
      said.textContent = filtered ? `${found.toLocaleString("en")} of ${plural(total, "finding")}` : plural(total, "finding");
      hide(nothing, found > 0);
      for (const box of all("input[name=severity]", form)) {
        one("b", box.parentElement).textContent = (counts.get(box.value) ?? 0).toLocaleString("en");
      }
      if (form.elements.witness) one("b", form.elements.witness.parentElement).textContent = proved.toLocaleString("en");
      remember();
    };
    // The filters stand in the address, so that a link shows what the reader saw.
    const remember = () => {
      const query = new URLSearchParams();
      for (const name of ["q", "kind", "region", "account"]) {
        const value = form.elements[name]?.value;
        if (value) query.set(name, value);
      }
      for (const box of all("input[type=checkbox]:checked", form)) query.append(box.name, box.value);
      const text = query.toString();
      try { history.replaceState(null, "", (text ? "?" + text : location.pathname) + location.hash); } catch { /* a page without an address of its own */ }
    };
    const recall = () => {
      const query = new URLSearchParams(location.search);
      for (const name of ["q", "kind", "region", "account"]) {
        const field = form.elements[name];
        if (field && query.has(name)) field.value = query.get(name);
      }
      for (const box of all("input[type=checkbox]", form)) box.checked = query.getAll(box.name).includes(box.value);
      if (query.size > 0) apply();
    };
    const later = soon(apply);
    recall();
    form.addEventListener("input", later);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(later));
    one(".clear", nothing).addEventListener("click", () => { form.reset(); form.elements.q.focus(); });
    form.elements.q.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") { event.preventDefault(); step(null, 1); }
    });
    // Tiles, resources and buckets lead to their findings.
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-find], a[data-severity]");
      if (!link) return;
      form.reset();
      if (link.dataset.find) form.elements.q.value = link.dataset.find;
      for (const box of all("input[name=severity]", form)) box.checked = box.value === link.dataset.severity;
      later();
    });
  }

  // Lists with one field of their own.
  for (const small of all("form.filters.small")) {
    const field = one("input", small);
    const said = one("output", small);
    let lines = null;
    const apply = () => {
      lines ??= all("tbody tr, li.start", document.getElementById(small.dataset.list))
        .map((line) => ({ line, text: line.textContent.toLowerCase() }));
      const wanted = words(field.value);
      let found = 0;
      for (const { line, text } of lines) {
        const fits = holds(text, wanted);
        hide(line, !fits);
        if (fits) found += 1;
      }
      said.textContent = wanted.length > 0 ? `${found.toLocaleString("en")} of ${lines.length.toLocaleString("en")}` : `${lines.length.toLocaleString("en")} shown`;
    };
    small.addEventListener("input", soon(apply));
    small.addEventListener("submit", (event) => event.preventDefault());
  }

  // From finding to finding with the arrows, once one has the focus.
  const isShown = (summary) => summary.checkVisibility();
  const step = (from, by) => {
    const summaries = all(".row > summary, .more > summary, .start > details > summary").filter(isShown);
    const at = from ? summaries.indexOf(from) : -1;
    summaries[at + by]?.focus();
  };
  document.addEventListener("keydown", (event) => {
    const summary = event.target.closest?.(".row > summary, .more > summary, .start > details > summary");
    if (!summary || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(summary, event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") {
      summary.parentElement.open = false;
    }
  });

  // A button to copy, made when what it copies comes into sight.
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  };
  const offer = (within) => {
    for (const source of all(".copy", within)) {
      if (source.nextElementSibling?.matches("button.copier")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copier";
      button.textContent = "Copy";
      button.setAttribute("aria-label", `Copy the ${source.dataset.what}`);
      button.addEventListener("click", async () => {
        const text = source.textContent;
        const done = await copy(text);
        if (!done) getSelection().selectAllChildren(source);
        button.textContent = done ? "Copied" : "Selected";
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      });
      source.after(button);
    }
  };
  document.addEventListener("toggle", (event) => {
    const details = event.target;
    if (details.open && !details.matches(".more")) offer(details);
  }, true);

  // A link to a finding or a check opens what it leads to.
  const follow = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.matches("details.row")) {
      target.closest("details.more")?.setAttribute("open", "");
      target.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", follow);
  follow();

  // Where in the page the reader is.
  const links = new Map(all("header.top nav a").map((link) => [link.hash.slice(1), link]));
  const seen = new Set();
  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) seen.add(target.id); else seen.delete(target.id);
    }
    let current = null;
    for (const [id, link] of links) {
      link.removeAttribute("aria-current");
      if (seen.has(id)) current = link;
    }
    current?.setAttribute("aria-current", "true");
  }, { rootMargin: "-12% 0px -80% 0px" });
  for (const id of links.keys()) {
    const section = document.getElementById(id);
    if (section) watch.observe(section);
  }
})();
