// What the report's page computes: pure functions. Those with a Python name beside them are its
// twins, and tests/support/vectors holds the two together.

const CHARACTER = 4; // stages/library/tagging/scores.py
export const RATING = 9;
const LISTS = ["add", "remove", "order"];
const TEXTS = ["caption", "sentence"];
export const NOTHING = {
  source: "",
  add: [],
  remove: [],
  order: [],
  caption: "",
  sentence: "",
};
export const FEW = 5; // fewer tags than this, the trigger not counted, are few
export const CROPPED = 0.25; // a cut-off share of the drawing worth looking at
export const FOLDED = 14; // so many tags a card shows at first

// ---- tags ----

// what Python's str.strip strips
const SPACES =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const EDGES = new RegExp(`^[${SPACES}]+|[${SPACES}]+$`, "g");
export const strip = (text) => text.replace(EDGES, "");

const keys = new Map();
/** The form in which tags are compared: captions.underscored. */
export function underscored(tag) {
  let key = keys.get(tag);
  if (key === undefined) {
    key = strip(tag).toLowerCase().replaceAll(" ", "_");
    keys.set(tag, key);
  }
  return key;
}

/** captions.split, line breaks being commas as in captions.read_tags. */
const split = (line) => [
  ...new Set(
    line
      .split(/[,\r\n]/)
      .map(strip)
      .filter(Boolean),
  ),
];

/** captions.spaced */
const spaced = (tag, faces) => (faces.has(tag) ? tag : tag.replaceAll("_", " "));

/** Strings in Python's order, by code point; JavaScript's own is by UTF-16 unit. */
export function compareText(one, other) {
  if (!/[\ud800-\udfff]/.test(one + other)) return one < other ? -1 : one > other ? 1 : 0;
  const a = Array.from(one, (c) => c.codePointAt(0));
  const b = Array.from(other, (c) => c.codePointAt(0));
  const at = a.findIndex((point, i) => point !== b[i]);
  return at < 0 ? a.length - b.length : at < b.length ? a[at] - b[at] : 1;
}

/** What a model's tags become under the rules of params.yaml, and what is offered to type.
 *
 * `groups` are all, in their order; `words` have each tag with the place of its group. */
export function readModel(
  tags,
  categories,
  rules,
  faceList,
  groups = [],
  words = [],
  implies = [],
) {
  const faces = new Set(faceList);
  const excluded = new Set(rules.exclude.map(underscored));
  const replaced = new Map(
    rules.replace.map(([old, by]) => [underscored(old), by.replaceAll(" ", "_")]),
  );
  const names = tags.map((tag) => {
    const key = underscored(tag);
    const name = excluded.has(key) ? null : (replaced.get(key) ?? key);
    return name === null || excluded.has(underscored(name)) ? null : name;
  });
  const spelled = (name) => (rules.underscores === "spaces" ? spaced(name, faces) : name);
  return {
    tags,
    categories,
    rules,
    names,
    spelled,
    thresholds: new Map(rules.thresholds),
    pieces: names.map((name) => (name === null ? [] : split(spelled(name)))),
    always: new Map(rules.always.map((tag) => [underscored(tag), tag.replaceAll(" ", "_")])),
    groups,
    places: new Map(words.map(([tag, , place]) => [tag, place])),
    implies: new Map(implies),
    drop: new Set(rules.drop),
    keep: new Set(rules.keep),
  };
}

const OTHER = "other";
/** The group of a tag in the form for comparing. */
export const groupOf = (key, { groups, places }) => groups[places.get(key)] ?? OTHER;

/** policy.named */
const isNamed = (key, tags, model) => tags.has(key) || tags.has(`group:${groupOf(key, model)}`);

/** policy.arranged: the keys that stay, in their order; `drop` may be tried out. */
function arranged(keys, model, drop) {
  const { implies, keep, rules } = model;
  const kept = (key) => isNamed(key, keep, model);
  let staying = keys.filter((key) => kept(key) || !isNamed(key, drop, model));
  const said = new Set(staying.flatMap((key) => implies.get(key) ?? []));
  staying = staying.filter((key) => !said.has(key) || kept(key));
  if (rules.max_tags) staying = staying.slice(0, rules.max_tags);
  if (rules.order !== "danbooru") return staying;
  const place = (key) => model.places.get(key) ?? model.groups.indexOf(OTHER);
  return staying.sort((a, b) => place(a) - place(b));
}

