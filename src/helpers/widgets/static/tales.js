// The best possible predictor of Tales: helpers.corpora.tales and storyteller, in plain JavaScript.
//
// It knows the program that tells the stories. It listens to a text, keeps every way in which the sentence under way
// may go on, each with its probability, and drops those that the next word refutes: a forward filter. What remains is
// the exact distribution of the next word. No model can predict better.
//
// The sentences, words and numbers come from helpers.widgets.tales_grammar; the scenes mirror tales.py line by line.
// Source: the forward algorithm, Rabiner 1989, "A Tutorial on Hidden Markov Models", section III.A.

export const END = "<end>"; // stands for the end of the tale among its words

// ---------------------------------------------------------------- the plot

// A scene yields choices, [weights of frames, slots that are still open with what can fill them], and is sent the frame
// that was said. By then whoever runs the scene has written into the world how the frame's open slots were filled.

const openSlots = ({ pools }, ...slots) => Object.fromEntries(slots.map((slot) => [slot, pools[slot]]));
const otherThan = (pool, ...taken) => pool.filter((key) => !taken.includes(key));

const SCENES = [
  function* opening(world, grammar) {
    const { pools } = grammar;
    world.aside = "none";
    yield [{ open: 1 }, openSlots(grammar, "hero", "kind", "trait")];
    const friends = { friend: otherThan(pools.friend, world.hero), friend_kind: otherThan(pools.kind, world.kind) };
    yield [{ home: 1 }, { ...friends, home: pools.home }];
    world.got = yield [{ birthday: 2, parcel: 2, given: 2 }, openSlots(grammar, "giver", "colour", "thing")];
  },

  function* outing(world, grammar) {
    const { pools, place_of, brings, troubles } = grammar;
    yield* withAside(world, "joy", 0.2, { "set out": 1 }, openSlots(grammar, "weather", "goal"));
    world.place = place_of[world.goal];
    const strangers = {
      stranger: otherThan(pools.stranger, world.hero, world.friend),
      stranger_kind: otherThan(pools.kind, world.kind, world.friend_kind),
    };
    const weight = (trouble) => (trouble === brings[world.weather] ? 4 : 1);
    const weights = Object.fromEntries(troubles.map((trouble) => [`meet ${trouble}`, weight(trouble)]));
    world.trouble = (yield [weights, strangers]).replace("meet ", "");
  },

  function* stranger(world, { helps }) {
    const p = helps[world.trait], help = `help ${world.trouble}`;
    const pass = world.trait === "shy" ? "too shy" : "no time";
    const said = yield* withAside(world, "plea", 0.3, { [help]: p, [pass]: 1 - p }, {});
    world.helped = said === help ? "yes" : "no";
  },

  function* crisis(world, grammar) {
    const feeling = world.helped === "yes" ? "thanks" : "regret";
    const weather = { windy: { wind: 8 }, rainy: { storm: 8 } }[world.weather];
    const weights = { ...grammar.crises, ...weather };
    world.crisis = yield* withAside(world, feeling, 0.3, weights, openSlots(grammar, "thief", "spot"));
  },

  function* search(world, { pools, solved_by }) {
    if (world.crisis === "storm") {
      world.found_by = world.helped === "yes" ? "stranger" : "friend";
      world.helper = world[world.found_by];
      yield [{ signal: 1 }, {}];
      yield* withAside(world, "waiting", 0.6, { rescue: 1 }, {});
      return;
    }
    yield [{ gone: 1 }, {}];
    yield* withAside(world, "present", 0.5, { comfort: 1 }, {});
    const wrong = { wrong_spot: otherThan(pools.spot, world.spot) };
    const solvers = Object.entries(solved_by[world.helped]);
    const solutions = Object.fromEntries(solvers.map(([who, p]) => [solutionBy(who, world.helped), p]));
    const said = yield* withAside(world, "wrong", 0.5, solutions, wrong);
    world.found_by = said.split(" ")[0];
    if (world.found_by !== "nobody") world.helper = world[world.found_by];
  },

  function* evening(world, { good_hearts }) {
    if (world.found_by === "nobody") {
      yield [{ consolation: 1 }, {}];
      yield [{ stars: 1, "lesson lost": 1 }, {}];
      return;
    }
    const endings = { reward: 5, music: 4, stars: 1, tell: 2 };
    if (world.crisis === "theft") {
      const regret = good_hearts.includes(world.trait) ? "forgive thief" : "scold thief";
      yield* withAside(world, regret, 0.9, endings, {});
    } else {
      yield [endings, {}];
    }
  },

  function* ending(world) {
    const questions = questionsAbout(world), lesson = lessonOf(world);
    const said = yield [{ [lesson]: 1.5 * total(Object.values(questions)), ...questions }, {}];
    if (said === lesson) {
      yield [questions, {}];
      return;
    }
    const others = Object.entries(questions).filter(([question]) => question !== said);
    yield [Object.fromEntries(others.map(([question, weight]) => [`${question} too`, weight])), {}];
  },
];

