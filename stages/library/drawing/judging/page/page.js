// The judge's page: both languages stand in it; without this script both show.

import { speak, spoken } from "../../../common/html/language.js";

document.addEventListener("change", ({ target }) => {
  if (target.name === "language") speak(target.value);
});

speak(spoken());