/** A picture's found [index, score] pairs in the order of captions: caption.rewritten, but for the
 * threshold, which has no part in the order. */
export function ranked(found, model) {
  const general = [];
  const ratings = [];
  for (const [index, value] of found) {
    const kind = model.categories[index];
    const entry = { index, value, name: model.names[index], kind };
    if (kind === RATING) ratings.push(entry);
    else if (entry.name !== null) general.push(entry);
  }
  general.sort((a, b) => b.value - a.value || compareText(a.name, b.name));
  ratings.sort(
    (a, b) => b.value - a.value || compareText(model.tags[a.index], model.tags[b.index]),
  );
  return { general, rating: ratings[0] };
}

/** rules.bars: what a score must reach in a category. */
const leastOf = (kind, { rules, thresholds }, threshold) =>
  kind === CHARACTER ? rules.character_threshold : (thresholds.get(kind) ?? threshold);

/** caption.caption_of at a threshold in ten-thousandths, as the edit stage reads it back. */
export function tagsOf({ general, rating }, model, threshold, drop = model.drop) {
  const { ratings } = model.rules;
  const chosen = new Map();
  for (const entry of general) {
    const key = underscored(entry.name);
    if (entry.value >= leastOf(entry.kind, model, threshold) && !chosen.has(key))
      chosen.set(key, entry);
  }
  const entries = arranged([...chosen.keys()], model, drop)
    .filter((key) => !model.always.has(key))
    .map((key) => chosen.get(key));
  const first = [...model.always.values()];
  if (
    ratings &&
    rating &&
    rating.name !== null &&
    !first.includes(rating.name) &&
    !entries.some(({ name }) => name === rating.name)
  )
    entries.push(rating);
  return [
    ...new Set([
      ...first.flatMap((name) => split(model.spelled(name))),
      ...entries.flatMap(({ index }) => model.pieces[index]),
    ]),
  ];
}

/** The tags above the threshold that a caption does not have, dropped or said by another. */
export function leftOut({ general }, model, threshold, tags) {
  const there = new Set(tags.map(underscored));
  const left = general
    .filter(({ value, kind }) => value >= leastOf(kind, model, threshold))
    .flatMap(({ index }) => model.pieces[index])
    .filter((tag) => !there.has(underscored(tag)));
  return [...new Set(left)];
}

/** edits.apply */
function apply(tagged, edit) {
  const tags = edit.caption ? split(edit.caption) : tagged;
  const removed = new Set(edit.remove.map(underscored));
  const added = new Map(edit.add.map((tag) => [underscored(tag), tag]));
  const kept = tags
    .filter((tag) => !removed.has(underscored(tag)))
    .map((tag) => added.get(underscored(tag)) ?? tag);
  const fresh = [...added.values()].filter((tag) => !kept.includes(tag));
  const corrected = [...new Set([...fresh, ...kept])];
  const places = new Map(edit.order.map((tag, place) => [underscored(tag), place]));
  const place = (tag) => places.get(underscored(tag)) ?? edit.order.length;
  return edit.order.length ? corrected.sort((a, b) => place(a) - place(b)) : corrected;
}

/** What the common-tag stage writes: common_tag.with_tag_first. */
const withTagFirst = (tags, trigger) => [
  trigger,
  ...new Set(tags.filter((tag) => underscored(tag) !== underscored(trigger))),
];

/** The final caption, and the same with the struck tags in it, to show. */
export function captioned(byTagger, edit, trigger) {
  const tagged = edit.caption ? split(edit.caption) : byTagger;
  const struck = new Set(edit.remove.map(underscored));
  const had = new Set(tagged);
  return {
    tagged,
    final: withTagFirst(apply(tagged, edit), trigger),
    shown: withTagFirst(apply(tagged, { ...edit, remove: [] }), trigger)
      .slice(1)
      .map((tag) => {
        const key = underscored(tag);
        return { tag, key, state: struck.has(key) ? "struck" : had.has(tag) ? "" : "added" };
      }),
  };
}

