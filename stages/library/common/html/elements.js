// The elements of a page.

export const $ = (id) => document.getElementById(id);

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "role" || key.includes("-")) made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.flat());
  return made;
}

/** Copy an element's text to the clipboard; where pages may not, by selecting it. */
export async function copy(id) {
  try {
    await navigator.clipboard.writeText($(id).textContent);
  } catch {
    getSelection().selectAllChildren($(id));
    document.execCommand("copy");
  }
}
