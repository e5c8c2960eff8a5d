"""What page and server say to each other, over real HTTP."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.voting import turned, write_judged, write_judging, write_picture
from tools.serving.guard import Address, Guard
from tools.serving.loopback import answering, listening
from tools.votes.pool import pool_of
from tools.votes.runs import run_here
from tools.votes.session import Session
from tools.votes.site import site
from tools.votes.votes_file import change_votes, read_votes


class Site:
    """The site on a port of its own."""

    def __init__(self, session: Session, address: Address, ended: threading.Event) -> None:
        self.session = session
        self.address = address
        self.ended = ended

    def get(self, path: str) -> requests.Response:
        return requests.get(self.address.page + path, timeout=30)

    def post(self, path: str, value: Any) -> requests.Response:
        headers = {"Origin": self.address.origin, "Content-Type": "application/json"}
        data = value if isinstance(value, bytes) else None
        value = None if data else value
        url = self.address.page + path
        return requests.post(url, data=data, json=value, headers=headers, timeout=30)

    def vote(self, chose: str) -> dict[str, Any]:
        question = self.get("question").json()["question"]
        answer = self.post("vote", {"question": question["name"], "chose": chose})
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.chdir(tmp_path)
    write_judging(tmp_path)
    write_judged(tmp_path)
    session = Session(pool_of([run_here()]), tmp_path / "training" / "votes.yaml", "Nasu", seed=1)
    ended = threading.Event()
    with listening(0) as at:
        address = Address(at.getsockname()[1])
        with answering(at, Guard(site(session, ended.set), address)):
            yield Site(session, address, ended)


def test_a_vote_from_the_question_to_the_file(served: Site) -> None:
    state = served.get("question").json()
    question = state["question"]
    assert set(question) == {"name", "left", "right", "prompt"}
    assert state["progress"]["mine"] == 0
    for side in ("left", "right"):
        picture = served.get(f"picture/{question[side]}")
        assert picture.headers["content-type"] == "image/png"
        assert picture.content.startswith(b"\x89PNG")
    after = served.vote("left")
    assert after["progress"]["mine"] == after["progress"]["votes"] == 1
    assert len(read_votes(served.session.path)) == 1
    back = served.post("undo", {}).json()
    assert back["progress"]["mine"] == 0
    assert read_votes(served.session.path) == []


def test_nothing_that_is_sent_before_the_results_tells_which_is_which(served: Site) -> None:
    said = "".join(
        answer.text + str(answer.headers)
        for answer in (served.get(""), served.get("question"), served.get("question"))
    )
    asked = served.session.ask()
    assert asked
    for picture in (asked.left, asked.right):
        for word in (picture.sha256, picture.path.name, "0123456789ab", "_e2", "_e4", "w0.6"):
            assert word not in said


def test_a_picture_is_there_only_while_it_is_asked_of(served: Site) -> None:
    name = served.get("question").json()["question"]["left"]
    served.vote("tie")
    assert served.get(f"picture/{name}").status_code == 404
    assert served.get("picture/..%2f..%2fetc%2fpasswd").status_code == 404


@pytest.mark.parametrize(
    "value",
    [
        *({}, {"chose": "left"}, {"question": 3, "chose": "left"}),
        *({"question": "x", "chose": "both"}, [], 3, b"{", b"\xff", b"[" * 3000),
    ],
    ids=str,
)
def test_what_is_no_vote_is_none(served: Site, value: Any) -> None:
    assert served.post("vote", value).status_code == 400
    assert read_votes(served.session.path) == []


def test_methods_are_those_of_a_path(served: Site) -> None:
    assert served.get("vote").status_code == 405
    assert served.post("question", {}).status_code == 405
    assert served.get("nothing").status_code == 404


def test_what_a_person_can_mend_is_told_to_the_page(served: Site) -> None:
    served.vote("left")
    question = served.get("question").json()["question"]
    again = served.post("vote", {"question": "another", "chose": "left"})
    assert (again.status_code, again.json().keys()) == (409, {"problem"})
    served.session.path.write_text("", encoding="utf-8")
    broken = served.post("vote", {"question": question["name"], "chose": "left"})
    assert broken.status_code == 409
    assert "is empty; get your votes back with: git checkout" in broken.json()["problem"]
    assert served.session.path.read_text(encoding="utf-8") == ""


def test_a_full_disk_is_told_to_the_page(served: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(served.session.path))

    monkeypatch.setattr("tools.votes.votes_file.write_atomically", full)
    question = served.get("question").json()["question"]
    answer = served.post("vote", {"question": question["name"], "chose": "left"})
    assert answer.status_code == 507
    assert "the disk is full" in answer.json()["problem"]


def test_results_have_a_ranking_and_stand_beside_the_judge(served: Site) -> None:
    for chose in ("left", "right", "tie", "left"):
        served.vote(chose)
    found = served.get("results/all").json()
    assert found["votes"] == 4
    assert found["voters"] == [["Nasu", 4]]
    titles = [table["title"].partition("|")[2] for table in found["tables"]]
    assert titles == ["Candidates", "Epochs", "Weights"]
    rows = found["tables"][0]["rows"]
    assert len(rows) == 5
    assert [row["share"] for row in rows] == sorted((row["share"] for row in rows), reverse=True)
    by_cell = {(row["epoch"], row["weight"]): row["judged"] for row in rows}
    assert by_cell["4", "0.6"]["told"] == ["advised"]
    assert by_cell["", ""] is None
    assert sum(row["won"] for row in rows) == sum(row["lost"] for row in rows) == 3
    assert sum(row["tied"] for row in rows) == 2


def test_results_may_be_those_of_one_person(served: Site) -> None:
    served.vote("left")
    (mine,) = read_votes(served.session.path)
    other = turned(mine).__class__(**{**vars(turned(mine)), "who": "Miso"})
    change_votes(served.session.path, lambda now: [*now, other])
    served.vote("left")
    assert served.get("results/all").json()["votes"] == 3
    found = served.get("results/mine").json()
    assert (found["votes"], found["voters"]) == (2, [["Nasu", 2], ["Miso", 1]])


def test_votes_on_other_runs_are_told_of(served: Site) -> None:
    served.vote("left")
    text = served.session.path.read_text(encoding="utf-8")
    served.session.path.write_text(text.replace("lora: 0123", "lora: ffff"), encoding="utf-8")
    served.session.mine.clear()
    served.vote("left")
    found = served.get("results/all").json()
    assert (found["votes"], found["elsewhere"]) == (1, 1)


def test_when_every_pair_was_voted_on_there_is_no_question(served: Site) -> None:
    while served.get("question").json()["question"]:
        served.vote("tie")
    assert served.get("question").json()["progress"]["mine"] == 40


def test_the_page_says_when_it_is_open_and_closed(served: Site) -> None:
    name = re.search(r'<script id="page"[^>]*>"(\w+)"', served.get("").text)
    assert name
    assert served.post("opened", {"page": 3}).status_code == 400
    assert served.post("closed", {"page": name[1]}).status_code == 200
    assert served.ended.wait(30)


def test_the_page_can_end_it(served: Site) -> None:
    assert served.post("end", {}).status_code == 200
    assert served.ended.is_set()


def test_a_damaged_picture_is_one_line(served: Site) -> None:
    for _, other, _ in served.session.pool.pairs:
        write_picture(other.path, 3, "")
    answer = served.get("question")
    assert answer.status_code == 409
    assert "was changed since this was started" in answer.json()["problem"]