// ---- tokens ----

const WORDS = new RegExp(`'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^${SPACES}\\p{L}\\p{N}]+`, "gu");
const wordsIn = new Map();
const bytes = new TextEncoder();
/** tokens.words: what CLIP encodes each by itself. */
function wordsOf(text) {
  let found = wordsIn.get(text);
  if (!found) {
    found = text.normalize("NFC").toLowerCase().match(WORDS) ?? [];
    wordsIn.set(text, found);
  }
  return found;
}

/** tokens.table */
export const readTable = (rows) =>
  new Map(rows.flatMap(([count, found]) => found.split(" ").map((word) => [word, count])));

const punctuated = (tags) => tags.map((tag, i) => (i < tags.length - 1 ? `${tag},` : tag));

/** tokens.ends: where each tag of a caption ends, in tokens. */
function ends(tags, table) {
  let at = 0;
  return punctuated(tags).map((text) => {
    const found = wordsOf(text);
    for (const word of found) at += table.get(word) ?? bytes.encode(word).length;
    return at - (found.at(-1) === ",");
  });
}

/** How long a caption is: its tags, or the sentence below if that is longer. */
export function measuredWith(sentence, tags, table, limit) {
  const found = measured(tags, table, limit);
  if (!sentence) return { ...found, over: found.cut.size > 0 };
  const below = measured([...new Set([tags[0], ...split(sentence)])], table, limit);
  return {
    tokens: Math.max(found.tokens, below.tokens),
    cut: found.cut,
    exact: found.exact && below.exact,
    over: found.cut.size > 0 || below.cut.size > 0,
  };
}

/** What of a caption the trainer reads: its tokens, whether they are exact, the tags cut off. */
export function measured(tags, table, limit) {
  const at = ends(tags, table);
  return {
    tokens: Math.max(0, ...at),
    cut: new Set(tags.filter((_, i) => at[i] > limit)),
    exact: punctuated(tags).every((text) => wordsOf(text).every((word) => table.has(word))),
  };
}

// ---- corrections ----

export const has = (tags, tag) => tags.some((each) => underscored(each) === underscored(tag));
const without = (tags, tag) => tags.filter((each) => underscored(each) !== underscored(tag));
export const same = (a, b) =>
  LISTS.every((name) => JSON.stringify(a[name]) === JSON.stringify(b[name])) &&
  // a browser may remember what had none
  TEXTS.every((name) => (a[name] ?? "") === (b[name] ?? ""));
export const empty = (edit) =>
  LISTS.every((name) => !edit[name].length) && TEXTS.every((name) => !edit[name]);

/** Whether edits.read_edits takes the tag. */
export const isTag = (tag) =>
  strip(tag) !== "" && !SEPARATORS.test(tag) && !/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(tag);

export function strike(edit, tagged, tag) {
  const remove = has(tagged, tag) && !has(edit.remove, tag) ? [...edit.remove, tag] : edit.remove;
  return { ...edit, add: without(edit.add, tag), remove };
}

/** The opposite of strike; what `saved` added is added again, even if `tagged` has it just now. */
export function restore(edit, tagged, tag, saved, typed = false) {
  const wanted = !has(edit.add, tag) && (has(saved.add, tag) || (typed && !has(tagged, tag)));
  const add = wanted ? [...edit.add, tag] : edit.add;
  const place = (each) => (saved.add.includes(each) ? saved.add.indexOf(each) : Infinity);
  return {
    ...edit,
    remove: without(edit.remove, tag),
    add: [...add].sort((a, b) => place(a) - place(b) || 0),
  };
}

