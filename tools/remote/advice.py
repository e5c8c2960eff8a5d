"""What to do about an error of a DVC remote, in English and Japanese."""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Advice:
    """What to do, in English and Japanese; `passing` if waiting may be enough."""

    english: str
    japanese: str
    passing: bool = False


class Failed(Exception):
    """A check failed: what is wrong, and what to do."""

    def __init__(self, problem: str, advice: Advice) -> None:
        super().__init__(problem)
        self.advice = advice


INSTALL = Advice("pip install -r requirements.txt", "上のコマンドでパッケージを入れ直してください")
OWN_CLIENT = Advice(
    "easiest, on a Mac and in Colab: the mounted folder; else make an OAuth client of your own "
    "(docs/drive.md), then: dvc remote modify --local {name} gdrive_client_id … and "
    "gdrive_client_secret …",
    "Mac や Colab では、マウントしたフォルダーがいちばん簡単です。使えないときは自分の OAuth "
    "クライアントを作って登録してください(docs/drive.ja.md)",
)
SHARED_DRIVE = Advice(
    "a service account has no space in My Drive: use a Shared Drive of which it is a member, "
    "url gdrive://<id of the Shared Drive>/NasuTomo/dvc",
    "サービスアカウントにはマイドライブの容量がありません。共有ドライブを使ってください",
)
NEW_KEY = Advice(
    "make a new JSON key for the service account in the Cloud Console",
    "Cloud Console でサービスアカウントの JSON キーを作り直してください",
)
KEY_FILE = Advice(
    "correct the path: dvc remote modify --local {name} gdrive_service_account_json_file_path …; "
    "if the key is lost or damaged, make a new JSON key in the Cloud Console",
    "キーの場所(パス)を直してください。キーをなくしたときや壊れているときは、Cloud Console で "
    "JSON キーを作り直してください",
)
KEY_TEXT = Advice(
    "put the whole text of the key or sign-in into it, or unset GDRIVE_CREDENTIALS_DATA",
    "環境変数にキーの中身をすべて入れ直すか、環境変数を消してください",
)
SIGN_IN_AGAIN = Advice(
    "remove {saved} and run this check again",
    "上のファイルを消して、もう一度実行してください",
)
MAKE_FOLDER = Advice(
    "make the folder first (in Drive by hand, elsewhere with mkdir -p), or correct the url: "
    "dvc remote modify --local {name} url …",
    "先にフォルダーを作ってください。名前の書き間違いなら url を直してください",
)
SET_CLOCK = Advice(
    "set this computer's clock (date, time, time zone) automatically",
    "パソコンの時計を自動設定にして合わせてください",
)
FULL = Advice(
    "the space is used up: empty the Drive's trash or get more; a service account has none "
    "in My Drive and needs a Shared Drive",
    "容量がいっぱいです。ゴミ箱を空にするか、容量を増やしてください。サービスアカウントには"
    "共有ドライブが必要です",
)
PUSH = Advice(
    "python -m tools.remote push {name}",
    "上のコマンドで、足りないものを送ってください",
)
NOWHERE = Advice(
    "make them again (dvc repro; for your own drawings: dvc add data/raw), or bring them from "
    "where they are (dvc pull), then push; python -m tools.doctor finds damaged ones",
    "dvc repro で作り直すか(自分の絵は dvc add data/raw)、あるところから dvc pull で取り込んで"
    "から、もう一度送ってください。壊れたものは python -m tools.doctor で見つかります",
)
WAIT = Advice("wait a minute and try again", "しばらく待って、もう一度実行してください", True)

