// The threshold, and what another one would change.

import { $, element } from "../../common/html/elements.js";
import { atParams, captionsAt, data, model, pictures, state } from "./model.js";
import { button, words } from "./pieces.js";
import { difference } from "./tags.js";

const SLICE = 500; // captions that are computed before the browser may do something else

const decimal = (value) => String(value / 10000);

/** In words, what the threshold changes. */
function changes() {
  const from = decimal(data.rules.threshold);
  const now = pictures.map((picture) => picture.now.final);
  const { added, dropped, pictures: touched } = difference(atParams(pictures), now);
  return words(
    `今の ${from} と比べて、${touched} 枚でタグが +${added} −${dropped}`,
    `against ${from} now: +${added} −${dropped} tags in ${touched} pictures`,
  );
}

const sameSets = (a, b) => a.size === b.size && [...a].every((each) => b.has(each));
// a name in Hydra's grammar; in the shell the whole is in single quotes
const quoted = (name) =>
  /^[\w:-]+$/.test(name) ? name : JSON.stringify(name).replaceAll("'", "'\\''");

/** The groups of tags, with which captions can be tried without them. */
function showGroups() {
  $("groups").replaceChildren(
    ...data.kinds
      .filter(([group]) => state.groups.has(group) || state.drop.has(`group:${group}`))
      .map(([group, ja]) =>
        button(
          "group",
          {
            className: "pill",
            "data-group": group,
            "aria-pressed": String(state.drop.has(`group:${group}`)),
          },
          words(ja, group),
          element("b", {}, state.groups.get(group) ?? 0),
        ),
      ),
  );
}

export function showThreshold() {
  $("threshold").value = state.threshold;
  $("value").textContent = decimal(state.threshold);
  const other = !sameSets(state.drop, model.drop);
  const moved = other || state.threshold !== data.rules.threshold;
  $("change").replaceChildren(
    ...(moved ? changes() : words("今の params.yaml の値です", "as params.yaml has it now")),
  );
  const drop = other ? ` -S 'caption.drop=[${[...state.drop].map(quoted).join(",")}]'` : "";
  $("command").textContent = `dvc exp run -S caption.threshold=${decimal(state.threshold)}${drop}`;
  showGroups();
  $("params").hidden = !moved;
  for (const step of $("steps").children)
    step.setAttribute("aria-pressed", Number(step.dataset.value) === state.threshold);
}

let latest = 0;
/** Compute and show the twenty steps, one after the other, so that nobody has to wait for them. */
async function showSteps() {
  const mine = ++latest;
  const steps = [];
  for (let value = 500; value <= 10000; value += 500) {
    const step = { value, total: 0, added: 0, dropped: 0 };
    for (let start = 0; start < pictures.length; start += SLICE) {
      const some = pictures.slice(start, start + SLICE);
      const captions = captionsAt(value, some);
      const { added, dropped } = difference(atParams(some), captions);
      step.total += captions.reduce((sum, tags) => sum + tags.length - 1, 0);
      step.added += added;
      step.dropped += dropped;
      await new Promise((done) => {
        setTimeout(done);
      });
      if (mine !== latest) return;
    }
    steps.push(step);
  }
  const most = Math.max(1, ...steps.map(({ total }) => total));
  $("steps").replaceChildren(
    ...steps.map(({ value, total, added, dropped }) => {
      const change =
        [added && `+${added}`, dropped && `−${dropped}`].filter(Boolean).join(" ") || "±0";
      const text = `${decimal(value)}: ${change} (${total})`;
      const bar = element("i");
      bar.style.blockSize = `${(2.9 * total) / most}rem`;
      return button(
        "step",
        {
          "data-value": value,
          title: text,
          "aria-label": text,
          "aria-pressed": String(value === state.threshold),
        },
        element("small", {}, change),
        bar,
        element("small", {}, decimal(value)),
      );
    }),
  );
}

let later = 0;
/** Show the steps anew, soon; those being computed are outdated. */
export function planSteps() {
  latest += 1;
  clearTimeout(later);
  later = setTimeout(showSteps, 150);
}
