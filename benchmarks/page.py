"""Measure the report's page at many pictures: building it, first paint, filtering, correcting."""

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from stages.library.dataset.dictionary import read_dictionary, read_typed
from stages.library.report.page import ONE_FILE
from tests.browser.pages import chromium, many

DICTIONARY = Path(__file__).parents[1] / "data" / "dictionary"

UNTIL_SHOWN = """
const [done] = arguments, pictures = [];
new PerformanceObserver(list => pictures.push(...list.getEntries()))
  .observe({type: 'largest-contentful-paint', buffered: true});
setTimeout(() => done([
  performance.getEntriesByName('first-contentful-paint')[0].startTime,
  pictures.filter(each => each.element?.matches('.card *')).at(-1)?.startTime ?? NaN,
  performance.getEntriesByType('navigation')[0].loadEventEnd,
]), 500);
"""

UNTIL_PAINTED = """
const [act, done] = arguments, start = performance.now();
const field = document.getElementById('search'), slider = document.getElementById('threshold');
const type = (input, value) => {
  input.value = value;
  input.dispatchEvent(new Event('input', {bubbles: true}));
};
({
  'search': () => type(field, 'blue ha'),
  'search cleared': () => type(field, ''),
  'filter': () => document.querySelector('[data-flag=upscaled]').click(),
  'filter cleared': () => document.querySelector('[data-flag=upscaled]').click(),
  'tag': () => document.querySelector('#tags button').click(),
  'tag cleared': () => document.querySelector('#tags button').click(),
  'slider': () => type(slider, slider.value === '3000' ? 4000 : 3000),
  'strike': () => document.querySelector('#img001 [data-act=toggle]').click(),
  'add to all': () => {
    document.getElementById('bulk').tag.value = 'tag_' + Math.random().toString(36).slice(2);
    document.querySelector('#bulk [value=all]').click();
  },
  'undo': () => document.getElementById('undo').click(),
})[act]();
const script = performance.now() - start;
requestAnimationFrame(() => setTimeout(() => done([script, performance.now() - start])));
"""

ACTS = (
    *(("search", "search cleared"), ("filter", "filter cleared"), ("tag", "tag cleared")),
    *(("slider",), ("strike",), ("add to all", "undo")),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    dataset = many(options.pictures, read_dictionary(DICTIONARY))
    dataset = replace(dataset, typed=read_typed(DICTIONARY))
    thumbnails = dataset.thumbnails
    if options.pictures > ONE_FILE:
        dataset = replace(dataset, thumbnails={}, folder="thumbnails")
    start = time.perf_counter()
    html = dataset.html()
    print(f"built in {time.perf_counter() - start:.2f} s from {options.pictures} thumbnails")
    within = sum(map(len, dataset.thumbnails.values()))
    print(f"{len(html.encode()) / 1e6:.1f} MB, of which thumbnails {within * 4 / 3e6:.1f} MB")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "index.html")
        path.with_name("thumbnails").mkdir()
        for stem, data in thumbnails.items():
            path.with_name("thumbnails").joinpath(f"{stem}.webp").write_bytes(data)
        path.write_text(html, encoding="utf-8")
        browser = chromium(Path(folder), 1920, 1080)
        try:
            times = []
            for _ in range(options.rounds):
                browser.get(path.as_uri())
                times.append(browser.execute_async_script(UNTIL_SHOWN))
            for name, took in zip(
                ("first paint", "pictures", "loaded"), zip(*times, strict=True), strict=True
            ):
                print(f"{name}: {spread(took)}")
            for acts in ACTS:
                rounds = [
                    [browser.execute_async_script(UNTIL_PAINTED, act) for act in acts]
                    for _ in range(options.rounds)
                ]
                for act, took in zip(acts, zip(*rounds, strict=True), strict=True):
                    scripts, painted = zip(*took, strict=True)
                    print(f"{act}: script {spread(scripts)}, until painted {spread(painted)}")
        finally:
            browser.quit()


def spread(values: list[float] | tuple[float, ...]) -> str:
    """Return the median and the greatest, in milliseconds."""
    return f"{statistics.median(values):.0f} ms (at most {max(values):.0f})"


if __name__ == "__main__":
    main()