ADVICE = {
    r"GEN_EMAIL|No module named|requires extra dependencies|is supported, but requires": INSTALL,
    r"CERTIFICATE_VERIFY_FAILED": Advice(
        "a proxy or virus scanner opens the connection: let googleapis.com pass, and set the clock",
        "ウイルス対策ソフトやプロキシが通信に割り込んでいます。googleapis.com を"
        "通すように設定し、時計も合わせてください",
    ),
    r"invalid_client|unauthorized_client|deleted_client": Advice(
        "client id and secret don't belong together: copy both again from the Cloud Console, "
        "dvc remote modify --local {name} gdrive_client_secret …",
        "クライアント ID とシークレットの組が違います。Cloud Console からコピーし直してください",
    ),
    r"Invalid JWT: Token must be": SET_CLOCK,
    r"Invalid JWT|account not found|private key|deserialize": NEW_KEY,
    r"invalid_grant": Advice(
        "the saved sign-in has expired or was revoked: remove {saved} and run this check again; "
        "if it happens every week, publish the app in the Cloud Console (Audience: In production)",
        "保存されたログインが期限切れです。上のファイルを消して、もう一度実行してください。"
        "毎週切れるなら、Cloud Console でアプリを公開(本番環境)にしてください",
    ),
    r"access_denied|rejected|app is blocked": OWN_CLIENT,
    r"Non interactive mode": Advice(
        "nobody has signed in yet: run `python -m tools.remote check {name}` in a terminal of a "
        "computer with a browser; in Colab use the mounted folder instead",
        "まだログインしていません。ブラウザーのあるパソコンのターミナルで実行してください。"
        "Colab ではマウントしたフォルダーを使ってください",
    ),
    r"accessNotConfigured|has not been used in project": Advice(
        "enable the Google Drive API in your Cloud project, and wait a minute",
        "Cloud プロジェクトで Google Drive API を有効にし、少し待ってください",
    ),
    r"teamDriveFileLimit|numChildrenInNonRootLimit": Advice(
        "the folder or Shared Drive holds too many files: use a new folder, or dvc gc --cloud",
        "ファイルが多すぎます。新しいフォルダーを使ってください",
    ),
    r"storageQuotaExceeded|No space left|Disk quota": FULL,
    r"ateLimitExceeded|HttpError 429": WAIT,
    r"HttpError 5\d\d|Expecting value": WAIT,
    r"nsufficient|Permission|Read-only|HttpError 403|HttpError 401": Advice(
        "this account may not write there: let the owner share the folder as Editor (in a Shared "
        "Drive: Content manager), or see to the folder's permissions",
        "書き込む権限がありません。フォルダーの持ち主に、編集者(共有ドライブではコンテンツ管理者)として"
        "共有してもらってください",
    ),
    r"FileNotFound|No such file|notFound": MAKE_FOLDER,
    r"Timeout|timed out|ServerNotFound|Connection|EOF|socket|Network|unreachable": Advice(
        "see to the network, then try again",
        "ネットワークを確かめて、もう一度実行してください",
        True,
    ),
}
"""Advice by a regular expression on an error and its causes; the first that matches counts."""


def advice_on(error: BaseException) -> Advice:
    """Return what to do about an error.

    >>> advice_on(ConnectionResetError("Connection reset by peer")).english
    'see to the network, then try again'
    """
    if isinstance(error, Failed):
        return error.advice
    text = " | ".join(f"{type(each).__name__}: {each}" for each in causes(error))
    found = (advice for pattern, advice in ADVICE.items() if re.search(pattern, text))
    return next(found, Advice("the line above is all that is known", "上の行を見てください"))


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, its cause, the cause of that, and so on."""
    seen: list[BaseException] = []
    each: BaseException | None = error
    while each and each not in seen:
        seen.append(each)
        yield each
        each = each.__cause__ or each.__context__


def in_short(error: BaseException) -> str:
    """Return an error in one line: what the API says, else the innermost cause.

    >>> in_short(OSError('<HttpError 403 when requesting https://… returned "Full.". Details: …'))
    'Google Drive answers 403: Full.'
    """
    if isinstance(error, Failed):
        return str(error)
    known = (each for each in causes(error) if not isinstance(each, StopIteration))  # json's
    texts = [str(each) or type(each).__name__ for each in known]
    for text in texts:
        if match := re.search(r'HttpError (\d+) when .* returned "(.*?)"', text, re.DOTALL):
            return f"Google Drive answers {match[1]}: {match[2]}"
    return " ".join(texts[-1].split())
