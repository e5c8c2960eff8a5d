"""The address of a WebUI, on this machine or another."""

import ipaddress
import re
import urllib.parse

from stages.library.common.errors import Problem
from stages.library.drawing.painters.webui_errors import LOGIN


def check_url(url: str, remote: bool) -> None:
    """Raise Problem unless `url` is http(s), without a password, and here or `remote`."""
    key = "params.yaml, generate.url"
    host = host_of(url)
    if "@" in re.split("[/?#]", url.partition("//")[2])[0]:
        raise Problem(f"{key}: holds a login; set it in the environment: {LOGIN}=name:password")
    if not host or not url.lower().startswith(("http://", "https://")):
        raise Problem(f"{key}: {url!r} is no address; write one such as http://127.0.0.1:7860")
    if not (remote or is_loopback(host)):
        raise Problem(
            f"{key}: {host} is another machine; for this one write http://127.0.0.1:7860, and if "
            "the other one is meant set generate.remote: true"
        )


def host_of(url: str) -> str:
    """Return the host of an address; '' if it is none."""
    try:
        parts = urllib.parse.urlsplit(url)
        return (parts.hostname or "") if parts.port != 0 else ""  # the port raises if it is none
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
