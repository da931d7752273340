// Questions that answer in the page. A question is a box of plain Markdown: its text, its choices (none, if the answer
// is a number), and a folded explanation. This script adds what a reader can press, says right or wrong, and keeps the
// answers in this browser. Without it, and in JupyterLab, the box reads as it stands:
//
//   <div class="recall" data-answer="2">          the right choice; or data-answer="3.47" data-tolerance="0.01"
//   The question.
//   1. first choice
//   2. second choice
//   <details><summary>Answer</summary>
//   The explanation, and a remark for each answer that has one of its own:
//   - **1.** What to say to a reader who chose 1 (or, for a number, who wrote 1).
//   </details>
//   </div>
(function () {
  "use strict";
  const LABELS = {
    en: {
      answer: "Answer",
      check: "Check",
      yours: "Your answer",
      right: "Right.",
      wrong: "Not right.",
      again: "Think again, or open the answer.",
      shown: "The answer is open below.",
      choose: "Choose one first.",
      digits: "Write one number in digits, such as 0.5 or 2e9.",
      coarse: "Right as far as it goes: give more digits.",
      score: "{answered} of {all} questions answered, {first} right at the first try.",
      kept: "Your answers stay in this browser.",
      restart: "Start again",
      forgotten: "The answers are forgotten. Begin here.",
      run: "Write and check it in the notebook: {colab}, or {lab} and then {file}.",
      colab: "open in Colab",
    },
    "zh-CN": {
      answer: "答案",
      check: "检查",
      yours: "你的答案",
      right: "正确。",
      wrong: "不对。",
      again: "再想一想，或者打开答案。",
      shown: "答案已在下面展开。",
      choose: "请先选择一项。",
      digits: "请只写一个数，用阿拉伯数字，例如 0.5 或 2e9。",
      coarse: "到这一位是对的，请再多写几位。",
      score: "共 {all} 题，已答 {answered} 题，其中 {first} 题一次答对。",
      kept: "答案只保存在这个浏览器里。",
      restart: "重新开始",
      forgotten: "答案已清除，请从这里重新开始。",
      run: "请在笔记本里编写并检查：{colab}，或者先运行 {lab}，再打开 {file}。",
      colab: "在 Colab 中打开",
    },
  };
  const words = LABELS[document.documentElement.lang] ?? LABELS.en;
  const KEY = `book-recall ${location.pathname}`;
  const MISSES = 2; // after so many the answer opens

  // ---- numbers as readers write them

  const NUMBER = /^([+-]?[.,]?\d[\d.,]*(?:e[+-]?\d+)?)\s*([\p{L}%][^\d]*)?$/iu;
  const GROUPED = /^[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d*)(?:\.\d*)?(?:e[+-]?\d+)?$/i;
  const SCALES = [[/^(k|thousand)(?![a-z])/i, 1e3], [/^万/, 1e4], [/^(m|million)(?![a-z])/i, 1e6], [/^亿/, 1e8],
    [/^(b|billion)(?![a-z])/i, 1e9]];

  // All that a text can mean: "3,47" and "3.47 nats" are one number, "1,024" and "7 million" may be two, "1/8" is none.
  function readings(text) {
    const plain = text.trim().replace(/^[=≈~]\s*/, "").replace(/−/g, "-").replace(/(\d)[\s_'’](?=\d{3}(?!\d))/g, "$1");
    const [, number, unit = ""] = plain.match(NUMBER) ?? [];
    if (!number) return [];
    const swapped = number.replace(/[.,]/g, (mark) => (mark === "," ? "." : ","));
    const values = [number, swapped].filter((way) => GROUPED.test(way)).map((way) => Number(way.replaceAll(",", "")));
    const [, scale = 1] = SCALES.find(([word]) => word.test(unit)) ?? []; // 1 if the question asks in millions
    return [...values, ...values.map((value) => value * scale)];
  }

  const agrees = (value, wanted, tolerance) => Math.abs(value - wanted) <= tolerance + 1e-9 * Math.abs(wanted);

  // The answer, rounded to fewer digits than asked for, and still near it.
  function isCoarse(value, wanted) {
    const isRounded = (digits) => agrees(value, Number(wanted.toPrecision(digits)), 0);
    return agrees(value, wanted, 0.05 * Math.abs(wanted)) && [1, 2, 3, 4, 5].some(isRounded);
  }

  function verdict({ answer, tolerance, choices }, given) {
    if (choices) return given === String(answer) ? "right" : given ? "wrong" : "choose";
    const values = readings(given);
    if (!values.length) return "digits";
    if (values.some((value) => agrees(value, answer, tolerance))) return "right";
    return values.some((value) => isCoarse(value, answer)) ? "coarse" : "wrong";
  }

  // What the answers given so far amount to; those after the right one are curiosity and cost nothing.
  function standing(question) {
    const right = question.tried.findIndex((given) => verdict(question, given) === "right");
    return { isDone: right >= 0 || question.tried.length >= MISSES, isFirst: right === 0 };
  }

  // ---- memory

  function kept() {
    try {
      return { ...JSON.parse(localStorage.getItem(KEY)) };
    } catch {
      return {}; // a browser that keeps nothing still asks and answers
    }
  }

  function keep(questions) {
    const answers = questions.map(({ text, tried }) => [text, tried.length ? tried : undefined]);
    try {
      localStorage.setItem(KEY, JSON.stringify({ ...kept(), ...Object.fromEntries(answers) }));
    } catch {} // as above
  }

  // A question is known by its words, so a new wording is asked anew. Formulas are left out: drawing changes them.
  function textOf(parts) {
    const copies = parts.map((part) => part.cloneNode(true));
    for (const copy of copies) copy.querySelectorAll(".math").forEach((formula) => formula.remove());
    return copies.map((copy) => copy.textContent).join(" ").replace(/\s+/g, " ").trim();
  }

  // ---- the box

  let count = 0;

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  function control(name, value) {
    if (!value) return element("input", { type: "text", name, inputmode: "decimal", autocomplete: "off", size: 14 });
    return element("input", { type: "radio", name, value });
  }

  // A choice keeps its place in its list and becomes a label.
  function makeChoice(item, name, value) {
    const paragraph = item.querySelector("p") ?? item;
    const label = element("label", {}, control(name, value), element("span", {}, ...paragraph.childNodes));
    item.replaceChildren(label);
    return item;
  }

  function makeFields(list, name, asked) {
    const choices = list && [...list.children].map((item, i) => makeChoice(item, name, String(i + 1)));
    const field = list ?? element("label", { class: "recall-number" }, `${words.yours} `, control(name));
    const button = element("button", { type: "submit" }, words.check);
    const group = element("fieldset", { "aria-labelledby": asked.id }, field, button);
    return { choices, form: element("form", { novalidate: "" }, group) };
  }

  // The parts of a box; null if it is no complete question, which then stays as it is.
  function prepare(box) {
    const fold = box.querySelector(":scope > details");
    const list = box.querySelector(":scope > ol");
    const [answer, tolerance] = [Number(box.dataset.answer), Number(box.dataset.tolerance ?? 0)];
    const isOne = !list || (list.children.length > 1 && list.children[answer - 1]);
    if (!fold || !box.dataset.answer || Number.isNaN(answer + tolerance) || !isOne) return null;
    const parts = [...box.children].filter((part) => part !== fold && part !== list);
    const text = textOf(list ? [...parts, list] : parts);
    const name = `recall-${(count += 1)}`;
    const asked = element("div", { class: "recall-asked", id: name }, ...parts);
    const said = element("p", { class: "recall-said", role: "status" });
    const { choices, form } = makeFields(list, name, asked);
    fold.querySelector("summary").textContent = words.answer;
    box.replaceChildren(asked, form, said, fold);
    return { box, fold, form, said, choices, answer, tolerance, text, input: form.elements.namedItem(name), tried: [] };
  }

  // What the explanation says to exactly this answer: the item that begins with it in bold.
  function remark({ fold, choices, tolerance }, given) {
    const values = choices ? [Number(given)] : readings(given);
    for (const bold of fold.querySelectorAll("li strong:first-child")) {
      const [wanted] = readings(bold.textContent.replace(/[.:。：]$/, ""));
      if (bold.previousSibling || !values.some((value) => agrees(value, wanted, tolerance))) continue;
      const copy = bold.parentElement.cloneNode(true);
      copy.firstElementChild.remove();
      return [" ", ...copy.childNodes];
    }
    return [];
  }

  function say(question, found, ...more) {
    question.said.dataset.verdict = found;
    question.said.replaceChildren(words[found], ...more);
  }

  function reply(question, given) {
    const found = verdict(question, given);
    const { isDone } = standing(question);
    if (found !== "wrong") return say(question, found);
    say(question, found, ...remark(question, given), " ", isDone ? words.shown : words.again);
  }

  // Each choice that was tried carries its verdict, as a sign and as words.
  function mark(question) {
    question.choices?.forEach((item, i) => {
      item.querySelector(".recall-mark")?.remove();
      const given = String(i + 1);
      const found = question.tried.includes(given) ? verdict(question, given) : "";
      item.dataset.verdict = found;
      if (!found) return;
      const sign = { class: "recall-mark", role: "img", "aria-label": words[found] };
      item.firstElementChild.append(element("span", sign, found === "right" ? "✓" : "✗"));
    });
  }

  function answer(question) {
    const given = question.input.value.trim();
    const found = verdict(question, given);
    const counts = found === "right" || found === "wrong";
    if (counts && !question.tried.includes(given)) question.tried.push(given);
    keep([question]);
    mark(question);
    reply(question, given);
    if (counts && standing(question).isDone) question.fold.open = true;
    question.score();
  }

  // As the reader left it.
  function restore(question, tried) {
    if (!Array.isArray(tried) || !tried.length) return;
    question.tried = tried.map(String).filter((given) => !question.choices || question.choices[given - 1]);
    if (!question.tried.length) return;
    question.input.value = question.tried.at(-1);
    mark(question);
    reply(question, question.tried.at(-1));
    question.fold.open = standing(question).isDone;
  }

  function forget(question) {
    question.tried = [];
    question.form.reset();
    question.fold.open = false;
    question.said.replaceChildren();
    delete question.said.dataset.verdict;
    mark(question);
  }

  // ---- the score of a section

  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);

  function restart(questions) {
    questions.forEach(forget);
    keep(questions);
    questions[0].score();
    questions[0].said.textContent = words.forgotten;
    questions[0].form.querySelector("input").focus();
  }

  function addScore(section, questions) {
    const line = element("p");
    const button = element("button", { type: "button" }, words.restart);
    section.append(element("div", { class: "recall-score" }, line, button));
    const score = () => {
      const standings = questions.map(standing);
      const [answered, first] = ["isDone", "isFirst"].map((key) => standings.filter((one) => one[key]).length);
      line.textContent = `${fill(words.score, { answered, first, all: questions.length })} ${words.kept}`;
      button.hidden = !questions.some(({ tried }) => tried.length);
    };
    button.addEventListener("click", () => restart(questions));
    for (const question of questions) question.score = score;
    score();
  }

  // The section below the page's title that the box stands in: all exercises together make one.
  function chapterSection(box) {
    const chain = [];
    for (let section = box.closest("section"); section; section = section.parentElement.closest("section"))
      chain.push(section);
    return chain.at(-2) ?? chain[0] ?? box.parentElement;
  }

  // ---- code exercises

  // Each stub says where it can be run; the page's own launch link knows the repository and the notebook.
  function sayWhereToRun() {
    const launch = document.querySelector('a[href^="https://colab.research.google.com/"][href$=".ipynb"]');
    if (!launch) return;
    for (const cell of document.querySelectorAll("div.cell")) {
      if (!/\bexercises\.check_/.test(cell.querySelector(".cell_input")?.textContent)) continue;
      const parts = {
        colab: element("a", { href: launch.href }, words.colab),
        lab: element("code", {}, "make lab"),
        file: element("code", {}, launch.pathname.split("/").slice(-2).join("/")),
      };
      const pieces = words.run.split(/\{(\w+)\}/).map((piece) => parts[piece] ?? piece);
      cell.before(element("p", { class: "recall-run" }, ...pieces));
    }
  }

  function start() {
    const answers = kept();
    const sections = new Map();
    for (const box of document.querySelectorAll("div.recall")) {
      const question = prepare(box);
      if (!question) continue;
      restore(question, answers[question.text]);
      question.form.addEventListener("submit", (event) => {
        event.preventDefault();
        answer(question);
      });
      const section = chapterSection(box);
      sections.set(section, [...(sections.get(section) ?? []), question]);
    }
    for (const [section, questions] of sections) addScore(section, questions);
    sayWhereToRun();
  }

  start();
})();
