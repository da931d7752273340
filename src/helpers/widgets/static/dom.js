// What every widget builds its page elements with: labelled controls that follow the traits of a model.
// `model` is anywidget's: get, set, save_changes, on, off.

// An id that no other widget of the page has; widgets do not share their modules, so the count stands on the page.
export function uniqueId(name) {
  globalThis.bookToolIds = (globalThis.bookToolIds ?? 0) + 1;
  return `tool-${globalThis.bookToolIds}-${name}`;
}

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export function svgElement(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Space, line end and tabulator as signs one can see.
export const visible = (token) => token.replaceAll(" ", "␣").replaceAll("\n", "⏎").replaceAll("\t", "⇥") || "∅";

// "{n} tokens" with n from `words`: sentences stay whole, so that a translator can turn them round.
export const fill = (pattern, words) => pattern.replace(/\{(\w+)\}/g, (_, name) => words[name]);

export function button(label, name, action) {
  const node = element("button", { type: "button", "data-action": name }, label);
  node.addEventListener("click", action);
  return node;
}

// Sets traits and tells Python at once.
export function put(model, traits) {
  for (const [name, value] of Object.entries(traits)) model.set(name, value);
  model.save_changes();
}

function pageLanguage() {
  try {
    return Intl.getCanonicalLocales(document.documentElement.lang)[0];
  } catch {
    return "en"; // the page names none, or none that exists
  }
}

// A number as the language of the page writes it.
export const grouped = (value, options) => value.toLocaleString(pageLanguage(), options);

// A probability in three digits.
export const decimals = (p) => (p === 0 ? "0" : p < 0.001 ? "<0.001" : p.toFixed(3));

// The axis of bars ends at a round number, so they do not rescale at every touch of a slider.
export const axisEnd = (largest) => [0.05, 0.1, 0.2, 0.4, 0.6, 0.8].find((end) => largest <= end) ?? 1;

// Says something in a region that screen readers read out, but only once the reader rests: while it is busy they wait.
const REST = 600; // milliseconds
const resting = new WeakMap();
export function say(region, text) {
  if (region.textContent === text) return;
  region.setAttribute("aria-busy", "true");
  region.textContent = text;
  clearTimeout(resting.get(region));
  resting.set(region, setTimeout(() => region.setAttribute("aria-busy", "false"), REST));
}

// Each control is {row, update}: `row` goes into the page, `update` shows the trait's present value.

// A slider for the trait `name`; `say` turns its value into words, also for screen readers.
export function slider(model, name, { label, min, max, step, say = String }) {
  const id = uniqueId(name);
  const input = element("input", { type: "range", id, min, max, step, "data-control": name });
  const output = element("output", { for: id, "aria-live": "off" }); // the slider itself says its value
  input.addEventListener("input", () => put(model, { [name]: Number(input.value) }));
  const update = () => {
    const value = model.get(name);
    if (value > input.max) input.max = value;
    input.value = value;
    output.textContent = say(value);
    input.setAttribute("aria-valuetext", say(value));
  };
  return { row: element("div", { class: "tool-slider" }, element("label", { for: id }, label), input, output), update };
}

// A list for the trait `name`; `options` are [value, label] pairs, or plain values that are their own labels.
export function choice(model, name, { label, options }) {
  const id = uniqueId(name);
  const select = element("select", { id, "data-control": name });
  const pairs = options.map((option) => (Array.isArray(option) ? option : [option, String(option)]));
  for (const [value, text] of pairs) select.append(element("option", { value }, text));
  select.addEventListener("change", () => put(model, { [name]: pairs[select.selectedIndex][0] }));
  const update = () => (select.selectedIndex = pairs.findIndex(([value]) => value === model.get(name)));
  return { row: element("div", { class: "tool-choice" }, element("label", { for: id }, label), select), update };
}

// A text box for the trait `name`. `wait` milliseconds must pass without a key before the trait changes.
export function textBox(model, name, { label, rows = 2, wait = 250 }) {
  const id = uniqueId(name);
  const attributes = { id, rows, "data-control": name, spellcheck: "false", autocomplete: "off" };
  const area = element("textarea", attributes);
  let timer = 0; // 0: nothing was typed that the trait does not have
  area.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = 0;
      put(model, { [name]: area.value });
    }, wait);
  });
  area.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab's shortcuts must not eat letters
  const update = () => {
    if (!timer && area.value !== model.get(name)) area.value = model.get(name);
  };
  return { row: element("div", { class: "tool-text" }, element("label", { for: id }, label), area), update };
}

// A number to type for the trait `name`; what is no number in the range is not taken over.
export function numberBox(model, name, { label, min, max, step = "any" }) {
  const id = uniqueId(name);
  const input = element("input", { type: "number", id, min, max, step, "data-control": name });
  input.addEventListener("keydown", (event) => event.stopPropagation());
  input.addEventListener("change", () => {
    if (input.value !== "" && input.checkValidity()) put(model, { [name]: Number(input.value) });
    else input.value = model.get(name);
  });
  const update = () => {
    if (document.activeElement !== input) input.value = model.get(name); // else a digit is being typed
  };
  return { row: element("div", { class: "tool-number" }, element("label", { for: id }, label), input), update };
}

// A picture's content as a table, folded: for those who cannot see it, and for those who want the digits. `content`
// gives {summary, head, rows}; the table is filled while it is open, and `update` fills it anew.
export function foldedTable(content) {
  const cells = (tag, values, attributes) => values.map((value) => element(tag, attributes, String(value)));
  const line = ([first, ...rest]) => element("tr", {}, ...cells("th", [first], { scope: "row" }), ...cells("td", rest));
  const [summary, head, body] = ["summary", "tr", "tbody"].map((tag) => element(tag));
  const table = element("table", {}, element("thead", {}, head), body);
  const box = element("div", { class: "tool-table", tabindex: "0", role: "region" }, table);
  const node = element("details", { class: "tool-details" }, summary, box);
  function write(now) {
    head.replaceChildren(...cells("th", now.head, { scope: "col" }));
    body.replaceChildren(...now.rows().map(line));
  }
  function update() {
    const now = content();
    summary.textContent = now.summary;
    box.setAttribute("aria-label", now.summary);
    if (node.open) write(now);
  }
  summary.addEventListener("click", () => node.open || write(content())); // before it opens: never an empty table
  node.addEventListener("toggle", update); // opened in another way
  return { node, update };
}

// Calls `paint` whenever one of the traits changes; what it returns ends that, and is what `render` must return.
export function follow(model, names, paint) {
  const events = names.map((name) => `change:${name}`).join(" ");
  model.on(events, paint);
  return () => model.off(events, paint);
}

// The box of a widget: a group with a name, in the common style.
export function toolBox(name, label, ...children) {
  const box = element("div", { class: `book-tool ${name}`, role: "group", "aria-label": label }, ...children);
  // JupyterLab's keys (arrows, Enter, d d) would move to another cell or delete one while a control has the focus.
  box.addEventListener("focusin", (event) => event.target.setAttribute("data-lm-suppress-shortcuts", ""));
  return box;
}

// Does something once the element is near the screen: what is heavy waits until then.
export function whenNear(node, action) {
  const near = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      near.disconnect();
      action();
    },
    { rootMargin: "300px" },
  );
  near.observe(node);
  return () => near.disconnect();
}
