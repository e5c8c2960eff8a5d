// The report's page: the document around the pure functions of tags.js.

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "role" || key.includes("-")) made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.flat());
  return made;
}

const $ = (id) => document.getElementById(id);
const words = (ja, en) => [element("span", { className: "w", lang: "ja" }, ja), element("span", { className: "w", lang: "en" }, en)];
const button = (act, data, ...children) => element("button", { type: "button", "data-act": act, ...data }, ...children);

function start() {
  const data = JSON.parse($("data").textContent);
  const model = readModel(data.tags, data.categories, data.rules, data.faces);
  const japanese = new Map(data.words), table = readTable(data.tokens);
  const pictures = data.pictures.map((picture, index) => ({
    ...picture, index, ranked: ranked(picture.found, model), crop: cropOf(picture), text: null,
  }));
  const byStem = new Map(pictures.map((picture) => [picture.stem, picture]));
  const flagsOf = new Map(pictures.map((picture) => [picture, new Set(picture.notes.map(([kind]) => kind))]));
  for (const stem of data.groups.flat()) flagsOf.get(byStem.get(stem)).add("near");
  const place = `nasumiso:${data.trigger}`;

  let saved = { text: data.text, edits: new Map(data.edits) };   // as edits.yaml is known to be
  let edits = new Map(saved.edits);                              // as corrected on the page
  let match = matched(edits, pictures);
  let done = [], undone = [];
  let threshold = data.rules.threshold, language = "both", query = "", allTags = false;
  const wanted = new Set(), tagsWanted = new Set();              // filters that are on
  let listed = [], atParams = null, counts = new Map(), current = null, looked = null;

  // -- corrections --

  const editOf = (picture) => edits.get(match.found.get(picture.stem)) ?? NOTHING;
  const savedOf = (picture) => saved.edits.get(match.found.get(picture.stem)) ?? NOTHING;
  const asWritten = (tag) => model.spelled(strip(tag).replaceAll(" ", "_"));
  const changedKeys = () => [...new Set([...saved.edits.keys(), ...edits.keys()])]
    .filter((key) => saved.edits.has(key) !== edits.has(key) || !same(saved.edits.get(key), edits.get(key)));

  /** Make `edit`, null for none, the edit of a key. */
  function put(key, edit) {
    const old = saved.edits.get(key);
    if (!edit || (idle(key, edit, edits) && !(old && same(old, edit)))) edits.delete(key);
    else edits.set(key, old && same(old, edit) ? old : edit);    // an old one keeps its own text
  }

  /** Do `change` to the edits of pictures, as one step that can be undone; return how many. */
  function correct(targets, change) {
    const step = [];
    for (const picture of targets) {
      const before = editOf(picture), after = change(before, picture.now.tagged, savedOf(picture));
      if (!same(before, after)) step.push([picture.key, edits.get(picture.key) ?? null, { ...after, source: picture.source }]);
    }
    if (step.length) take(step);
    return step.length;
  }

  function take(step) {
    done.push(step);
    undone = [];
    replay(step, 2);
  }

  function replay(step, side) {
    for (const entry of step) put(entry[0], entry[side]);
    keep();
    recompute(new Set(step.map(([key]) => key)));
  }

  function travel(from, to, side) {
    const step = from.pop();
    if (!step) return;
    to.push(step);
    replay(step, side);
  }

  /** Remember what is not in the page's file; a browser without storage forgets on reload. */
  function keep() {
    const changed = changedKeys().map((key) => [key, saved.edits.get(key) ?? NOTHING, edits.get(key) ?? NOTHING]);
    const record = { from: data.text, saved: saved.text === data.text ? null : { text: saved.text, edits: [...saved.edits] }, changed };
    try {
      if (changed.length || record.saved) localStorage.setItem(place, JSON.stringify(record));
      else localStorage.removeItem(place);
    } catch { /* private windows */ }
  }

  function remember() {
    let record = null;
    try { record = JSON.parse(localStorage.getItem(place)); } catch { /* none, or not ours */ }
    saved = { text: data.text, edits: new Map(data.edits) };
    if (record?.saved && record.from === data.text) saved = { text: record.saved.text, edits: new Map(record.saved.edits) };
    edits = new Map(saved.edits);
    let laid = 0;
    for (const [key, was, is] of record?.changed ?? []) {
      const base = edits.get(key) ?? NOTHING;
      laid += !same(was, base) && !same(is, base);
      put(key, { ...rebased(was, is, base), source: is.source || base.source });
    }
    [done, undone] = [[], []];
    if (laid) toast(`${laid} 枚の edits.yaml がほかで変わっていました。保存前の手直しを重ねました`,
      `edits.yaml has changed for ${laid} pictures since; your unsaved corrections are laid over it`);
  }

  function textToSave() {
    const inOrder = [...saved.edits.keys(), ...pictures.map((picture) => picture.key), ...edits.keys()];
    const kept = [...new Set(inOrder)].filter((key) => edits.has(key));
    return editsText(saved.text, saved.edits, new Map(kept.map((key) => [key, edits.get(key)])), data.header);
  }

  async function save() {
    const text = textToSave();
    if (window.showOpenFilePicker) {
      try {
        const [handle] = await window.showOpenFilePicker({ id: "edits", types: [{ description: "data/edits.yaml", accept: { "application/yaml": [".yaml"] } }] });
        const there = (await (await handle.getFile()).text()).replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
        if (![text, saved.text, data.text].some((each) => each.replaceAll("\r\n", "\n") === there)) {
          toast("このファイルは、このページができた後に変わっています。dvc repro の後でページを開き直してください。手直しは残っています",
            "This file has changed since the page was made. Run dvc repro and open the page again; your corrections are kept");
          return;
        }
        const stream = await handle.createWritable();
        await stream.write(text);
        await stream.close();
        saveDone(text, "保存しました。dvc repro で反映されます", "Saved. Now run: dvc repro");
        return;
      } catch (error) {
        if (error.name === "AbortError") return;                 // the artist closed the chooser
      }
    }
    const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: "application/yaml" })), download: "edits.yaml" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    saveDone(text, "edits.yaml をダウンロードしました。data/edits.yaml と置き換え、dvc repro を実行してください",
      "edits.yaml is downloaded. Put it in place of data/edits.yaml and run: dvc repro");
  }

  function saveDone(text, ja, en) {
    saved = { text, edits: new Map(edits) };
    keep();
    recompute();
    toast(ja, en);
  }

  // -- what is computed --

  function captionsAt(value) {
    return pictures.map((picture) => captioned(tagsOf(picture.ranked, model, value), editOf(picture), data.trigger).final);
  }

  /** Compute captions anew: all, or those of the changed edits; then show. */
  function recompute(changed = null, edited = true) {
    match = matched(edits, pictures);
    if (edited) [atParams, latest] = [null, latest + 1];
    for (const picture of pictures) {
      if (changed && !changed.has(picture.key)) continue;
      const edit = editOf(picture), flags = flagsOf.get(picture);
      picture.now = captioned(tagsOf(picture.ranked, model, threshold), edit, data.trigger);
      Object.assign(picture.now, measured(picture.now.final, table, data.limit));
      picture.text = null;
      for (const [flag, on] of [["cut", picture.now.cut.size > 0], ["few", picture.now.final.length - 1 < FEW], ["bare", picture.now.final.length === 1],
        ["corrected", !empty(edit)], ["cropped", picture.crop.cut > CROPPED]]) flags[on ? "add" : "delete"](flag);
      if (picture.card) picture.card.stale = true;
    }
    counts = new Map();
    for (const { now } of pictures) for (const tag of new Set(now.final.slice(1).map(underscored))) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    counts = new Map([...counts].sort((a, b) => b[1] - a[1] || compareText(a[0], b[0])));
    showThreshold();
    list();
    showTools();
    if ($("detail").open) showDetail();
    if (!edited) return;                                         // the steps stay as they are
    clearTimeout(recompute.later);
    recompute.later = setTimeout(showSteps, 150);
  }

  const textOf = (picture) => picture.text ??= folded([picture.stem, picture.source, ...picture.now.final.slice(1).flatMap((tag) =>
    [tag, underscored(tag), underscored(tag).replaceAll("_", " "), japanese.get(underscored(tag)) ?? ""])].join("\n"));

  function fits(picture) {
    const flags = flagsOf.get(picture);
    return [...wanted].every((flag) => flags.has(flag)) && [...tagsWanted].every((key) => picture.now.final.some((tag) => underscored(tag) === key))
      && (!query || sought(textOf(picture), query));
  }

  // -- cards --

  const near = new Set();
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      near[isIntersecting ? "add" : "delete"](target);
      if (isIntersecting) fill(target);
    }
  }, { rootMargin: "800px" });

  const islands = [];
  /** A thumbnail as a data URI; null as long as its island is not parsed yet. */
  function thumbnail({ index }) {
    const place = Math.floor(index / data.chunk), node = document.getElementsByClassName("thumbnails")[place];
    if (!islands[place] && node?.nextSibling) islands[place] = JSON.parse(node.textContent);
    const encoded = islands[place]?.[index % data.chunk];
    return encoded === undefined ? null : encoded && `data:image/webp;base64,${encoded}`;
  }

  function show(image, picture) {
    const source = image.getAttribute("src") ? null : thumbnail(picture);
    if (source) image.src = source;
  }

  const drawing = (picture) => element("img", { alt: visible(picture.source), decoding: "async", width: picture.size[0], height: picture.size[1] });

  /** The picture as it was prepared: the drawing, cropped by CSS. */
  function cropped(picture) {
    const image = drawing(picture);
    const [across, down] = picture.size;
    image.style.aspectRatio = `${across} / ${down}`;
    image.className = across >= down ? "crop wide" : "crop";
    return image;
  }

  const BADGES = {
    upscaled: ["拡大", "upscaled"], near: ["似た絵", "look-alike"], colours: ["色変換", "colours"], changed: ["絵が変わった", "drawing changed"],
  };

  function makeCard(picture) {
    const card = element("article", { className: "card", id: picture.stem, tabIndex: -1, "aria-label": `${picture.stem} ${visible(picture.source)}` },
      button("open", { className: "frame", tabIndex: -1 }, cropped(picture)),
      element("div", { className: "body" },
        element("header", {}, element("b", {}, picture.stem), element("bdi", { className: "source", title: visible(picture.source) }, visible(picture.source)),
          element("span", { className: "tokens" }), element("span", { className: "badges" })),
        element("div", { className: "chips" })));
    Object.assign(card, { picture, stale: true });
    watcher.observe(card);
    return card;
  }

  /** How long the caption is, and how much of it the trainer reads. */
  const length = ({ now }) => element("span", { className: `tokens${now.cut.size ? " over" : ""}`, title:
    `${now.exact ? "" : "多くとも。"}CLIP のトークン数 / 学習で読まれる数。shuffle_caption では、あふれるタグが毎回変わります / ${now.exact ? "" : "at most; "}CLIP tokens of the caption / those that the trainer reads; with shuffle_caption the tags beyond vary` },
    `${now.exact ? "" : "≤ "}${now.tokens} / ${data.limit} `, words("トークン", "tokens"));

  const names = (tag, ja) => [element("bdi", { className: "en", lang: "en" }, visible(tag)), ...(ja ? [element("bdi", { className: "ja", lang: "ja" }, ja)] : [])];

  function chip({ tag, key, state }, cut, extra = {}, ...more) {
    const ja = japanese.get(key), lost = cut.has(tag) && state !== "struck";
    const title = lost ? `学習では ${data.limit} トークンまでしか読まれず、このタグは切れます / beyond the ${data.limit} tokens that the trainer reads` : "";
    return button("toggle", { className: `chip ${state}${lost ? " cut" : ""}${ja ? "" : " alone"}`, "aria-pressed": String(state === "struck"), tag, title, ...extra },
      names(tag, ja), ...more);
  }

  function fill(card) {
    const { picture } = card;
    show(card.querySelector("img"), picture);
    if (!card.stale) return;
    card.stale = false;
    const tabIndex = card === current?.card ? 0 : -1, { shown, cut } = picture.now;
    const chips = shown.map((entry, place) => chip(entry, cut, { tabIndex, hidden: place >= FOLDED && !entry.state && !card.unfolded }));
    const folded = chips.filter((each) => each.hidden), lost = folded.find((each) => each.matches(".cut"));
    if (folded.length) chips.push(button("unfold", { className: `chip more${lost ? " cut" : ""}`, title: lost?.title ?? "", tabIndex }, `+${folded.length}`));
    chips.push(button("write", { className: "chip plus", tabIndex, title: "+ (a)", "aria-label": "タグを追加 / add a tag" }, "＋"));
    card.querySelector(".chips").replaceChildren(...chips);
    card.querySelector(".tokens").replaceWith(length(picture));
    const flags = [...flagsOf.get(picture), ...(match.changed.has(picture.stem) ? ["changed"] : [])];
    card.querySelector(".badges").replaceChildren(...flags.filter((flag) => BADGES[flag]).map((flag) => element("span", { className: `badge ${flag}` }, words(...BADGES[flag]))));
    card.classList.toggle("corrected", flags.includes("corrected"));
  }

  const skippedCards = data.skipped.map(([source, ja, en]) => element("article", { className: "card skipped", tabIndex: -1, "aria-label": visible(source) },
    element("div", { className: "frame", "aria-hidden": "true" }, "×"),
    element("div", { className: "body" }, element("header", {}, element("bdi", { className: "source" }, visible(source))), element("p", {}, words(visible(ja), visible(en))))));

  /** Show the pictures that fit the filters. */
  function list() {
    const skipped = wanted.has("skipped");
    listed = skipped ? [] : pictures.filter(fits);
    const cards = skipped ? skippedCards.filter((card, i) => sought(folded(data.skipped[i].join("\n")), query)) : listed.map((picture) => picture.card ??= makeCard(picture));
    const sheet = $("sheet"), before = sheet.children;
    if (before.length !== cards.length || cards.some((card, i) => card !== before[i])) sheet.replaceChildren(...cards);
    if (!cards.length) sheet.replaceChildren(element("p", { className: "empty" }, words("あてはまる絵がありません", "No picture fits")));
    for (const card of near) if (card.isConnected) fill(card);
    if (!listed.includes(current)) point(listed[0] ?? null, false);
    const n = cards.length, all = skipped ? data.skipped.length : pictures.length;
    $("count").replaceChildren(...words(`${n} / ${all} 枚`, `${n} of ${all} pictures`),
      ...[...tagsWanted].map((key) => button("tag", { className: "chip wanted", tag: key }, element("bdi", {}, visible(key)), " ×")));
    $("shown-count").textContent = listed.length;
    showPills();
    showTags();
  }

  /** Make a picture the one that keys act on. */
  function point(picture, focus = true) {
    const tabbable = (card, on) => {
      card.tabIndex = on ? 0 : -1;
      for (const each of card.querySelectorAll(".chips button")) each.tabIndex = on ? 0 : -1;
    };
    if (current?.card) tabbable(current.card, false);
    current = picture;
    if (!picture) return;
    tabbable(picture.card, true);
    if (focus) { picture.card.focus(); picture.card.scrollIntoView({ block: "nearest" }); }
  }

  // -- panels --

  const FLAGS = [
    ["corrected", "手直し", "corrected"], ["bare", "タグなし", "no tags"], ["few", `タグ ${FEW} 個未満`, `under ${FEW} tags`], ["cut", "長すぎ", "too long"], ["near", "似た絵", "look-alikes"],
    ["upscaled", "拡大した絵", "upscaled"], ["cropped", "大きく切れた絵", "much cut off"], ["colours", "色を変換", "colours converted"], ["skipped", "使えなかった", "skipped"],
  ];

  const pills = new Map(FLAGS.map(([flag, ja, en]) => [flag, button("flag", { className: "pill", "data-flag": flag }, words(ja, en), element("b"))]));
  $("pills").append(...pills.values());
  function showPills() {
    for (const [flag, pill] of pills) {
      const n = flag === "skipped" ? data.skipped.length : pictures.filter((picture) => flagsOf.get(picture).has(flag)).length;
      pill.lastChild.textContent = n;
      pill.disabled = !n && !wanted.has(flag);
      pill.setAttribute("aria-pressed", wanted.has(flag));
    }
  }

  function showTags() {
    const sorted = [...counts];
    $("different").textContent = sorted.length;
    $("more").hidden = allTags || sorted.length <= 60;
    $("tags").replaceChildren(...sorted.slice(0, allTags ? undefined : 60).map(([key, n]) => {
      const ja = japanese.get(key), bar = element("i");
      bar.style.inlineSize = `${100 * n / sorted[0][1]}%`;
      return element("li", {}, button("tag", { tag: key, "aria-pressed": String(tagsWanted.has(key)) },
        element("span", { className: ja ? "" : "alone" }, names(key, ja)), element("b", {}, n), bar));
    }));
  }

  const decimal = (value) => String(value / 10000);
  function showThreshold() {
    $("threshold").value = threshold;
    $("value").textContent = decimal(threshold);
    const { added, dropped, pictures: touched } = difference(atParams ??= captionsAt(data.rules.threshold), pictures.map(({ now }) => now.final));
    const moved = threshold !== data.rules.threshold, from = decimal(data.rules.threshold);
    $("change").replaceChildren(...(moved
      ? words(`今の ${from} とくらべて ${touched} 枚で +${added} −${dropped}`, `against ${from} now: +${added} −${dropped} tags in ${touched} pictures`)
      : words("今の params.yaml の値です", "as params.yaml has it now")));
    $("command").textContent = `dvc exp run -S caption.threshold=${decimal(threshold)}`;
    $("params").hidden = !moved;
    for (const step of $("steps").children) step.setAttribute("aria-pressed", Number(step.dataset.value) === threshold);
  }

  let latest = 0;
  /** Compute and show the twenty steps, one after the other, so that nobody has to wait for them. */
  async function showSteps() {
    const mine = ++latest, steps = [];
    for (let value = 500; value <= 10000; value += 500) {
      const captions = captionsAt(value);
      steps.push({ value, total: captions.reduce((sum, tags) => sum + tags.length - 1, 0), ...difference(atParams, captions) });
      await new Promise((done) => { setTimeout(done); });
      if (mine !== latest) return;
    }
    const most = Math.max(1, ...steps.map(({ total }) => total));
    $("steps").replaceChildren(...steps.map(({ value, total, added, dropped }) => {
      const change = [added && `+${added}`, dropped && `−${dropped}`].filter(Boolean).join(" ") || "±0";
      const text = `${decimal(value)}: ${change} (${total})`, bar = element("i");
      bar.style.blockSize = `${2.9 * total / most}rem`;
      return button("step", { "data-value": value, title: text, "aria-label": text, "aria-pressed": String(value === threshold) },
        element("small", {}, change), bar, element("small", {}, decimal(value)));
    }));
  }

  function showTools() {
    const n = changedKeys().length;
    $("undo").disabled = !done.length;
    $("redo").disabled = !undone.length;
    $("unsaved").textContent = n || "";
    $("save").disabled = !n && saved.text === data.text;
  }

  const marked = (picture) => {
    const image = drawing(picture), mark = element("span", { className: "mark" });
    image.style.aspectRatio = `${picture.width} / ${picture.height}`;
    for (const side of ["left", "top", "width", "height"]) mark.style[side] = `${100 * picture.crop[side]}%`;
    show(image, picture);
    return element("span", { className: "whole" }, image, mark);
  };

  const cut = ({ crop }) => words(`切れた部分 ${Math.round(100 * crop.cut)}%`, `${Math.round(100 * crop.cut)} % cut off`);
  function showDetail() {
    const picture = looked, scores = new Map(picture.ranked.general.map(({ index, value }) => [underscored(model.pieces[index][0] ?? ""), value]));
    const writing = $("detail").querySelector("input")?.value ?? "";
    const idle = editOf(picture).remove.filter((tag) => !has(picture.now.tagged, tag)).map((tag) => ({ tag, key: underscored(tag), state: "struck" }));
    const trigger = element("span", { className: "chip trigger" }, element("bdi", {}, visible(data.trigger)));
    $("detail").replaceChildren(
      element("header", {}, button("step-back", { "aria-label": "前の絵 / previous" }, "←"), element("h2", {}, element("b", {}, picture.stem), " ", element("bdi", {}, visible(picture.source))),
        button("step-on", { "aria-label": "次の絵 / next" }, "→"), button("close", { className: "close", "aria-label": "閉じる / close" }, "×")),
      element("div", { className: "two" },
        element("figure", {}, marked(picture), element("figcaption", {}, `${picture.width} × ${picture.height} → ${picture.size.join(" × ")}　`, ...cut(picture), " ", length(picture))),
        element("div", {},
          ...picture.notes.map(([kind, ja, en]) => element("p", { className: `note ${kind}` }, words(visible(ja), visible(en)))),
          ...(match.changed.has(picture.stem) ? [element("p", { className: "note changed" }, words("手直しの後で絵が変わっています。タグを見直してください", "The drawing has changed since it was corrected; please look at its tags"))] : []),
          element("div", { className: "chips" }, trigger, [...picture.now.shown, ...idle].map((entry) => chip(entry, picture.now.cut, {}, element("small", {}, scores.has(entry.key) ? (scores.get(entry.key) / 100).toFixed(0) : "")))),
          adder(picture, writing))));
  }

  function showIngest() {
    const figure = (picture, ...below) => element("figure", {}, button("open", { className: "plain", stem: picture.stem, "aria-label": visible(picture.source) }, ...below.splice(0, 1)),
      element("figcaption", {}, element("b", {}, picture.stem), " ", element("bdi", {}, visible(picture.source)), element("br"), ...below));
    const look = (picture) => { const image = cropped(picture); show(image, picture); return image; };
    const part = (ja, en, n, ...rest) => n ? [element("section", { className: "panel" }, element("h2", {}, words(ja, en), element("b", {}, n)), ...rest)] : [];
    const colours = pictures.filter((picture) => picture.notes.some(([kind]) => kind === "colours"));
    const cropped_ = pictures.filter(({ crop }) => crop.cut > 0.01).sort((a, b) => b.crop.cut - a.crop.cut);
    const most = 60;
    $("view-ingest").replaceChildren(
      ...part("使えなかったファイル", "Files that can't be used", data.skipped.length, element("ul", { className: "files" }, data.skipped.map(([source, ja, en]) =>
        element("li", {}, element("bdi", { className: "source" }, visible(source)), element("span", {}, words(visible(ja), visible(en))))))),
      ...part("似ている絵", "Pictures that look alike", data.groups.length, element("p", {}, words("すべて使われています。差分なら、このままで大丈夫です。", "All are used. Variants of one drawing are welcome.")),
        element("div", { className: "row groups" }, data.groups.map((group) => element("div", { className: "row" }, group.map((stem) => figure(byStem.get(stem), look(byStem.get(stem)))))))),
      ...part("色を変換した絵", "Colours converted", colours.length, element("div", { className: "row" }, colours.map((picture) =>
        figure(picture, look(picture), ...picture.notes.filter(([kind]) => kind === "colours").map(([, ja, en]) => words(visible(ja), visible(en))).flat())))),
      ...part("切り抜きで切れた部分", "What the crop cut off", cropped_.length, element("div", { className: "row" }, cropped_.slice(0, most).map((picture) => figure(picture, marked(picture), ...cut(picture)))),
        cropped_.length > most ? element("p", {}, words(`切れた部分の大きい ${most} 枚です`, `The ${most} that lost most`)) : ""));
    if (!$("view-ingest").children.length) $("view-ingest").append(element("p", { className: "empty" }, words("すべての絵をそのまま使いました", "All drawings were used as they are")));
  }

  let fading = 0;
  function toast(ja, en) {
    $("toast").replaceChildren(...words(ja, en));
    $("toast").hidePopover();
    $("toast").showPopover();                                    // above an open dialog
    clearTimeout(fading);
    fading = setTimeout(() => $("toast").hidePopover(), 6000);
  }

  // -- typing tags --

  let known = null;
  const knownTags = () => known ??= [...new Set([...model.names.filter((name, i) => name !== null && data.categories[i] !== RATING), ...japanese.keys()].map(underscored))]
    .map((key) => ({ key, ja: folded(japanese.get(key) ?? ""), count: 0 }));

  /** The tags somebody typed, in the captions' spelling; Japanese becomes the tag it stands for. */
  function typedTags(text) {
    return text.split(/[,，]/).map(strip).filter(Boolean).map((each) => {
      const exact = knownTags().find(({ key, ja }) => key === underscored(each) || (ja && ja === folded(each)));
      return asWritten(exact ? exact.key : each);
    });
  }

  /** Add (or strike) the typed tags in pictures. */
  function correctTyped(text, targets, how = "add") {
    const tags = typedTags(text), wrong = tags.find((tag) => !isTag(tag));
    if (wrong !== undefined) toast(`「${visible(wrong)}」はタグにできません`, `“${visible(wrong)}” can't be a tag`);
    else if (has(tags, data.trigger)) toast("トリガーワードはいつも先頭に入っています", "The trigger always comes first already");
    else if (tags.length) {
      const n = correct(targets, (edit, tagged, old) => tags.reduce((soFar, tag) =>
        how === "add" ? restore(soFar, tagged, tag, old, true) : strike(soFar, tagged, tag), edit));
      const list = tags.map(visible).join(", ");
      if (targets.length > 1 || !n) toast(how === "add" ? `${list}: ${n} 枚に追加しました` : `${list}: ${n} 枚から削除しました`, how === "add" ? `${list}: added to ${n} pictures` : `${list}: struck in ${n} pictures`);
      return true;
    }
    return false;
  }

  function adder(picture, value = "") {
    const label = language === "en" ? "Add a tag" : "タグを追加";
    return element("form", { className: "adder", picture }, element("span", { className: "combo" },
      element("input", { "data-suggest": "", value, placeholder: label, "aria-label": label, autocomplete: "off", spellcheck: false })),
      element("button", { className: "add" }, words("追加", "Add")));
  }

  function write(card) {
    const old = card.querySelector(".adder");
    if (!old) card.querySelector(".body").append(adder(card.picture));
    card.querySelector(".adder input").focus();
  }

  function suggest(input) {
    closeSuggestions();
    for (const tag of knownTags()) tag.count = counts.get(tag.key) ?? 0;
    const typed = input.value.split(/[,，]/).at(-1), found = suggestions(typed, knownTags());
    if (!found.length) return;
    input.setAttribute("aria-expanded", "true");
    input.after(element("ul", { className: "suggestions", role: "listbox" }, found.map(({ key, count }) =>
      element("li", { role: "option", "aria-selected": "false", tag: key }, element("bdi", {}, visible(asWritten(key))), element("bdi", { lang: "ja" }, japanese.get(key) ?? ""), element("b", {}, count || "")))));
  }

  function closeSuggestions() {
    for (const each of document.querySelectorAll(".suggestions")) {
      each.previousSibling.setAttribute("aria-expanded", "false");
      each.remove();
    }
  }

  function choose(option) {
    const input = option.closest(".combo").querySelector("input");
    input.value = [...input.value.split(/[,，]/).slice(0, -1).map(strip), option.tag].join(", ");
    closeSuggestions();
    input.focus();
  }

  // -- what the artist does --

  function speak(chosen) {
    language = chosen;
    document.documentElement.dataset.language = chosen;
    document.documentElement.lang = chosen === "en" ? "en" : "ja";
    const pick = (pair) => { const [ja, en] = pair.split("|"); return chosen === "both" ? `${ja} / ${en}` : chosen === "ja" ? ja : en; };
    for (const each of document.querySelectorAll("[data-words]")) { each.title = pick(each.dataset.words); each.setAttribute("aria-label", each.title); }
    for (const each of document.querySelectorAll("[data-label]")) { each.placeholder = pick(each.dataset.label); each.setAttribute("aria-label", each.placeholder); }
    $("bulk").how.replaceChildren(element("option", { value: "add" }, pick("追加|add")), element("option", { value: "strike" }, pick("削除|strike")));
    $("trigger").title = pick($("trigger").dataset.words);
    document.querySelector(`[name=language][value=${chosen}]`).checked = true;
    try { localStorage.setItem("nasumiso-language", chosen); } catch { /* private windows */ }
  }

  function open(picture) {
    point(looked = picture, false);
    showDetail();
    if (!$("detail").open) $("detail").showModal();
  }

  function stepTo(by) {
    const next = listed[listed.indexOf(looked) + by];
    if (!next) return;
    $("detail").replaceChildren();
    open(next);
    $("detail").querySelector(`[data-act=${by < 0 ? "step-back" : "step-on"}]`).focus();
  }

  const flip = (set, value) => set[set.has(value) ? "delete" : "add"](value);
  const pictureAt = (target) => byStem.get(target.stem) ?? target.closest(".card")?.picture ?? looked;
  const setThreshold = (value) => { threshold = value; recompute(null, false); };
  const acts = {
    open: (target) => open(pictureAt(target)),
    close: () => $("detail").close(),
    "step-back": () => stepTo(-1),
    "step-on": () => stepTo(1),
    toggle(target) {
      if (!isTag(target.tag)) { toast("このタグは edits.yaml に書けません。params.yaml の caption.exclude を使ってください", "edits.yaml can't hold this tag; use caption.exclude in params.yaml"); return; }
      const picture = pictureAt(target), struck = target.getAttribute("aria-pressed") === "true", group = target.parentElement;
      const place = [...group.querySelectorAll("[data-act=toggle]")].indexOf(target);
      correct([picture], (edit, tagged, old) => struck ? restore(edit, tagged, target.tag, old) : strike(edit, tagged, target.tag));
      ($("detail").open ? $("detail") : picture.card).querySelectorAll("[data-act=toggle]")[place]?.focus({ preventScroll: true });
    },
    unfold(target) { const card = target.closest(".card"); card.unfolded = card.stale = true; fill(card); },
    write: (target) => write(target.closest(".card")),
    undo: () => travel(done, undone, 1),
    redo: () => travel(undone, done, 2),
    save,
    discard() {
      const step = changedKeys().map((key) => [key, edits.get(key) ?? null, saved.edits.get(key) ?? null]);
      if (step.length) take(step);
      $("help").close();
    },
    help: () => $("help").showModal(),
    view(target) {
      for (const each of document.querySelectorAll(".views button")) each.setAttribute("aria-pressed", each === target);
      for (const view of ["sheet", "ingest"]) $(`view-${view}`).hidden = view !== target.dataset.view;
      if (target.dataset.view === "ingest") showIngest();
    },
    flag(target) {
      const flag = target.dataset.flag, skipped = wanted.has("skipped");
      if (flag === "skipped" ? !skipped : skipped) wanted.clear();
      flip(wanted, flag);
      list();
    },
    tag(target) { flip(tagsWanted, target.tag); list(); },
    more() { allTags = true; showTags(); },
    step: (target) => setThreshold(Number(target.dataset.value)),
    params: () => setThreshold(data.rules.threshold),
    async copy() {
      const text = $("command").textContent;
      try { await navigator.clipboard.writeText(text); } catch {
        getSelection().selectAllChildren($("command"));
        document.execCommand("copy");
      }
      toast("コピーしました", "Copied");
    },
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-act]");
    if (target) acts[target.dataset.act](target);
    else if (event.target.closest(".suggestions li")) choose(event.target.closest("li"));
    else if (event.target === $("detail")) $("detail").close();   // beside the dialog
    if (!event.target.closest(".combo")) closeSuggestions();
  });

  document.addEventListener("focusin", (event) => {
    const picture = event.target.closest?.(".card")?.picture;
    if (picture && picture !== current) point(picture, false);
  });

  document.addEventListener("input", (event) => {
    const { target } = event;
    if (target.id === "search") {
      query = target.value;
      if ($("view-sheet").hidden) document.querySelector("[data-view=sheet]").click();
      list();
    }
    else if (target.id === "threshold") setThreshold(Number(target.value));
    else if (target.name === "language") speak(target.value);
    else if (target.dataset.suggest !== undefined && !event.isComposing) suggest(target);
  });
  document.addEventListener("compositionend", (event) => { if (event.target.dataset.suggest !== undefined) suggest(event.target); });

  document.addEventListener("submit", (event) => {
    if (event.target.method === "dialog") return;
    event.preventDefault();
    closeSuggestions();
    if (event.target.id === "bulk") {
      const { tag, how } = event.target;
      if (correctTyped(tag.value, event.submitter?.value === "all" ? pictures : listed, how.value)) tag.value = "";
      return;
    }
    const { picture } = event.target, input = event.target.querySelector("input");
    const typed = input.value;
    input.value = "";
    if (!correctTyped(typed, [picture])) input.value = typed;
    ($("detail").open ? $("detail") : picture.card).querySelector(".adder input").focus();
  });

  function keyInCombo(event, input) {
    const options = [...input.parentElement.querySelectorAll("[role=option]")], at = options.findIndex((each) => each.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = options[(at + (event.key === "ArrowDown" ? 1 : options.length + (at < 0 ? 0 : -1))) % options.length];
      for (const each of options) each.setAttribute("aria-selected", each === next);
      if (options.length) event.preventDefault();
    } else if (event.key === "Enter" && at >= 0) { choose(options[at]); event.preventDefault(); }
    else if (event.key === "Escape" && options.length) { closeSuggestions(); event.preventDefault(); }
    else if (event.key === "Escape" && input.closest(".card")) { const { card } = input.closest(".adder").picture; input.closest(".adder").remove(); card.focus(); }
  }

  function moveBy(key) {
    const at = listed.indexOf(current), top = (picture) => picture.card.offsetTop;
    const columns = Math.max(1, listed.findIndex((picture) => top(picture) > top(listed[0])));
    const next = listed[at + { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key]];
    if (next) point(next);
  }

  document.addEventListener("keydown", (event) => {
    const { target, key } = event, typing = target.matches("input:not([type=range], [type=radio]), select");
    if (event.isComposing || $("help").open) return;
    if (target.dataset.suggest !== undefined) keyInCombo(event, target);
    if (event.ctrlKey || event.metaKey || event.altKey) {
      if (key.toLowerCase() !== "z" || typing || event.altKey) return;
      event.preventDefault();
      acts[event.shiftKey ? "redo" : "undo"]();
    } else if (typing) {
      if (key === "Escape" && target.id === "search") point(current);
    } else if (key.startsWith("Arrow") && $("detail").open) {
      if (key === "ArrowLeft" || key === "ArrowRight") stepTo(key === "ArrowLeft" ? -1 : 1);
    } else if (key.startsWith("Arrow") && current && (target === document.body || target.closest("#sheet"))) {
      event.preventDefault();
      moveBy(key);
    } else if (key === "Enter" && target === current?.card) open(current);
    else if (key === "a" && current && $("detail").open) { event.preventDefault(); $("detail").querySelector("input").focus(); }
    else if (key === "a" && current && !$("view-sheet").hidden) { event.preventDefault(); write(current.card); }
    else if (key === "/") { event.preventDefault(); $("detail").close(); $("search").focus(); }
    else if (key === "z") acts.undo();
    else if (key === "y" || key === "Z") acts.redo();
    else if (key === "s") $("save").click();
    else if (key === "?") acts.help();
  });

  $("detail").addEventListener("close", () => { if (looked?.card.isConnected) point(looked); });
  addEventListener("storage", (event) => { if (event.key === place) { remember(); recompute(); } });   // another window
  document.addEventListener("DOMContentLoaded", () => { for (const card of near) fill(card); });

  $("trigger").firstChild.textContent = visible(data.trigger);
  document.title = `${visible(data.trigger)} – Nasumiso Creator`;
  $("findings").textContent = data.skipped.length + data.groups.length || "";
  $("tags-box").open = matchMedia("(min-width: 1000px)").matches;
  let chosen = null;
  try { chosen = localStorage.getItem("nasumiso-language"); } catch { /* private windows */ }
  speak(["ja", "en"].includes(chosen) ? chosen : "both");
  remember();
  recompute();
}

start();
