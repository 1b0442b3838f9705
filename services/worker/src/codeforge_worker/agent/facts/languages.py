"""Which languages the repository is written in, by file name and by ``#!`` line."""

from __future__ import annotations

import io
from collections import defaultdict
from typing import Any

from identify import identify

from codeforge_worker.agent.source_file import SourceFile

PROGRAMMING = {
    "astro": "Astro", "asm": "Assembly", "batch": "Batch", "c": "C", "c#": "C#", "c++": "C++", "clojure": "Clojure",
    "clojurescript": "ClojureScript", "coffee": "CoffeeScript", "crystal": "Crystal", "css": "CSS", "cuda": "CUDA",
    "cython": "Cython", "dart": "Dart", "dockerfile": "Dockerfile", "elixir": "Elixir", "elm": "Elm",
    "erb": "ERB", "erlang": "Erlang", "f#": "F#", "fish": "Shell", "fortran": "Fortran", "gdscript": "GDScript",
    "gleam": "Gleam", "go": "Go", "graphql": "GraphQL", "groovy": "Groovy", "handlebars": "Handlebars",
    "haskell": "Haskell", "hcl": "HCL", "html": "HTML", "java": "Java", "javascript": "JavaScript",
    "jinja": "Jinja", "jsx": "JavaScript", "julia": "Julia", "jupyter": "Jupyter Notebook", "kotlin": "Kotlin",
    "less": "Less", "lua": "Lua", "makefile": "Makefile", "nim": "Nim", "nix": "Nix", "objective-c": "Objective-C",
    "objective-c++": "Objective-C++", "ocaml": "OCaml", "pascal": "Pascal", "perl": "Perl", "php": "PHP",
    "powershell": "PowerShell", "prisma": "Prisma", "proto": "Protocol Buffers", "puppet": "Puppet",
    "python": "Python", "qml": "QML", "r": "R", "ruby": "Ruby", "rust": "Rust", "sass": "Sass", "scala": "Scala",
    "scheme": "Scheme", "scss": "SCSS", "shell": "Shell", "solidity": "Solidity", "sql": "SQL", "svelte": "Svelte",
    "swift": "Swift", "system-verilog": "SystemVerilog", "terraform": "Terraform", "tex": "TeX", "ts": "TypeScript",
    "tsx": "TypeScript", "twig": "Twig", "vala": "Vala", "vb": "Visual Basic", "verilog": "Verilog", "vhdl": "VHDL",
    "vim": "Vim Script", "vue": "Vue", "zig": "Zig",
}  # fmt: skip
"""identify's tags of the languages that a project is written in, with their names. Data and prose aren't among them."""

LISTED = 20


class Languages:
    """Sums files, lines and bytes for each language; what was copied in or generated is left out."""

    def __init__(self) -> None:
        self._sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])

    def add(self, file: SourceFile) -> None:
        """See :class:`~codeforge_worker.agent.facts.Fact`."""
        if file.foreign or file.binary or (language := language_of(file)) is None:
            return
        for place, value in enumerate((1, file.lines, file.size)):
            self._sums[language][place] += value

    def found(self) -> list[dict[str, Any]]:
        """Most lines first; ``share`` is the percentage of all lines in any of the languages."""
        lines_in_all = sum(lines for _, lines, _ in self._sums.values()) or 1
        ordered = sorted(self._sums.items(), key=lambda item: (-item[1][1], item[0]))
        return [
            {"name": name, "files": files, "lines": lines, "bytes": size, "share": round(100 * lines / lines_in_all, 1)}
            for name, (files, lines, size) in ordered[:LISTED]
        ]


def language_of(file: SourceFile) -> str | None:
    """The language's name; None for data, prose and what isn't known."""
    tags = identify.tags_from_filename(file.name)
    if not tags and file.content is not None and file.content.startswith(b"#!"):
        command = identify.parse_shebang(io.BytesIO(file.content))
        tags = identify.tags_from_interpreter(command[0]) if command else set()
    if {"header", "c"} <= tags:  # identify calls a .h file both C and C++
        return PROGRAMMING["c"]
    return next((PROGRAMMING[tag] for tag in sorted(tags) if tag in PROGRAMMING), None)
