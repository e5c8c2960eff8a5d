// What the buttons do, by their data-act.

import { $, copy, element } from "../../common/html/elements.js";
import { fill } from "./cards.js";
import { look, stepTo } from "./detail.js";
import { showIngest } from "./ingest.js";
import {
  byStem,
  changedKeys,
  correct,
  data,
  recompute,
  savedAs,
  state,
  tagsWanted,
  take,
  textToSave,
  travel,
  wanted,
} from "./model.js";
import { showListed, showTags } from "./panels.js";
import { toast } from "./pieces.js";
import { isTag, restore, strike } from "./tags.js";
import { answer, write } from "./typing.js";

async function save() {
  const text = textToSave();
  if (window.showOpenFilePicker) {
    try {
      const [handle] = await window.showOpenFilePicker({
        id: "edits",
        types: [{ description: "data/edits.yaml", accept: { "application/yaml": [".yaml"] } }],
      });
      const there = (await (await handle.getFile()).text())
        .replace(/^\ufeff/, "")
        .replaceAll("\r\n", "\n");
      if (
        ![text, state.saved.text, data.text].some((each) => each.replaceAll("\r\n", "\n") === there)
      ) {
        toast(
          "このファイルは、ページができたあとに変わっています。dvc repro を実行してから、ページを開き直してください。手直しは残っています",
          "This file has changed since the page was made. Run dvc repro and open the page again; " +
            "your corrections are kept",
        );
        return;
      }
      const stream = await handle.createWritable();
      await stream.write(text);
      await stream.close();
      savedAs(text, "edits.yaml");
      return;
    } catch (error) {
      if (error.name === "AbortError") return; // the artist closed the chooser
    }
  }
  const link = element("a", {
    href: URL.createObjectURL(new Blob([text], { type: "application/yaml" })),
    download: "edits.yaml",
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  savedAs(text, "downloads");
}

const flip = (set, value) => set[set.has(value) ? "delete" : "add"](value);
const pictureAt = (target) =>
  byStem.get(target.stem) ?? target.closest(".card")?.picture ?? state.looked;
export const setThreshold = (value) => {
  state.threshold = value;
  recompute(null, false);
};
export const acts = {
  open: (target) => look(pictureAt(target)),
  close: () => $("detail").close(),
  "step-back": () => stepTo(-1),
  "step-on": () => stepTo(1),
  toggle(target) {
    if (!isTag(target.tag)) {
      toast(
        "このタグは edits.yaml に書けません。params.yaml の caption.exclude を使ってください",
        "edits.yaml can't hold this tag; use caption.exclude in params.yaml",
      );
      return;
    }
    const picture = pictureAt(target);
    const struck = target.getAttribute("aria-pressed") === "true";
    const group = target.parentElement;
    const place = [...group.querySelectorAll("[data-act=toggle]")].indexOf(target);
    correct([picture], (edit, tagged, old) =>
      struck ? restore(edit, tagged, target.tag, old) : strike(edit, tagged, target.tag),
    );
    ($("detail").open ? $("detail") : picture.card)
      .querySelectorAll("[data-act=toggle]")
      [place]?.focus({ preventScroll: true });
  },
  have(target) {
    correct([pictureAt(target)], (edit, tagged, old) =>
      restore(edit, tagged, target.tag, old, true),
    );
  },
  group(target) {
    flip(state.drop, `group:${target.dataset.group}`);
    recompute(null, false);
  },
  unfold(target) {
    const card = target.closest(".card");
    card.unfolded = card.stale = true;
    fill(card);
  },
  answer: (target) => answer(target.closest(".ask"), target.how),
  write: (target) => write(target.closest(".card")),
  undo: () => travel(state.done, state.undone, 1),
  redo: () => travel(state.undone, state.done, 2),
  save,
  discard() {
    const step = changedKeys().map((key) => [
      key,
      state.edits.get(key) ?? null,
      state.saved.edits.get(key) ?? null,
    ]);
    if (step.length) take(step);
    $("help").close();
  },
  help: () => $("help").showModal(),
  view(target) {
    for (const each of document.querySelectorAll(".views button"))
      each.setAttribute("aria-pressed", each === target);
    for (const view of ["sheet", "ingest"]) $(`view-${view}`).hidden = view !== target.dataset.view;
    if (target.dataset.view === "ingest") showIngest();
  },
  flag(target) {
    const flag = target.dataset.flag;
    const skipped = wanted.has("skipped");
    if (flag === "skipped" ? !skipped : skipped) wanted.clear();
    flip(wanted, flag);
    showListed();
  },
  tag(target) {
    flip(tagsWanted, target.tag);
    showListed();
  },
  more() {
    state.allTags = true;
    showTags();
  },
  step: (target) => setThreshold(Number(target.dataset.value)),
  params() {
    state.drop = new Set(data.rules.drop);
    setThreshold(data.rules.threshold);
  },
  async copy() {
    await copy("command");
    toast("コピーしました", "Copied");
  },
};
