// What others do at an open case is put into its page, without moving what is read or typed. "Show" works without this.
"use strict";
(() => {
  const EVERY = 1000;
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const news = document.querySelector(".case-news");
  if (!news) return;
  const key = (line) => line?.textContent.replace(/\s+/g, " ").trim() ?? "";
  let seen = key(news.querySelector(".case-new"));
  let fresh = null;

  const isHeld = (part) => {
    const selection = getSelection();
    return part.contains(document.activeElement) || (!selection.isCollapsed && part.contains(selection.anchorNode));
  };
  const isInSight = (element) => {
    const { top, bottom, height } = element.getBoundingClientRect();
    return height > 0 && bottom > 0 && top < innerHeight;
  };
  // Where the reader is: the field that is typed in, else what stands highest in the window and outlives the change.
  const anchor = () => {
    const active = document.activeElement;
    if (active?.matches("input, textarea, select, button") && isInSight(active)) return active;
    return $$("main .card, main [data-item]").find((element) => isInSight(element) && element.getBoundingClientRect().top >= 0);
  };
  const again = (element) => (element?.isConnected ? element : element && document.querySelector(`[data-item="${CSS.escape(element.dataset.item ?? "")}"]`));

  const put = (part, made) => {
    const known = new Set($$("[data-item]", part).map((item) => item.dataset.item));
    const open = new Set($$("details[open]", part).map((details) => key(details.querySelector("summary"))));
    const opened = $$("[data-item].fresh", part).map((item) => item.dataset.item);
    part.replaceChildren(...made.childNodes);
    for (const item of $$("[data-item]", part)) {
      if (!known.has(item.dataset.item) || opened.includes(item.dataset.item)) item.classList.add("fresh");
    }
    for (const details of $$("details", part)) details.open ||= open.has(key(details.querySelector("summary")));
  };
  const settle = () => {
    if (!fresh) return;
    const held = anchor();
    const before = held?.getBoundingClientRect().top;
    let waits = false;
    for (const part of $$("[data-case-part]")) {
      const made = fresh.getElementById(part.id);
      if (!made || made.innerHTML.trim() === part.innerHTML.trim()) continue;
      if (isHeld(part)) waits = true;
      else put(part, made);
    }
    const stays = again(held);
    if (stays) scrollBy({ top: stays.getBoundingClientRect().top - before, behavior: "instant" });
    if (!waits) fresh = null;
  };
  const ask = async (line) => {
    const turn = key(line);
    seen = turn;
    try {
      const answer = await fetch(line.querySelector("a").href, { headers: { "X-Desk-Poll": "1" }, redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (seen === turn) fresh = page;
    } catch { if (seen === turn) seen = ""; /* the server is away; the next turn asks again */ }
  };
  setInterval(() => {
    if (document.hidden) return;
    const line = news.querySelector(".case-new");
    if (line && key(line) !== seen) ask(line).then(settle);
    else settle();
  }, EVERY);
})();
