// One picture in the large, with all that is known of it.

import { $, element } from "../../common/html/elements.js";
import { point } from "./cards.js";
import { editOf, model, state, triggerOf } from "./model.js";
import { button, chip, cut, leftChips, marked, tokenCount, words } from "./pieces.js";
import { has, underscored, visible } from "./tags.js";
import { adder } from "./typing.js";

export function showDetail() {
  const picture = state.looked;
  const scores = new Map(
    picture.ranked.general.map(({ index, value }) => [
      underscored(model.pieces[index][0] ?? ""),
      value,
    ]),
  );
  const writing = $("detail").querySelector("input")?.value ?? "";
  const idle = editOf(picture)
    .remove.filter((tag) => !has(picture.now.tagged, tag))
    .map((tag) => ({ tag, key: underscored(tag), state: "struck" }));
  const trigger = element(
    "span",
    { className: "chip trigger" },
    element("bdi", {}, visible(triggerOf(picture))),
  );
  $("detail").replaceChildren(
    element(
      "header",
      {},
      button("step-back", { "aria-label": "前の絵 / previous" }, "←"),
      element(
        "h2",
        {},
        element("b", {}, picture.stem),
        " ",
        element("bdi", {}, visible(picture.source)),
      ),
      button("step-on", { "aria-label": "次の絵 / next" }, "→"),
      button("close", { className: "close", "aria-label": "閉じる / close" }, "×"),
    ),
    element(
      "div",
      { className: "two" },
      element(
        "figure",
        {},
        marked(picture),
        element(
          "figcaption",
          {},
          `${picture.width} × ${picture.height} → ${picture.size.join(" × ")}　`,
          ...cut(picture),
          " ",
          tokenCount(picture),
        ),
      ),
      element(
        "div",
        {},
        ...picture.notes.map(([kind, ja, en]) =>
          element("p", { className: `note ${kind}` }, words(visible(ja), visible(en))),
        ),
        ...(state.match.changed.has(picture.stem)
          ? [
              element(
                "p",
                { className: "note changed" },
                words(
                  "手直ししたあとで絵が変わっています。タグを見直してください",
                  "The drawing has changed since it was corrected; please look at its tags",
                ),
              ),
            ]
          : []),
        element(
          "div",
          { className: "chips" },
          trigger,
          [...picture.now.shown, ...idle].map((entry) =>
            chip(
              entry,
              picture.now.cut,
              {},
              element(
                "small",
                {},
                scores.has(entry.key) ? (scores.get(entry.key) / 100).toFixed(0) : "",
              ),
            ),
          ),
          leftChips(picture.now.left),
        ),
        ...(editOf(picture).sentence
          ? [element("p", { className: "sentence" }, visible(editOf(picture).sentence))]
          : []),
        adder(picture, writing),
      ),
    ),
  );
}

export function look(picture) {
  state.looked = picture;
  point(picture, false);
  showDetail();
  if (!$("detail").open) $("detail").showModal();
}

/** Go to the next picture, by 1, or to the one before, by -1. */
export function stepTo(by) {
  const next = state.listed[state.listed.indexOf(state.looked) + by];
  if (!next) return;
  $("detail").replaceChildren();
  look(next);
  $("detail")
    .querySelector(`[data-act=${by < 0 ? "step-back" : "step-on"}]`)
    .focus();
}
