// The few calls of d3 and jQuery that bertviz's drawing code makes, in a hundredth of their size: so each output
// carries all it needs and is alike in every host. A selection is a list of groups of elements. An element keeps its
// datum in `__data__`; functions are called with datum and index, `this` being the element, as in d3.
class Selection {
  constructor(groups, arriving) {
    this.groups = groups; // [{parent, nodes}]
    this.arriving = arriving; // the same for data without an element: `append` makes one
  }
  each(action) {
    for (const { nodes } of this.groups) nodes.forEach((node, index) => action(node, index));
    return this;
  }
  change(value, action) {
    const now = (node, index) => (typeof value === "function" ? value.call(node, node.__data__, index) : value);
    return this.each((node, index) => action(node, now(node, index)));
  }
  attr(name, value) {
    return this.change(value, (node, now) => (now == null ? node.removeAttribute(name) : node.setAttribute(name, now)));
  }
  style(name, value) { return this.change(value, (node, now) => node.style.setProperty(name, now)); }
  classed(name, value) { return this.change(value, (node, now) => node.classList.toggle(name, now)); }
  text(value) { return this.change(value, (node, now) => (node.textContent = now)); }
  remove() { return this.each((node) => node.remove()); }
  on(event, call) {
    return this.each((node, index) => {
      node.addEventListener(event, () => call.call(node, node.__data__, index));
      node.dataset.on = [node.dataset.on ?? "", event].join(" "); // what a pointer can do here, a keyboard must
    });
  }
  map(find) {
    return new Selection(this.groups.map(({ parent, nodes }) => ({ parent, nodes: nodes.map(find).filter(Boolean) })));
  }
  select(selector) { return this.map((node) => node.querySelector(selector)); }
  append(name) {
    return this.map((node) => {
      const child = document.createElementNS("http://www.w3.org/2000/svg", name.replace("svg:", ""));
      if ("__data__" in node) child.__data__ = node.__data__;
      return (node.place ?? node).appendChild(child);
    });
  }
  selectAll(selector) {
    const groups = [];
    this.each((node) => groups.push({ parent: node, nodes: [...node.querySelectorAll(selector)] }));
    return new Selection(groups);
  }
  data(given) {
    const arriving = this.groups.map(({ parent, nodes }) => {
      const values = typeof given === "function" ? given.call(parent, parent.__data__) : given;
      nodes.forEach((node, index) => (node.__data__ = values[index]));
      return { parent, nodes: values.slice(nodes.length).map((value) => ({ place: parent, __data__: value })) };
    });
    return new Selection(this.groups, arriving);
  }
  enter() { return new Selection(this.arriving); }
}

const d3 = {
  select(what) {
    const node = typeof what === "string" ? document.querySelector(what) : what;
    return new Selection([{ nodes: [node].filter(Boolean) }]);
  },
  selectAll: (selector) => d3.select(document.documentElement).selectAll(selector),
  schemeCategory10: "1f77b4 ff7f0e 2ca02c d62728 9467bd 8c564b e377c2 7f7f7f bcbd22 17becf".split(" ").map((hex) => "#" + hex),
  scaleOrdinal: (colors) => (index) => colors[index % colors.length],
  line() {
    const path = (points) => "M" + points.map((point) => [path.of.x(point), path.of.y(point)].join()).join("L");
    path.of = {};
    for (const name of ["x", "y"]) path[name] = (part) => { path.of[name] = part; return path; };
    return path;
  },
};

function $(what) {
  const isNew = what.startsWith("<");
  const nodes = isNew ? [document.createElement(what.match(/\w+/)[0])] : [...document.querySelectorAll(what)];
  const all = (action) => { nodes.forEach(action); return list; };
  const list = {
    nodes,
    append: (other) => all((node) => node.append(...other.nodes)),
    attr: (name, value) => all((node) => node.setAttribute(name, value)),
    change: () => all((node) => node.dispatchEvent(new Event("change"))),
    empty: () => all((node) => node.replaceChildren()),
    on: (event, call) => all((node) => node.addEventListener(event, call)),
    text: (value) => all((node) => (node.textContent = value)),
    val: (value) => all((node) => (node.value = value)),
  };
  return list;
}
