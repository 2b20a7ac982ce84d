// A list that others work at too: its rows say what became of them, and stay where they are; what is new is told of.
"use strict";
(() => {
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const region = document.querySelector('[data-live-by="rows"]');
  const line = document.querySelector("[data-list-news]");
  if (!region || !line) return;
  const rowsOf = (page) => $$('[data-live-by="rows"] tr[data-item]', page);
  const goesOn = (page) => page.querySelector('.pager a[rel="next"]') !== null;
  const isHeld = (cell) => {
    const selection = getSelection();
    return cell.contains(document.activeElement) || (!selection.isCollapsed && cell.contains(selection.anchorNode));
  };
  const words = (cell) => {
    const copy = cell.cloneNode(true);
    for (const time of $$("time", copy)) time.replaceWith(time.getAttribute("datetime"));
    return copy.textContent.replace(/\s+/g, " ").trim();
  };

  const patch = (row, now) => {
    if (row.cells.length !== now.cells.length) return;
    [...row.cells].forEach((cell, place) => {
      const made = now.cells[place];
      if (cell.matches(".mark") || isHeld(cell) || cell.innerHTML === made.innerHTML) return;
      if (words(cell) !== words(made)) cell.classList.add("fresh");
      cell.replaceChildren(...made.childNodes);
    });
  };
  const leave = (row) => {
    const cell = row.querySelector("td.ref") ?? row.cells[0];
    const note = document.createElement("span");
    note.className = "gone-note muted small pair-of";
    note.textContent = line.dataset.gone;
    row.classList.add("gone");
    cell.append(note);
  };
  const comeBack = (row) => {
    row.classList.remove("gone");
    for (const note of $$(".gone-note", row)) note.remove();
  };

  // What a page's end has pushed to the next page, or drawn from there, has neither left the list nor come into it.
  const put = (page) => {
    const [mine, theirs] = [rowsOf(document), rowsOf(page)];
    const [before, after] = [mine, theirs].map((rows) => new Map(rows.map((row) => [row.dataset.item, row])));
    const lastIn = (rows, others) => rows.findLastIndex((row) => others.has(row.dataset.item));
    const [lastOfMine, lastOfTheirs] = [lastIn(mine, after), lastIn(theirs, before)];
    mine.forEach((row, place) => {
      const now = after.get(row.dataset.item);
      if (row.matches(".gone") && now) comeBack(row);
      if (now) patch(row, now);
      else if (!row.matches(".gone") && (place < lastOfMine || !goesOn(page))) leave(row);
    });
    const isNew = (row, place) => !before.has(row.dataset.item) && (place < lastOfTheirs || !mine.length || !goesOn(document));
    line.hidden = !theirs.some(isNew);
    for (const selector of [".tabs", ".found"]) {
      const [part, made] = [document.querySelector(selector), page.querySelector(selector)];
      if (part && made && !isHeld(part) && part.innerHTML !== made.innerHTML) part.replaceChildren(...made.childNodes);
    }
  };
  region.addEventListener("desk:fresh", (event) => {
    event.preventDefault();
    put(event.detail);
  });
})();
