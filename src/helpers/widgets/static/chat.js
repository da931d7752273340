// A chat with a tuned model: a message is sent, and the model answers token by token until it ends its turn.

import { chatIds } from "./chat_template.js";
import { button, choice, element, fill, follow, put, say, slider, textBox, toolBox, whenNear } from "./dom.js";
import { draw, filtered, uniform } from "./filters.js";
import { loading, tokenizerOf } from "./live_model.js";
import { makeReader } from "./reading.js";

const SPEECH_PACE = 40; // milliseconds between two tokens of an answer

// ---------------------------------------------------------------- the chat and what the model reads of it

function chatPage(text) {
  const page = element("div", { class: "ct-log", tabindex: "0", role: "region", "aria-label": text.log });
  const spoken = element("p", { class: "tool-unseen", role: "status" });
  const turn = ({ role, content }) =>
    element("p", { class: `ct-turn ct-${role}` }, element("span", { class: "ct-who" }, text[role]), content);
  let heard = null; // how many messages were there when something was last said
  function paint(messages, growing) {
    const shown = growing === null ? messages : [...messages, { role: "assistant", content: growing }];
    page.replaceChildren(...shown.map(turn));
    page.scrollTop = page.scrollHeight;
    if (growing !== null) return;
    const last = messages.at(-1);
    if (heard !== null && messages.length > heard && last.role === "assistant") say(spoken, last.content);
    heard = messages.length;
  }
  return { nodes: [page, spoken], paint };
}

// Marks on a ground of their own: they are tokens that no message can contain.
function rawText(text, tokenizer, marks) {
  const line = element("p", { class: "ct-raw" });
  const node = element("details", { class: "tool-details" }, element("summary", {}, text.raw), line);
  const isMark = new Set(Object.values(marks));
  function paint(ids) {
    const parts = [];
    let run = [];
    const flush = () => run.length && parts.push(tokenizer.decode(run));
    for (const id of ids) {
      if (!isMark.has(id)) {
        run.push(id);
        continue;
      }
      flush();
      run = [];
      parts.push(element("b", { class: "ct-mark" }, tokenizer.decode([id])));
    }
    flush();
    line.replaceChildren(...parts);
  }
  return { node, paint };
}

// ---------------------------------------------------------------- the answer

// Writes from `ids` on: `grow` sees what is written so far, `done` the whole answer and whether the turn was ended.
// What is returned stops it.
function answering(reader, ids, { end, temperature, seed }, grow, done) {
  const written = [];
  let timer = 0;
  function next() {
    if (ids.length + written.length >= reader.capacity) return done(written, false);
    const logits = reader.logits([...ids, ...written]).at(-1);
    const probabilities = filtered(logits, { temperature, top_k: 0, top_p: 1 });
    const id = draw(probabilities, uniform(seed, ids.length + written.length));
    if (id === end) return done(written, true);
    written.push(id);
    grow(written);
    timer = setTimeout(next, SPEECH_PACE);
  }
  next();
  return () => clearTimeout(timer);
}

// ---------------------------------------------------------------- all together

function render({ model, el }) {
  const [text, marks] = [model.get("labels"), model.get("marks")];
  const tokenizer = tokenizerOf(model);
  let reader = null; // until the weights are there
  let growing = null; // the answer that is being written
  let stop = () => {};

  const box = toolBox("chat", text.name);
  const live = loading(model, box, begin);
  const page = chatPage(text);
  const raw = rawText(text, tokenizer, marks);
  const note = element("p", { class: "tool-note", role: "status" });
  const draft = textBox(model, "draft", { label: text.draft, rows: 3, wait: 0 });
  const area = draft.row.querySelector("textarea");
  const temperature = slider(model, "temperature", {
    label: text.temperature, min: 0, max: 2, step: 0.05, say: (t) => (t > 0 ? t.toFixed(2) : text.greedy),
  });
  const examples = choice(model, "draft", {
    label: text.examples, options: [["", text.pick], ...model.get("examples").map(([name, message]) => [message, name])],
  });
  const hands = element("div", { class: "tool-buttons" }, button(text.send, "send", send), button(text.clear, "clear", clear));
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  const parts = [...page.nodes, examples.row, draft.row, hands, ...live.nodes, note, temperature.row, raw.node];
  box.append(...parts);

  const capacity = () => reader?.capacity ?? Infinity;
  function paint() {
    const messages = model.get("messages");
    const ids = messages.length ? chatIds(messages, tokenizer, marks) : [];
    page.paint(messages, growing);
    raw.paint(ids);
    note.textContent = ids.length >= capacity() ? fill(text.full, { n: reader.capacity }) : "";
    note.hidden = !note.textContent;
    [draft, examples, temperature].forEach((part) => part.update());
  }
  function finish(written, isEnded) {
    const content = tokenizer.decode(written) + (isEnded ? "" : text.cut);
    growing = null;
    put(model, { messages: [...model.get("messages"), { role: "assistant", content }] });
  }
  function answer() {
    const ids = chatIds(model.get("messages"), tokenizer, marks);
    const settings = { end: marks.end, temperature: model.get("temperature"), seed: model.get("seed") };
    growing = "";
    const grow = (written) => page.paint(model.get("messages"), (growing = tokenizer.decode(written)));
    stop = answering(reader, ids, settings, grow, finish);
  }
  function send() {
    const content = area.value.trim();
    if (!content || growing !== null) return;
    live.whenReady(() => {
      const messages = [...model.get("messages"), { role: "user", content }];
      if (chatIds(messages, tokenizer, marks).length >= reader.capacity) {
        note.textContent = fill(text.full, { n: reader.capacity });
        note.hidden = false;
        return;
      }
      put(model, { messages, draft: "" });
      answer();
    });
  }
  function clear() {
    put(model, { messages: [], draft: "" });
  }
  function update() {
    const isMine = growing !== null && model.get("messages").at(-1)?.role === "user";
    if (!isMine) {
      stop(); // the chat was changed: what is being written is void
      growing = null;
    }
    paint();
    live.begin();
  }
  function begin(arrived) {
    reader = makeReader(arrived);
    paint();
  }

  const ends = [
    follow(model, ["messages"], update),
    follow(model, ["draft", "temperature"], () => [draft, examples, temperature].forEach((part) => part.update())),
    whenNear(box, live.begin),
    live.end,
    () => stop(),
  ];
  el.append(box);
  paint();
  return () => ends.forEach((end) => end());
}

export default { render };
