"""Why the hub can't be reached from this machine, where that is a setting of its own."""

import os
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import huggingface_hub
import huggingface_hub.constants

from stages.library.common.disk import NO_ROOM
from stages.library.common.errors import Problem
from stages.library.common.foreign import printable

PROXIES = ("http", "https", "socks5", "socks5h")
"""Kinds of proxies that the hub's library knows."""

LISTS = "SSL_CERT_FILE"
"""The environment variable that names a file of certificates to trust."""


def check_settings() -> None:
    """Raise Problem for a setting with which the hub can't be asked at all."""
    address = huggingface_hub.constants.ENDPOINT
    parts = split(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in address:
        near = f"https://{address}" if "." in address and "/" not in address else "https://…"
        raise Problem(
            f"HF_ENDPOINT: {printable(address)!r} is no address; write {near}, or unset it"
            " / https:// で始まる URL を書くか、設定を消してください"
        )
    token = huggingface_hub.get_token() or ""
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise Problem(
            "HF_TOKEN holds signs that no token has; copy it again from "
            "https://huggingface.co/settings/tokens, or unset it"
            " / トークンに使えない文字があります。コピーし直すか、設定を消してください"
        )
    for name, proxy in proxies():
        if split(proxy).scheme not in PROXIES or not split(proxy).hostname:
            raise Problem(
                f"{name}: {printable(proxy)!r} is no address of a proxy; write http://HOST:PORT "
                "or socks5://HOST:PORT, or unset it "
                "/ http:// か socks5:// で始まる形で書くか、設定を消してください"
            )
    lists = os.environ.get(LISTS, "")
    if lists and not Path(lists).is_file():
        raise Problem(
            f"{LISTS}: {printable(lists)} is not there; mend it, or unset it"
            " / 証明書のファイルがありません。設定を直すか、消してください"
        )


def trouble(error: BaseException) -> str:
    """Return why the hub can't be reached and what to do; '' where it is no setting's fault.

    `error` is what its library raised; the library below, which knows more, is behind that.
    """
    parts = split(huggingface_hub.constants.ENDPOINT)
    name, proxy = proxy_for(parts)
    kinds = {type(each).__name__ for each in behind(error)}
    for each in behind(error):
        if isinstance(each, ImportError):
            name = next((key for key, value in proxies() if value.startswith("socks")), name)
            return (
                f"{name} is a SOCKS proxy, for which a package is missing; pip install socksio, or "
                f"unset {name} / SOCKS プロキシには pip install socksio が必要です。"
                "使わないなら設定を消してください"
            )
        if isinstance(each, ssl.SSLCertVerificationError):
            return (
                f"{parts.hostname} has a certificate that isn't trusted ({each.verify_message}); "
                "set the clock right; if a proxy or a virus scanner reads along, name its "
                f"certificates in {LISTS} / 証明書を確認できません。時計のずれか、通信を調べる"
                f"プロキシやウイルス対策ソフトが原因です。時計を合わせるか、その証明書を {LISTS} に"
                "指定してください"
            )
        if isinstance(each, ssl.SSLError) and each.library == "X509":
            return (
                f"{LISTS}: {os.environ.get(LISTS, '')} holds no certificates; mend it or unset it"
            )
        if isinstance(each, OSError) and each.filename and each.errno not in NO_ROOM:
            return (
                f"{each.filename}: {each.strerror}; set HF_HOME to a folder that you may write to"
                " / HF_HOME に、書き込めるフォルダーを指定してください"
            )
    status = getattr(getattr(error, "response", None), "status_code", 0)
    if proxy and ({"ProxyError", "ConnectError", "ConnectTimeout"} & kinds or status == 407):
        said = next(line for line in f"{error}\n{error!r}".splitlines() if line.strip())
        return (
            f"the proxy {proxy} doesn't let it through ({printable(said.strip())}); mend {name}, "
            "with name and password if it wants them, or unset it"
            " / プロキシを通れません。設定を直すか、消してください"
        )
    return ""


def behind(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and those that it came of."""
    while error:
        yield error
        error = error.__cause__ or error.__context__


def proxies() -> Iterator[tuple[str, str]]:
    """Yield the proxies that the hub's library takes, by the variables that name them.

    On a Mac they may be the system's settings. It takes all, whichever of them it will use.
    """
    found = urllib.request.getproxies()
    for kind in ("http", "https", "all"):
        if address := found.get(kind):
            # one without a beginning is taken for http
            yield f"{kind.upper()}_PROXY", address if "://" in address else f"http://{address}"


def proxy_for(url: SplitResult) -> tuple[str, str]:
    """Return the proxy for an address, after the variable that names it; '' if there is none."""
    if urllib.request.proxy_bypass(url.hostname or ""):
        return "", ""
    named = dict(proxies())
    wanted = (f"{url.scheme.upper()}_PROXY", "ALL_PROXY")
    return next(((name, named[name]) for name in wanted if name in named), ("", ""))


def split(address: str) -> SplitResult:
    """Return the parts of an address; empty ones where it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", "", "", "")
