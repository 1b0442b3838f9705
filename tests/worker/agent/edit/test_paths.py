from __future__ import annotations

import pytest

from codeforge_worker.agent.edit.paths import LONGEST_NAME, LONGEST_PATH, check_new, parts_of
from codeforge_worker.agent.edit.refused import Refused


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("README.md", ("README.md",)),
        ("./src/app.py", ("src", "app.py")),
        ("src/", ("src",)),
        ("", ()),
        (".", ()),
        ("tài liệu/giới thiệu.md", ("tài liệu", "giới thiệu.md")),
        (".github/workflows/ci.yml", (".github", "workflows", "ci.yml")),
        (".gitignore", (".gitignore",)),
        ("git", ("git",)),
        ("a/...b", ("a", "...b")),
    ],
)
def test_a_relative_path_is_taken(path: str, parts: tuple[str, ...]) -> None:
    assert parts_of(path) == parts


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../secret",
        "src/../../secret",
        "src/..",
        "src//app.py",
        "src/./app.py",
        "~/.netrc",
        "C:/Windows/win.ini",
        "c:secret",
        "src\\..\\..\\secret",
        "a\0b",
        "a\nb",
        "a\x7fb",
        "a\x85b",
        "a\u2028b",
        "a\ud800b",
    ],
)
def test_a_path_that_leads_out_or_hides_something_is_refused(path: str) -> None:
    with pytest.raises(Refused):
        parts_of(path)


@pytest.mark.parametrize(
    "name",
    [
        ".git",
        ".GIT",
        ".Git",
        ".git.",
        ".git ",
        ".git . .",
        ".git::$INDEX_ALLOCATION",
        ".git:config",
        "git~1",
        "GIT~1",
        "git~27",
        "git~1.",
        ".g\u200cit",
        "\ufeff.git",
        ".gi\u202et",
        "\uff0egit",
        ".g\uff49t",
        ".g\u0131t".replace("\u0131", "i"),
    ],
)
@pytest.mark.parametrize("form", ["{}", "{}/config", "src/{}/hooks/pre-commit"])
def test_the_folder_of_git_is_refused_in_every_spelling(name: str, form: str) -> None:
    with pytest.raises(Refused):
        parts_of(form.format(name))


def test_the_longest_path_and_name() -> None:
    deep = "/".join(["é" * 100] * 5) + "/" + "x" * (LONGEST_PATH - 5 * 201)
    assert len(deep.encode()) == LONGEST_PATH
    parts_of(deep)
    parts_of("x" * LONGEST_NAME)
    for longer in (deep + "x", "x" * (LONGEST_NAME + 1)):
        with pytest.raises(Refused, match="longer than"):
            parts_of(longer)


@pytest.mark.parametrize(
    "name",
    [
        "a<b",
        'a"b',
        "a|b",
        "a?",
        "a*",
        "a:b",
        "CON",
        "nul.txt",
        "com1",
        "LPT9.md",
        "COM¹.txt",
        "aux .c",
        "end.",
        "end ",
        "a\u202eb",
    ],
)
def test_a_new_name_that_windows_or_people_cannot_read_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        check_new(("src", name))
    with pytest.raises(Refused):
        check_new((name, "x.py"))


@pytest.mark.parametrize(
    "name", ["console.py", "com10.txt", "nullable.ts", ".env.example", "a b.md", "mới.md", "auxiliary"]
)
def test_an_ordinary_new_name_is_taken(name: str) -> None:
    check_new(("src", name))
