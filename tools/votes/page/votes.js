// Two pictures and a choice. Which is which only the server knows.

import { $, element } from "../../../stages/library/common/html/elements.js";
import { speak, spoken } from "../../../stages/library/common/html/language.js";

const KEYS = { ArrowLeft: "left", ArrowRight: "right", ArrowDown: "tie", " ": "tie" };
const SIDES = ["left", "right"];
const name = JSON.parse($("page").textContent);

const GONE =
  "サーバーが終わっています。ターミナルで python -m tools.votes をもう一度実行してください。|" +
  "The server has ended. Start it again in the terminal: python -m tools.votes";
const BROKEN =
  "予期しないエラーです。ターミナルの表示をご覧ください。|Something broke; see the terminal.";
const UNSEEN = "絵を表示できません。|A picture can’t be shown.";

const WORDS = {
  advised: "おすすめ",
  "as good": "同じくらいよい",
  closer: "絵に近い",
  farther: "絵から遠い",
  copies: "写しの疑い",
  collapsed: "どれも同じ絵",
  "by heart": "丸暗記",
};

let asked = null; // the question on the page, once both its pictures can be seen
let busy = false;

// ---- words ----

/** Both languages of a text with a | between them. */
function w(pair) {
  const [ja, en] = pair.split("|");
  return [
    element("span", { className: "w", lang: "ja" }, ja),
    element("span", { className: "w", lang: "en" }, en),
  ];
}

function complain(pair) {
  $("problem").hidden = !pair;
  $("problem").replaceChildren(...(pair ? (pair.includes("|") ? w(pair) : [pair]) : []));
}

// ---- the server ----

/** What the server answers; null if it can't, and then the page says why. */
async function ask(path, body) {
  const how = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  try {
    const answer = await fetch(path, how);
    const value =
      answer.headers.get("Content-Type") === "application/json" && (await answer.json());
    if (answer.ok) return value;
    complain(value?.problem ?? BROKEN);
  } catch {
    complain(GONE);
  }
  return null;
}

// ---- a question ----

function allow(state) {
  for (const id of [...SIDES, "tie"]) $(id).disabled = !state;
}

/** Show a question only when both its pictures can be seen: neither comes first. */
async function show(state) {
  allow(false);
  asked = null;
  const { question, progress } = state;
  $("vote").hidden = !question;
  $("all").hidden = Boolean(question);
  $("foot").hidden = false;
  $("mine").textContent = progress.mine;
  $("count").textContent = progress.votes;
  $("best").textContent = progress.best;
  $("candidates").textContent = progress.candidates;
  const percent = Math.floor(100 * progress.sure);
  $("sure").textContent = `${percent} %`;
  $("gauge").setAttribute("width", percent);
  $("enough").hidden = !progress.enough;
  $("more").hidden = progress.enough;
  $("undo").disabled = !progress.mine;
  if (!question) return;
  $("prompt").textContent = question.prompt;
  const images = SIDES.map((side) => $(side).querySelector("img"));
  SIDES.forEach((side, place) => {
    images[place].src = `picture/${question[side]}`;
  });
  try {
    await Promise.all(images.map((image) => image.decode()));
  } catch {
    complain(UNSEEN);
    return;
  }
  asked = question.name;
  allow(true);
}

/** Send what changes the question, one after the other, and show the next. */
async function send(path, body) {
  if (busy) return;
  busy = true;
  allow(false);
  complain("");
  const state = await ask(path, body);
  if (state) await show(state);
  else {
    const now = await ask("question");
    const said = $("problem").textContent;
    if (now && said) await show(now);
  }
  busy = false;
}

function choose(side) {
  if (asked) send("vote", { question: asked, chose: side });
}

function undo() {
  if (!$("undo").disabled) send("undo", {});
}

// ---- results ----

function percent(share) {
  return `${Math.round(100 * share)} %`;
}