// One of `frames`, with probability `p` after an aside; a story has room for one aside.
function* withAside(world, aside, p, frames, slots) {
  if (world.aside === "none") {
    const sum = total(Object.values(frames));
    const shares = Object.entries(frames).map(([frame, weight]) => [frame, ((1 - p) * weight) / sum]);
    const said = yield [{ [aside]: p, ...Object.fromEntries(shares) }, slots];
    if (said !== aside) return said;
    world.aside = aside;
  }
  return yield [frames, slots];
}

const solutionBy = (who, helped) => (who === "stranger" && helped === "no" ? "stranger forgives" : `${who} finds`);

function lessonOf({ found_by, helped }) {
  if (found_by === "stranger") return helped === "yes" ? "lesson returned" : "lesson forgiven";
  return helped === "no" ? "lesson next time" : "lesson friend";
}

function questionsAbout({ crisis, found_by }) {
  const isStorm = crisis === "storm";
  const weights = { "ask giver": 5, "ask colour": 2, "ask goal": 3, "ask place": 1, "ask friend": 1.5 };
  Object.assign(weights, { "ask home": 2, "ask stranger": 0.5, [isStorm ? "ask shelter" : "ask spot"]: 2 });
  if (found_by !== "nobody") weights[isStorm ? "ask rescuer" : "ask finder"] = 2;
  if (crisis === "theft") weights["ask thief"] = 1;
  return weights;
}

function* wholeStory(world, grammar) {
  for (const scene of SCENES) yield* scene(world, grammar);
}

const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);

// ---------------------------------------------------------------- listening

const WORD = /'s|[A-Za-z]+|\S/gu;
const FIELD = /\{(\w+)\.?(\w*)\}/;

const wordsOf = (text) => text.match(WORD) ?? [];
const changed = (table, to) => Object.fromEntries(Object.entries(table).map(([key, value]) => [key, to(value)]));

// "{hero.He} lived near" as pieces: [{slot: "hero", form: "He"}, ["lived", "near"]].
function piecesOf(template) {
  const parts = template.split(FIELD); // text, slot, form, text, slot, form, …, text
  const pieces = [];
  for (let i = 0; i < parts.length; i += 3) {
    if (parts[i].trim()) pieces.push(wordsOf(parts[i]));
    if (i + 1 < parts.length) pieces.push({ slot: parts[i + 1], form: parts[i + 2] });
  }
  return pieces;
}

// Where spaces stand: not before these, not at the beginning, not inside a quotation's marks.
const CLINGING = [".", ",", "!", "?", "'s"];
const AT_FIRST = { isQuoting: false, clings: true };

function spelled(word, { isQuoting, clings }) {
  return clings || CLINGING.includes(word) || (word === '"' && isQuoting) ? word : ` ${word}`;
}

function marksAfter(word, { isQuoting }) {
  return word === '"' ? { isQuoting: !isQuoting, clings: !isQuoting } : { isQuoting, clings: false };
}

// A listener knows which sentences were said and every way in which the one under way may go on. A way has a
// probability `p`, its next words, and the pieces after them. A listener never changes: to hear a word makes another.
// That is why it keeps a script of what was said: a generator cannot be copied, so the next one plays the story again.
function makeListening(grammar) {
  const templates = changed(grammar.frames, (group) => group.map(piecesOf));
  const spoken = changed(grammar.lexicon, (forms) => changed(forms, wordsOf));

  // The listener at the beginning of a sentence, after those of the script: [frame, how its slots were filled].
  function listener(script, marks) {
    const world = {};
    const story = wholeStory(world, grammar);
    let choice = story.next();
    for (const [frame, settled] of script) {
      Object.assign(world, settled);
      choice = story.next(frame);
    }
    const [weights, options] = choice.value ?? [{}, {}];
    const begun = { script, marks, world, options, heard: {} };
    const sum = total(Object.values(weights));
    const ways = Object.entries(weights).flatMap(([frame, weight]) =>
      templates[frame].flatMap((pieces) =>
        expand(begun, { p: weight / sum / templates[frame].length, frame, pieces, settled: {} })));
    return { ...begun, ways };
  }

  // The way with its next piece spelled out; one way for each filling if an open slot stands there.
  function expand({ world, options }, way) {
    const [piece, ...pieces] = way.pieces;
    if (Array.isArray(piece)) return [{ ...way, words: piece, pieces }];
    const { slot, form } = piece;
    const known = way.settled[slot] ?? (options[slot] ? null : world[slot]);
    if (known) return [{ ...way, words: spoken[known][form], pieces }];
    return options[slot].map((key) => {
      const settled = { ...way.settled, [slot]: key };
      return { ...way, p: way.p / options[slot].length, words: spoken[key][form], pieces, settled };
    });
  }

  // The listener after one more word, one that can come. The last word of a sentence leaves a single way.
  function hear(before, word) {
    const fitting = before.ways.filter((way) => way.words[0] === word);
    const heard = fitting.map((way) => ({ ...way, words: way.words.slice(1) }));
    const marks = marksAfter(word, before.marks);
    const [{ words, pieces, frame, settled }] = heard;
    if (!words.length && !pieces.length) return listener([...before.script, [frame, settled]], marks);
    const ways = heard.flatMap((way) => (way.words.length ? [way] : expand(before, way)));
    return { ...before, marks, ways, heard: {} };
  }

  return { first: () => listener([], AT_FIRST), after: (before, word) => (before.heard[word] ??= hear(before, word)) };
}

