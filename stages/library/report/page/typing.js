// Typing tags: what is meant, what is offered, and what is asked.

import { element } from "../../common/html/elements.js";
import { asWritten, correct, data, japanese, state, triggerOf, typedWords } from "./model.js";
import { button, toast, words } from "./pieces.js";
import {
  folded,
  foldedWord,
  has,
  isJapanese,
  isTag,
  meantBy,
  narrow,
  RATING,
  readings,
  restore,
  SEPARATORS,
  strike,
  strip,
  suggestions,
  underscored,
  visible,
} from "./tags.js";

const faces = new Set(data.faces);
const ratings = new Set(
  data.tags.filter((_tag, i) => data.categories[i] === RATING).map(underscored),
);
const always = new Set(data.rules.always.map(underscored));

// ---- what is known ----

let offered = null;
/** What is offered, the likeliest first; `own` tags are those that the artist has added herself. */
function knownTags() {
  offered ??= [...japanese]
    .filter(([key]) => !ratings.has(key))
    .map(([key, ja]) => ({ key, ja: folded(ja) }));
  const own = new Set([...state.edits.values()].flatMap(({ add }) => add.map(underscored)));
  const fresh = [...own].filter((key) => !japanese.has(key)).map((key) => ({ key, ja: "" }));
  const all = [...fresh, ...offered];
  for (const tag of all) tag.own = own.has(tag.key);
  return all;
}

/** Whether a tag is in the dictionary, one that the tagger knows, or in a caption already. */
const isKnown = (tag) => {
  const key = underscored(tag);
  return japanese.has(key) || state.counts.has(key) || always.has(key);
};

/** The known tag that a text stands for, in any of its readings; null for none. */
function knownBy(text) {
  for (const each of readings(text, faces)) {
    if (isKnown(each)) return underscored(each);
    const [tag] =
      typedWords().exact.get(foldedWord(each)) ??
      (isJapanese(each) ? meantBy(each, typedWords()) : []);
    if (tag) return tag;
  }
  return null;
}

/** What somebody typed: each tag in the captions' spelling, Japanese as the tag it stands for, and
 * whether it is known; a text of known tags with nothing but blanks between them has these `parts`.
 */
function typedTags(text) {
  const found = narrow(text)
    .split(SEPARATORS)
    .map(strip)
    .filter(Boolean)
    .map((each) => {
      const known = knownBy(each);
      const parts = known === null && / /.test(each) ? each.split(/ +/).map(knownBy) : [];
      return {
        typed: each,
        tag: asWritten(known ?? each),
        known: known !== null,
        parts: parts.every((part) => part !== null) ? parts.map(asWritten) : [],
      };
    });
  return [...new Map(found.map((each) => [underscored(each.tag), each])).values()];
}

// ---- correcting ----

/** Add (or strike) tags in pictures; return whether that could be. */
function correctWith(tags, { targets, how }) {
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong !== undefined) {
    toast(`「${visible(wrong)}」はタグにできません`, `“${visible(wrong)}” can't be a tag`);
    return false;
  }
  if (targets.some((picture) => has(tags, triggerOf(picture)))) {
    toast("トリガーワードはいつも先頭に入っています", "The trigger always comes first already");
    return false;
  }
  if (!tags.length) return false;
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

const fieldOf = (form) => form.querySelector("[data-suggest]");

/** Do what is typed into a form to pictures; words that are no known tags are asked for first. */
export function enter(form, wish) {
  const input = fieldOf(form);
  const asked = form.querySelector(".ask");
  closeSuggestions();
  if (asked?.text === input.value) {
    answer(asked, "all"); // Enter once more
    return;
  }
  asked?.remove();
  const typed = typedTags(input.value);
  const odd = wish.how === "add" ? typed.filter(({ tag, known }) => !known && isTag(tag)) : [];
  if (odd.length) ask(form, typed, odd, wish);
  else
    done(
      form,
      typed.map(({ tag }) => tag),
      wish,
    );
}

/** Correct with the tags; if that could be, leave only `rest` in the field. */
function done(form, tags, wish, rest = "") {
  const input = fieldOf(form);
  const old = input.value;
  input.value = rest; // before a dialog is made anew with what is typed in it
  if (!correctWith(tags, wish)) input.value = old;
  const { picture } = form;
  const now = form.isConnected ? form : document.querySelector("#detail[open] .adder");
  (now ? fieldOf(now) : picture?.card)?.focus();
}

/** Ask whether words that are no known tags are to be added, below the field. */
function ask(form, typed, odd, wish) {
  const known = typed.length - odd.length;
  const list = odd.map(({ tag }) => visible(tag));
  const parts = odd.every((each) => each.parts.length) ? odd.flatMap((each) => each.parts) : [];
  const box = element(
    "div",
    { className: "ask", role: "group" },
    element(
      "p",
      { role: "alert" },
      words(
        `「${list.join("」「")}」は候補にありません。追加しますか？`,
        odd.length > 1
          ? `“${list.join("”, “")}” are not known tags: add them?`
          : `“${list[0]}” is not a known tag: add it?`,
      ),
    ),
    parts.length
      ? button(
          "answer",
          { how: "parts" },
          words(
            `${parts.map(visible).join("、")} として追加`,
            `add as ${parts.map(visible).join(", ")}`,
          ),
        )
      : "",
    button("answer", { how: "all" }, words("追加する", odd.length > 1 ? "Add them" : "Add it")),
    known
      ? button(
          "answer",
          { how: "known" },
          words(`候補にある ${known} 個だけ追加`, `Add only the ${known} known`),
        )
      : "",
    button("answer", { how: "none" }, words("やめる", "Don't")),
  );
  Object.assign(box, { text: fieldOf(form).value, typed, parts, wish });
  form.append(box);
  fieldOf(form).focus();
  box.scrollIntoView({ block: "nearest" });
}

