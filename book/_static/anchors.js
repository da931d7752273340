// A link into a page (#c038) stays at its place while figures above it are still being drawn, until the reader moves.
(function () {
  "use strict";
  const SECONDS = 5;
  const target = document.getElementById(location.hash.slice(1));
  const isNew = performance.getEntriesByType("navigation")[0]?.type === "navigate"; // a reload keeps where one was
  if (!target || !isNew) return;
  const watch = new ResizeObserver(() => target.scrollIntoView({ behavior: "instant" }));
  const stop = () => watch.disconnect();
  watch.observe(document.body);
  for (const event of ["wheel", "touchstart", "pointerdown", "keydown"])
    addEventListener(event, stop, { once: true, passive: true });
  setTimeout(stop, 1000 * SECONDS);
})();
