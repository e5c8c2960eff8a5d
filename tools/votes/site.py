"""What the page and its server say to each other: a question, a vote, and what came of all."""

import secrets
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from stages.library.common.command import refusal
from stages.library.common.errors import Problem
from stages.library.common.json_files import json_of
from stages.library.drawing.orders import weight_text
from tools.serving.presence import Presence
from tools.votes.page import page_policy, render
from tools.votes.pool import Pool
from tools.votes.session import Session
from tools.votes.standings import Ranking, Standing, voters
from tools.votes.strength import believed
from tools.votes.vote import CHOICES, Candidate

Value = dict[str, Any]


def site(session: Session, end: Callable[[], object]) -> Starlette:
    """Return the application; `end` ends the server."""
    presence = Presence(end)

    async def page(_: Request) -> Response:
        name = secrets.token_hex(8)
        presence.opened(name)
        runs = {run for run in session.pool.runs.values() if run}
        text = render(name, session.who, len(runs) > 1)
        policy = f"{page_policy()}; frame-ancestors 'none'"
        return HTMLResponse(text, headers={"content-security-policy": policy})

    async def picture(request: Request) -> Response:
        question = session.question
        data = question.shown.get(request.path_params["name"]) if question else None
        if data is None:
            raise HTTPException(404)
        return Response(data, media_type="image/png")

    def question(_: Value) -> Value:
        return state_of(session)

    def vote(body: Value) -> Value:
        chose = next((choice for choice in CHOICES if choice == body.get("chose")), None)
        if chose is None or not isinstance(body.get("question"), str):
            raise HTTPException(400)
        session.answer(body["question"], chose)
        return state_of(session)

    def undo(_: Value) -> Value:
        session.undo()
        return state_of(session)

    def results(of: str) -> Callable[[Value], Value]:
        return lambda _: results_of(session, of == "mine")

    def noted(note: Callable[[str], None]) -> Callable[[Value], Value]:
        def work(body: Value) -> Value:
            if not isinstance(body.get("page"), str):
                raise HTTPException(400)
            note(body["page"])
            return {}

        return work

    def finish(_: Value) -> Value:
        end()
        return {}

    return Starlette(
        routes=[
            Route("/", page),
            Route("/picture/{name}", picture),
            Route("/question", asked(question)),
            Route("/results/all", asked(results("all"))),
            Route("/results/mine", asked(results("mine"))),
            Route("/vote", told(vote), methods=["POST"]),
            Route("/undo", told(undo), methods=["POST"]),
            Route("/opened", told(noted(presence.opened)), methods=["POST"]),
            Route("/closed", told(noted(presence.closed)), methods=["POST"]),
            Route("/end", told(finish), methods=["POST"]),
        ]
    )


Work = Callable[[Value], Value]


def asked(work: Work) -> Callable[[Request], Any]:
    """Return what answers a question, in a thread: it may read files and reckon."""

    async def answer(_: Request) -> Response:
        return await run_in_threadpool(answered, work, {})

    return answer


def told(work: Work) -> Callable[[Request], Any]:
    """Return what does as it is told in JSON, in a thread."""

    async def answer(request: Request) -> Response:
        try:
            body = json_of((await request.body()).decode())
        except ValueError:
            raise HTTPException(400) from None
        if not isinstance(body, dict):
            raise HTTPException(400)
        return await run_in_threadpool(answered, work, body)

    return answer


def answered(work: Work, body: Value) -> Response:
    """Return what comes of some work: its value, or the line that says what a person can mend."""
    try:
        return JSONResponse(work(body))
    except Problem as problem:
        return JSONResponse({"problem": str(problem)}, 409)
    except MemoryError:
        return JSONResponse({"problem": "not enough memory / メモリーが足りません"}, 507)
    except OSError as error:
        return JSONResponse({"problem": refusal(error)}, 507)


def state_of(session: Session) -> Value:
    """Return what the page shows: a question that tells nothing, and how far the votes are."""
    question, now = session.ask(), session.progress()
    left, right = question.sides if question else ("", "")
    return {
        "question": question
        and {
            "name": question.name,
            "left": left,
            "right": right,
            "prompt": question.left.scene[0],
        },
        "progress": {
            "mine": len(session.mine),
            "votes": now.votes,
            "candidates": now.candidates,
            "best": now.may_be_best,
            "sure": now.sure,
            "enough": now.enough,
        },
    }


GROUPS: dict[str, tuple[str, Callable[[Pool, Candidate], str]]] = {
    "epoch": ("エポック|Epochs", lambda _, candidate: candidate.epoch),
    "weight": ("強さ|Weights", lambda _, candidate: weight_text(candidate.weight)),
    "run": ("実験|Runs", lambda pool, candidate: pool.runs[candidate]),
}
"""By what candidates are put together; a title in both languages, and what they share."""


def results_of(session: Session, mine: bool) -> Value:
    """Return the ranking of each candidate, and of those with an epoch, weight or run in common."""
    pool, who = session.pool, session.who
    with session.lock:
        votes = [vote for vote in session.votes if not mine or vote.who == who]
    tally = pool.tally(votes)
    belief = believed(tally)
    ranking = Ranking(belief, tally, pool.candidates)
    tables = [table(pool, "候補|Candidates", "", ranking.single())]
    for name, (title, by) in GROUPS.items():

        def shared(candidate: Candidate, by: Callable[[Pool, Candidate], str] = by) -> str:
            return by(pool, candidate)

        if group := ranking.grouped(shared):
            tables.append(table(pool, title, name, group))
    return {
        "votes": tally.count,
        "elsewhere": len(votes) - tally.count,
        "alike": sum(ranking.best),
        "voters": list(voters(session.votes, pool).items()),
        "tables": tables,
    }


def table(pool: Pool, title: str, of: str, rows: list[Standing]) -> Value:
    return {"title": title, "rows": [row_of(pool, of, row) for row in rows]}


def row_of(pool: Pool, of: str, standing: Standing) -> Value:
    """Return a row: what it is of, how often that is preferred, and what the judge says of it."""
    candidate = standing.candidates[0]
    judged = pool.judged.get(candidate) if not of else None
    return {
        "of": of,
        "run": pool.runs.get(candidate, ""),
        "epoch": candidate.epoch,
        "weight": weight_text(candidate.weight) if candidate.weight else "",
        "share": standing.share,
        "low": standing.low,
        "high": standing.high,
        "won": standing.won,
        "tied": standing.tied,
        "lost": standing.lost,
        "votes": standing.votes,
        "best": standing.may_be_best,
        "judged": judged
        and {
            "closer": judged.closer,
            "doubt": judged.doubt,
            "copies": judged.copies,
            "told": judged.told,
        },
    }
