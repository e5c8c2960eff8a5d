// Pieces of the document that cards and panels are made of.

import { $, element } from "../../common/html/elements.js";
import { data, japanese, japaneseGroup, model } from "./model.js";
import { groupOf, underscored, visible } from "./tags.js";

export const words = (ja, en) => [
  element("span", { className: "w", lang: "ja" }, ja),
  element("span", { className: "w", lang: "en" }, en),
];
export const button = (act, data, ...children) =>
  element("button", { type: "button", "data-act": act, ...data }, ...children);

let fading = 0;
export function toast(ja, en) {
  $("toast").replaceChildren(...words(ja, en));
  $("toast").hidePopover();
  $("toast").showPopover(); // above an open dialog
  clearTimeout(fading);
  fading = setTimeout(() => $("toast").hidePopover(), 6000);
}

// ---- pictures ----

const islands = [];
/** A thumbnail's URI; null as long as the island that holds it is not parsed yet. */
function thumbnail({ index, stem }) {
  if (data.folder !== null) return `${data.folder}/${stem}.webp`;
  const place = Math.floor(index / data.chunk);
  const node = document.getElementsByClassName("thumbnails")[place];
  if (!islands[place] && node?.nextSibling) islands[place] = JSON.parse(node.textContent);
  const encoded = islands[place]?.[index % data.chunk];
  return encoded === undefined ? null : encoded && `data:image/webp;base64,${encoded}`;
}

export function show(image, picture) {
  const source = image.getAttribute("src") ? null : thumbnail(picture);
  if (source) image.src = source;
}

const drawing = (picture) =>
  element("img", {
    alt: visible(picture.source),
    decoding: "async",
    width: picture.size[0],
    height: picture.size[1],
  });

/** The picture as it was prepared: the drawing, cropped by CSS. */
export function cropped(picture) {
  const image = drawing(picture);
  const [across, down] = picture.size;
  const { left, top, width, height } = picture.crop;
  Object.assign(image.style, {
    width: `${100 / width}%`,
    height: `${100 / height}%`,
    left: `${(-100 * left) / width}%`,
    top: `${(-100 * top) / height}%`,
  });
  const part = element("span", { className: across >= down ? "crop wide" : "crop" }, image);
  part.style.aspectRatio = `${across} / ${down}`;
  return part;
}

export const marked = (picture) => {
  const image = drawing(picture);
  const mark = element("span", { className: "mark" });
  image.style.aspectRatio = `${picture.width} / ${picture.height}`;
  for (const side of ["left", "top", "width", "height"])
    mark.style[side] = `${100 * picture.crop[side]}%`;
  show(image, picture);
  return element("span", { className: "whole" }, image, mark);
};

export const cut = ({ crop }) =>
  words(`切れた部分 ${Math.round(100 * crop.cut)}%`, `${Math.round(100 * crop.cut)} % cut off`);

// ---- captions ----

const TOKENS = {
  ja: "CLIP のトークン数 / 学習で読まれる数。shuffle_caption では、あふれるタグが毎回変わります",
  en:
    "CLIP tokens of the caption / those that the trainer reads; " +
    "with shuffle_caption the tags beyond vary",
};

/** How long the caption is, and how much of it the trainer reads. */
export const tokenCount = ({ now }) =>
  element(
    "span",
    {
      className: `tokens${now.over ? " over" : ""}`,
      title: now.exact
        ? `${TOKENS.ja} / ${TOKENS.en}`
        : `多めの見積もり。${TOKENS.ja} / at most; ${TOKENS.en}`,
    },
    `${now.exact ? "" : "≤ "}${now.tokens} / ${data.limit} `,
    words("トークン", "tokens"),
  );

export const names = (tag, ja) => [
  element("bdi", { className: "en", lang: "en" }, visible(tag)),
  ...(ja ? [element("bdi", { className: "ja", lang: "ja" }, ja)] : []),
];

/** Chips of the tags that a caption does not have: pressed, the artist adds one. */
export const leftChips = (left, extra = () => ({})) =>
  left.map((tag, i) => {
    const key = underscored(tag);
    return chip({ tag, key, state: "left" }, new Set(), {
      "data-act": "have",
      "aria-pressed": "false",
      title:
        `${groupTitle(key)} — caption.drop などで省かれます。押すと、この絵には付けます / ` +
        "left out, as by caption.drop; click to add it to this picture",
      ...extra(i),
    });
  });

const groupTitle = (key) => {
  const group = groupOf(key, model);
  return `${japaneseGroup.get(group)} / ${group}`;
};

export function chip({ tag, key, state }, cut, extra = {}, ...more) {
  const ja = japanese.get(key);
  const lost = cut.has(tag) && state !== "struck";
  const title = lost
    ? `学習では ${data.limit} トークンまでしか読まれず、このタグは切り捨てられます / ` +
      `beyond the ${data.limit} tokens that the trainer reads`
    : groupTitle(key);
  return button(
    "toggle",
    {
      className: `chip ${state}${lost ? " cut" : ""}${ja ? "" : " alone"}`,
      "data-group": groupOf(key, model),
      "aria-pressed": String(state === "struck"),
      tag,
      title,
      ...extra,
    },
    names(tag, ja),
    ...more,
  );
}
