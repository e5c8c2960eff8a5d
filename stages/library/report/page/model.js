// What the page knows of its dataset, and what the artist has corrected: no part of the document.

import {
  CROPPED,
  captioned,
  compareText,
  cropOf,
  editsText,
  empty,
  FEW,
  folded,
  groupOf,
  idle,
  leftOut,
  matched,
  meantBy,
  measuredWith,
  NOTHING,
  ranked,
  readModel,
  readTable,
  readTyped,
  rebased,
  same,
  sought,
  strip,
  tagsOf,
  underscored,
} from "./tags.js";

export const data = JSON.parse(document.getElementById("data").textContent);
export const model = readModel(
  data.tags,
  data.categories,
  data.rules,
  data.faces,
  data.kinds.map(([group]) => group),
  data.words,
  data.implies,
);
export const japaneseGroup = new Map(data.kinds);
export const japanese = new Map(data.words);
let typed = null;
export const typedWords = () => (typed ??= readTyped(data.words, data.typed, data.romaji));
export const table = readTable(data.tokens);
const triggers = new Map(data.subjects); // by subject
export const triggerOf = (picture) => triggers.get(picture.subject) ?? data.trigger;
const parts = [...document.getElementsByClassName("pictures")];
const fromParts = parts.flatMap((part) => JSON.parse(part.textContent));
export const pictures = fromParts.map((picture, index) => ({
  ...picture,
  index,
  ranked: ranked(picture.found, model),
  crop: cropOf(picture),
  text: null, // to search in
  atParams: null, // its caption at the threshold of params.yaml
}));
export const byStem = new Map(pictures.map((picture) => [picture.stem, picture]));
export const flagsOf = new Map(
  pictures.map((picture) => [picture, new Set(picture.notes.map(([kind]) => kind))]),
);
for (const [picture, flags] of flagsOf)
  if (picture.subject !== null) flags.add(`subject ${picture.subject}`);
for (const stem of data.groups.flat()) flagsOf.get(byStem.get(stem)).add("near");
export const stored = `nasumiso:${data.trigger}`;

export const state = {
  saved: { text: data.text, edits: new Map(data.edits) }, // as edits.yaml is known to be
  edits: new Map(data.edits), // as corrected on the page
  match: null, // whose edit is whose
  done: [],
  undone: [], // steps, the last one last
  threshold: data.rules.threshold,
  drop: new Set(data.rules.drop), // tags and groups that captions are tried without
  query: "",
  allTags: false,
  counts: new Map(), // tag -> captions that have it
  groups: new Map(), // group -> tags of it that captions have, or would have if not left out
  listed: [], // pictures that fit the filters
  current: null, // the one that keys act on
  looked: null, // the one in the large
};
state.match = matched(state.edits, pictures);
export const wanted = new Set(); // filters that are on
export const tagsWanted = new Set();

// ---- corrections ----

export const editOf = (picture) => state.edits.get(state.match.found.get(picture.stem)) ?? NOTHING;
const savedOf = (picture) => state.saved.edits.get(state.match.found.get(picture.stem)) ?? NOTHING;
export const asWritten = (tag) => model.spelled(strip(tag).replaceAll(" ", "_"));
export const changedKeys = () =>
  [...new Set([...state.saved.edits.keys(), ...state.edits.keys()])].filter(
    (key) =>
      state.saved.edits.has(key) !== state.edits.has(key) ||
      !same(state.saved.edits.get(key), state.edits.get(key)),
  );

/** Make `edit`, null for none, the edit of a key. */
function put(key, edit) {
  const old = state.saved.edits.get(key);
  if (!edit || (idle(key, edit, state.edits) && !(old && same(old, edit)))) state.edits.delete(key);
  else state.edits.set(key, old && same(old, edit) ? old : edit); // an old one keeps its own text
}

/** Do `change` to the edits of pictures, as one step that can be undone; return how many. */
export function correct(targets, change) {
  const step = [];
  for (const picture of targets) {
    const before = editOf(picture);
    const after = change(before, picture.now.tagged, savedOf(picture));
    if (!same(before, after))
      step.push([
        picture.key,
        state.edits.get(picture.key) ?? null,
        { ...after, source: picture.source },
      ]);
  }
  if (step.length) take(step);
  return step.length;
}

export function take(step) {
  state.done.push(step);
  state.undone = [];
  replay(step, 2);
}

function replay(step, side) {
  for (const entry of step) put(entry[0], entry[side]);
  keep();
  recompute(new Set(step.map(([key]) => key)));
}

export function travel(from, to, side) {
  const step = from.pop();
  if (!step) return;
  to.push(step);
  replay(step, side);
}

const inFile = new Map(data.edits); // what the page was made from

/** Where what was saved is, `edits.yaml` or `downloads`; null once a page is made from it. */
export const waiting = () => (state.saved.text === data.text ? null : state.saved.place);

/** Remember what is not in the page's file; a browser without storage forgets on reload.
 *
 * What is saved is remembered, too, since a downloaded file may never get into its place. */
export function keep() {
  const [was, saved, is] = [inFile, state.saved.edits, state.edits].map(
    (edits) => (key) => edits.get(key) ?? NOTHING,
  );
  const changed = [
    ...new Set([...inFile, ...state.saved.edits, ...state.edits].map(([key]) => key)),
  ]
    .filter((key) => !same(was(key), is(key)) || !same(saved(key), is(key)))
    .map((key) => [key, was(key), is(key), saved(key)]);
  const record = {
    from: data.text,
    saved:
      state.saved.text === data.text ? null : { ...state.saved, edits: [...state.saved.edits] },
    changed,
  };
  try {
    if (changed.length || record.saved) localStorage.setItem(stored, JSON.stringify(record));
    else localStorage.removeItem(stored);
  } catch {
    /* private windows */
  }
}

