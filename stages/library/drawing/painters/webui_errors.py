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
            f"--api-auth says / ログインが必要です。環境変数 {LOGIN} に、--api-auth と同じ"
            "「名前:パスワード」を設定してください"
        )
    if code == 404 and path == "schedulers":
        return Problem(
            "is older than 1.9 and has no schedulers; update the WebUI"
            " / 古すぎます。WebUI を 1.9 以降に更新してください"
        )
    if code in (404, 405):
        return Problem(
            f"answers, but without the API; if it has not just been started, stop the WebUI and "
            f"start it with {START}, or correct generate.url: another program may be there"
            " / --api を付けて起動し直すか、generate.url を直してください"
        )
    if code // 100 == 3:
        place = printable(answer.place) or "another address"
        return Problem(
            f"sends on to {place}; write the WebUI's own address in generate.url"
            " / generate.url には WebUI そのもののアドレスを書いてください"
        )
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
        "memory": "; lower generate.width and height, or start the WebUI with --medvram / "
        "メモリーが足りません。generate.width と height を下げるか、"
        "WebUI を --medvram 付きで起動してください",
        "nansexception": "; start the WebUI with --no-half-vae, or with --no-half"
        " / WebUI を --no-half-vae か --no-half 付きで起動してください",
    }
    return next((text for sign, text in hints.items() if sign in said.lower()), "")


def in_short(error: Exception) -> str:
    """Return what kept an answer from coming, in few words."""
    text = str(error)
    nobody = (
        "there is no such machine; correct generate.url"
        " / そのアドレスのコンピューターが見つかりません。generate.url を直してください"
    )
    silent = "can't be reached / つながりません。ネットワークと generate.url を確かめてください"
    known = {
        "refused": f"nothing answers there; start the WebUI with {START}"
        " / WebUI を --api 付きで起動してください",
        "Name or service": nobody,
        "name resolution": nobody,
        "address associated": nobody,
        "getaddrinfo": nobody,
        "nodename": nobody,
        "idna": nobody,
        "CERTIFICATE": "its certificate is not valid / 証明書が正しくありません",
        "WRONG_VERSION": "speaks no https; write http:// in generate.url"
        " / generate.url は http:// で始めてください",
        "timed out": "gives no answer / 応答がありません。WebUI が動いているか確かめてください",
        "unreachable": silent,
        "No route": silent,
    }
    return next((words for sign, words in known.items() if sign in text), "the answer broke off")
