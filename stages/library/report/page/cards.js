// The sheet: a card a picture.

import { $, element } from "../../common/html/elements.js";
import { data, fits, flagsOf, pictures, state, tagsWanted, wanted } from "./model.js";
import { button, chip, cropped, leftChips, show, tokenCount, words } from "./pieces.js";
import { FOLDED, folded, sought, visible } from "./tags.js";

const PART = 1000; // so many cards come into the sheet at a time, when its end is near

export const near = new Set();
const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      near[isIntersecting ? "add" : "delete"](target);
      if (isIntersecting) fill(target);
    }
    if (near.has($("sheet").lastChild)) showMore();
  },
  { rootMargin: "800px" },
);

const BADGES = {
  upscaled: ["拡大", "upscaled"],
  near: ["似た絵", "look-alike"],
  colours: ["色変換", "colours"],
  changed: ["絵が変わった", "drawing changed"],
};

function makeCard(picture) {
  const card = element(
    "article",
    {
      className: "card",
      id: picture.stem,
      tabIndex: -1,
      "aria-label": `${picture.stem} ${visible(picture.source)}`,
    },
    button("open", { className: "frame", tabIndex: -1 }, cropped(picture)),
    element(
      "div",
      { className: "body" },
      element(
        "header",
        {},
        element("b", {}, picture.stem),
        element(
          "bdi",
          { className: "source", title: visible(picture.source) },
          visible(picture.source),
        ),
        element("span", { className: "tokens" }),
        element("span", { className: "badges" }),
      ),
      element("div", { className: "chips" }),
    ),
  );
  Object.assign(card, { picture, stale: true });
  watcher.observe(card);
  return card;
}

export function fill(card) {
  const { picture } = card;
  show(card.querySelector("img"), picture);
  if (!card.stale) return;
  card.stale = false;
  const tabIndex = card === state.current?.card ? 0 : -1;
  const { shown, cut, left } = picture.now;
  const hides = (place, entry) => place >= FOLDED && !entry?.state && !card.unfolded;
  const chips = shown.map((entry, place) =>
    chip(entry, cut, { tabIndex, hidden: hides(place, entry) }),
  );
  chips.push(...leftChips(left, (i) => ({ tabIndex, hidden: hides(shown.length + i) })));
  const folded = chips.filter((each) => each.hidden);
  const lost = folded.find((each) => each.matches(".cut"));
  if (folded.length)
    chips.push(
      button(
        "unfold",
        { className: `chip more${lost ? " cut" : ""}`, title: lost?.title ?? "", tabIndex },
        `+${folded.length}`,
      ),
    );
  chips.push(
    button(
      "write",
      { className: "chip plus", tabIndex, title: "+ (a)", "aria-label": "タグを追加 / add a tag" },
      "＋",
    ),
  );
  card.querySelector(".chips").replaceChildren(...chips);
  card.querySelector(".tokens").replaceWith(tokenCount(picture));
  const flags = [
    ...flagsOf.get(picture),
    ...(state.match.changed.has(picture.stem) ? ["changed"] : []),
  ];
  card
    .querySelector(".badges")
    .replaceChildren(
      ...flags
        .filter((flag) => BADGES[flag])
        .map((flag) => element("span", { className: `badge ${flag}` }, words(...BADGES[flag]))),
    );
  card.classList.toggle("corrected", flags.includes("corrected"));
}

const skippedCards = data.skipped.map(([source, ja, en]) =>
  element(
    "article",
    { className: "card skipped", tabIndex: -1, "aria-label": visible(source) },
    element("div", { className: "frame", "aria-hidden": "true" }, "×"),
    element(
      "div",
      { className: "body" },
      element("header", {}, element("bdi", { className: "source" }, visible(source))),
      element("p", {}, words(visible(ja), visible(en))),
    ),
  ),
);

let listed = []; // what fits the filters: pictures, or the cards of skipped files
let part = PART; // so many of them are shown, or all

function cardOf(one) {
  if (one instanceof Element) return one;
  one.card ??= makeCard(one);
  return one.card;
}

function showMore(most = part + PART) {
  const sheet = $("sheet");
  if (part >= listed.length) return;
  sheet.append(...listed.slice(part, most).map(cardOf));
  part = most;
}

/** Show the pictures that fit the filters. */
export function list() {
  const skipped = wanted.has("skipped");
  state.listed = skipped ? [] : pictures.filter(fits);
  listed = skipped
    ? skippedCards.filter((_card, i) => sought(folded(data.skipped[i].join("\n")), state.query))
    : state.listed;
  const cards = listed.slice(0, part).map(cardOf);
  const sheet = $("sheet");
  const before = sheet.children;
  if (before.length !== cards.length || cards.some((card, i) => card !== before[i]))
    sheet.replaceChildren(...cards);
  if (!cards.length)
    sheet.replaceChildren(
      element("p", { className: "empty" }, words("あてはまる絵がありません", "No picture fits")),
    );
  for (const card of near) if (card.isConnected) fill(card);
  if (near.has(sheet.lastChild)) showMore();
  if (!state.listed.includes(state.current)) point(state.listed[0] ?? null, false);
  const n = listed.length;
  const all = skipped ? data.skipped.length : pictures.length;
  $("count").replaceChildren(
    ...words(`${n} / ${all} 枚`, `${n} of ${all} pictures`),
    ...[...tagsWanted].map((key) =>
      button("tag", { className: "chip wanted", tag: key }, element("bdi", {}, visible(key)), " ×"),
    ),
  );
  $("shown-count").textContent = state.listed.length;
}

/** Make a picture the one that keys act on. */
export function point(picture, focus = true) {
  const tabbable = (card, on) => {
    card.tabIndex = on ? 0 : -1;
    for (const each of card.querySelectorAll(".chips button")) each.tabIndex = on ? 0 : -1;
  };
  if (state.current?.card) tabbable(state.current.card, false);
  state.current = picture;
  if (!picture) return;
  const place = state.listed.indexOf(picture);
  if (place >= part && listed === state.listed) showMore(place + PART);
  tabbable(cardOf(picture), true);
  if (focus) {
    picture.card.focus();
    picture.card.scrollIntoView({ block: "nearest" });
  }
}
