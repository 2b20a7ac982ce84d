// A split: one slider and two fields, tied. <div data-split data-total="10001" data-decimals="2"> with
// [data-split-slider] (0..100, the buyer's percent), [data-split-buyer], [data-split-seller]; amounts in major units.
"use strict";
for (const split of document.querySelectorAll("[data-split]")) {
  const total = Number(split.dataset.total);
  const decimals = Number(split.dataset.decimals);
  const [slider, buyer, seller, note] = ["slider", "buyer", "seller", "note"].map((name) => split.querySelector(`[data-split-${name}]`));
  const written = (minor) => {
    const digits = String(minor).padStart(decimals + 1, "0");
    return decimals ? `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}` : digits;
  };
  // An amount as the server reads it (domain/money/amounts.py): what that would refuse is none here either.
  const read = (field) => {
    const found = /^(\d+|[1-9]\d{0,2}(?:,\d{3})+)(?:\.(\d+))?$/.exec(field.value.trim());
    let part = found?.[2] ?? "";
    if (part.length > decimals) part = part.length === 3 ? part : part.replace(/0+$/, "");
    if (!found || part.length > decimals || (decimals === 3 && !part && found[1].split(",").length === 2)) return NaN;
    return Number(found[1].replaceAll(",", "") + part.padEnd(decimals, "0"));
  };
  const place = (toBuyer) => {
    const isSplit = toBuyer >= 0 && toBuyer <= total;
    slider.classList.toggle("unset", !isSplit);
    slider.value = isSplit && total ? Math.round((toBuyer / total) * 100) : 50;
    slider.setAttribute("aria-valuetext", isSplit ? `${slider.value} %` : "–");
  };
  const show = (toBuyer, wrong) => {
    place(toBuyer);
    note.hidden = !wrong;
    for (const field of [buyer, seller]) {
      if (field === wrong) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  };
  const look = () => place(read(buyer) + read(seller) === total ? read(buyer) : NaN);
  const choose = () => {
    const choice = split.closest("form").querySelector('[name=resolution][value="split"]');
    if (choice) choice.checked = true;
  };
  const tie = (part, other) => part.addEventListener("input", () => {
    const minor = read(part);
    const isShare = minor <= total;
    other.value = isShare ? written(total - minor) : "";
    show(isShare ? read(buyer) : NaN, isShare || !part.value.trim() ? undefined : part);
    choose();
  });
  slider.hidden = false;
  slider.addEventListener("input", () => {
    const toSeller = Math.floor((total * (100 - Number(slider.value))) / 100);
    seller.value = written(toSeller);
    buyer.value = written(total - toSeller);
    show(read(buyer));
    choose();
  });
  tie(buyer, seller);
  tie(seller, buyer);
  split.closest("form").addEventListener("desk:filled", look);
  look();
}
