(function () {
  const box = document.querySelector('[data-view=' + __KEY__ + ']:not([id])');
  if (!box) return;
  window.bookViews = (window.bookViews || 0) + 1;
  box.id = "attention-view-" + window.bookViews;
  const params = Object.assign(__PARAMS__, { root_div_id: box.id });
  const labels = __LABELS__;
  __SELECTION__
  function draw() {__DRAW__}

  const { attn, left_text, right_text } = Object.values(params.attention)[0];
  const say = (pattern, words) => pattern.replace(/\{(\w+)\}/g, (_, name) => words[name]);
  const seen = (node) => getComputedStyle(node).visibility === "visible";
  const tokens = () => [...box.querySelectorAll('g[data-on~="mouseover"]')].filter(seen);
  const buttons = () => [...box.querySelectorAll('[data-on~="click"]')].filter((node) => !node.parentNode.dataset.on);

  // Whom a token looks at most, and how much.
  function most(layer, head, query) {
    const row = attn[layer][head][query];
    const weight = Math.max(...row);
    return say(labels.cell, { token: right_text[row.indexOf(weight)], weight: weight.toFixed(2) });
  }

  function nameButton(node, index) {
    const heads = attn[0].length;
    const words = { layer: Math.floor(index / heads), head: index % heads };
    const isSwitch = box.dataset.view.startsWith("head_view");
    node.setAttribute("role", "button");
    node.setAttribute("aria-label", say(isSwitch ? labels.one_head : labels.one_map, words));
    if (isSwitch) node.setAttribute("aria-pressed", node.getAttribute("fill").length === 7);
  }

  // Tab leads to one of the tokens and one of the buttons; the arrow keys lead on from there.
  function oneStop(nodes, now) {
    const stop = now || nodes.find((node) => node.getAttribute("tabindex") === "0") || nodes[0];
    for (const node of nodes) node.setAttribute("tabindex", node === stop ? 0 : -1);
  }

  function cell(text, scope) {
    const made = Object.assign(document.createElement(scope ? "th" : "td"), { textContent: text });
    if (scope) made.scope = scope;
    return made;
  }

  function row(...cells) {
    const made = document.createElement("tr");
    made.append(...cells);
    return made;
  }

  function table(layer) {
    const heads = attn[layer].map((_, head) => cell(say(labels.one_head, { head }), "col"));
    const body = left_text.map((token, query) =>
      row(cell(token, "row"), ...attn[layer].map((_, head) => cell(most(layer, head, query)))));
    box.querySelector("table").replaceChildren(row(cell(labels.token, "col"), ...heads), ...body);
  }

  function refresh() {
    for (const node of tokens()) {
      node.setAttribute("role", "group");
      node.setAttribute("aria-label", node.textContent);
    }
    buttons().forEach(nameButton);
    oneStop(tokens());
    oneStop(buttons());
    table(+box.querySelector(".bv-layer").value);
  }

  const send = (node, kind) => node.dispatchEvent(new MouseEvent(kind, { bubbles: true }));

  function press(node) {
    const index = tokens().indexOf(node);
    send(node.matches('[data-on~="click"]') ? node : node.querySelector('[data-on~="click"]') || node, "click");
    if (!seen(node)) tokens()[index].focus(); // the neuron view has two pictures with the same tokens
  }

  const peersOf = (node) => [tokens(), buttons()].find((nodes) => nodes.includes(node));

  function key(event) {
    const peers = peersOf(event.target);
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!peers || !(step || event.key === "Enter" || event.key === " ")) return;
    event.preventDefault();
    if (!step) return press(event.target);
    (peers[peers.indexOf(event.target) + step] || event.target).focus();
  }

  function focus(event) {
    event.target.setAttribute("data-lm-suppress-shortcuts", ""); // JupyterLab's keys are for the notebook, not for us
    const peers = peersOf(event.target);
    if (!peers) return;
    oneStop(peers, event.target);
    send(event.target, "mouseover");
  }

  function begin() {
    near.disconnect();
    removeEventListener("beforeprint", begin);
    draw();
    const list = box.querySelector(".bv-layer");
    if (!list.length) attn.forEach((_, layer) => list.add(new Option(layer)));
    refresh();
    for (const kind of ["click", "change"]) box.addEventListener(kind, refresh);
    box.addEventListener("keydown", key);
    box.addEventListener("focusin", focus);
    box.addEventListener("focusout", (event) => event.target.matches("g") && send(event.target, "mouseleave"));
  }
  const near = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) begin();
  }, { rootMargin: "800px" });
  near.observe(box);
  addEventListener("beforeprint", begin);
})();
