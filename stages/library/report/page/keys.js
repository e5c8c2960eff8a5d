// What the artist types and clicks, and the page's start.

import { $, element } from "../../common/html/elements.js";
import { inLanguage, speak, spoken } from "../../common/html/language.js";
import { acts, setThreshold } from "./acts.js";
import { fill, near, point } from "./cards.js";
import { look, stepTo } from "./detail.js";
import { data, keep, pictures, recompute, remember, state, stored } from "./model.js";
import { showListed } from "./panels.js";
import { toast } from "./pieces.js";
import { visible } from "./tags.js";
import {
  choose,
  closeSuggestions,
  enter,
  markNext,
  paste,
  suggest,
  taken,
  write,
} from "./typing.js";

function load() {
  const laid = remember();
  recompute();
  if (laid)
    toast(
      `${laid} 枚の絵の手直しが、edits.yaml のほうで変わっていました。その上に、保存前の手直しを重ねました`,
      `edits.yaml has changed for ${laid} pictures since; unsaved corrections are laid over it`,
    );
}

function speakHere(language) {
  speak(language);
  $("bulk").how.replaceChildren(
    element("option", { value: "add" }, inLanguage("追加|add", language)),
    element("option", { value: "strike" }, inLanguage("削除|strike", language)),
  );
}

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-act]");
  if (target) acts[target.dataset.act](target);
  else if (event.target.closest(".suggestions li")) choose(event.target.closest("li"));
  else if (event.target === $("detail")) $("detail").close(); // beside the dialog
  if (!event.target.closest(".combo")) closeSuggestions();
});

document.addEventListener("focusin", (event) => {
  const picture = event.target.closest?.(".card")?.picture;
  if (picture && picture !== state.current) point(picture, false);
});

document.addEventListener("input", (event) => {
  const { target } = event;
  if (target.id === "search") {
    state.query = target.value;
    if ($("view-sheet").hidden) document.querySelector("[data-view=sheet]").click();
    showListed();
  } else if (target.id === "threshold") setThreshold(Number(target.value));
  else if (target.name === "language") speakHere(target.value);
  // while composing, too: on a phone even English is composed
  else if (target.dataset.suggest !== undefined) suggest(target);
});
document.addEventListener("paste", (event) => {
  const text = event.clipboardData?.getData("text/plain");
  if (event.target.dataset?.suggest === undefined || !text) return;
  event.preventDefault();
  paste(event.target, text);
});
document.addEventListener("mousedown", (event) => {
  if (event.target.closest(".suggestions")) event.preventDefault(); // the field keeps the focus
});

document.addEventListener("submit", (event) => {
  if (event.target.method === "dialog") return;
  event.preventDefault();
  const form = event.target;
  const { picture } = form;
  if (picture) enter(form, { targets: [picture], how: "add" });
  else
    enter(form, {
      targets: event.submitter?.value === "all" ? pictures : state.listed,
      how: form.how.value,
    });
});

function keyInCombo(event, input) {
  const option = taken();
  const asked = input.form.querySelector(".ask");
  if (option && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    markNext(event.key === "ArrowDown" ? 1 : -1);
    event.preventDefault();
  } else if (event.key === "Enter" && (option || event.repeat)) {
    if (!event.repeat) choose(option); // a key held down answers nothing
    event.preventDefault();
  } else if (event.key === "Escape" && (option || asked)) {
    closeSuggestions();
    asked?.remove();
    event.preventDefault();
  } else if (event.key === "Escape" && input.closest(".card")) {
    const { card } = input.closest(".adder").picture;
    input.closest(".adder").remove();
    card.focus();
  }
}

function moveBy(key) {
  const at = state.listed.indexOf(state.current);
  const top = (picture) => picture.card.offsetTop;
  const columns = Math.max(
    1,
    state.listed.findIndex((picture) => top(picture) > top(state.listed[0])),
  );
  const next =
    state.listed[at + { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key]];
  if (next) point(next);
}

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const typing = target.matches("input:not([type=range], [type=radio]), select");
  // of an Enter that ends a composition some browsers say so by 229 only
  if (event.isComposing || event.keyCode === 229 || $("help").open) return;
  if (target.dataset.suggest !== undefined) keyInCombo(event, target);
  if (event.ctrlKey || event.metaKey || event.altKey) {
    if (key.toLowerCase() !== "z" || typing || event.altKey) return;
    event.preventDefault();
    acts[event.shiftKey ? "redo" : "undo"]();
  } else if (typing) {
    if (key === "Escape" && target.id === "search") point(state.current);
  } else if (key.startsWith("Arrow") && $("detail").open) {
    if (key === "ArrowLeft" || key === "ArrowRight") stepTo(key === "ArrowLeft" ? -1 : 1);
  } else if (
    key.startsWith("Arrow") &&
    state.current &&
    (target === document.body || target.closest("#sheet"))
  ) {
    event.preventDefault();
    moveBy(key);
  } else if (key === "Enter" && target === state.current?.card) look(state.current);
  else if (key === "a" && state.current && $("detail").open) {
    event.preventDefault();
    $("detail").querySelector("input").focus();
  } else if (key === "a" && state.current && !$("view-sheet").hidden) {
    event.preventDefault();
    write(state.current.card);
  } else if (key === "/") {
    event.preventDefault();
    $("detail").close();
    $("search").focus();
  } else if (key === "z") acts.undo();
  else if (key === "y" || key === "Z") acts.redo();
  else if (key === "s") $("save").click();
  else if (key === "?") acts.help();
});

$("detail").addEventListener("close", () => {
  if (state.looked?.card.isConnected) point(state.looked);
});
addEventListener("storage", (event) => {
  if (event.key === stored) {
    load();
  }
}); // another window
document.addEventListener("DOMContentLoaded", () => {
  for (const card of near) fill(card);
});

$("trigger").firstChild.textContent = visible(data.trigger);
document.title = `${visible(data.trigger)} – Nasumiso Creator`;
$("findings").textContent = data.skipped.length + data.groups.length || "";
$("tags-box").open = matchMedia("(min-width: 1000px)").matches;
speakHere(spoken());
load();
keep(); // but for what this page shows to be in its place
