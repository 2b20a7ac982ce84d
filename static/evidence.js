// Evidence opens over the case, pictures are zoomed, and files are dropped, pasted and sent without leaving the page.
"use strict";
(() => {
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const STEPS = [1, 1.5, 2, 3, 4, 6];

  // Zoom: the wheel with Ctrl or ⌘, + and −, and a press on the picture. "Actual size" works without this script.
  const enlarge = (zoom) => {
    const picture = zoom.querySelector("img");
    if (!picture || zoom.dataset.ready) return;
    zoom.dataset.ready = "1";
    let step = 0;
    const to = (next) => {
      step = Math.min(Math.max(next, 0), STEPS.length - 1);
      const middle = [zoom.scrollLeft + zoom.clientWidth / 2, zoom.scrollTop + zoom.clientHeight / 2];
      const before = picture.clientWidth;
      picture.style.maxWidth = step ? "none" : "";
      picture.style.maxHeight = step ? "none" : "";
      picture.style.width = step ? `${STEPS[step] * 100}%` : "";
      const grown = picture.clientWidth / before;
      zoom.scrollTo(middle[0] * grown - zoom.clientWidth / 2, middle[1] * grown - zoom.clientHeight / 2);
    };
    picture.addEventListener("click", () => to(step ? 0 : 2));
    zoom.addEventListener("keydown", (event) => {
      if (event.key === "+" || event.key === "=") to(step + 1);
      if (event.key === "-") to(step - 1);
      if (event.key === "0") to(0);
    });
    zoom.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      to(step + (event.deltaY < 0 ? 1 : -1));
    }, { passive: false });
  };
  $$(".zoom").forEach(enlarge);

  // A piece of evidence opens over its case; so do its neighbours, and what is put beside it.
  const dialog = document.querySelector("dialog[data-evidence]");
  if (dialog) {
    const body = dialog.querySelector("[data-evidence-body]");
    let turn = 0;
    const show = async (address) => {
      const mine = ++turn;
      try {
        const answer = await fetch(address, { redirect: "error" });
        if (!answer.ok) throw new Error(String(answer.status));
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const view = page.querySelector("[data-evidence-view]");
        if (mine !== turn || !view) return;
        body.replaceChildren(...$$(".crumbs [rel]", page).map((link) => document.importNode(link, true)), document.importNode(view, true));
        $$(".zoom", body).forEach(enlarge);
        if (!dialog.open) dialog.showModal();
      } catch { location.assign(address); }
    };
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-opens-evidence], dialog[data-evidence] a[rel]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(link.href);
    });
    body.addEventListener("submit", (event) => {
      event.preventDefault();
      const form = event.target;
      show(`${form.action.replace(/\?.*/, "")}?${new URLSearchParams(new FormData(form))}`);
    });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.addEventListener("close", () => { turn += 1; body.replaceChildren(); });
  }

  // A picture that is pasted anywhere on the page is put into the form for files.
  const upload = document.querySelector("form[data-upload]");
  if (!upload) return;
  const field = upload.querySelector("input[type=file]");
  const said = upload.querySelector("[data-upload-status]");
  document.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files;
    if (!files?.length) return;
    event.preventDefault();
    field.files = files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    const folded = upload.closest("details");
    if (folded) folded.open = true;
    upload.scrollIntoView({ block: "nearest" });
    upload.querySelector("button.primary").focus();
  });
  field.addEventListener("change", () => {
    said.textContent = [...field.files].map((file) => file.name).join(", ");
  });

  // Sent without leaving the page: a network that drops, and a refusal, leave all that was chosen and written.
  upload.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = upload.querySelector("button.primary");
    if (button.disabled) return;
    button.disabled = true;
    said.textContent = said.dataset.sending;
    try {
      const answer = await fetch(upload.action, { method: "POST", body: new FormData(upload), redirect: "manual" });
      if (answer.type === "opaqueredirect") { location.assign(upload.dataset.upload); return; }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const why = page.querySelector("main .error") ?? page.querySelector("main .notice.bad") ?? page.querySelector("[data-refusal]");
      said.textContent = answer.status === 401 ? said.dataset.signedOut : why?.textContent.trim() || said.dataset.failed;
    } catch { said.textContent = said.dataset.lost; }
    button.disabled = false;
  }, true);
})();
