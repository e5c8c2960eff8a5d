"""Only the WebUI that is meant is asked."""

import pytest

from stages.library.drawing.painters.webui import WebUI
from stages.library.drawing.painters.webui_address import check_url


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1:7860", "http://127.0.0.1:7860/", "http://127.0.0.1"),
        *("http://localhost:7860", "http://LOCALHOST:7860", "http://[::1]:7860"),
        *("http://127.1.2.3:7860", "HTTP://127.0.0.1:7860", "https://localhost:443/webui"),
    ],
)
def test_this_machine_may_be_asked(url: str) -> None:
    check_url(url, remote=False)
    assert WebUI(url, remote=False, login="").here
