"use strict";
const value = (cell) => {
  const text = cell.dataset.v ?? cell.textContent.replace(/\u202f/g, "").replace(/\u2212/g, "-");
  const number = text.trim() === "" ? NaN : Number(text.replace("\u00a0%", ""));
  return Number.isNaN(number) ? text.trim().toLowerCase() : number;
};
// Numbers before words; a missing value (dash or nothing) last in either direction.
const isMissing = (v) => v === "" || v === "–";
const compare = (a, b, sign) => {
  if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b);
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return sign * (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));
};
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const sign = head.ariaSort === "ascending" ? -1 : 1;
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.ariaSort = sign > 0 ? "ascending" : "descending";
    const body = table.tBodies[0];
    const keyed = [...body.rows].map((row) => [value(row.cells[column]), row]);
    keyed.sort((a, b) => compare(a[0], b[0], sign));
    body.append(...keyed.map((pair) => pair[1]));
  }));
}
for (const form of document.querySelectorAll("form.filter")) {
  const rows = [...document.getElementById(form.dataset.table).tBodies[0].rows];
  const words = rows.map((row) => row.textContent.toLowerCase());
  const apply = () => {
    const wanted = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const levels = [...form.querySelectorAll("input[type=checkbox]")];
    const shown = new Set(levels.filter((box) => box.checked).map((box) => box.value));
    let n = 0;
    rows.forEach((row, i) => {
      const fits = (!levels.length || shown.has(row.dataset.level)) && wanted.every((w) => words[i].includes(w));
      row.hidden = !fits;
      n += fits;
    });
    form.querySelector("output").textContent = `${n} of ${rows.length} shown`;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
}
const links = new Map([...document.querySelectorAll("nav a")].map((a) => [a.hash.slice(1), a]));
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((e) => e.isIntersecting)) {
    links.forEach((link) => link.removeAttribute("aria-current"));
    links.get(entry.target.id)?.setAttribute("aria-current", "true");
  }
}, { rootMargin: "-15% 0px -75% 0px" });
links.forEach((link, id) => watcher.observe(document.getElementById(id)));
