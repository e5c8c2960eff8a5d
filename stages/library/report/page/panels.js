// What stands around the sheet: the filters, the tags, the tools.

import { $, element } from "../../common/html/elements.js";
import { list } from "./cards.js";
import { showDetail } from "./detail.js";
import {
  changedKeys,
  data,
  flagsOf,
  japanese,
  model,
  pictures,
  state,
  tagsWanted,
  waiting,
  wanted,
} from "./model.js";
import { button, names, words } from "./pieces.js";
import { FEW, visible } from "./tags.js";
import { planSteps, showThreshold } from "./threshold.js";

const FLAGS = [
  ["corrected", "手直し", "corrected"],
  ["bare", "タグなし", "no tags"],
  ["few", `タグ ${FEW} 個未満`, `under ${FEW} tags`],
  ["cut", "長すぎる", "too long"],
  ["near", "似た絵", "look-alikes"],
  ["upscaled", "拡大した絵", "upscaled"],
  ["cropped", "大きく切れた絵", "much cut off"],
  ["colours", "色を変換", "colours converted"],
  ["skipped", "使えなかった", "skipped"],
  ...data.subjects.map(([name]) => [`subject ${name}`, visible(name)]),
];

/** A name that people gave is the same in every language. */
const label = (ja, en) => (en === undefined ? [ja] : words(ja, en));

const pills = new Map(
  FLAGS.map(([flag, ja, en]) => [
    flag,
    button("flag", { className: "pill", "data-flag": flag }, ...label(ja, en), element("b")),
  ]),
);
$("pills").append(...pills.values());
function showPills() {
  for (const [flag, pill] of pills) {
    const n =
      flag === "skipped"
        ? data.skipped.length
        : pictures.filter((picture) => flagsOf.get(picture).has(flag)).length;
    pill.lastChild.textContent = n;
    pill.disabled = !n && !wanted.has(flag);
    pill.setAttribute("aria-pressed", wanted.has(flag));
  }
}

const [SHARE, FEWEST] = data.core;
const CORE =
  `コアタグ: ${SHARE} % 以上の絵にあります。キャラ自身の特徴なら書かないほうが、` +
  "画風なら書いたほうがよく覚えます / " +
  `core tag: in ${SHARE} % of the pictures or more; ` +
  "a character's own are better left out, a style's kept";
/** report/core.py, of all pictures together */
const isCore = (n) => pictures.length >= FEWEST && n * 100 >= SHARE * pictures.length;

export function showTags() {
  const sorted = [...state.counts];
  $("different").textContent = sorted.length;
  $("more").hidden = state.allTags || sorted.length <= 60;
  $("tags").replaceChildren(
    ...sorted.slice(0, state.allTags ? undefined : 60).map(([key, n]) => {
      const ja = japanese.get(key);
      const bar = element("i");
      bar.style.inlineSize = `${(100 * n) / sorted[0][1]}%`;
      const core = isCore(n) && !model.always.has(key);
      return element(
        "li",
        {},
        button(
          "tag",
          {
            tag: key,
            className: core ? "core" : "",
            title: core ? CORE : "",
            "aria-pressed": String(tagsWanted.has(key)),
          },
          element("span", { className: ja ? "" : "alone" }, names(key, ja)),
          element("b", {}, n),
          bar,
        ),
      );
    }),
  );
}

const WAITING = {
  "edits.yaml": [
    "data/edits.yaml に保存しました。dvc repro を実行すると、データセットに反映されます。",
    "Saved in data/edits.yaml. Run dvc repro: the dataset then has your corrections.",
  ],
  downloads: [
    "保存しましたが、まだ反映されていません。edits.yaml を data/ に入れて dvc repro を実行してください。",
    "Saved, but not in place yet: put it into data/ and run dvc repro.",
  ],
};

/** Say of what is saved that the dataset does not have it yet, until a page shows that it does. */
function showWaiting() {
  const place = waiting();
  $("waiting").hidden = !place;
  if ($("waiting").place === place) return; // a screen reader says it once
  $("waiting").place = place;
  $("waiting").replaceChildren(
    ...(place ? words(...WAITING[place]) : []),
    ...(place === "downloads" ? [button("save", {}, words("もう一度保存", "Save again"))] : []),
  );
}

function showTools() {
  const n = changedKeys().length;
  $("undo").disabled = !state.done.length;
  $("redo").disabled = !state.undone.length;
  $("unsaved").textContent = n || "";
  $("save").disabled = !n && state.saved.text === data.text;
}

/** Show the pictures that fit the filters, and the filters. */
export function showListed() {
  list();
  showPills();
  showTags();
}

document.addEventListener("computed", ({ detail: { edited } }) => {
  showThreshold();
  showListed();
  showTools();
  showWaiting();
  if ($("detail").open) showDetail();
  if (edited) planSteps();
});
