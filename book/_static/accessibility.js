// Mends what the theme leaves unclear to screen readers. Each line names the rule of axe-core that it satisfies.
addEventListener("DOMContentLoaded", () => {
  // label-content-name-mismatch: a button's name must contain the words it shows ("Search", "Ctrl+K").
  for (const button of document.querySelectorAll("button[aria-label]")) {
    const shown = button.innerText.replace(/\s+/g, " ").trim();
    if (shown && !button.getAttribute("aria-label").includes(shown)) button.setAttribute("aria-label", shown);
  }
  // The same for a folded cell: "Show code cell source" says it, "Toggle hidden content" does not.
  for (const summary of document.querySelectorAll("details > summary[aria-label]")) summary.removeAttribute("aria-label");
  // aria-required-children: what stands in a list is an item of it.
  for (const entry of document.querySelectorAll(".citation-list > .citation")) entry.setAttribute("role", "listitem");
  // region: the link past the menu belongs to the navigation.
  for (const logo of document.querySelectorAll(".sidebar-primary__section > .navbar-brand, .sidebar-primary-item > .navbar-brand"))
    logo.parentElement.setAttribute("role", "banner");
  scrollableBoxes();
  addEventListener("resize", scrollableBoxes);
  addEventListener("load", () => (window.MathJax?.startup?.promise ?? Promise.resolve()).then(scrollableBoxes));
});

const SCROLLING = ".pst-scrollable-table-container, .cell_output, .highlight pre, div.math, mjx-container[display]";

// scrollable-region-focusable: what scrolls must be reachable from the keyboard.
function scrollableBoxes() {
  for (const box of document.querySelectorAll(SCROLLING)) {
    const scrolls = box.scrollWidth > box.clientWidth + 1;
    if (scrolls && !box.hasAttribute("tabindex")) box.tabIndex = 0;
  }
}
