(function () {
  const root = document.querySelector('[data-view=' + __KEY__ + ']:not([id])');
  if (!root) return;
  window.__bvCount = (window.__bvCount || 0) + 1;
  root.id = "attention-view-" + window.__bvCount;
  function draw($, d3, params) {__DRAW__}
  function go() { draw(window.__bv.$, window.__bv.d3, Object.assign(__PARAMS__, { root_div_id: root.id })); }
  function server() {
    const data = document.getElementById("jupyter-config-data");
    const base = (data && JSON.parse(data.textContent).baseUrl) || "/";
    return base + "files/_vendor/site/vendor/";
  }
  function load() {
    if (document.readyState === "loading") return addEventListener("DOMContentLoaded", load); // book.js comes last
    if (window.__bv) return go();
    let script = document.querySelector("script[data-bv]");
    if (!script) {
      script = document.createElement("script");
      script.dataset.bv = "";
      script.src = (window.BOOK_VENDOR || server()) + "bertviz-libs.js";
      document.head.append(script);
    }
    script.addEventListener("load", go);
    script.addEventListener("error", () => { script.remove(); root.lastChild.textContent = __OFFLINE__; });
  }
  const near = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) { near.disconnect(); load(); }
  }, { rootMargin: "800px" });
  near.observe(root);
})();
