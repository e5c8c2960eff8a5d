// What the prepare stage did with the files: skipped, alike, converted, cropped.

import { $, element } from "../../common/html/elements.js";
import { byStem, data, pictures } from "./model.js";
import { button, cropped, cut, marked, show, words } from "./pieces.js";
import { visible } from "./tags.js";

export function showIngest() {
  const figure = (picture, ...below) =>
    element(
      "figure",
      {},
      button(
        "open",
        { className: "plain", stem: picture.stem, "aria-label": visible(picture.source) },
        ...below.splice(0, 1),
      ),
      element(
        "figcaption",
        {},
        element("b", {}, picture.stem),
        " ",
        element("bdi", {}, visible(picture.source)),
        element("br"),
        ...below,
      ),
    );
  const look = (picture) => {
    const part = cropped(picture);
    show(part.firstChild, picture);
    return part;
  };
  const part = (ja, en, n, ...rest) =>
    n
      ? [
          element(
            "section",
            { className: "panel" },
            element("h2", {}, words(ja, en), element("b", {}, n)),
            ...rest,
          ),
        ]
      : [];
  const colours = pictures.filter((picture) => picture.notes.some(([kind]) => kind === "colours"));
  const cropped_ = pictures
    .filter(({ crop }) => crop.cut > 0.01)
    .sort((a, b) => b.crop.cut - a.crop.cut);
  const most = 60;
  $("view-ingest").replaceChildren(
    ...part(
      "使えなかったファイル",
      "Files that can't be used",
      data.skipped.length,
      element(
        "ul",
        { className: "files" },
        data.skipped.map(([source, ja, en]) =>
          element(
            "li",
            {},
            element("bdi", { className: "source" }, visible(source)),
            element("span", {}, words(visible(ja), visible(en))),
          ),
        ),
      ),
    ),
    ...part(
      "似た絵",
      "Pictures that look alike",
      data.groups.length,
      element(
        "p",
        {},
        words(
          "すべて使われています。差分なら、このままで大丈夫です。",
          "All are used. Variants of one drawing are welcome.",
        ),
      ),
      element(
        "div",
        { className: "row groups" },
        data.groups.map((group) =>
          element(
            "div",
            { className: "row" },
            group.map((stem) => figure(byStem.get(stem), look(byStem.get(stem)))),
          ),
        ),
      ),
    ),
    ...part(
      "色を変換した絵",
      "Colours converted",
      colours.length,
      element(
        "div",
        { className: "row" },
        colours.map((picture) =>
          figure(
            picture,
            look(picture),
            ...picture.notes
              .filter(([kind]) => kind === "colours")
              .flatMap(([, ja, en]) => words(visible(ja), visible(en))),
          ),
        ),
      ),
    ),
    ...part(
      "切り抜きで切れた部分",
      "What the crop cut off",
      cropped_.length,
      element(
        "div",
        { className: "row" },
        cropped_.slice(0, most).map((picture) => figure(picture, marked(picture), ...cut(picture))),
      ),
      cropped_.length > most
        ? element("p", {}, words(`切れた部分の大きい順に ${most} 枚`, `The ${most} that lost most`))
        : "",
    ),
  );
  if (!$("view-ingest").children.length)
    $("view-ingest").append(
      element(
        "p",
        { className: "empty" },
        words("すべての絵をそのまま使いました", "All drawings were used as they are"),
      ),
    );
}
