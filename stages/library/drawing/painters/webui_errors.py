"""What a WebUI's errors mean, and what to do."""

from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.drawing.painters.webui_exchange import Answer, read_json

LOGIN = "NASUMISO_WEBUI_LOGIN"
"""Environment variable with `name:password`, as the WebUI's own option --api-auth takes it."""

START = "./webui.sh --api (Windows: set COMMANDLINE_ARGS=--api in webui-user.bat)"


class UnreachableError(Problem):
    """Nothing answers, or the answer broke off; a WebUI that is started again may answer."""


def trouble(answer: Answer, path: str) -> Problem | None:
    """Return the error that an answer is, without the address; None if it is none."""
    code = answer.status
    if code in (502, 503, 504):
        return UnreachableError(f"answers {code} {printable(answer.reason)}")
    if code == 401:
        return Problem(
            f"wants a login, or another one; set {LOGIN}=name:password to what the WebUI's "
            "--api-auth says"
        )
    if code == 404 and path == "schedulers":
        return Problem("is older than 1.9 and has no schedulers; update the WebUI")
    if code in (404, 405):
        return Problem(
            f"answers, but without the API; if it has not just been started, stop the WebUI and "
            f"start it with {START}, or correct generate.url: another program may be there"
            " / --api を付けて起動し直すか、generate.url を直してください"
        )
    if code // 100 == 3:
        place = printable(answer.place) or "another address"
        return Problem(f"sends on to {place}; write the WebUI's own address in generate.url")
    if code >= 400:
        said = what_it_says(answer)
        return Problem(f"can't do it: {said}{hint(said)}")
    return None


def what_it_says(answer: Answer) -> str:
    """Return an error's own words, on one line."""
    plain = printable(f"{answer.status} {answer.reason}")
    try:
        body = read_json(answer.body)
    except ValueError:
        return plain
    if not isinstance(body, dict):
        return plain
    if isinstance(body.get("detail"), list):  # a wrong request: FastAPI tells field by field
        said = "; ".join(
            f"{'.'.join(map(str, part['loc']))}: {part['msg']}"
            for part in body["detail"]
            if isinstance(part, dict) and isinstance(part.get("loc"), list) and "msg" in part
        )
    else:
        said = ": ".join(str(body[key]) for key in ("error", "errors", "detail") if body.get(key))
    return printable(" ".join(said.split())) or plain


def hint(said: str) -> str:
    """Return what helps against an error, where that is known."""
    hints = {
        "memory": "; lower generate.width and height, or start the WebUI with --medvram",
        "nansexception": "; start the WebUI with --no-half-vae, or with --no-half",
    }
    return next((text for sign, text in hints.items() if sign in said.lower()), "")


def in_short(error: Exception) -> str:
    """Return what kept an answer from coming, in few words."""
    text = str(error)
    known = {
        "refused": f"nothing answers there; start the WebUI with {START}"
        " / WebUI を --api 付きで起動してください",
        "Name or service": "there is no such machine; correct generate.url",
        "name resolution": "there is no such machine; correct generate.url",
        "address associated": "there is no such machine; correct generate.url",
        "getaddrinfo": "there is no such machine; correct generate.url",
        "nodename": "there is no such machine; correct generate.url",
        "idna": "there is no such machine; correct generate.url",
        "CERTIFICATE": "its certificate is not valid",
        "WRONG_VERSION": "speaks no https; write http:// in generate.url",
        "timed out": "gives no answer",
        "unreachable": "can't be reached",
        "No route": "can't be reached",
    }
    return next((words for sign, words in known.items() if sign in text), "the answer broke off")
