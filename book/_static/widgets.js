// Draws anywidgets in a static page: the part of ipywidgets that works without a kernel, without dependencies.
// The notebook's last state stands in the page as JSON; each view marks the place where a widget goes.
(function () {
  "use strict";
  const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';
  const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
  const states = {};
  const models = {};
  const modules = {};

  function bytes(base64) {
    return new DataView(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer);
  }

  // Binary traits stand beside the state, each with the path of keys that leads to its place.
  function initialState(record) {
    const state = structuredClone(record.state);
    for (const buffer of record.buffers || []) {
      const place = buffer.path.slice(0, -1).reduce((value, key) => value[key], state);
      place[buffer.path.at(-1)] = bytes(buffer.data);
    }
    return state;
  }

  // Setting a trait to what it is already tells nobody, as in ipywidgets.
  function same(a, b) {
    return a === b || (!ArrayBuffer.isView(a) && !ArrayBuffer.isView(b) && JSON.stringify(a) === JSON.stringify(b));
  }

  // What anywidget calls a model: values, listeners, and references to other models.
  function makeModel(record) {
    const state = initialState(record);
    let listeners = [];
    const tell = (event, ...details) => {
      for (const item of listeners.filter((listener) => listener.event === event)) item.call(...details);
    };
    const names = (events) => events.split(" ").filter(Boolean);
    return {
      get: (name) => state[name],
      set(name, value) {
        if (typeof name === "object") return Object.entries(name).forEach(([key, part]) => this.set(key, part));
        if (same(state[name], value)) return;
        state[name] = value;
        tell("change:" + name, this, value);
        tell("change", this);
      },
      on(events, call) { for (const event of names(events)) listeners.push({ event, call }); },
      off(events, call) {
        const gone = (listener) =>
          (!events || names(events).includes(listener.event)) && (!call || call === listener.call);
        listeners = listeners.filter((listener) => !gone(listener));
      },
      save_changes() {}, // nobody listens behind a static page
      send() {},
      widget_manager: { get_model: (reference) => model(reference.replace("IPY_MODEL_", "")) },
    };
  }

  // One model per id: two views of a widget share it and move together. initialize runs once per model.
  function model(id) {
    models[id] ||= (async () => {
      if (!states[id]) throw new Error("the page does not hold its state: run the notebook again and save it");
      const made = makeModel(states[id]);
      const widget = await widgetOf(states[id].state._esm);
      await widget.initialize?.({ model: made, experimental: {} });
      return made;
    })();
    return models[id];
  }

  async function widgetOf(code) {
    if (!code) return {};
    modules[code] ||= import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    const found = (await modules[code]).default;
    return typeof found === "function" ? found() : found;
  }

  function addStyle(css, root) {
    if (!css || root.querySelector(`style[data-widget]`)?.textContent === css) return;
    const style = document.createElement("style");
    style.dataset.widget = "";
    style.textContent = css;
    root.append(style);
  }

  async function draw(place, id) {
    const { _css, _esm } = states[id]?.state || {};
    addStyle(_css, document.head);
    const own = await model(id);
    const widget = await widgetOf(_esm);
    await widget.render?.({ model: own, el: place, experimental: {} });
    place.dataset.state = "drawn";
  }

  function fail(place, error) {
    place.dataset.state = "failed";
    place.textContent = `This interactive part could not be drawn (${error.message}). Run the notebook to use it.`;
  }

  function prepare(view, observer) {
    const id = JSON.parse(view.textContent).model_id;
    if (states[id] && states[id].model_module !== "anywidget") return;
    const place = document.createElement("div");
    place.className = "book-widget";
    place.draw = () => {
      delete place.draw;
      return draw(place, id).catch((error) => fail(place, error));
    };
    view.after(place);
    observer.observe(place);
  }

  function start() {
    for (const script of document.querySelectorAll(STATE)) Object.assign(states, JSON.parse(script.textContent).state);
    const near = new IntersectionObserver(
      (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => entry.target.draw?.()),
      { rootMargin: "1000px" },
    );
    document.querySelectorAll(VIEW).forEach((view) => prepare(view, near));
    addEventListener("beforeprint", () => document.querySelectorAll(".book-widget").forEach((place) => place.draw?.()));
  }

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