function svg(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Where the truth is, as a line from 0 to 100 %, and the share as a dot on it. */
function range({ share, low, high }) {
  const bar = (className, x, width, y, height) =>
    svg("rect", { class: className, x, y, width: Math.max(width, 0.4), height, rx: 0.5 });
  return svg(
    "svg",
    { viewBox: "0 0 100 14", preserveAspectRatio: "none", "aria-hidden": "true" },
    bar("half", 49.8, 0.4, 0, 14),
    bar("whole", 100 * low, 100 * (high - low), 5, 4),
    bar("share", 100 * share - 0.6, 1.2, 2, 10),
  );
}

function label(row, several) {
  if (row.of === "run") return [row.run];
  if (row.of === "weight") return [...w("強さ |weight "), row.weight];
  if (row.of === "epoch") return epoch(row);
  if (!row.weight) return w("LoRA なし|no LoRA");
  const run = several && row.run ? [`${row.run} `] : [];
  return [...run, ...epoch(row), " ", ...w("強さ |weight "), row.weight];
}

function epoch(row) {
  if (row.epoch === "last") return w("最後のエポック|last epoch");
  return [...w("エポック |epoch "), row.epoch];
}

function told(judged) {
  if (!judged) return [];
  const words = judged.told.flatMap((word, place) => [
    place ? ", " : "",
    ...w(`${WORDS[word] ?? word}|${word}`),
  ]);
  const more = judged.copies === 1 ? "1 copy" : `${judged.copies} copies`;
  const copies = judged.copies ? [" ", ...w(`(写し ${judged.copies} 枚)|(${more})`)] : [];
  return [...words, ...copies];
}

function closeness(judged) {
  if (judged?.closer == null) return "–";
  const rounded = (value) => value.toFixed(3);
  return judged.doubt == null
    ? rounded(judged.closer)
    : `${rounded(judged.closer)} ± ${rounded(judged.doubt)}`;
}

function table({ title, rows }, several) {
  const judged = rows.some((row) => row.judged);
  const head = ["", "選ばれる割合|preferred", "", "95 %", "勝ち・分け・負け|won, tied, lost"];
  if (judged) head.push("判定: 絵への近さ|judge: closer", "判定|judge");
  const body = rows.map((row) => {
    const best = row.best ? [element("span", { className: "dot" }, "●")] : [];
    const cells = [
      element("td", {}, percent(row.share)),
      element("td", { className: "range" }, range(row)),
      element("td", {}, `${Math.round(100 * row.low)}–${Math.round(100 * row.high)}`),
      element("td", {}, row.votes ? `${row.won} · ${row.tied} · ${row.lost}` : "–"),
    ];
    if (judged) {
      cells.push(element("td", {}, closeness(row.judged)));
      cells.push(element("td", { className: "told" }, ...told(row.judged)));
    }
    const first = element("th", { scope: "row" }, ...label(row, several), ...best);
    return element("tr", {}, first, ...cells);
  });
  return element(
    "section",
    { className: "table" },
    element("h3", {}, ...w(title)),
    element(
      "div",
      { className: "scroll" },
      element(
        "table",
        {},
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            ...head.map((each) =>
              element(
                "th",
                { scope: "col" },
                ...(each ? w(each.includes("|") ? each : `${each}|${each}`) : []),
              ),
            ),
          ),
        ),
        element("tbody", {}, ...body),
      ),
    ),
  );
}

/** Fill the results with everybody's votes, or those of whoever votes here. */
async function fill(of) {
  const found = await ask(`results/${of}`);
  if (!found) return false;
  const several = Boolean($("tables").dataset.severalRuns);
  $("of").hidden = found.voters.length < 2;
  const who = found.voters.map(([each, votes]) => `${each} ${votes}`).join(", ");
  const first = found.tables[0].rows[0];
  const verdict = !found.votes
    ? w("まだ票がありません。|There are no votes yet.")
    : found.alike > 1
      ? w(
          `まだ区別できない候補が ${found.alike} つあります。|${found.alike} can’t be told apart yet.`,
        )
      : [...w("一番は |The best: "), ...label(first, several)];
  const counted = w(` ${found.votes} 票 (${who})| ${found.votes} votes (${who})`);
  $("verdict").replaceChildren(...verdict, ...(found.votes ? counted : []));
  const left = found.elsewhere
    ? [
        element(
          "p",
          {},
          ...w(
            `ほかの実験の絵への ${found.elsewhere} 票は数えていません。--runs で名前を挙げると入ります。|` +
              `${found.elsewhere} votes on other runs are not counted; name them with --runs.`,
          ),
        ),
      ]
    : [];
  $("tables").replaceChildren(...found.tables.map((each) => table(each, several)), ...left);
  return true;
}

async function openResults() {
  if (await fill(document.querySelector("[name=of]:checked").value)) $("results").showModal();
}

// ---- the end ----

async function end() {
  if (!(await ask("end", {}))) return;
  for (const id of ["vote", "all", "foot", "problem"]) $(id).hidden = true;
  $("ended").hidden = false;
  asked = null;
}

function tell(what) {
  const body = new Blob([JSON.stringify({ page: name })], { type: "application/json" });
  navigator.sendBeacon(what, body);
}

// ---- what people do ----

/** After a click all keys vote again; whoever moves by keys stays where they are. */
function freeKeys() {
  if (!$("results").open) document.activeElement?.blur();
}

document.addEventListener("click", ({ target, pointerType }) => {
  const chosen = target.closest("[data-choose]");
  if (chosen) choose(chosen.dataset.choose);
  else if (target.closest("#undo")) undo();
  else if (target.closest("#show")) openResults();
  else if (target.closest("#end")) end();
  else if (target === $("results")) $("results").close(); // beside the dialog
  if (pointerType) setTimeout(freeKeys);
});

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.altKey || event.shiftKey || $("results").open) return;
  const undoes = event.ctrlKey || event.metaKey ? key === "z" : /^(u|U|Backspace)$/.test(key);
  if (undoes) {
    event.preventDefault();
    if (!event.repeat) undo();
  } else if (event.ctrlKey || event.metaKey) return;
  else if (KEYS[key] && !target.closest("input") && !(key === " " && target.closest("button"))) {
    event.preventDefault(); // a key that is held down is one vote
    if (!event.repeat) choose(KEYS[key]);
  }
});

document.addEventListener("change", ({ target }) => {
  if (target.name === "language") speak(target.value);
  if (target.name === "of") fill(target.value);
});

addEventListener("pagehide", () => tell("closed"));
addEventListener("pageshow", (event) => {
  if (event.persisted) tell("opened");
});

speak(spoken(navigator.language.startsWith("ja") ? "ja" : "en"));
send("question");
