"use strict";
// Search and sorting for the table of failures. The page is complete without this script.
(() => {
  const table = document.getElementById("failures-table");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => ({
    row,
    text: row.textContent.toLowerCase(),
    cells: Array.from(row.cells, (cell) => cell.textContent),
  }));
  const asText = (number) => number.toLocaleString("en");

  const form = document.getElementById("search");
  const words = document.getElementById("search-words");
  const found = document.getElementById("search-found");
  const search = () => {
    const terms = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { row, text } of rows) {
      const isFound = terms.every((word) => text.includes(word));
      row.hidden = !isFound;
      count += isFound ? 1 : 0;
    }
    found.textContent = terms.length === 0 ? "" : `${asText(count)} of ${asText(rows.length)} shown`;
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  words.addEventListener("input", search);
  form.hidden = false;

  const headers = Array.from(table.tHead.rows[0].cells);
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const sortBy = (column) => {
    const header = headers[column];
    const isRising = header.getAttribute("aria-sort") !== "ascending";
    for (const other of headers) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", isRising ? "ascending" : "descending");
    rows.sort((a, b) => compare(a.cells[column], b.cells[column]) * (isRising ? 1 : -1));
    body.append(...rows.map(({ row }) => row));
  };
  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sortBy(column));
    header.append(button);
  });
})();
