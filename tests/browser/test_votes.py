"""The page of blind votes in a real browser, before a real server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser.pages import WATCH, Page, logged
from tests.browser.test_page import CONTRAST
from tests.support.serving import Server, serving
from tests.support.voting import PROMPTS, write_judged, write_judging, write_picture
from tools.votes.vote import Vote
from tools.votes.votes_file import read_votes

pytestmark = pytest.mark.browser

SIZE = (240, 320)


class Room:
    """A page on which is voted, its server, and the votes."""

    def __init__(self, page: Page, server: Server, root: Path) -> None:
        self.page = page
        self.server = server
        self.root = root

    @property
    def votes(self) -> list[Vote]:
        return read_votes(self.root / "training" / "votes.yaml")

    def ready(self, votes: int) -> None:
        """Wait until so many votes were given and the next two pictures can be seen."""
        self.page.wait(
            "const images = [...document.querySelectorAll('.picture img')];"
            "return document.getElementById('mine').textContent === String(arguments[0]) &&"
            "!document.getElementById('left').disabled &&"
            "images.every(image => image.complete && image.naturalWidth > 0)",
            votes,
        )

    def press(self, key: str, votes: int) -> None:
        self.page.press(key)
        self.ready(votes)

    def shown(self) -> list[str]:
        """Return the addresses of the two pictures."""
        found: list[str] = self.page.js(
            "return [...document.querySelectorAll('.picture img')].map(image => image.src)"
        )
        return found


@pytest.fixture
def room(browser: Chrome, tmp_path: Path) -> Iterator[Room]:
    """Return the open page; afterwards no error may be logged."""
    write_judging(tmp_path, seeds=(1, 2, 3), size=SIZE)
    write_judged(tmp_path)
    logged(browser)
    with serving(tmp_path, "tools.votes", "--who", "Nasu") as server:
        browser.get(server.page)
        room = Room(Page(browser, tmp_path), server, tmp_path)
        room.ready(0)
        yield room
        problems = logged(browser)
        browser.get("about:blank")
    assert problems == []


def test_keys_vote_and_take_back(room: Room) -> None:
    first = room.shown()
    room.press(Keys.ARROW_LEFT, 1)
    assert set(first) & set(room.shown()) == set()
    room.press(Keys.ARROW_RIGHT, 2)
    room.press(Keys.ARROW_DOWN, 3)
    room.press(Keys.SPACE, 4)
    assert [vote.chose for vote in room.votes] == ["left", "right", "tie", "tie"]
    for key, left in (("u", 3), (Keys.BACKSPACE, 2)):
        room.press(key, left)
    ActionChains(room.page.browser).key_down(Keys.CONTROL).send_keys("z").key_up(
        Keys.CONTROL
    ).perform()
    room.ready(1)
    assert [vote.chose for vote in room.votes] == ["left"]
    room.press("u", 0)
    room.page.press("u")
    assert room.votes == []


def test_clicks_and_touch_vote(room: Room) -> None:
    room.page.click("#right")
    room.ready(1)
    room.page.click("#tie")
    room.ready(2)
    place = room.page.js(
        "const box = document.querySelector('#left img').getBoundingClientRect();"
        "return [box.x + box.width / 2, box.y + box.height / 2]"
    )
    touch = {"touchPoints": [{"x": place[0], "y": place[1]}]}
    browser = room.page.browser
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchStart", **touch})
    browser.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    room.ready(3)
    room.page.click("#undo")
    room.ready(2)
    room.press(Keys.SPACE, 3)
    assert [vote.chose for vote in room.votes] == ["right", "tie", "tie"], "no button has the focus"


def test_a_key_that_is_held_down_is_one_vote(room: Room) -> None:
    room.page.js(
        "const held = {key: 'ArrowLeft', bubbles: true, cancelable: true};"
        "document.body.dispatchEvent(new KeyboardEvent('keydown', held));"
        "for (let n = 0; n < 20; n++)"
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {...held, repeat: true}))"
    )
    room.ready(1)
    room.page.js(
        "document.body.dispatchEvent(new KeyboardEvent('keydown',"
        "{key: 'ArrowLeft', bubbles: true, repeat: true}))"
    )
    assert len(room.votes) == 1


def test_the_page_tells_nothing_of_what_it_shows(room: Room) -> None:
    html = room.page.js("return document.documentElement.outerHTML")
    for word in ("_e2_", "_e4_", "w0.6", "0123456789ab", "weight 0.6"):
        assert word not in html
    alt = room.page.js("return [...document.querySelectorAll('.picture img')].map(i => i.alt)")
    assert alt == ["", ""]
    assert room.page.text("#prompt") in PROMPTS


def test_results_are_shown_when_asked_for(room: Room) -> None:
    assert room.page.text("#tables") == ""
    for votes, key in enumerate((Keys.ARROW_LEFT, Keys.ARROW_DOWN, Keys.ARROW_LEFT), start=1):
        room.press(key, votes)
    room.page.click("#show")
    room.page.wait("return document.getElementById('results').open")
    heads = room.page.js(
        "return [...document.querySelectorAll('#tables h3')].map(h => h.innerText)"
    )
    assert heads == ["Candidates", "Epochs", "Weights"]
    rows = room.page.js(
        "return [...document.querySelectorAll('#tables table')[0].tBodies[0].rows]"
        ".map(row => row.innerText)"
    )
    assert len(rows) == 5
    assert any("no LoRA" in row for row in rows)
    (advised,) = (row for row in rows if "advised" in row)
    assert "epoch 4 weight 0.6" in advised
    assert "0.280 ± 0.050" in advised
    assert "(1 copy)" in advised
    assert "3 votes (Nasu 3)" in room.page.text("#verdict")
    room.page.press(Keys.ARROW_LEFT)
    room.page.press(Keys.ESCAPE)
    room.page.wait("return !document.getElementById('results').open")
    assert len(room.votes) == 3, "behind the results nothing is voted on"


def test_a_reload_goes_on(room: Room) -> None:
    room.press(Keys.ARROW_LEFT, 1)
    before = room.shown()
    room.page.reload()
    room.ready(1)
    assert room.shown() == before
    room.press(Keys.ARROW_LEFT, 2)


def test_another_window_that_voted_first_is_not_in_the_way(room: Room) -> None:
    question = room.server.get("question")["question"]
    room.server.post("vote", {"question": question["name"], "chose": "tie"})
    room.page.press(Keys.ARROW_LEFT)
    room.page.wait("return !document.getElementById('problem').hidden")
    assert "in another window" in room.page.text("#problem")
    room.ready(1)
    room.press(Keys.ARROW_RIGHT, 2)
    assert [vote.chose for vote in room.votes] == ["tie", "right"]
    assert room.page.js("return document.getElementById('problem').hidden")
    logged(room.page.browser)  # 409, which the browser logs


def test_broken_votes_are_one_line_on_the_page(room: Room) -> None:
    path = room.root / "training" / "votes.yaml"
    path.write_text("<<<<<<< HEAD\n", encoding="utf-8")
    room.page.press(Keys.ARROW_LEFT)
    room.page.wait("return !document.getElementById('problem').hidden")
    assert "votes.yaml, line 1: holds Git's conflict marks" in room.page.text("#problem")
    assert path.read_text(encoding="utf-8") == "<<<<<<< HEAD\n"
    path.unlink()
    room.ready(0)
    room.press(Keys.ARROW_LEFT, 1)
    logged(room.page.browser)


def test_a_damaged_picture_is_one_line_on_the_page(room: Room) -> None:
    for path in (room.root / "training" / "judging").glob("*.png"):
        write_picture(path, 3, "")
    room.page.press(Keys.ARROW_LEFT)
    room.page.wait("return !document.getElementById('problem').hidden")
    assert "was changed since this was started" in room.page.text("#problem")
    logged(room.page.browser)


def test_when_all_was_voted_on_it_says_so(room: Room) -> None:
    while question := room.server.get("question")["question"]:
        room.server.post("vote", {"question": question["name"], "chose": "tie"})
    room.page.reload()
    room.page.wait("return !document.getElementById('all').hidden")
    assert room.page.js("return document.getElementById('vote').hidden")
    assert "dvc repro -s training/dvc.yaml:generate" in room.page.text("#all")


def test_done_ends_the_server(room: Room) -> None:
    room.press(Keys.ARROW_LEFT, 1)
    room.page.click("#end")
    room.page.wait("return !document.getElementById('ended').hidden")
    assert room.server.ended()[0] == 0


def test_closing_the_page_ends_the_server(room: Room) -> None:
    room.page.browser.get("about:blank")
    assert room.server.ended()[0] == 0


def test_a_server_that_is_gone_is_told_of(room: Room) -> None:
    room.server.process.kill()
    room.server.process.wait()
    room.page.press(Keys.ARROW_LEFT)
    room.page.wait("return !document.getElementById('problem').hidden")
    assert "Start it again in the terminal: python -m tools.votes" in room.page.text("#problem")
    logged(room.page.browser)


def test_languages(room: Room) -> None:
    seen = "return document.body.innerText"
    assert "どちら" not in room.page.js(seen), "the browser speaks English"
    room.page.click("[name=language][value=ja] + span")
    assert "自分の絵にするなら、どちらですか?" in room.page.js(seen)
    assert "Which one" not in room.page.js(seen)
    assert room.page.js("return document.getElementById('left').title") == "こちら (←)"
    room.press(Keys.ARROW_RIGHT, 1)
    room.page.reload()
    room.ready(1)
    assert "Which one" not in room.page.js(seen), "the browser remembers"


def test_a_japanese_browser_is_spoken_to_in_japanese(room: Room) -> None:
    browser = room.page.browser
    agent = browser.execute_script("return navigator.userAgent")
    browser.execute_script("localStorage.clear()")
    browser.execute_cdp_cmd(
        "Network.setUserAgentOverride", {"userAgent": agent, "acceptLanguage": "ja-JP"}
    )
    try:
        room.page.reload()
        room.ready(0)
        assert "Which one" not in room.page.js("return document.body.innerText")
    finally:
        browser.execute_cdp_cmd("Network.setUserAgentOverride", {"userAgent": agent})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(390, 844), (844, 390), (1280, 800), (1920, 1080)])
def test_contrast_and_width(room: Room, scheme: str, width: int, height: int) -> None:
    browser, page = room.page.browser, room.page
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for language in ("ja", "en"):
            page.js("document.querySelector(`[value=${arguments[0]}]`).click()", language)
            boxes = page.js(
                "return [...document.querySelectorAll('.picture img, #tie')].map(each => {"
                "const {top, bottom, left, right} = each.getBoundingClientRect();"
                "return [top, bottom, left, right]})"
            )
            for top, bottom, left, right in boxes:
                assert 0 <= top < bottom <= height, "both can be seen without scrolling"
                assert 0 <= left < right <= width
        room.press(Keys.ARROW_LEFT, 1)
        for view in ("", "#show"):
            if view:
                page.click(view)
                page.wait("return document.getElementById('results').open")
            assert page.js("return document.documentElement.scrollWidth <= innerWidth")
            assert page.js(CONTRAST) == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_policy_blocks_what_is_not_the_servers(room: Room) -> None:
    page = room.page
    page.js(WATCH)
    page.js(
        "fetch('https://nowhere.invalid/').catch(() => {});"
        "new Image().src = 'https://nowhere.invalid/a.png';"
        "try { document.body.setAttribute('onclick', 'window.harmed = true'); } catch {}"
        "document.body.click()"
    )
    page.wait("return blocked.some(each => each.startsWith('connect-src https://nowhere'))")
    page.wait("return blocked.some(each => each.startsWith('img-src https://nowhere'))")
    assert page.js("return window.harmed === undefined")
    logged(page.browser)


def test_another_page_of_the_browser_reaches_nothing(room: Room) -> None:
    """Were the token known, a page of another origin still could not vote."""
    browser, address = room.page.browser, json.dumps(room.server.page)
    browser.switch_to.new_window("tab")
    try:
        browser.get("data:text/html,<title>another</title>")
        status = browser.execute_async_script(
            f"const done = arguments[0]; fetch({address} + 'undo', {{method: 'POST', mode: "
            "'no-cors', body: '{}'}).then(a => done(a.type), () => done('refused'))"
        )
        assert status in ("opaque", "refused")
    finally:
        browser.close()
        browser.switch_to.window(browser.window_handles[0])
        logged(browser)
    room.press(Keys.ARROW_LEFT, 1)
