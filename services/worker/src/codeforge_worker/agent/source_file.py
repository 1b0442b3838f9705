"""A file of a repository, as the facts look at it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

MAX_FILE_BYTES = 1024 * 1024
"""Of a file that is read."""

_SNIFFED_BYTES = 8000  # as many as git looks at to tell binary from text (buffer_is_binary)
_FOREIGN = re.compile(
    r"(?:^|/)(?:node_modules|bower_components|vendor|third[_-]party|dist|\.?venv|site-packages|Pods|__pycache__)/"
    r"|\.min\.(?:js|css)$|\.(?:map|lock)$"
    r"|(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|go\.sum|[^/]*_pb2(?:_grpc)?\.pyi?)$"
)


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """``path``: relative, with ``/``; bytes that aren't UTF-8 stand as ``\\xNN``. ``size``: bytes.

    ``content``: None where it wasn't read, because the file is too large or the limit of all files was reached.
    """

    path: str
    size: int
    content: bytes | None = None
    executable: bool = False

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name

    @property
    def depth(self) -> int:
        """Folders above the file."""
        return self.path.count("/")

    @cached_property
    def foreign(self) -> bool:
        """Whether it was copied in or generated, by the custom of its name: counted, but not looked into."""
        return bool(_FOREIGN.search(self.path))

    @cached_property
    def binary(self) -> bool:
        """Whether the content isn't text; False where it wasn't read."""
        return self.content is not None and b"\0" in self.content[:_SNIFFED_BYTES]

    @cached_property
    def text(self) -> str | None:
        """The content with ``\\n`` at line ends: UTF-8, else Latin-1, which fits anything. None for binaries."""
        if self.content is None or self.binary:
            return None
        try:
            text = self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = self.content.decode("latin-1")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def lines(self) -> int:
        """Lines of text; 0 for binaries and what wasn't read."""
        if not self.text:
            return 0
        return self.text.count("\n") + (not self.text.endswith("\n"))
