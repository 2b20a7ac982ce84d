// Passkeys: the desk says what is to be signed, the browser's own dialog has a device sign it, and the form takes it along.
"use strict";
(() => {
  const isAble = Boolean(globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON && PublicKeyCredential.prototype.toJSON);

  const sentenceFor = (form, problem) => {
    if (problem.name === "SecurityError") return form.dataset.elsewhere;
    if (problem.name === "InvalidStateError") return form.dataset.there;
    if (problem.name === "NotAllowedError" || problem.name === "AbortError") return form.dataset.closed;
    return problem.isTheDesks ? problem.message : form.dataset.away;
  };

  const show = (form, sentence) => {
    const shown = form.querySelector("[data-passkey-problem]");
    shown.textContent = sentence;
    shown.hidden = !sentence;
  };

  const options = async (form) => {
    const answer = await fetch(form.dataset.passkey, { method: "POST", body: new FormData(form), redirect: "error" });
    const found = await answer.json();
    if (answer.ok) return found;
    const [name] = Object.keys(found.errors ?? {});
    form.elements[name]?.focus();
    throw Object.assign(new Error(found.detail), { isTheDesks: true });
  };

  const signed = async (asked) => {
    if (asked.user) {
      return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) });
    }
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
  };

  const send = async (form) => {
    const button = form.querySelector("[data-passkey-button]");
    button.disabled = true;
    show(form, "");
    try {
      const credential = await signed(await options(form));
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch (problem) {
      show(form, sentenceFor(form, problem));
      button.disabled = false;
    }
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const isHere = location.host === form.dataset.passkeyHost;
    form.querySelector("[data-passkey-button]").hidden = !isAble || !isHere;
    if (!isHere) show(form, form.dataset.elsewhere);
    else if (!isAble) show(form, form.dataset.unable);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (isAble && isHere) send(form);
    });
  }
  // Back in the history the page is as it was left.
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("[data-passkey-button]")) button.disabled = false;
  });
})();
