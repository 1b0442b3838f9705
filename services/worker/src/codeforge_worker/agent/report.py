"""The report on a repository: the facts as a person wants to read them, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from codeforge_worker.agent.markdown import code, counted, size, table
from codeforge_worker.agent.observations import observations

LISTED_LANGUAGES = 8
LISTED_TODOS = 15
LISTED_NAMES = 12

Facts = Mapping[str, Any]


def summary(facts: Facts, *, label: str) -> str:
    """One or two sentences, without markup."""
    files = facts["files"]
    parts = [f"{counted(files['count'], 'file')}, {counted(files['lines'], 'line')}"]
    if languages := facts["languages"]:
        parts.append(f"mostly {languages[0]['name']} ({languages[0]['share']:g} %)")
    parts.append(f"{_licence_names(facts)} licence" if facts["licence"] else "no licence file")
    if count := facts["todos"]["count"]:
        parts.append(counted(count, "TODO comment"))
    return f"{label}: {', '.join(parts)}."


def report(facts: Facts, *, label: str, review: str = "") -> str:
    """The whole report: what to look at first, then the numbers. ``review``: sections that somebody else wrote."""
    sections = (
        _head(facts, label=label),
        review,
        _section("Worth a look", _bullets(observations(facts))),
        _section("At a glance", _glance(facts)),
        _section("Languages", _languages(facts)),
        _section("Where changes happen", _churn(facts)),
        _section("Complexity", _complexity(facts)),
        _section("Complex and often changed", _hot_spots(facts)),
        _section("Left for later", _todos(facts)),
        _section("Dependencies", _dependencies(facts)),
        _section("Largest files", _largest(facts)),
        _section("How this was measured", _bullets(_limits(facts))),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def _head(facts: Facts, *, label: str) -> str:
    branch = f"branch {code(facts['branch'])} at " if facts["branch"] else ""
    where = f"{branch}commit {code(facts['commit'][:12])}"
    return f"# Analysis of {code(label)}\n\n{summary(facts, label=code(label))} Measured on {where}."


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _bullets(sentences: Iterator[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _glance(facts: Facts) -> str:
    files, history, practices, readme = facts["files"], facts["history"], facts["practices"], facts["readme"]
    counts = f"{files['count']:,} ({size(files['bytes'])}), {files['binary']:,} of them binary"
    span = f", {history['from'][:10]} to {history['to'][:10]}" if history["from"] and history["to"] else ""
    commits = f"{counted(history['commits'], 'commit')} by {counted(history['authors'], 'author')}{span}"
    words = "missing" if readme["path"] is None else f"{code(readme['path'])}, {counted(readme['words'], 'word')}"
    rows = (
        ("Files", counts),
        ("Lines of text", f"{files['lines']:,}"),
        ("History", f"the newest {commits}" if history["shallow"] else commits),
        ("Licence", _licence_names(facts) if facts["licence"] else "none found"),
        ("README", words),
        ("Test files", f"{practices['tests']:,}"),
        ("Continuous integration", _paths(practices["ci"])),
        ("Containers", _paths(practices["containers"])),
        ("Lock files", _paths(practices["locks"])),
    )
    return table(("Fact", "Value"), rows)


def _licence_names(facts: Facts) -> str:
    return " and ".join(dict.fromkeys(licence["id"] or "an unknown" for licence in facts["licence"]))


def _paths(paths: list[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(code(path) for path in paths[:3]) + more if paths else "none found"


def _languages(facts: Facts) -> str:
    rows = [
        (found["name"], f"{found['files']:,}", f"{found['lines']:,}", f"{found['share']:.1f} %")
        for found in facts["languages"][:LISTED_LANGUAGES]
    ]
    return table(("Language", "#Files", "#Lines", "#Share"), rows) if rows else ""


def _churn(facts: Facts) -> str:
    rows = [
        (code(found["path"]), found["commits"], f"+{found['added']:,} −{found['deleted']:,}")
        for found in facts["churn"][:10]
    ]
    return table(("File", "#Commits", "#Lines"), rows) if rows else ""


def _complexity(facts: Facts) -> str:
    complexity = facts["complexity"]
    if not complexity["functions"]:
        return ""
    rows = [
        (code(found["function"]), code(f"{found['path']}:{found['line']}"), found["complexity"], found["lines"])
        for found in complexity["most"][:10]
    ]
    functions = counted(complexity["functions"], "function")
    intro = f"{functions} in {counted(complexity['files'], 'file')}; {complexity['average']} on average."
    return f"{intro}\n\n" + table(("Function", "Where", "#Complexity", "#Lines"), rows)


def _hot_spots(facts: Facts) -> str:
    rows = [(code(spot["path"]), f"{spot['complexity']:,}", spot["commits"]) for spot in facts["hotSpots"][:5]]
    return table(("File", "#Complexity of all functions", "#Commits"), rows) if rows else ""


def _todos(facts: Facts) -> str:
    todos = facts["todos"]
    if not todos["count"]:
        return ""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(todos["kinds"].items()))
    lines = [
        f"- {code(item['path'] + ':' + str(item['line']))} {item['kind']}"
        + (f" {code(item['text'])}" if item["text"] else "")
        for item in todos["items"][:LISTED_TODOS]
    ]
    more = todos["count"] - len(lines)
    rest = [f"- … and {more:,} more"] if more else []
    return "\n".join([f"{kinds}.\n", *lines, *rest])


def _dependencies(facts: Facts) -> str:
    rows = []
    for found in facts["dependencies"][:10]:
        names = [code(dependency["name"]) for dependency in found["dependencies"][:LISTED_NAMES]]
        more = found["count"] - len(names)
        listed = ", ".join(names) + (f" and {more:,} more" if more else "")
        rows.append(
            (code(found["path"]), found["ecosystem"], found["count"], listed if found["readable"] else "unreadable")
        )
    return table(("Manifest", "Ecosystem", "#Count", "Names"), rows) if rows else ""


def _largest(facts: Facts) -> str:
    rows = [
        (code(file["path"]), size(file["bytes"]), f"{file['lines']:,}" if file["lines"] else "–")
        for file in facts["files"]["largest"][:5]
    ]
    return table(("File", "#Size", "#Lines"), rows) if rows else ""


def _limits(facts: Facts) -> Iterator[str]:
    """What a reader has to know so as not to be misled."""
    files, tree, complexity = facts["files"], facts["tree"], facts["complexity"]
    if facts["history"]["shallow"]:
        yield f"Only the newest {facts['history']['commits']:,} commits were looked at."
    if not tree["complete"]:
        yield f"The repository has more than {files['count']:,} files; the others weren't looked at."
    if files["unread"]:
        yield f"{counted(files['unread'], 'file')} counted by size only: too large to read, or beyond the limit."
    if files["foreign"]:
        yield f"{counted(files['foreign'], 'file')} copied in or generated: counted, not looked into."
    if complexity["skipped"]:
        yield f"Complexity wasn't measured for {counted(complexity['skipped'], 'file')} (too long, or unreadable)."
    if tree["symlinks"] or tree["submodules"]:
        links, modules = counted(tree["symlinks"], "symbolic link"), counted(tree["submodules"], "submodule")
        yield f"{links} and {modules} weren't followed."
    if complexity["functions"]:
        yield "Complexity is cyclomatic: 1 for a function, and 1 more for each branch in it."
