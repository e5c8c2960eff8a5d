// Typing tags: what is meant, and what is offered.

import { element } from "../../common/html/elements.js";
import { asWritten, correct, data, japanese, state, triggerOf, typedWords } from "./model.js";
import { toast, words } from "./pieces.js";
import {
  folded,
  has,
  isJapanese,
  isTag,
  meantBy,
  narrow,
  RATING,
  restore,
  strike,
  strip,
  suggestions,
  underscored,
  visible,
} from "./tags.js";

const ratings = new Set(
  data.tags.filter((_tag, i) => data.categories[i] === RATING).map(underscored),
);
let offered = null;
/** What is offered, the likeliest first; `own` tags are those that the artist has added herself. */
function knownTags() {
  offered ??= [...japanese]
    .filter(([key]) => !ratings.has(key))
    .map(([key, ja]) => ({ key, ja: folded(ja) }));
  const own = new Set([...state.edits.values()].flatMap(({ add }) => add.map(underscored)));
  const fresh = [...own].filter((key) => !japanese.has(key)).map((key) => ({ key, ja: "" }));
  return [...fresh, ...offered].map((tag) => ({ ...tag, own: own.has(tag.key) }));
}

/** The tags somebody typed, in the captions' spelling; Japanese becomes the tag it stands for. */
function typedTags(text) {
  return narrow(text)
    .split(/[,、，､]/)
    .map(strip)
    .filter(Boolean)
    .map((each) => {
      const exact = knownTags().find(
        ({ key, ja }) => key === underscored(each) || (ja && ja === folded(each)),
      );
      const [meant] = isJapanese(each) ? meantBy(each, typedWords()) : [];
      return asWritten(exact?.key ?? meant ?? each);
    });
}

let asked = "";

/** Whether a Japanese word among typed tags is none; asks, the first time, whether it's meant. */
function mistaken(tags, text) {
  const keys = new Set(knownTags().map(({ key }) => key));
  const odd = tags.filter((tag) => isJapanese(tag) && !keys.has(underscored(tag)));
  const before = asked;
  asked = odd.length ? text : "";
  if (!odd.length || before === text) {
    asked = "";
    return false;
  }
  const list = odd.map(visible).join("、");
  toast(
    `「${list}」というタグは見つかりません。追加するなら、もう一度 Enter を押してください`,
    `“${list}” is no known tag. Add it? Press Enter again to add it`,
  );
  return true;
}

/** Add (or strike) the typed tags in pictures. */
export function correctTyped(text, targets, how = "add") {
  const tags = typedTags(text);
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong !== undefined)
    toast(`「${visible(wrong)}」はタグにできません`, `“${visible(wrong)}” can't be a tag`);
  else if (targets.some((picture) => has(tags, triggerOf(picture))))
    toast("トリガーワードはいつも先頭に入っています", "The trigger always comes first already");
  else if (how === "add" && mistaken(tags, text)) return false;
  else if (tags.length) {
    const n = correct(targets, (edit, tagged, old) =>
      tags.reduce(
        (soFar, tag) =>
          how === "add" ? restore(soFar, tagged, tag, old, true) : strike(soFar, tagged, tag),
        edit,
      ),
    );
    const list = tags.map(visible).join(", ");
    if (targets.length > 1 || !n)
      toast(
        how === "add" ? `${list}: ${n} 枚に追加しました` : `${list}: ${n} 枚から削除しました`,
        how === "add" ? `${list}: added to ${n} pictures` : `${list}: struck in ${n} pictures`,
      );
    return true;
  }
  return false;
}

export function adder(picture, value = "") {
  const label = document.documentElement.dataset.language === "en" ? "Add a tag" : "タグを追加";
  return element(
    "form",
    { className: "adder", picture },
    element(
      "span",
      { className: "combo" },
      element("input", {
        "data-suggest": "",
        value,
        placeholder: label,
        "aria-label": label,
        autocomplete: "off",
        spellcheck: false,
      }),
    ),
    element("button", { className: "add" }, words("追加", "Add")),
  );
}

export function write(card) {
  const old = card.querySelector(".adder");
  if (!old) card.querySelector(".body").append(adder(card.picture));
  card.querySelector(".adder input").focus();
}

export function suggest(input) {
  closeSuggestions();
  const typed = input.value.split(/[,，]/).at(-1);
  const found = suggestions(typed, knownTags(), typedWords());
  if (!found.length) return;
  input.setAttribute("aria-expanded", "true");
  input.after(
    element(
      "ul",
      { className: "suggestions", role: "listbox" },
      found.map(({ key }) =>
        element(
          "li",
          { role: "option", "aria-selected": "false", tag: key },
          element("bdi", {}, visible(asWritten(key))),
          element("bdi", { lang: "ja" }, japanese.get(key) ?? ""),
          element("b", {}, state.counts.get(key) ?? ""),
        ),
      ),
    ),
  );
}

export function closeSuggestions() {
  for (const each of document.querySelectorAll(".suggestions")) {
    each.previousSibling.setAttribute("aria-expanded", "false");
    each.remove();
  }
}

export function choose(option) {
  const input = option.closest(".combo").querySelector("input");
  input.value = [...input.value.split(/[,，]/).slice(0, -1).map(strip), option.tag].join(", ");
  closeSuggestions();
  input.focus();
}