// What can come next: [word, its probability, its text with the space before it]. Nothing comes after the end.
function comingWords({ ways, marks }) {
  if (!ways.length) return [[END, 1, null]];
  const weights = new Map();
  for (const { p, words } of ways) weights.set(words[0], (weights.get(words[0]) ?? 0) + p);
  const sum = total([...weights.values()]);
  return [...weights].map(([word, p]) => [word, p / sum, spelled(word, marks)]);
}

// ---------------------------------------------------------------- reading characters

const likeliestFirst = (shares) => shares.sort(([, a], [, b]) => b - a);

// The storyteller as a language model of words, `nextWords`, and of characters, `after`.
export function makeStoryteller(grammar) {
  const listening = makeListening(grammar);
  let latest = null; // how far the text before this one was followed

  // Follows a text word by word. Its last word may go on, so it is left over: `rest` begins a word that can come, or
  // is one, or fits nothing. A text that goes on from the one before is followed from there; the character after the
  // words heard must be the same too, for it proves that the last one was over: "a fox" does not go on as "an owl".
  function followed(text) {
    const goesOn = latest && text.startsWith(latest.proof);
    let { length, listener } = goesOn ? latest : { length: 0, listener: listening.first() };
    for (;;) {
      const rest = text.slice(length);
      const coming = comingWords(listener);
      const fitting = coming.filter(([, , piece]) => piece?.startsWith(rest));
      const cut = /^ ?(?:'s|[A-Za-z]+|\S)/u.exec(rest)?.[0];
      const whole = coming.find(([, , piece]) => piece === cut);
      latest = { length, listener, proof: text.slice(0, length + 1) };
      if (fitting.length || !whole) return { listener, rest, fitting };
      listener = listening.after(listener, whole[0]);
      length += cut.length;
    }
  }

  // The probability that the tale goes on with exactly these characters; after `END`, that it is over then.
  function chance(listener, text) {
    if (text === "") return 1;
    return total(comingWords(listener).map(([word, p, piece]) => {
      if (word === END) return text === END ? p : 0;
      if (piece.startsWith(text)) return p;
      return text.startsWith(piece) ? p * chance(listening.after(listener, word), text.slice(piece.length)) : 0;
    }));
  }

  // [word, probability] of every word that can follow, likeliest first; null if no tale starts with these words. A
  // space at the end says nothing: the words decide about spaces.
  function nextWords(text) {
    const { listener, rest, fitting } = followed(text.trimEnd());
    const whole = fitting.find(([, , piece]) => piece === rest);
    if (rest && !whole) return null;
    const here = whole ? listening.after(listener, whole[0]) : listener;
    return likeliestFirst(comingWords(here).map(([word, p]) => [word, p]));
  }

  // The ways on from a text, as characters, since a token may be part of a word or hold two; null if no tale starts so.
  function after(text) {
    const { listener, rest, fitting } = followed(text);
    if (!fitting.length) return null;
    const here = chance(listener, rest);
    // A last word that is whole may still be the beginning of a longer one: after "a" comes " fox", or the "n" of "an".
    const goingOn = ([word, p, piece]) => {
      if (piece !== rest) return [[piece.slice(rest.length), p]];
      return comingWords(listening.after(listener, word)).map(([next, q, string]) => [string ?? next, p * q]);
    };
    const share = (string) => chance(listener, rest + string) / here;
    return {
      share,
      ends: share(END),
      best: (n) => likeliestFirst(fitting.flatMap(goingOn).map(([string, p]) => [string, p / here])).slice(0, n),
    };
  }

  // Where a text stops being the beginning of a tale, in characters, and the word that stands there; null if it is one.
  // The word comes with the spaces before it if only they are wrong.
  function firstImpossible(text) {
    const { listener, rest, fitting } = followed(text);
    if (fitting.length) return null;
    const [all, word] = /^\s*('s|[A-Za-z]+|\S|$)/u.exec(rest);
    const isPossible = comingWords(listener).some(([coming]) => coming === word);
    return { position: text.length - rest.length, word: word && !isPossible ? word : all };
  }

  return { nextWords, after, firstImpossible };
}