/** Do what the artist answers: add `all`, only what is `known`, the `parts` of words, or `none`. */
export function answer(box, how) {
  const { typed, parts, wish } = box;
  const form = box.closest("form");
  box.remove();
  if (how === "none") {
    fieldOf(form).focus();
    return;
  }
  const odd = typed.filter(({ known }) => !known);
  const tags = typed
    .filter(({ known }) => how !== "known" || known)
    .flatMap((each) => (how === "parts" && !each.known ? each.parts : [each.tag]));
  if (!parts.length && how === "parts") return;
  done(
    form,
    [...new Set(tags)],
    wish,
    how === "known" ? odd.map((each) => each.typed).join(", ") : "",
  );
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
        autocapitalize: "none",
        enterKeyHint: "done",
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

// ---- what is offered ----

const openList = () => document.getElementById("suggestions");
const lastOf = (text) => text.split(SEPARATORS).at(-1);

/** Offer what fits the last tag in the field; Enter takes the first. */
export function suggest(input) {
  closeSuggestions();
  input.closest("form").querySelector(".ask")?.remove();
  const found = suggestions(narrow(lastOf(input.value)), knownTags(), typedWords());
  if (!found.length) return;
  const made = element(
    "ul",
    { className: "suggestions", id: "suggestions", role: "listbox", popover: "manual", input },
    found.map(({ key }, i) =>
      element(
        "li",
        { role: "option", id: `suggestion-${i}`, tag: key },
        element("bdi", {}, visible(asWritten(key))),
        element("bdi", { lang: "ja" }, japanese.get(key) ?? ""),
        element("b", {}, state.counts.get(key) ?? ""),
      ),
    ),
  );
  input.after(made);
  for (const [name, value] of [
    ["role", "combobox"],
    ["aria-autocomplete", "list"],
    ["aria-controls", "suggestions"],
    ["aria-expanded", "true"],
  ])
    input.setAttribute(name, value);
  made.showPopover(); // above all, so that neither a card nor a dialog cuts it off
  mark(made.firstChild);
  place();
}

function mark(option) {
  for (const each of option.parentElement.children)
    each.setAttribute("aria-selected", each === option);
  option.parentElement.input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

/** The option that Enter takes, if there are any. */
export const taken = () => openList()?.querySelector("[aria-selected=true]") ?? null;

/** Mark the next option, by 1, or the one before, by -1. */
export function markNext(by) {
  const options = [...openList().children];
  mark(options[(options.indexOf(taken()) + by + options.length) % options.length]);
}

const GAP = 8; // px between the list and what is around it
/** Put the list below its field, or above, where there is more room; a keyboard may take much. */
function place() {
  const open = openList();
  if (!open) return;
  const box = open.input.getBoundingClientRect();
  const { offsetLeft, offsetTop, width, height } = visualViewport;
  const below = offsetTop + height - box.bottom - GAP;
  const above = box.top - offsetTop - GAP;
  open.style.maxHeight = "";
  const up = below < open.offsetHeight && above > below;
  const room = Math.max(44, up ? above : below);
  open.style.maxHeight = `${room}px`;
  const top = up ? box.top - GAP / 2 - Math.min(room, open.offsetHeight) : box.bottom + GAP / 2;
  const most = offsetLeft + width - GAP - open.offsetWidth;
  open.style.top = `${top}px`;
  open.style.left = `${Math.max(offsetLeft + GAP, Math.min(box.left, most))}px`;
}
document.addEventListener("scroll", ({ target }) => target === openList() || place(), true);
for (const kind of ["resize", "scroll"]) visualViewport.addEventListener(kind, place);

export function closeSuggestions() {
  const open = openList();
  if (!open) return;
  open.input.setAttribute("aria-expanded", "false");
  open.input.removeAttribute("aria-activedescendant");
  open.remove();
}

/** Take an option: a picture gets it at once, a form for many pictures has it to be looked at. */
export function choose(option) {
  const { input } = option.parentElement;
  const { form } = input;
  input.blur(); // a keyboard that is still composing leaves its own word first
  const last = lastOf(input.value);
  input.value = `${input.value.slice(0, input.value.length - last.length)}${option.tag}`;
  closeSuggestions();
  input.focus();
  if (form.matches(".adder")) form.requestSubmit();
}

/** Paste a list as tags: a field of one line would join its lines to one word. */
export function paste(input, text) {
  const line = strip(text).replace(/[\t\r\n]+/g, ", ");
  input.setRangeText(line, input.selectionStart, input.selectionEnd, "end");
  closeSuggestions();
  input.closest("form").querySelector(".ask")?.remove();
}
