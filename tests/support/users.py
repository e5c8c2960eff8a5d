"""Being somebody who may do less than root."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

NOBODY = 65534
"""The user to be where root, too, should be refused."""


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be an ordinary user within the block."""
    root = os.getuid() == 0
    if root:
        os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        if root:
            os.setresuid(0, 0, 0)
