"""What an emulated Drive holds, and the queries of files.list that dvc-gdrive sends."""

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

FOLDER = "application/vnd.google-apps.folder"
SHARED = "0AShared"
"""The id of the one Shared Drive, which is also the id of its topmost folder."""


@dataclass
class Item:
    """A file or folder; `drive` is the id of the Shared Drive that it lies in, or ''."""

    id: str
    title: str
    mime: str
    parent: str
    drive: str = ""
    content: bytes = b""
    trashed: bool = False

    @cached_property
    def md5(self) -> str:
        """Return the digest of the content, which never changes."""
        return hashlib.md5(self.content).hexdigest()

    def resource(self) -> dict[str, object]:
        """Return the item as the API shows it."""
        shown: dict[str, object] = {
            "kind": "drive#file",
            "id": self.id,
            "title": self.title,
            "mimeType": self.mime,
            "parents": [{"id": self.parent}] if self.parent else [],
            "labels": {"trashed": self.trashed},
        }
        if self.drive:
            shown["driveId"] = self.drive
        if self.mime != FOLDER:
            shown["fileSize"] = str(len(self.content))
            shown["md5Checksum"] = self.md5
        return shown


@dataclass
class Store:
    """All items by id. Every account has a My Drive; `members` may use the Shared Drive."""

    items: dict[str, Item] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    numbers: "count[int]" = field(default_factory=count)

    def root(self, account: str) -> str:
        """Return the id of an account's My Drive."""
        return self._top(f"0A{account}", "")

    def shared(self) -> str:
        """Return the id of the Shared Drive."""
        return self._top(SHARED, SHARED)

    def _top(self, id: str, drive: str) -> str:
        self.items.setdefault(id, Item(id, "My Drive", FOLDER, "", drive))
        return id

    def add(self, title: str, parent: str, mime: str = FOLDER, content: bytes = b"") -> Item:
        """Add an item; as in a real Drive, another one of that name and place may be there."""
        key = f"id{next(self.numbers):05}"
        item = Item(key, title, mime, parent, self.items[parent].drive, content)
        self.items[item.id] = item
        return item

    def add_path(self, path: str, top: str) -> str:
        """Return the id of a folder below `top`, made if it is not there."""
        for title in path.split("/"):
            found = [each for each in self.children([top]) if each.title == title]
            top = (found[0] if found else self.add(title, top)).id
        return top

    def children(self, parents: list[str]) -> list[Item]:
        """Return what lies in these folders and not in the trash."""
        return [each for each in self.items.values() if each.parent in parents and not each.trashed]

    def found(self, query: str, my_root: str) -> list[Item]:
        """Return what a `q` of files.list asks for.

        Raises:
            ValueError: a query of a form that dvc-gdrive is not known to send.
        """
        whole = re.fullmatch(
            r"(?:\((?P<a>[^()]*)\) and trashed=false"
            r"|trashed=false and \((?P<b>[^()]*)\) and title='(?P<title>(?:[^'\\]|\\.)*)')",
            query,
        )
        terms = (whole["a"] or whole["b"]).split(" or ") if whole else [""]
        parents = [re.fullmatch(r"'([\w-]+)' in parents", term) for term in terms]
        if whole is None or not all(parents):
            raise ValueError(query)
        ids = [match[1] for match in parents if match]
        items = self.children([my_root if each == "root" else each for each in ids])
        if whole["title"] is not None:
            title = re.sub(r"\\(.)", r"\1", whole["title"]).casefold()  # Drive ignores the case
            items = [item for item in items if item.title.casefold() == title]
        return items

    def paths(self, top: str) -> dict[str, list[bytes]]:
        """Return the contents of the files below a folder, by path; duplicates side by side."""
        found: dict[str, list[bytes]] = {}
        for item in self.children([top]):
            if item.mime == FOLDER:
                for path, contents in self.paths(item.id).items():
                    found.setdefault(f"{item.title}/{path}", []).extend(contents)
            else:
                found.setdefault(item.title, []).append(item.content)
        return found
