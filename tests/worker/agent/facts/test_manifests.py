from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeforge_worker.agent.facts import manifests
from codeforge_worker.agent.facts.manifests import Reader, Unreadable, read

REQUIREMENTS = """
# comment
requests[socks] >=2.31 ; python_version > "3.8"  # why
flask==3.0.0 \\
    --hash=sha256:abcd
-r other.txt
--index-url https://user:s3cret@pypi.example.org/simple
git+https://s3cret@github.com/a/b.git#egg=b
tool @ https://user:s3cret@example.org/tool.whl
Django
"""

PYPROJECT = """
[project]
dependencies = ["httpx>=0.27", "x @ https://s3cret@example.org/x.whl"]
[project.optional-dependencies]
cli = ["typer"]
[dependency-groups]
dev = ["pytest>=8", {include-group = "docs"}]
[tool.poetry.dependencies]
python = "^3.11"
rich = {version = "^13", extras = ["x"]}
[tool.poetry.group.test.dependencies]
tox = "*"
"""

PACKAGE = json.dumps(
    {
        "dependencies": {"react": "^19.0.0", "mine": "git+https://s3cret@github.com/a/b"},
        "devDependencies": {"@types/node": "22"},
    }
)

GO_MOD = """module example.org/x
go 1.22
require github.com/a/b v1.2.3
require (
\tgithub.com/c/d/v2 v2.0.0
\tgolang.org/x/sys v0.1.0 // indirect
)
replace github.com/a/b => ../b
"""

CARGO = """
[dependencies]
serde = { version = "1", features = ["derive"] }
mine = { git = "https://s3cret@example.org/x" }
[dev-dependencies]
insta = "1.39"
[workspace.dependencies]
tokio = "1"
"""

POM = """<project><dependencies>
<dependency><groupId>g</groupId><artifactId>junit</artifactId><version>4.13</version></dependency>
<dependency><artifactId>plain</artifactId></dependency>
</dependencies></project>"""


@pytest.mark.parametrize(
    ("reader", "text", "found"),
    [
        (
            manifests.requirements_txt,
            REQUIREMENTS,
            {"requests": ">=2.31", "flask": "==3.0.0", "tool": "", "Django": ""},
        ),
        (
            manifests.pyproject_toml,
            PYPROJECT,
            {"httpx": ">=0.27", "x": "", "typer": "", "pytest": ">=8", "rich": "^13", "tox": "*"},
        ),
        (manifests.package_json, PACKAGE, {"react": "^19.0.0", "mine": "", "@types/node": "22"}),
        (manifests.go_mod, GO_MOD, {"github.com/a/b": "v1.2.3", "github.com/c/d/v2": "v2.0.0"}),
        (manifests.cargo_toml, CARGO, {"serde": "1", "mine": "", "insta": "1.39", "tokio": "1"}),
        (manifests.gemfile, "gem 'rails', '~> 7.1'\n# gem 'no'\n  gem \"puma\"\n", {"rails": "~> 7.1", "puma": ""}),
        (manifests.composer_json, '{"require": {"php": ">=8", "ext-json": "*", "a/b": "^1"}}', {"a/b": "^1"}),
        (manifests.pom_xml, POM, {"junit": "4.13", "plain": ""}),
    ],
)
def test_names_and_ranges_and_no_password(reader: Reader, text: str, found: dict[str, str]) -> None:
    dependencies = read(text, reader=reader)
    assert {dependency.name: dependency.version for dependency in dependencies} == found
    assert "s3cret" not in repr(dependencies)


READERS = [
    manifests.requirements_txt,
    manifests.pyproject_toml,
    manifests.package_json,
    manifests.go_mod,
    manifests.cargo_toml,
    manifests.gemfile,
    manifests.composer_json,
    manifests.pom_xml,
]


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (manifests.package_json, "{"),
        (manifests.package_json, "[]"),
        (manifests.package_json, '{"dependencies": "x"}'),
        (manifests.package_json, "[" * 100_000),
        (manifests.pyproject_toml, "=" * 9),
        (manifests.pyproject_toml, "project = 3"),
        (manifests.pyproject_toml, "[project]\ndependencies = 3"),
        (manifests.cargo_toml, "dependencies = 3"),
        (manifests.composer_json, "null"),
    ],
)
def test_what_is_not_written_as_it_should_be_is_unreadable(reader: Reader, text: str) -> None:
    with pytest.raises(Unreadable):
        read(text, reader=reader)


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
SECTIONS = st.sampled_from(["dependencies", "devDependencies", "require", "project", "tool", "workspace"])


@given(st.sampled_from(READERS), st.text() | st.dictionaries(SECTIONS, JSON).map(json.dumps))
def test_no_text_breaks_a_reader(reader: Reader, text: str) -> None:
    try:
        dependencies = read(text, reader=reader)
    except Unreadable:
        return
    assert set(map(type, (text for found in dependencies for text in (found.name, found.version)))) <= {str}
