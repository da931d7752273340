// Sets formulas: reads [[TeX, is it displayed], ...] as JSON, writes {css, formulas} with each formula as SVG.
// Hidden MathML beside it is what screen readers say.
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const settings = {
  loader: { load: ["input/tex", "output/svg", "a11y/assistive-mml"] },
  tex: { packages: { "[+]": ["ams"] }, formatError: (_, error) => { throw error; } },
};
require("mathjax").init(settings).then((MathJax) => {
  const { adaptor } = MathJax.startup;
  const formulas = texts.map(([tex, display]) => adaptor.outerHTML(MathJax.tex2svg(tex, { display })));
  console.log(JSON.stringify({ css: adaptor.textContent(MathJax.svgStylesheet()), formulas }));
}).catch((error) => { console.error(error.message); process.exit(1); });
