from __future__ import annotations

import pytest

from codeforge_worker.agent.edit.scope import Scope


@pytest.mark.parametrize(
    ("files", "path", "allowed"),
    [
        ((), "src/app.py", True),
        (("src/app.py",), "src/app.py", True),
        (("./src/app.py",), "src/app.py", True),
        (("app.py",), "src/app.py", True),
        (("src/",), "src/deep/app.py", True),
        (("README.md",), "readme.md", True),
        (("src/app.py",), "app.py", False),
        (("src",), "src2/app.py", False),
        (("src/app.py",), "src/other.py", False),
        (("README.md", "docs"), "docs/vi.md", True),
    ],
)
def test_the_files_of_a_request_are_its_bounds(files: tuple[str, ...], path: str, allowed: bool) -> None:
    objection = Scope.of("Translate it.", files=files).objection(path)
    assert (objection is None) == allowed


@pytest.mark.parametrize(
    ("message", "path", "allowed"),
    [
        ("Update my readme to Vietnamese version in versace-landing repo", "README.md", True),
        ("Rename count() in engine/count.py and its callers", "tests/test_count.py", True),
        ("Only change README.md, please.", "README.md", True),
        ("Only change README.md, please.", "engine/count.py", False),
        ("Fix the typo, just in docs/guide.md", "README.md", False),
        ("Chỉ sửa README.md", "src/app.ts", False),
        ("Change src/a.ts and src/b.ts only.", "src/b.ts", True),
        ("Change src/a.ts and src/b.ts only.", "src/c.ts", False),
        ("Only touch the files docs/, README.md and a.py", "docs/vi/a.md", True),
        ("Only touch the files docs/, README.md and a.py", "b.py", False),
        ("I just pushed src/a.py. Update the readme.", "README.md", True),
        ("Just fix the typo.", "README.md", True),
        ("I only have 2.5 minutes.", "README.md", True),
    ],
)
def test_what_a_message_says_only_of_is_its_bounds(message: str, path: str, allowed: bool) -> None:
    assert (Scope.of(message).objection(path) is None) == allowed


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        ".GitHub/Workflows/ci.yml",
        ".github/actions/build/action.yml",
        ".gitlab-ci.yml",
        ".circleci/config.yml",
        ".travis.yml",
        "azure-pipelines.yml",
        "Jenkinsfile",
        "ci/Jenkinsfile.deploy",
        "bitbucket-pipelines.yml",
        ".forgejo/workflows/a.yaml",
    ],
)
def test_ci_is_changed_only_on_request(path: str) -> None:
    objection = Scope.of("Update the readme in ada/engine.").objection(path)
    assert objection is not None and "CI" in objection
    assert Scope.of(f"Please mend {path}.").objection(path) is None
    assert Scope.of("Do it.", files=[path]).objection(path) is None
    assert Scope.of("Make our CI faster.").objection(path) is None


@pytest.mark.parametrize(
    ("message", "allowed"),
    [
        ("Add a GitHub Actions workflow that runs the tests", True),
        ("Fix ci.yml", True),
        ("Clean up .github/workflows/", True),
        ("Set up continuous integration", True),
        ("Improve the build pipeline", True),
        ("Describe our workflow in the readme", False),
        ("Specify the decision in a circle", False),
        ("Update .github/CODEOWNERS", False),
        ("Travis is a nice person", False),
    ],
)
def test_how_people_ask_for_a_workflow(message: str, allowed: bool) -> None:
    assert (Scope.of(message).objection(".github/workflows/ci.yml") is None) == allowed


def test_what_only_looks_like_ci_may_be_changed() -> None:
    for path in ("docs/.github-workflows.md", "src/workflows/ci.yml", ".github/ISSUE_TEMPLATE.md", "my.travis.yml"):
        assert Scope.of("Do it.").objection(path) is None


def test_no_message_makes_it_slow() -> None:
    for text in ("a", "a/", "a.", "only ", "only a.b and ", "a.b, ", "./", "-"):
        Scope.of(text * (100_000 // len(text))).objection(".github/workflows/ci.yml")


def test_submodules_stay() -> None:
    assert Scope.of("Update .gitmodules", files=[".gitmodules"]).objection(".gitmodules") is not None
