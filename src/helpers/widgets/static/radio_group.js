// One of several: a group of radios of which Tab reaches only the chosen one; arrows, Home and End move the choice.

import { element } from "./dom.js";

export const radio = (name, ...content) => element("button", { type: "button", role: "radio", class: name }, ...content);

const STEPS = {
  ArrowLeft: (at) => at - 1,
  ArrowRight: (at) => at + 1,
  ArrowUp: (at, columns) => at - columns,
  ArrowDown: (at, columns) => at + columns,
  Home: () => 0,
  End: (at, columns, n) => n - 1,
};

// `columns`: how many stand side by side. `check` shows the choice, `lay` puts other radios in.
export function radioGroup(name, label, columns, choose) {
  const group = element("div", { class: name, role: "radiogroup", "aria-label": label });
  const all = () => [...group.querySelectorAll("[role=radio]")];
  group.addEventListener("click", (event) => {
    const picked = all().indexOf(event.target.closest("[role=radio]"));
    if (picked >= 0) choose(picked);
  });
  group.addEventListener("keydown", (event) => {
    const radios = all();
    const next = STEPS[event.key]?.(radios.indexOf(event.target), columns, radios.length);
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // JupyterLab would move to another cell
    if (!radios[next]) return;
    choose(next);
    radios[next].focus();
  });
  const check = (chosen) =>
    all().forEach((one, i) => {
      one.setAttribute("aria-checked", i === chosen);
      one.tabIndex = i === chosen ? 0 : -1;
    });
  // Other radios in the place of the present ones; the focus stays in the group.
  function lay(nodes, chosen) {
    const hadFocus = group.contains(document.activeElement);
    group.replaceChildren(...nodes);
    check(chosen);
    if (hadFocus) all()[chosen].focus({ preventScroll: true });
  }
  return { group, check, lay };
}
