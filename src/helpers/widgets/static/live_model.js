// Brings the weights of a checkpoint into the page, once for all widgets that show it.
//
// Where they come from depends on the host: from the trait `weights` if the notebook carries them; in the published
// book from a file of the site, which the browser keeps from page to page; in JupyterLab, VS Code and Colab from the
// Python that made the widget.

import { assemble } from "./decoder.js";
import { makeTokenizer } from "./bpe.js";
import { button, element, fill } from "./dom.js";
import { readSafetensors } from "./safetensors.js";

const PATIENCE = 20_000; // milliseconds until a kernel counts as busy

// ---------------------------------------------------------------- where weights come from

const bytesOf = (data) =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);

const fromText = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

// Once fetched, the browser's copy serves every page; other weights have another digest, hence another address.
async function fromSite(name, digest) {
  const response = await fetch(`${globalThis.BOOK_MODELS}${name}.safetensors?${digest}`, { cache: "force-cache" });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trim());
  return new Uint8Array(await response.arrayBuffer());
}

// A page opened from the disk may not fetch, but it may run a script that lies beside it.
function fromScript(name) {
  return new Promise((arrived, failed) => {
    const script = element("script", { src: `${globalThis.BOOK_MODELS}${name}.js` });
    script.onload = () => arrived(fromText(globalThis.bookWeights[name]));
    script.onerror = () => failed(new Error(script.src));
    document.head.append(script);
  });
}

// Python answers when it is idle, which may be long after the question.
function fromKernel(model) {
  return new Promise((arrived) => {
    const listen = (content, buffers) => {
      if (content?.kind !== "weights") return;
      model.off("msg:custom", listen);
      arrived(bytesOf(buffers[0]));
    };
    model.on("msg:custom", listen);
    model.send({ kind: "weights" });
  });
}

const needsKernel = (model) => !model.get("weights")?.byteLength && !globalThis.BOOK_MODELS;

async function weightsOf(model) {
  const name = model.get("checkpoint"); // empty for a model that was made in the notebook
  const carried = model.get("weights");
  if (carried?.byteLength) return bytesOf(carried);
  if (needsKernel(model)) return fromKernel(model);
  if (!name) throw new Error(model.get("labels").unpublished);
  const inPage = globalThis.bookWeights?.[name]; // a page that travels alone
  if (inPage) return fromText(inPage);
  return location.protocol === "file:" ? fromScript(name) : fromSite(name, model.get("digest"));
}

// ---------------------------------------------------------------- the model in the page

// The network of a checkpoint. A second widget of the page gets the same one.
async function networkOf(model) {
  const loaded = (globalThis.bookLiveModels ??= new Map());
  const name = model.get("checkpoint") + model.get("digest");
  if (loaded.has(name)) return loaded.get(name);
  const arriving = weightsOf(model).then((bytes) => {
    const { tensors, metadata } = readSafetensors(bytes);
    return assemble(tensors, JSON.parse(metadata.config));
  });
  // A question to Python dies with the view that asked it, so others may not wait for its answer.
  if (needsKernel(model)) arriving.then(() => loaded.set(name, arriving));
  else loaded.set(name, arriving);
  arriving.catch(() => loaded.delete(name)); // so that it can be tried again
  return arriving;
}

// The tokenizer needs no weights, so it is there at once.
export const tokenizerOf = (model) => makeTokenizer(JSON.parse(model.get("tokenizer")), model.get("end_of_text"));

// A line that says how far the weights are, and a way to try again; the state stands in `box.dataset.live`: example,
// loading, ready or failed. `begin` loads and then calls `ready`; it may be called more than once. `whenReady` does
// what a reader asked for, at once or when the model is there; only the last wish counts. `end` forgets all.
export function loading(model, box, ready, missing = () => {}) {
  const text = model.get("labels");
  const line = element("p", { class: "tool-note", role: "status" }, text.example);
  const again = button(text.retry, "retry", () => begin());
  again.hidden = true;
  box.dataset.live = "example";
  let wish = null;
  let isGone = false;
  let clock = 0;

  function show(state, words) {
    const isFocused = document.activeElement === again;
    box.dataset.live = state;
    line.textContent = words;
    line.hidden = !words;
    line.classList.toggle("tool-error", state === "failed");
    again.hidden = state !== "failed";
    if (isFocused && again.hidden) box.querySelector("textarea, button:not([hidden])")?.focus(); // not lost with the button
    clearTimeout(clock);
  }
  function arrive(network) {
    if (isGone || box.dataset.live === "ready") return; // asked twice
    show("ready", "");
    ready({ network, tokenizer: tokenizerOf(model) });
    wish?.();
    wish = null;
  }
  function fail(why) {
    if (isGone) return;
    wish = null;
    show("failed", fill(text.failed, { why }));
    missing();
  }
  function begin() {
    if (box.dataset.live === "loading" || box.dataset.live === "ready") return;
    show("loading", text.loading);
    if (needsKernel(model)) clock = setTimeout(() => fail(text.no_kernel), PATIENCE);
    networkOf(model).then(arrive, (error) => fail(error.message));
  }
  function whenReady(action) {
    if (box.dataset.live === "ready") return action();
    wish = action;
    begin();
  }
  function end() {
    isGone = true;
    wish = null;
    clearTimeout(clock);
  }
  return { nodes: [line, again], begin, whenReady, end };
}