/** What led from `was` to `is`, done to `base`; where both changed a tag, `is` wins. */
export function rebased(was, is, base) {
  const result = { ...is };
  for (const name of TEXTS) result[name] = is[name] === was[name] ? base[name] : is[name];
  for (const name of LISTS) {
    const gained = is[name].filter((tag) => !has(was[name], tag));
    const kept = base[name].filter((tag) => !has(was[name], tag) || has(is[name], tag));
    result[name] = [...kept, ...gained.filter((tag) => !has(kept, tag))];
  }
  const gained = is.remove.filter((tag) => !has(was.remove, tag));
  result.add = result.add.filter((tag) => !has(gained, tag));
  result.remove = result.remove.filter((tag) => !has(result.add, tag));
  return result;
}

/** manifest.same_name */
const sameName = (name) => name.normalize("NFC");

/** subjects.known_as */
const knownAs = (name) => sameName(name).replace(/^[1-9][0-9]*_(?=[^/]+\/)/, "");

/** edits.matched: the key of each picture's edit by stem, and the stems found by name only. */
export function matched(edits, pictures) {
  const byKey = new Map(pictures.map(({ key, stem }) => [key, stem]));
  const byName = new Map(pictures.map(({ source, stem }) => [sameName(source), stem]));
  const byFolder = new Map(pictures.map(({ source, stem }) => [knownAs(source), stem]));
  const found = new Map();
  const changed = new Set();
  for (const key of edits.keys()) if (byKey.has(key)) found.set(byKey.get(key), key);
  for (const [key, edit] of [...edits].reverse()) {
    // the latest come last
    const stem = byKey.has(key)
      ? undefined
      : (byName.get(sameName(edit.source)) ?? byFolder.get(knownAs(edit.source)));
    if (stem === undefined || found.has(stem)) continue;
    found.set(stem, key);
    changed.add(stem);
  }
  return { found, changed };
}

/** Whether an entry says nothing; an empty one does if it keeps out an older of its drawing. */
export const idle = (key, edit, edits) =>
  empty(edit) &&
  ![...edits].some(
    ([other, { source }]) => other !== key && knownAs(source) === knownAs(edit.source),
  );

