// The page of test pictures: one picture in the large, and which rows of the tables show.
// A picture is its link in a table; without this script the links open the files.

import { $, copy, element } from "../../common/html/elements.js";
import { speak, spoken } from "../../common/html/language.js";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const data = JSON.parse($("data").textContent);
const japanese = new Map(data.japanese);
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

let shown = null;
let other = null; // the picture in the dialog, and the one to flip to

// ---- where pictures stand ----

/** The picture beside one: left and right the weight, up and down epoch, seed and prompt. */
function neighbour(picture, key) {
  const rows = all(".shots:not([hidden])").map((row) => all(".shot", row));
  const y = rows.findIndex((row) => row.includes(picture));
  const x = rows[y].indexOf(picture);
  const [right, down] = STEPS[key];
  return rows[y + down]?.[x + right];
}

/** The labels of a picture, copied from the heads of its table. */
function labels(picture) {
  const cell = picture.closest("td");
  const table = cell.closest("table");
  const prompts = document.getElementsByClassName("prompt");
  const heads = [
    table.tHead.rows[0].cells[cell.cellIndex],
    ...cell.parentElement.cells[0].firstElementChild.children,
  ];
  if (prompts.length > 1) heads.unshift(picture.closest(".prompt").querySelector("h2"));
  return heads.map((head) =>
    element("span", { className: "part" }, ...head.cloneNode(true).childNodes),
  );
}

// ---- one picture in the large ----

function chip(tag) {
  const made = element("span", { className: "chip" }, element("bdi", {}, tag));
  if (japanese.has(tag))
    made.append(" ", element("span", { className: "ja", lang: "ja" }, japanese.get(tag)));
  return made;
}

function show(picture, before) {
  const near = Object.keys(STEPS)
    .map((key) => neighbour(picture, key))
    .filter(Boolean);
  [shown, other] = [picture, before ?? near[0]];
  const image = picture.querySelector("img");
  const known = data.pictures[picture.dataset.index];
  $("large").src = picture.href;
  $("large").alt = image.alt;
  $("labels").replaceChildren(...labels(picture));
  if (other) {
    const here = labels(picture).map((part) => part.textContent);
    $("other").replaceChildren(
      "⇄ ",
      ...labels(other).filter((part, i) => part.textContent !== here[i]),
    );
  }
  for (const id of ["found", "missing"]) {
    $(id).hidden = !known[id].length;
    $(id).querySelector("b").textContent = known[id].length;
    $(id)
      .querySelector(".chips")
      .replaceChildren(...known[id].map(chip));
  }
  $("infotext").textContent = known.infotext;
  $("copied").textContent = "";
  $("file").href = picture.href;
  $("file").textContent = decodeURIComponent(picture.getAttribute("href"));
  for (const each of all("[data-step]")) each.disabled = !neighbour(picture, each.dataset.step);
  for (const { href } of near)
    Object.assign(new Image(), { src: href })
      .decode()
      .catch(() => {}); // ready to flip to
  if (!$("picture").open) $("picture").showModal();
}

function step(key) {
  const next = neighbour(shown, key);
  if (next) show(next, shown);
}

async function copyInfotext() {
  await copy("infotext");
  $("copied").textContent = "✓";
}

// ---- which rows, how large ----

/** Do what changes the heights of rows, and keep in view what is. */
function inPlace(change) {
  const group = all(".sheet tbody").find((each) => each.getBoundingClientRect().bottom > 120);
  const place = () => group?.getBoundingClientRect().top ?? 0;
  const before = place();
  change();
  scrollBy({ top: place() - Math.max(before, 90), behavior: "instant" });
}

function filter(seed) {
  for (const row of all(".shots")) row.hidden = seed !== "" && row.dataset.seed !== seed;
}

document.addEventListener("click", (event) => {
  const picture = event.target.closest(".shot");
  const arrow = event.target.closest("[data-step]");
  if (picture && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    show(picture);
  } else if (arrow) step(arrow.dataset.step);
  else if (event.target.closest("#flip")) show(other, shown);
  else if (event.target.closest("#copy")) copyInfotext();
  else if (event.target === $("picture")) $("picture").close(); // beside the dialog
});

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if ($("picture").open) {
    if (STEPS[key]) {
      event.preventDefault();
      step(key);
    } else if (key === " " && other && !target.closest("a, button")) {
      event.preventDefault();
      show(other, shown);
    }
  } else if (STEPS[key] && target.closest(".shot")) {
    event.preventDefault();
    neighbour(target.closest(".shot"), key)?.focus();
  }
});

document.addEventListener("change", ({ target }) => {
  if (target.name === "language") speak(target.value);
  if (target.name === "seed") inPlace(() => filter(target.value));
  if (target.name === "size")
    inPlace(() => {
      document.documentElement.dataset.size = target.value;
    });
});

$("picture").addEventListener("close", () => shown.focus());

speak(spoken());