/** Take up what was kept; return how many edits it is laid over that have changed since. */
export function remember() {
  let record = null;
  try {
    record = JSON.parse(localStorage.getItem(stored));
  } catch {
    /* none, or not ours */
  }
  const here = record?.from === data.text; // the page is made from what it was made from then
  state.saved = { text: data.text, edits: new Map(data.edits) };
  if (record?.saved && here) state.saved = { ...record.saved, edits: new Map(record.saved.edits) };
  state.edits = new Map(state.saved.edits);
  let laid = 0;
  for (const [key, old, is, saved = old] of record?.changed ?? []) {
    const base = state.edits.get(key) ?? NOTHING;
    const was = same(saved, base) ? saved : old;
    laid += !same(was, base) && !same(is, base);
    put(key, { ...rebased(was, is, base), source: is.source || base.source });
  }
  [state.done, state.undone] = [[], []];
  return laid;
}

export function textToSave() {
  const inOrder = [
    ...state.saved.edits.keys(),
    ...pictures.map((picture) => picture.key),
    ...state.edits.keys(),
  ];
  const kept = [...new Set(inOrder)].filter((key) => state.edits.has(key));
  return editsText(
    state.saved.text,
    state.saved.edits,
    new Map(kept.map((key) => [key, state.edits.get(key)])),
    data.header,
  );
}

/** Take a text as what edits.yaml holds, or will hold: `place` is where it was written. */
export function savedAs(text, place) {
  state.saved = { text, edits: new Map(state.edits), place };
  keep();
  recompute();
}

// ---- what is computed ----

export const captionsAt = (value, some, drop = state.drop) =>
  some.map(
    (picture) =>
      captioned(tagsOf(picture.ranked, model, value, drop), editOf(picture), triggerOf(picture))
        .final,
  );

/** Captions at the threshold of params.yaml. */
export const atParams = (some) =>
  some.map((picture) => {
    picture.atParams ??= captionsAt(data.rules.threshold, [picture], model.drop)[0];
    return picture.atParams;
  });

/** Count a picture's tags, or, by -1, count them no more. */
function count(picture, by) {
  for (const tag of new Set(picture.now.final.slice(1).map(underscored))) {
    const n = (state.counts.get(tag) ?? 0) + by;
    if (n) state.counts.set(tag, n);
    else state.counts.delete(tag);
  }
}

/** Count the tags of each group that captions have, or would have. */
function countGroups() {
  state.groups = new Map();
  for (const { now } of pictures)
    for (const tag of [...now.final.slice(1), ...now.left]) {
      const group = groupOf(underscored(tag), model);
      state.groups.set(group, (state.groups.get(group) ?? 0) + 1);
    }
}

/** Compute captions anew: all, or those of the changed edits; then tell. */
export function recompute(changed = null, edited = true) {
  state.match = matched(state.edits, pictures);
  if (!changed) state.counts = new Map();
  for (const picture of pictures) {
    if (changed && !changed.has(picture.key)) continue;
    if (changed) count(picture, -1);
    if (edited) picture.atParams = null;
    const edit = editOf(picture);
    const flags = flagsOf.get(picture);
    const tagged = tagsOf(picture.ranked, model, state.threshold, state.drop);
    picture.now = captioned(tagged, edit, triggerOf(picture));
    picture.now.left = edit.caption
      ? []
      : leftOut(picture.ranked, model, state.threshold, [...tagged, ...picture.now.final]);
    Object.assign(picture.now, measuredWith(edit.sentence, picture.now.final, table, data.limit));
    picture.text = null;
    count(picture, 1);
    for (const [flag, on] of [
      ["cut", picture.now.over],
      ["few", picture.now.final.length - 1 < FEW],
      ["bare", picture.now.final.length === 1],
      ["corrected", !empty(edit)],
      ["cropped", picture.crop.cut > CROPPED],
    ])
      flags[on ? "add" : "delete"](flag);
    if (picture.card) picture.card.stale = true;
  }
  countGroups();
  state.counts = new Map([...state.counts].sort((a, b) => b[1] - a[1] || compareText(a[0], b[0])));
  document.dispatchEvent(new CustomEvent("computed", { detail: { edited } }));
}

const textOf = (picture) =>
  (picture.text ??= folded(
    [
      picture.stem,
      picture.source,
      editOf(picture).sentence ?? "",
      ...picture.now.final
        .slice(1)
        .flatMap((tag) => [
          tag,
          underscored(tag),
          underscored(tag).replaceAll("_", " "),
          japanese.get(underscored(tag)) ?? "",
        ]),
    ].join("\n"),
  ));

/** The tags, as lines of a picture's text, that a word in a query means. */
const linesOf = (word) => meantBy(word, typedWords());

export function fits(picture) {
  const flags = flagsOf.get(picture);
  return (
    [...wanted].every((flag) => flags.has(flag)) &&
    [...tagsWanted].every((key) => picture.now.final.some((tag) => underscored(tag) === key)) &&
    (!state.query || sought(textOf(picture), state.query, linesOf))
  );
}
