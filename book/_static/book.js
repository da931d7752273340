// Plotly figures of the book: drawn from the page's own data when they come near the screen, in the page's theme.
(function () {
  "use strict";
  const here = document.currentScript.src || location.href; // without an address of its own in a page that travels alone
  // Read by the widgets with a live model (helpers/widgets/static/live_model.js).
  window.BOOK_MODELS = new URL("../models/", here).href;

  let library;
  function plotly() {
    if (window.Plotly) return window.Plotly; // it stands in the page
    library ||= new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = new URL("../vendor/plotly.js", here).href;
      script.onload = () => done(window.Plotly);
      script.onerror = () => failed(new Error("plotly.js could not be loaded"));
      document.head.append(script);
    });
    return library;
  }

  function themeLayout() {
    const dark = document.documentElement.dataset.theme === "dark";
    const [ink, grid] = dark ? ["#ced6dd", "#48566b"] : ["#1f2328", "#d0d7de"];
    const look = { "font.color": ink, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" };
    for (const axis of ["xaxis", "yaxis"]) Object.assign(look, { [axis + ".gridcolor"]: grid, [axis + ".linecolor"]: grid });
    look["hoverlabel.bgcolor"] = dark ? "#222832" : "#ffffff";
    look["hoverlabel.font.color"] = ink;
    return look;
  }

  // Plotly draws its lists as pictures, which a keyboard does not reach; the page uses real lists.
  function realMenu(Plotly, graph, menu, name) {
    const label = document.createElement("label");
    const select = document.createElement("select");
    for (const button of menu.buttons) select.add(new Option(button.label));
    select.selectedIndex = menu.active || 0;
    select.addEventListener("change", () => Plotly.update(graph, ...menu.buttons[select.selectedIndex].args));
    label.className = "book-plotly-menu";
    label.append(name, " ", select);
    return label;
  }

  async function draw(box) {
    const figure = JSON.parse(box.querySelector("script").textContent);
    const Plotly = await plotly();
    const { updatemenus = [], ...layout } = figure.layout;
    const graph = document.createElement("div");
    box.append(...updatemenus.map((menu) => realMenu(Plotly, graph, menu, menu.name || "")), graph);
    await Plotly.newPlot(graph, figure.data, layout, { responsive: true, displaylogo: false });
    await Plotly.relayout(graph, themeLayout());
    box.graph = graph;
  }

  function begin(box) {
    if (box.dataset.state) return;
    box.dataset.state = "drawing";
    draw(box).then(
      () => (box.dataset.state = "drawn"),
      (error) => { box.dataset.state = "failed"; box.append(`This figure could not be drawn: ${error.message}.`); },
    );
  }

  function start() {
    const boxes = [...document.querySelectorAll(".book-plotly")];
    if (!boxes.length) return;
    const near = new IntersectionObserver(
      (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => begin(entry.target)),
      { rootMargin: "800px" },
    );
    boxes.forEach((box) => near.observe(box));
    addEventListener("beforeprint", () => boxes.forEach(begin));
    new MutationObserver(() => boxes.forEach((box) => box.graph && window.Plotly.relayout(box.graph, themeLayout())))
      .observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  document.addEventListener("DOMContentLoaded", start);
})();
