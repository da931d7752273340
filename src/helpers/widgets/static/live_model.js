// Brings the weights of a checkpoint into the page, once for all widgets that show it.
//
// Where they come from depends on the host: from the trait `weights` if the notebook carries them; in the published
// book from a file of the site, which the browser keeps from page to page; in JupyterLab, VS Code and Colab from the
// Python that made the widget.

import { assemble } from "./decoder.js";
import { makeTokenizer } from "./bpe.js";
import { button, element, fill } from "./dom.js";
import { readSafetensors } from "./safetensors.js";

const PATIENCE = 20_000; // milliseconds until a kernel counts as absent

const bytesOf = (data) =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);

// The checkpoint as {network, tokenizer}. A second widget of the page gets the same weights.
export function liveModel(model) {
  const loaded = (globalThis.bookLiveModels ??= new Map());
  const name = model.get("checkpoint") + model.get("digest");
  if (!loaded.has(name)) {
    const arriving = weightsOf(model).then((bytes) => {
      const { tensors, metadata } = readSafetensors(bytes);
      return assemble(tensors, JSON.parse(metadata.config));
    });
    arriving.catch(() => loaded.delete(name)); // so that it can be tried again
    loaded.set(name, arriving);
  }
  return loaded.get(name).then((network) => ({ network, tokenizer: makeTokenizer(JSON.parse(model.get("tokenizer"))) }));
}

function weightsOf(model) {
  const carried = model.get("weights");
  if (carried?.byteLength) return Promise.resolve(bytesOf(carried));
  const inPage = globalThis.bookWeights?.[model.get("checkpoint")]; // a page that travels alone
  if (inPage) return Promise.resolve(fromText(inPage));
  if (!globalThis.BOOK_MODELS) return fromKernel(model);
  if (!model.get("is_published")) return Promise.reject(new Error(model.get("labels").unpublished));
  return location.protocol === "file:" ? fromScript(model.get("checkpoint")) : fromSite(model.get("checkpoint"), model.get("digest"));
}

// Once fetched, the browser's copy serves every page; other weights have another digest, hence another address.
async function fromSite(name, digest) {
  const response = await fetch(`${globalThis.BOOK_MODELS}${name}.safetensors?${digest}`, { cache: "force-cache" });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trim());
  return new Uint8Array(await response.arrayBuffer());
}

const fromText = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

// A page opened from the disk may not fetch, but it may run a script that lies beside it.
function fromScript(name) {
  return new Promise((arrived, failed) => {
    const script = element("script", { src: `${globalThis.BOOK_MODELS}${name}.js` });
    script.onload = () => arrived(fromText(globalThis.bookWeights[name]));
    script.onerror = () => failed(new Error(script.src));
    document.head.append(script);
  });
}

function fromKernel(model) {
  return new Promise((arrived, failed) => {
    const giveUp = setTimeout(() => failed(new Error(model.get("labels").no_kernel)), PATIENCE);
    const listen = (content, buffers) => {
      if (content?.kind !== "weights") return;
      clearTimeout(giveUp);
      model.off("msg:custom", listen);
      arrived(bytesOf(buffers[0]));
    };
    model.on("msg:custom", listen);
    model.send({ kind: "weights" });
  });
}

// A line that says how far the weights are, and a way to try again. `begin` loads and then calls `ready`; it may be
// called more than once. The state stands in `box.dataset.live`: example, loading, ready or failed.
export function loading(model, box, ready, missing = () => {}) {
  const text = model.get("labels");
  const line = element("p", { class: "tool-note", role: "status" }, text.example);
  const again = button(text.retry, "retry", () => begin());
  again.hidden = true;
  box.dataset.live = "example";
  // Python answers when it is idle: while it runs other cells that may be long after we gave up.
  function late(content) {
    if (content?.kind !== "weights") return;
    model.off("msg:custom", late);
    begin();
  }
  function begin() {
    if (box.dataset.live === "loading" || box.dataset.live === "ready") return;
    box.dataset.live = "loading";
    line.textContent = text.loading;
    again.hidden = true;
    liveModel(model).then(
      (live) => {
        box.dataset.live = "ready";
        line.hidden = true;
        ready(live);
      },
      (error) => {
        box.dataset.live = "failed";
        line.classList.add("tool-error");
        line.textContent = fill(text.failed, { why: error.message });
        again.hidden = false;
        model.on("msg:custom", late);
        missing();
      },
    );
  }
  return { nodes: [line, again], begin };
}
