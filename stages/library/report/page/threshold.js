// The threshold, and what another one would change.

import { $, element } from "../../common/html/elements.js";
import { captionsAt, data, pictures, state } from "./model.js";
import { button, words } from "./pieces.js";
import { difference } from "./tags.js";

const decimal = (value) => String(value / 10000);
export function showThreshold() {
  $("threshold").value = state.threshold;
  $("value").textContent = decimal(state.threshold);
  state.atParams ??= captionsAt(data.rules.threshold);
  const {
    added,
    dropped,
    pictures: touched,
  } = difference(
    state.atParams,
    pictures.map(({ now }) => now.final),
  );
  const moved = state.threshold !== data.rules.threshold;
  const from = decimal(data.rules.threshold);
  $("change").replaceChildren(
    ...(moved
      ? words(
          `今の ${from} とくらべて ${touched} 枚で +${added} −${dropped}`,
          `against ${from} now: +${added} −${dropped} tags in ${touched} pictures`,
        )
      : words("今の params.yaml の値です", "as params.yaml has it now")),
  );
  $("command").textContent = `dvc exp run -S caption.threshold=${decimal(state.threshold)}`;
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
    const captions = captionsAt(value);
    steps.push({
      value,
      total: captions.reduce((sum, tags) => sum + tags.length - 1, 0),
      ...difference(state.atParams, captions),
    });
    await new Promise((done) => {
      setTimeout(done);
    });
    if (mine !== latest) return;
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
