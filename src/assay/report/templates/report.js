// The page reads without this; with it, findings can be searched, tables sorted, and links open what is folded.
"use strict";
(() => {
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // A link to something folded opens it.
  const reveal = () => {
    let target = null;
    try {
      target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch {
      return; // a hash that is no encoded text leads nowhere
    }
    if (!target) return;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.hidden = false;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);

  // Sorting: numbers by size whatever their form, "<10" before 10, what is missing last.
  const size = (text) => {
    const plain = text.replace(/[,\s]/g, "").replace(/^<(\d+)$/, (_, n) => String(n - 0.5));
    return /^[-−+]?\d*\.?\d+(e[-+]?\d+)?%?$/i.test(plain) ? parseFloat(plain.replace("−", "-")) : null;
  };
  const order = (a, b) => {
    const missing = (text) => text === "" || text === "—";
    if (missing(a) || missing(b)) return null;
    const [x, y] = [size(a), size(b)];
    return x !== null && y !== null ? x - y : a.localeCompare(b, undefined, { numeric: true });
  };
  const sort = (head, place) => {
    const body = head.closest("table").tBodies[0];
    const direction = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", direction);
    const text = (row) => row.cells[place].textContent.trim();
    const missing = (row) => ["", "—"].includes(text(row));
    const rows = [...body.rows].sort((p, q) => {
      const found = order(text(p), text(q));
      return found === null ? missing(p) - missing(q) : direction === "ascending" ? found : -found;
    });
    body.append(...rows);
  };
  for (const table of document.querySelectorAll("table")) {
    [...table.tHead.rows[0].cells].forEach((head, place) => {
      const button = make("button", { type: "button", title: "Sort by this column" }, ...head.childNodes);
      button.addEventListener("click", () => sort(head, place));
      head.append(button);
    });
  }

  // Searching: findings that do not have every word are hidden, and with them the folds that hold none.
  const findings = [...document.querySelectorAll("article.finding, li[id]")].map((element) => ({
    element,
    text: element.textContent.toLowerCase(),
    kind: element.dataset.kind ?? "",
  }));
  const place = document.getElementById("search");
  if (place && findings.length > 1) {
    const words = make("input", { type: "search", id: "words" });
    const kinds = make("select", { id: "kinds" }, make("option", { value: "" }, "all findings"));
    for (const kind of new Set(findings.map((finding) => finding.kind).filter(Boolean))) {
      kinds.append(make("option", { value: kind }, kind));
    }
    const count = make("output", { htmlFor: "words kinds" });
    const filter = () => {
      const asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const { element, text, kind } of findings) {
        element.hidden = !asked.every((word) => text.includes(word)) || (kinds.value !== "" && kinds.value !== kind);
        shown += !element.hidden;
      }
      const searching = asked.length > 0 || kinds.value !== "";
      for (const fold of document.querySelectorAll("details:has(li[id])")) {
        const any = fold.querySelector("li[id]:not([hidden])") !== null;
        fold.hidden = searching && !any;
        if (searching) fold.open = any;
      }
      count.textContent = searching ? `${shown.toLocaleString("en")} of ${findings.length.toLocaleString("en")}` : "";
    };
    words.addEventListener("input", filter);
    kinds.addEventListener("change", filter);
    place.append(
      make("label", { htmlFor: "words" }, "Search findings"), words,
      make("label", { htmlFor: "kinds" }, "Show"), kinds, count,
    );
    place.hidden = false;
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !/^(input|select|textarea)$/i.test(event.target.tagName)) {
        event.preventDefault();
        words.focus();
      }
    });
  }
  reveal();
})();