/** A scalar of edits.yaml: plain if it can't be mistaken, else as in JSON. */
function scalar(text) {
  if (/^[A-Za-z0-9_][A-Za-z0-9_().'-]*( [A-Za-z0-9_().'-]+)*$/.test(text)) return text;
  return JSON.stringify(text).replace(
    /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** edits_text._written */
function written(key, edit) {
  const lists = LISTS.filter((name) => edit[name].length).map(
    (name) => `  ${name}: [${edit[name].map(scalar).join(", ")}]\n`,
  );
  const texts = TEXTS.filter((name) => edit[name]).map(
    (name) => `  ${name}: ${scalar(edit[name])}\n`,
  );
  return `${key}:\n  source: ${scalar(edit.source)}\n${texts.join("")}${lists.join("")}`;
}

/** edits_text._layout: the text before the first entry, each one's comments and body, the rest. */
function blocksOf(text) {
  const blocks = new Map();
  let head = "";
  let comments = "";
  let last = null;
  for (const line of text.match(/[^\n]+\n?|\n/g) ?? []) {
    const whole = line.endsWith("\n") ? line : `${line}\n`;
    const key = /^['"]?(\w+)['"]?\s*:/.exec(whole)?.[1];
    if (key !== undefined) {
      if (!last) [head, comments] = [comments, ""];
      last = { comments, body: whole };
      blocks.set(key, last);
      comments = "";
    } else if (/^[ \t]/.test(whole) && last) {
      last.body += comments + whole;
      comments = "";
    } else comments += whole;
  }
  return last ? { head, blocks, tail: comments } : { head: comments, blocks, tail: "" };
}

/** edits.write_edits: the text of edits.yaml with the entries `now` in place of `was`. */
export function editsText(text, was, now, header) {
  const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
  let { head, blocks, tail } = blocksOf(text.replaceAll("\r\n", "\n"));
  const plain = /^(\s*(#.*)?|---|\.\.\.)$/;
  if (
    [...was.keys()].some((key) => !blocks.has(key)) ||
    !(head + tail).split("\n").every((line) => plain.test(line))
  ) {
    [head, blocks, tail] = [header, new Map(), ""]; // laid out in another way
  }
  const parts = [...now].map(([key, edit]) => {
    const { comments, body } = blocks.get(key) ?? { comments: "", body: "" };
    const old = was.get(key);
    if (body && old && same(old, edit) && old.source === edit.source) return comments + body;
    return idle(key, edit, now) ? "" : comments + written(key, edit);
  });
  const made = head + parts.join("") + tail;
  return (made.trim() ? made : header).replaceAll("\n", lineEnd);
}

// ---- pictures ----

/** What of the drawing the prepared picture shows, in parts of the whole. */
export function cropOf({ crop: [left, top, width, height] }) {
  return { left, top, width, height, cut: 1 - width * height };
}

/** values.folded: the usual letters and digits for full-width ones. */
export const narrow = (text) => text.replace(/[０-９Ａ-Ｚａ-ｚ]/g, (c) => c.normalize("NFKC"));

/** values.SEPARATORS, and what a list has between its lines */
export const SEPARATORS = /[,、，､\t\r\n]/;

const PAIRS = ["()", "[]", "{}"];
/** typed._is_wrapped: whether one pair of brackets holds all of a text. */
function isWrapped(text) {
  if (text.length < 3 || !PAIRS.includes(text[0] + text.at(-1))) return false;
  let depth = 0;
  return Array.from(text.slice(0, -1)).every((c) => {
    depth += (c === text[0]) - (c === text.at(-1));
    return depth > 0;
  });
}

/** typed.readings: what a tag may mean, as it is, then with ever fewer of the signs of prompts. */
export function readings(tag, faces) {
  let plain = strip(tag).replace(/\\+(?=[()[\]{}])/g, "");
  const found = plain === tag ? [tag] : [tag, plain];
  while (!faces.has(underscored(plain))) {
    const weighted = /^(?:\((.+?):[0-9.]+\)|<([^<>]+):[0-9.]+>)$/.exec(plain);
    if (!weighted && !isWrapped(plain)) break;
    plain = weighted ? (weighted[1] ?? weighted[2]) : plain.slice(1, -1);
    found.push(plain);
  }
  return found;
}

/** Text for comparing with what somebody types, full-width letters included. */
export const folded = (text) => text.normalize("NFKC").toLowerCase();

/** Whether all words of a query are in the text, or a line that means one of them is, and those
 * after a `-` are not. */
export function sought(text, query, lines = () => []) {
  const has = (word) =>
    text.includes(word) || lines(word).some((line) => `\n${text}\n`.includes(`\n${line}\n`));
  return folded(query)
    .split(/\s+/)
    .filter(Boolean)
    .every((word) => (word.length > 1 && word.startsWith("-") ? !has(word.slice(1)) : has(word)));
}

// ---- words that people type: typed_words.py ----

/** typed_words.folded_word */
export const foldedWord = (text) =>
  folded(text)
    .replace(/[ァ-ヶ]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0x60))
    .replace(/[ \t\u3000_・]+/g, "");

const LARGE = new Map(
  Array.from("ぁぃぅぇぉゃゅょゎゕゖ", (c, i) => [c, "あいうえおやゆよわかけ"[i]]),
);
const asLarge = (word) =>
  word.replace(/[っー\-〜~]/g, "").replace(/[ぁ-ゖ]/g, (c) => LARGE.get(c) ?? c);

/** typed_words.loosened */
const loosened = (word) =>
  asLarge(word)
    .replace(/(?<=[黒白赤青])い|色[いの]?|の|(?<=.)(?:している|してる|する)$|^お(?=.)/g, "")
    .replace(/[瞳眼]/g, "目");

/** typed_words.romanised */
function romanised(word, { syllables, sounds }) {
  const latin = asLarge(word).replace(/[ぁ-ゖ]/g, (c) => syllables.get(c));
  return sounds.reduce((text, [spelling, sound]) => text.replace(spelling, sound), latin);
}

/** typed_words.TypedWords: the tags that each word means, under ever more forgiving spellings. */
export function readTyped(words, typed, { syllables, sounds }) {
  const romaji = {
    syllables: new Map(syllables),
    sounds: sounds.map(([spelling, sound]) => [new RegExp(spelling, "g"), sound]),
  };
  const found = { exact: new Map(), loose: new Map(), latin: new Map(), romaji };
  const put = (map, word, tags) => map.set(word, [...(map.get(word) ?? []), ...tags]);
  for (const [tag] of words) put(found.exact, foldedWord(tag), [tag]);
  for (const [tag, ja] of words) if (ja) put(found.exact, foldedWord(ja), [tag]);
  for (const [word, tags] of typed) put(found.exact, foldedWord(word), tags.split(" "));
  for (const [word, tags] of found.exact) {
    put(found.loose, loosened(word), tags);
    if (/^[ぁ-ゖー]+$/.test(word)) put(found.latin, romanised(word, romaji), tags);
  }
  return found;
}

/** typed_words.is_japanese */
export const isJapanese = (word) => /[ぁ-ゖァ-ヺｦ-ﾝ々一-鿿]/.test(word);

/** typed_words.meant: the tags that a whole word means, best first. */
export function meantBy(typed, { exact, loose, latin, romaji }) {
  const word = foldedWord(strip(typed));
  if (!word) return [];
  const same = exact.get(word) ?? [];
  const sounding = !same.length && /^[\0-\x7f]+$/.test(word);
  return [
    ...new Set([
      ...same,
      ...(loose.get(loosened(word)) ?? []),
      ...(sounding ? (latin.get(romanised(word, romaji)) ?? []) : []),
    ]),
  ];
}

/** The tags of longer words in which one is, by how well it fits: 1 at the beginning, else 3. */
function containing(typed, { exact }) {
  const word = foldedWord(strip(typed));
  const found = new Map();
  if (word && isJapanese(typed))
    for (const [longer, tags] of exact)
      if (longer.includes(word)) {
        const fit = longer.startsWith(word) ? 1 : 3;
        for (const tag of tags) found.set(tag, Math.min(fit, found.get(tag) ?? fit));
      }
  return found;
}

/** The known tags that fit what was typed, best first; of those that fit alike the artist's own,
 * then by their order, which is how likely they are. */
export function suggestions(typed, known, typedWords, limit = 8) {
  const japanese = folded(strip(typed));
  const query = japanese.replaceAll(" ", "_");
  if (!query) return [];
  const meant = new Map(meantBy(typed, typedWords).map((tag, i) => [tag, i - 1000]));
  const within = containing(typed, typedWords);
  const fitOf = ({ key, ja }) =>
    meant.get(key) ??
    Math.min(
      within.get(key) ?? 9,
      key === query || ja === japanese
        ? 0
        : key.startsWith(query) || ja.startsWith(japanese)
          ? 1
          : key.includes(`_${query}`)
            ? 2
            : key.includes(query) || ja.includes(japanese)
              ? 3
              : 9,
    );
  return known
    .map((tag) => [fitOf(tag), tag])
    .filter(([fit]) => fit <= 3)
    .sort(([fit, tag], [otherFit, other]) => fit - otherFit || other.own - tag.own)
    .slice(0, limit)
    .map(([, tag]) => tag);
}

/** A text that shows on one line whatever it holds: controls and direction marks become visible. */
export const visible = (text) =>
  text.replace(
    /(?![\u200c\u200d])[\p{C}\p{Zl}\p{Zp}]/gu,
    (c) => `\\u{${c.codePointAt(0).toString(16)}}`,
  );

/** How many tags two lists of captions differ in. */
export function difference(before, after) {
  let added = 0;
  let dropped = 0;
  let pictures = 0;
  before.forEach((tags, i) => {
    const old = new Set(tags);
    const now = new Set(after[i]);
    const plus = after[i].filter((tag) => !old.has(tag)).length;
    const minus = tags.filter((tag) => !now.has(tag)).length;
    added += plus;
    dropped += minus;
    pictures += plus + minus > 0;
  });
  return { added, dropped, pictures };
}
