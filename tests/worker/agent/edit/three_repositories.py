"""Three repositories: Python; TypeScript; and a mixed one with Vietnamese, CRLF and other encodings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.worker.agent.git_repository import GitRepository

Files = Mapping[str, str | bytes]

PYTHON: Files = {
    "README.md": "# Engine\n\nIt counts.\n",
    "pyproject.toml": '[project]\nname = "engine"\nversion = "1.0"\n',
    "engine/__init__.py": "",
    "engine/count.py": 'def count(n: int) -> int:\n    """One more."""\n    return n + 1\n',
    "engine/data.json": '{"limit": 10}\n',
    "tests/test_count.py": "from engine.count import count\n\n\ndef test_count():\n    assert count(1) == 2\n",
}
TYPESCRIPT: Files = {
    "README.md": "# Landing\n",
    "package.json": '{\n  "name": "landing",\n  "version": "1.0.0"\n}\n',
    "tsconfig.json": '{\n  // strict is a must\n  "compilerOptions": {"strict": true},\n}\n',
    "src/index.ts": "export const greet = (name: string): string => `Hello ${name}`;\n",
    "src/App.tsx": "export function App() {\n\treturn <h1>Hello</h1>;\n}",
    "public/logo.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)),
}
MIXED: Files = {
    ".gitattributes": "* text=auto\n*.bat text eol=crlf\n*.utf16 working-tree-encoding=UTF-16\n*.py ident\n",
    "README.md": "# Versace\r\n\r\nA landing page.\r\n",
    "tài liệu/giới thiệu.md": "# Giới thiệu\n\nTrang này nói về chúng tôi.\n",
    "legacy/caf\u00e9.txt": "Le caf\u00e9 co\u00fbte 2 francs.\nFin".encode("latin-1"),
    "legacy/price.ini": "[price]\r\ncurrency=\u20ac\r\n".encode("cp1252"),
    "legacy/strings.txt": "\ufeffHello\r\nWorld\r\n".encode("utf-16-le"),
    "legacy/bom.csv": b"\xef\xbb\xbfid;name\r\n1;Ada\r\n",
    "legacy/mixed.txt": "one\r\ntwo\nthree\r\nfour\n",
    "run.bat": "@echo off\r\necho hello\r\n",
    "unix.bat": "@echo off\n",
    "legacy/menu.utf16": "Xin chào\n",
    "ident.py": "# $Id$\nx = 1\n",
    "odd names/a b\tc.txt": "odd\n",
    'odd names/"quoted".txt': "odd\n",
}


def python(folder: Path) -> GitRepository:
    return _made(folder, PYTHON)


def typescript(folder: Path) -> GitRepository:
    return _made(folder, TYPESCRIPT)


def mixed(folder: Path) -> GitRepository:
    """Its blobs hold just these bytes: committed without any conversion, as other tools do."""
    repository = GitRepository.at(folder)
    information = folder / ".git" / "info"
    information.mkdir(exist_ok=True)
    (information / "attributes").write_text("* -text -ident !working-tree-encoding !eol\n")
    repository.commit(MIXED)
    return repository


def _made(folder: Path, files: Files) -> GitRepository:
    repository = GitRepository.at(folder)
    repository.commit(files)
    return repository
