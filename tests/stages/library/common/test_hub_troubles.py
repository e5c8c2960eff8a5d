"""Why the hub can't be reached; the tests of tagging's hub try each setting with a real one."""

import errno
import itertools
import ssl
import urllib.request

import pytest

from stages.library.common.hub_troubles import behind, proxy_for, split, trouble

HUB = split("https://huggingface.co")


def caused(*errors: BaseException) -> BaseException:
    """Return the first of some errors, each of which came of the next."""
    for one, next_one in itertools.pairwise(errors):
        one.__cause__ = next_one
    return errors[0]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{kind}_proxy", raising=False)
        monkeypatch.delenv(f"{kind.upper()}_PROXY", raising=False)


def test_a_certificate_that_isn_t_trusted_is_told_as_that() -> None:
    fault = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] …")
    fault.verify_message = "certificate is not yet valid"
    said = trouble(caused(OSError("can't locate the file"), RuntimeError("connect"), fault))
    assert "a certificate that isn't trusted (certificate is not yet valid); set the clock" in said
    assert "SSL_CERT_FILE" in said


def test_a_folder_that_can_t_be_written_to_is_named_but_no_full_disk() -> None:
    denied = PermissionError(errno.EACCES, "Permission denied", "/hub/models--a--b")
    said = trouble(RuntimeError("x")) + trouble(denied)
    assert said.startswith("/hub/models--a--b: Permission denied; set HF_HOME to a folder")
    assert trouble(OSError(errno.ENOSPC, "No space left on device", "/hub")) == ""


def test_what_is_no_setting_s_fault_is_nothing() -> None:
    assert (
        trouble(caused(OSError("can't locate the file"), ConnectionRefusedError("refused"))) == ""
    )
    assert trouble(TimeoutError("timed out")) == ""


class ProxyError(Exception):
    """As the hub's library names it."""


def test_a_proxy_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = ProxyError("407 Proxy Authentication Required")
    assert trouble(refused) == ""
    monkeypatch.setenv("https_proxy", "proxy.example:8080")
    said = trouble(caused(RuntimeError(""), refused))
    assert said.startswith("the proxy http://proxy.example:8080 doesn't let it through (")
    assert "mend HTTPS_PROXY, with name and password" in said


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({}, ("", "")),
        ({"HTTP_PROXY": "http://a:1"}, ("", "")),
        ({"ALL_PROXY": "http://a:1"}, ("ALL_PROXY", "http://a:1")),
        ({"ALL_PROXY": "http://a:1", "HTTPS_PROXY": "b:2"}, ("HTTPS_PROXY", "http://b:2")),
        ({"ALL_PROXY": "http://a:1", "NO_PROXY": "huggingface.co"}, ("", "")),
    ],
)
def test_the_proxy_for_an_address(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], found: tuple[str, str]
) -> None:
    monkeypatch.setattr(urllib.request, "getproxies", urllib.request.getproxies_environment)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(HUB) == found


def test_what_an_error_came_of_is_seen() -> None:
    first, second = ValueError("a"), KeyError("b")
    assert list(behind(caused(first, second))) == [first, second]
    assert split("https://[bad") == split("")
