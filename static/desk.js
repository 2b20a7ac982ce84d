// Escrow Desk: everything here adds to pages that work without it.
"use strict";
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const store = {
    get(key, otherwise) { try { return localStorage.getItem("desk." + key) ?? otherwise; } catch { return otherwise; } },
    set(key, value) { try { localStorage.setItem("desk." + key, value); } catch { /* private window: the choice lasts for this page */ } },
  };

  // A form that is on its way is not sent again; the server would refuse it too.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    for (const button of $$("button", form)) button.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    for (const form of $$("form[data-sent]")) {
      delete form.dataset.sent;
      for (const button of $$("button[aria-busy]", form)) button.removeAttribute("aria-busy");
    }
  });

  // Filters apply when they are chosen.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  // Where the tabs don't fit, the chosen one is in sight.
  for (const tabs of $$(".tabs")) {
    const chosen = $("[aria-current]", tabs);
    if (chosen) tabs.scrollLeft = chosen.offsetLeft - (tabs.clientWidth - chosen.offsetWidth) / 2;
  }

  // Live regions: at the reader's rate, never two at once, never under the reader's hands.
  const regions = $$("[data-live]").map((element) => ({ element, busy: false, due: 0, shown: element.dataset.shown && `W/"${element.dataset.shown}"` }));
  const chosenRate = () => store.get("rate", "");
  const rateOf = (region) => Number(chosenRate() === "" ? region.element.dataset.every : chosenRate()) * 1000;
  const isTouched = (element) => {
    const selection = getSelection();
    const active = document.activeElement;
    if (element.dataset.liveBy) return false;
    const typing = active && element.contains(active) && active.matches("input, textarea, select");
    return typing || (selection && !selection.isCollapsed && element.contains(selection.anchorNode));
  };
  const wayTo = (element, root) => {
    const way = [];
    for (let here = element; here !== root; here = here.parentElement) way.unshift([...here.parentElement.children].indexOf(here));
    return way;
  };
  const follow = (way, root) => way.reduce((here, step) => here?.children[step], root);
  const swap = (element, fresh) => {
    if (fresh.innerHTML.trim() === element.innerHTML.trim()) return;
    const active = document.activeElement;
    const way = active && active !== element && element.contains(active) ? wayTo(active, element) : null;
    const open = $$("details", element).map((details) => details.open);
    const scrolled = $$("*", element).map((inner, place) => [place, inner.scrollTop, inner.scrollLeft]).filter(([, top, left]) => top || left);
    element.replaceChildren(...fresh.childNodes);
    $$("details", element).forEach((details, place) => { details.open = open[place] ?? details.open; });
    const inner = $$("*", element);
    for (const [place, top, left] of scrolled) if (inner[place]) inner[place].scrollTo(left, top);
    if (way) follow(way, element)?.focus({ preventScroll: true });
  };
  // The region and what belongs to it elsewhere come from one answer; the last one says by itself that it is the last.
  const show = (region, page) => {
    if (!region.element.dispatchEvent(new CustomEvent("desk:fresh", { detail: page, cancelable: true }))) return;
    const found = region.element.id && page.getElementById(region.element.id);
    swap(region.element, found || page.body);
    for (const part of $$("[data-live-part]")) {
      const fresh = page.getElementById(part.id);
      if (fresh) swap(part, fresh);
    }
    if (found && !("live" in found.dataset)) region.due = Infinity;
  };
  const refresh = async (region) => {
    if (region.busy || isTouched(region.element)) return;
    region.busy = true;
    try {
      const headers = { "X-Desk-Poll": "1", ...(region.shown && { "If-None-Match": region.shown }) };
      const answer = await fetch(region.element.dataset.live, { headers, redirect: "manual" });
      const page = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
      if (page && !isTouched(region.element)) {
        show(region, page);
        region.shown = answer.headers.get("ETag") ?? "";
      }
      if (answer.type === "opaqueredirect") location.reload();
    } catch { /* the server is away; the next turn asks again */ } finally { region.busy = false; }
  };
  setInterval(() => {
    if (document.hidden) return;
    const now = performance.now();
    for (const region of regions) {
      const rate = rateOf(region);
      if (!rate || !region.element.isConnected || now < region.due) continue;
      region.due = now + rate;
      refresh(region);
    }
  }, 500);
  for (const region of regions) region.due = performance.now() + rateOf(region);
  const rate = $("[data-live-rate]");
  if (rate && regions.length) {
    const choice = $("select", rate);
    const first = chosenRate() || regions[0].element.dataset.every;
    if (![...choice.options].some((option) => option.value === first)) {
      choice.add(new Option(first + " s", first), [...choice.options].find((option) => Number(option.value) > Number(first)));
    }
    choice.value = first;
    choice.addEventListener("change", () => {
      store.set("rate", choice.value);
      for (const region of regions) region.due = 0;
    });
  }

  // Fields that suggest: a combobox over the field's own list, which stays a plain field when nothing answers.
  for (const field of $$("[data-suggest]")) {
    const list = document.createElement("ul");
    list.id = "suggested-" + field.name;
    list.className = "suggested";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", field.closest("label")?.firstElementChild?.textContent ?? field.name);
    list.hidden = true;
    field.closest("label").after(list);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id })) field.setAttribute(name, value);
    const rows = () => [...list.children];
    let chosen = -1;
    let asked = 0;
    let timer;
    const choose = (place) => {
      chosen = place;
      rows().forEach((row, at) => row.setAttribute("aria-selected", String(at === place)));
      if (place >= 0) field.setAttribute("aria-activedescendant", rows()[place].id);
      else field.removeAttribute("aria-activedescendant");
    };
    const close = () => { asked += 1; clearTimeout(timer); list.hidden = true; field.setAttribute("aria-expanded", "false"); choose(-1); };
    const take = (row) => { field.value = row.dataset.value; close(); field.form.requestSubmit(); };
    const show = (results) => {
      list.replaceChildren(...results.map((result, place) => {
        const row = document.createElement("li");
        row.id = list.id + "-" + place;
        row.dataset.value = result.value;
        row.setAttribute("role", "option");
        for (const text of [result.label, result.note]) {
          const part = document.createElement("span");
          part.textContent = text;
          row.append(part);
        }
        return row;
      }));
      list.style.left = field.offsetLeft + "px";
      list.style.top = field.offsetTop + field.offsetHeight + 2 + "px";
      list.hidden = !results.length;
      field.setAttribute("aria-expanded", String(!list.hidden));
      choose(-1);
    };
    const ask = async () => {
      const turn = ++asked;
      try {
        const answer = await fetch(field.dataset.suggest + "?q=" + encodeURIComponent(field.value));
        if (turn === asked) show(answer.ok ? (await answer.json()).results : []);
      } catch {
        if (turn === asked) close();
      }
    };
    field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 150); });
    field.addEventListener("blur", close);
    field.addEventListener("keydown", (event) => {
      const many = list.hidden ? 0 : rows().length;
      if (many && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
        event.preventDefault();
        choose(event.key === "ArrowDown" ? (chosen + 1) % many : (Math.max(chosen, 0) - 1 + many) % many);
      } else if (many && event.key === "Enter" && chosen >= 0) {
        event.preventDefault();
        take(rows()[chosen]);
      } else if (many && event.key === "Escape") {
        event.preventDefault();
        close();
      }
    });
    // Before the field loses its focus, which closes the list.
    list.addEventListener("mousedown", (event) => { event.preventDefault(); const row = event.target.closest("li"); if (row) take(row); });
  }

  // The command palette.
  const palette = $("[data-palette-dialog]");
  const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
  for (const chord of $$("[data-chord]")) chord.textContent = isMac ? "⌘ K" : "Ctrl K";
  if (palette) {
    const input = $("input", palette);
    const list = $("ul", palette);
    const hint = $(".palette-hint", palette);
    let asked = 0;
    let timer;
    const rows = () => $$("[role=option]", list);
    const select = (row) => {
      for (const other of rows()) other.setAttribute("aria-selected", String(other === row));
      input.setAttribute("aria-activedescendant", row ? row.id : "");
      row?.scrollIntoView({ block: "nearest" });
    };
    const show = (results) => {
      list.replaceChildren(...results.map((result, place) => {
        const row = document.createElement("li");
        row.id = "found-" + place;
        row.setAttribute("role", "option");
        const link = document.createElement("a");
        link.href = new URL(result.url, location.origin).origin === location.origin ? result.url : "/";
        link.tabIndex = -1;
        if (result.posts) link.addEventListener("click", (event) => { event.preventDefault(); post(link.href, ...result.field); });
        for (const text of [result.label, [result.kind, result.note].filter(Boolean).join(" · ")]) {
          const part = document.createElement("span");
          part.textContent = text ?? "";
          link.append(part);
        }
        row.append(link);
        return row;
      }));
      hint.textContent = results.length ? "" : hint.dataset.empty;
      select(rows()[0]);
    };
    // What has a form of its own, such as signing out, is sent as that form is; it comes back to this page.
    const post = (address, name, value) => {
      const form = document.createElement("form");
      const to = new URL(address);
      if (to.searchParams.has("next")) to.searchParams.set("next", location.pathname + location.search);
      form.method = "post";
      form.action = to.pathname + to.search;
      for (const [field, text] of [["csrf_token", $("meta[name=csrf-token]").content], [name, value]]) {
        if (field) form.append(Object.assign(document.createElement("input"), { type: "hidden", name: field, value: text }));
      }
      document.body.append(form);
      form.submit();
    };
    const ask = async () => {
      const turn = ++asked;
      try {
        const answer = await fetch("/search.json?q=" + encodeURIComponent(input.value));
        if (!answer.ok) throw new Error(String(answer.status));
        const found = await answer.json();
        if (turn === asked) show(found.results ?? found.data ?? []);
      } catch {
        if (turn === asked) { list.replaceChildren(); hint.textContent = hint.dataset.failed; }
      }
    };
    const open = () => { if (!palette.open) { palette.showModal(); input.select(); ask(); } };
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
    palette.addEventListener("keydown", (event) => {
      const all = rows();
      const here = all.findIndex((row) => row.getAttribute("aria-selected") === "true");
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (all.length) select(all[(here + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
      } else if (event.key === "Escape") {
        event.preventDefault();
        input.blur();
        palette.close();
      } else if (event.key === "Enter") {
        event.preventDefault();
        if (here >= 0) $("a", all[here]).click();
      }
    });
    palette.addEventListener("click", (event) => { if (event.target === palette) palette.close(); });
    for (const button of $$("[data-palette]")) { button.hidden = false; button.addEventListener("click", open); }
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") { event.preventDefault(); open(); }
    });
  }

  // What an odd word means is shown by the style sheet; Escape puts it away until the word is left.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const word of $$(".term-of:hover, .term-of:focus-within")) {
      word.classList.add("is-shut");
      for (const leaving of ["mouseleave", "focusout"]) word.addEventListener(leaving, () => word.classList.remove("is-shut"), { once: true });
    }
  });

  // Single-key shortcuts, which can be turned off.
  const shortcuts = $("[data-shortcuts]");
  const singleKeys = $("[data-single-keys]");
  if (shortcuts && singleKeys) {
    singleKeys.checked = store.get("keys", "on") === "on";
    singleKeys.addEventListener("change", () => store.set("keys", singleKeys.checked ? "on" : "off"));
    const places = { o: "/", d: "/disputes", e: "/escrows", j: "/jobs", t: "/tonight", p: "/parties", a: "/approvals" };
    let waitsForPlace = -Infinity;
    const step = (by) => {
      const rows = $$("main table.data tbody tr");
      const links = rows.map((row) => $("a", row)).filter(Boolean);
      if (!links.length) return;
      const here = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
      links[Math.min(Math.max(here + by, 0), links.length - 1)].focus();
    };
    document.addEventListener("keydown", (event) => {
      if (!singleKeys.checked || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
      if (performance.now() - waitsForPlace < 1200 && places[event.key]) { location.assign(places[event.key]); return; }
      waitsForPlace = event.key === "g" ? performance.now() : -Infinity;
      if (event.key === "?") shortcuts.showModal();
      if (event.key === "/" && $("[data-list-search]")) { event.preventDefault(); $("[data-list-search]").focus(); }
      if (!event.repeat) $(`[data-key="${CSS.escape(event.key)}"]`)?.click();
      if (event.key === "j") step(1);
      if (event.key === "k") step(-1);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "?" && event.shiftKey && (event.ctrlKey || event.metaKey)) shortcuts.showModal();
    });
  }

  // Colours: change at once, and keep the choice in the cookie that the server reads.
  for (const form of $$("[data-theme-form]")) {
    form.addEventListener("submit", (event) => {
      const button = $("button[name=theme]", form);
      const next = { auto: "dark", dark: "light", light: "auto" };
      const looks = { auto: "contrast", dark: "moon", light: "sun" };
      event.preventDefault();
      const chosen = button.value;
      document.documentElement.dataset.theme = chosen;
      const [prefix, secure] = location.protocol === "https:" ? ["__Host-", ";secure"] : ["", ""];
      document.cookie = prefix + "desk_theme=" + chosen + ";path=/;max-age=31536000;samesite=lax" + secure;
      for (const other of $$("[data-theme-form] button[name=theme]")) {
        other.value = next[chosen];
        const use = $("use", other);
        use.setAttribute("href", use.getAttribute("href").replace(/#.*/, "#" + looks[chosen]));
        $("span", other).textContent = other.title = chosen + " → " + next[chosen];
      }
    });
  }

  // Files can be dropped on <div data-drop> around a file field.
  for (const drop of $$("[data-drop]")) {
    const field = $("input[type=file]", drop);
    for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
    for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      field.files = event.dataTransfer.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  // A canned reply is put where the cursor is, filled in for whom the message is to.
  for (const choice of $$("[data-replies]")) {
    const text = document.getElementById(choice.dataset.into);
    const side = $("[name=side]", choice);
    const said = $("[role=status]", choice);
    const party = text && $("[name=audience], [name=side]", text.form);
    if (!party) continue;
    side.hidden = true;
    let filledFor = "";
    text.form.addEventListener("change", (event) => {
      if (event.target.name !== party.name || !filledFor || !text.value.trim()) return;
      said.textContent = event.target.value === filledFor ? "" : said.dataset.other;
    });
    choice.addEventListener("submit", async (event) => {
      event.preventDefault();
      const to = text.form.elements.namedItem(party.name).value;
      side.value = to === "seller" ? "seller" : "buyer";
      try {
        const answer = await fetch(`${choice.dataset.replies.replace(/\?.*/, "")}?${new URLSearchParams(new FormData(choice))}`);
        if (!answer.ok) throw new Error(String(answer.status));
        const { text: reply, note } = await answer.json();
        text.setRangeText(reply, text.selectionStart, text.selectionEnd, "end");
        text.dispatchEvent(new Event("input", { bubbles: true }));
        text.focus();
        filledFor = to;
        said.textContent = note;
      } catch { said.textContent = said.dataset.failed; }
    });
  }

  // What is shown once can be copied.
  for (const button of $$("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      $("span", button).textContent = button.dataset.copied;
    });
  }
})();
