// The API's page: sends what its forms say, in the name of who is signed in, and shows the answer.
"use strict";

function addressOf(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("[data-in]")) {
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.dataset.in === "query" && input.value) query.set(input.name, input.value);
  }
  return query.size ? `${path}?${query}` : path;
}

function headersOf(form) {
  const headers = { "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content };
  for (const input of form.querySelectorAll("[data-in=header]")) {
    if (input.value) headers[input.name] = input.value;
  }
  if (form.elements.body) headers["Content-Type"] = "application/json";
  return headers;
}

async function send(form) {
  const shown = form.querySelector("[data-answer]");
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch(addressOf(form), {
      method: form.dataset.method,
      headers: headersOf(form),
      body: form.elements.body ? form.elements.body.value : undefined,
    });
    const text = await answer.text();
    shown.textContent = `${answer.status} ${answer.statusText}\n\n${pretty(text)}`;
  } catch (problem) {
    shown.textContent = String(problem);
  } finally {
    shown.hidden = false;
    button.disabled = false;
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

for (const form of document.querySelectorAll("[data-try]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
