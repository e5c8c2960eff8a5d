// The language of a page: both stand in it, and one, the other or both show.

/** One of two texts with a | between them, or both. */
export function inLanguage(pair, language) {
  const [ja, en] = pair.split("|");
  if (language === "both") return `${ja} / ${en}`;
  return language === "ja" ? ja : en;
}

/** Show a language, and remember it. */
export function speak(language) {
  const page = document.documentElement;
  page.dataset.language = language;
  page.lang = language === "en" ? "en" : "ja";
  for (const each of document.querySelectorAll("[data-words]")) {
    each.title = inLanguage(each.dataset.words, language);
    each.setAttribute("aria-label", each.title);
  }
  for (const each of document.querySelectorAll("[data-label]")) {
    each.placeholder = inLanguage(each.dataset.label, language);
    each.setAttribute("aria-label", each.placeholder);
  }
  for (const each of document.querySelectorAll("[data-alt]")) {
    each.alt = inLanguage(each.dataset.alt, language);
  }
  document.querySelector(`[name=language][value=${language}]`).checked = true;
  try {
    localStorage.setItem("nasumiso-language", language);
  } catch {
    /* private windows */
  }
}

/** The language that was shown last, or another. */
export function spoken(otherwise = "both") {
  let language = null;
  try {
    language = localStorage.getItem("nasumiso-language");
  } catch {
    /* private windows */
  }
  return ["ja", "en"].includes(language) ? language : otherwise;
}
