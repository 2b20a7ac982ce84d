// What somebody types into a form of a case stays in this browser until it is sent: for them alone, and for that form.
"use strict";
(() => {
  const PREFIX = "desk.draft.";
  const SENT = "desk.draft-sent";
  const KEPT_FOR = 7 * 24 * 60 * 60 * 1000;
  const MOST = 100_000;
  const me = document.body.dataset.person;
  if (!me) return;
  const own = `${PREFIX}${me}.`;
  const tried = (act) => { try { return act(); } catch { return null; } };
  const read = (key) => tried(() => JSON.parse(localStorage.getItem(key)));
  const forget = (key) => tried(() => localStorage.removeItem(key));
  const all = () => tried(() => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))) ?? [];

  // Nobody else's is left in a browser that somebody signs in with, and nothing older than a week.
  for (const key of all()) {
    if (!key.startsWith(own) || !(Date.now() - read(key)?.at < KEPT_FOR)) forget(key);
  }

  const UNKEPT = /^(hidden|password|file|submit|button|range)$/;
  const SECRET = /current-password|new-password|one-time-code/;
  const fieldsOf = (form) => [...form.elements].filter((field) =>
    field.name && field.matches("input, textarea, select") && !UNKEPT.test(field.type) && !SECRET.test(field.autocomplete));
  const isMarked = (field) => field.matches("[type=radio], [type=checkbox]");
  const isTyped = (field) => field.value.trim() !== "" &&
    (field.matches("textarea") || (field.matches("input") && !isMarked(field) && field.value !== field.defaultValue));
  const keyOf = (form) => own + new URL(form.action).pathname;
  const forms = [...document.querySelectorAll("form[data-draft]")];

  let isOver = false;
  const keep = (form) => {
    if (isOver) return;
    const fields = fieldsOf(form);
    if (!fields.some(isTyped)) { forget(keyOf(form)); return; }
    const values = fields.filter((field) => !isMarked(field) || field.checked).map((field) => [field.name, field.value]);
    const text = JSON.stringify({ at: Date.now(), values });
    if (text.length <= MOST) tried(() => localStorage.setItem(keyOf(form), text));
  };

  const restore = (form) => {
    const draft = read(keyOf(form));
    const fields = fieldsOf(form);
    // What the server filled in is newer: a form that is shown again with its errors, or a text that was chosen.
    if (!Array.isArray(draft?.values) || fields.some((field) => field.matches("textarea") && field.defaultValue.trim())) return;
    for (const field of fields) {
      const values = draft.values.filter(([name]) => name === field.name).map(([, value]) => value);
      if (isMarked(field)) field.checked = values.includes(field.value);
      else if (values.length) field.value = values[0];
    }
    form.dispatchEvent(new Event("desk:filled"));
    const folded = form.closest("details");
    if (folded) folded.open = true;
    const note = form.querySelector("[data-draft-note]");
    if (!note) return;
    note.hidden = false;
    note.querySelector("button").addEventListener("click", () => {
      form.reset();
      form.dispatchEvent(new Event("desk:filled"));
      forget(keyOf(form));
      note.hidden = true;
    });
  };

  // A form that was sent is done when the next page says so and does not show it again.
  const sent = tried(() => JSON.parse(sessionStorage.getItem(SENT)));
  const isShownAgain = sent && [...document.querySelectorAll("[name=submission]")].some((field) => field.value === sent.token);
  if (sent && !isShownAgain) {
    if (document.querySelector("main .notice[role=status]")) forget(sent.key);
    tried(() => sessionStorage.removeItem(SENT));
  }

  for (const form of forms) {
    let timer;
    restore(form);
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => keep(form), 300); });
    form.addEventListener("submit", () => {
      clearTimeout(timer);
      keep(form);
      const token = form.elements.namedItem("submission")?.value;
      tried(() => sessionStorage.setItem(SENT, JSON.stringify({ key: keyOf(form), token })));
    });
    addEventListener("pagehide", () => { clearTimeout(timer); if (!form.dataset.sent) keep(form); });
  }

  // Who signs out leaves nothing behind; a session that ends by itself is no sign-out.
  document.addEventListener("submit", (event) => {
    if (!new URL(event.target.action).pathname.endsWith("/sign-out")) return;
    isOver = true;
    for (const key of all()) forget(key);
  });
})();
