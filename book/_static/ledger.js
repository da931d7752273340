// The claims ledger: choose a chapter, a verdict and how sure we are; the choice stands in the address. Without this
// script all claims are shown.
(function () {
  "use strict";
  const LABELS = {
    en: {
      legend: "Show",
      chapters: "Chapter",
      verdicts: "Verdict",
      sure: "How sure",
      all: "all",
      count: "{shown} of {all} claims shown",
      none: "No claim fits all of this.",
      reset: "Show all",
    },
    "zh-CN": {
      legend: "显示",
      chapters: "章节",
      verdicts: "判断",
      sure: "核实程度",
      all: "全部",
      count: "共 {all} 条，显示 {shown} 条",
      none: "没有同时符合这些条件的条目。",
      reset: "全部显示",
    },
  };
  const words = LABELS[document.documentElement.lang] ?? LABELS.en;
  const FIELDS = { chapters: "chapter", verdicts: "verdict", sure: "sure" }; // list of names -> its key in the address
  const place = document.querySelector("div.ledger");
  if (!place) return;
  const names = JSON.parse(place.dataset.names);
  const claims = [...document.querySelectorAll("div.claim")];

  function values(claim, list) {
    if (list === "chapters") return claim.dataset.chapters.split(" ");
    return [claim.dataset[FIELDS[list]]];
  }

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  // A list of what occurs, each with how many claims have it. A verdict is its own word, the others have names.
  function makeSelect(list) {
    const select = element("select", { name: FIELDS[list] }, new Option(words.all, ""));
    for (const [value, name] of names[list]) {
      const n = claims.filter((claim) => values(claim, list).includes(value)).length;
      if (n) select.add(new Option(`${list === "verdicts" ? value : name} (${n})`, value));
    }
    return select;
  }

  const selects = Object.fromEntries(Object.keys(FIELDS).map((list) => [list, makeSelect(list)]));
  const status = element("p", { class: "ledger-count", role: "status" });
  const reset = element("button", { type: "button" }, words.reset);

  function apply() {
    const wanted = Object.entries(selects).filter(([, select]) => select.value);
    for (const claim of claims)
      claim.hidden = !wanted.every(([list, select]) => values(claim, list).includes(select.value));
    for (const section of new Set(claims.map((claim) => claim.closest("section"))))
      section.hidden = !section.querySelector("div.claim:not([hidden])");
    const shown = claims.filter((claim) => !claim.hidden).length;
    const text = words.count.replace("{shown}", shown).replace("{all}", claims.length);
    status.textContent = shown ? text : `${text}. ${words.none}`;
    reset.hidden = !wanted.length;
  }

  // The address keeps the choice, so that it can be sent to someone; going back leaves the page, not the last choice.
  function keep() {
    const chosen = Object.values(selects).filter((select) => select.value);
    const hash = new URLSearchParams(chosen.map((select) => [select.name, select.value])).toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  function choose(chosen) {
    for (const select of Object.values(selects)) {
      select.value = chosen.get(select.name) ?? "";
      if (select.selectedIndex < 0) select.value = ""; // a word that is not in the list
    }
    apply();
  }

  // An address names a claim (#c063), which must then be seen, or a choice (#verdict=wrong), or a heading.
  function read() {
    const hash = location.hash.slice(1);
    const claim = claims.find(({ id }) => id === hash);
    if (hash.includes("=")) choose(new URLSearchParams(hash));
    else if (claim?.hidden) {
      choose(new URLSearchParams());
      claim.scrollIntoView();
    }
  }

  function start() {
    const fields = Object.entries(selects).map(([list, select]) => element("label", {}, `${words[list]} `, select));
    const legend = element("legend", {}, words.legend);
    const form = element("form", {}, element("fieldset", {}, legend, ...fields, reset), status);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", () => {
      apply();
      keep();
    });
    reset.addEventListener("click", () => {
      choose(new URLSearchParams());
      keep();
      selects.chapters.focus(); // the button that had it is gone
    });
    place.append(form);
    apply();
    read();
    addEventListener("hashchange", read);
  }

  start();
})();
