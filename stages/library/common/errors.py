"""What a person can mend, as opposed to a bug, and what no message shows."""

import re

SECRETS = re.compile(
    r"([?&#][^=&\s]*(?:token|key|secret|pass|sign|sig|cred|auth|policy)[^=&\s]*=)[^&\s'\"]*[\w%=+/-]",
    re.I,
)
"""Values in an address that open it to whoever reads them."""


class Problem(ValueError):
    """Something a person can mend: the file or key, what is wrong, and what to do.

    It is raised where the fact is known, and shown as one line where the command ends
    (`command.run`); anything else is a bug, and shows its traceback.
    """


def without_secrets(text: str) -> str:
    """Return a message without the names, passwords and tokens in the addresses that it holds.

    >>> without_secrets("https://name:word@host/a?id=1&token=abc: no; ssh://git:word@host")
    'https://host/a?id=1&token=…: no; ssh://git@host'
    """
    text = re.sub(r"(https?://)[^/\s@'\"]+@", r"\1", text)
    text = re.sub(r"(\w://[^/\s@:]+):[^/\s@'\"]+@", r"\1@", text)
    return SECRETS.sub(r"\1…", text)
