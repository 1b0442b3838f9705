from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from codeforge_common.errors import ConfigurationError
from codeforge_common.handler import BlockingContext, JobContext, handler, handlers_in
from codeforge_common.job import BUILT_IN_TYPES
from codeforge_common.store import Served
from codeforge_worker.app import identity_of
from codeforge_worker.registry import discover

Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package: ``install(name, source of its one module)``."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(name: str, source: str) -> None:
        information = tmp_path / f"{name}-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(f"[codeforge.handlers]\n{name} = {name}\n")
        (tmp_path / f"{name}.py").write_text(source)

    return make


HANDLER = """
from codeforge_common.handler import handler

@handler("{name}", secret_fields=["context.key"], lease=4, wall_time=60, attempts=2)
async def function(ctx):
    pass
"""


def test_an_installed_package_is_found(install: Install) -> None:
    install("acme_thumbnails", HANDLER.format(name="thumbnails"))
    found = discover()["thumbnails"]
    assert found.address == "acme_thumbnails:function"
    assert not found.blocking
    assert found.type.secret_fields == ("context.key",)
    assert (found.type.lease_seconds, found.type.wall_time_seconds, found.type.attempts) == (4, 60, 2)


def test_the_worker_itself_offers_the_built_in_types_as_they_are_announced_everywhere() -> None:
    offered = discover()
    for built_in in BUILT_IN_TYPES:
        assert offered[built_in.name].type == built_in


def test_worker_types_limits_what_is_served(install: Install) -> None:
    install("acme_limited", HANDLER.format(name="limited"))
    assert set(discover(only=["limited"])) == {"limited"}


def test_a_wanted_type_that_nobody_offers_is_named() -> None:
    with pytest.raises(ConfigurationError, match="WORKER_TYPES: no handler is installed for absent"):
        discover(only=["absent"])


def test_two_handlers_of_one_type_are_both_named(install: Install) -> None:
    install("acme_first", HANDLER.format(name="doubled"))
    install("acme_second", HANDLER.format(name="doubled"))
    with pytest.raises(ConfigurationError, match="acme_first:function and acme_second:function"):
        discover()


def test_a_package_that_cannot_be_imported_is_named(install: Install) -> None:
    install("acme_broken", "import no_such_module")
    with pytest.raises(ConfigurationError, match=r"of acme_broken can't be imported .*no_such_module"):
        discover()


def test_a_package_with_a_handler_that_cant_be_is_named_with_the_reason(install: Install) -> None:
    install("acme_leaky", HANDLER.format(name="leaky").replace("context.key", "key"))
    with pytest.raises(ConfigurationError, match="acme_leaky: Handler 'leaky': secret_fields holds 'key'"):
        discover()


def test_a_package_without_a_handler_is_named(install: Install) -> None:
    install("acme_empty", "")
    with pytest.raises(ConfigurationError, match="of acme_empty names acme_empty, which is no module with a handler"):
        discover()


def test_a_marked_function_stays_what_it_is() -> None:
    async def function(ctx: JobContext) -> int:
        return 1

    assert handler("marked")(function) is function
    module = ModuleType("made")
    module.function = function  # type: ignore[attr-defined]
    (found,) = handlers_in(module)
    assert found.function is function


async def asynchronous(ctx: JobContext) -> None: ...


def plain(ctx: BlockingContext) -> None: ...


def test_what_cannot_be_a_handler_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="snake_case"):
        handler("Bad-Name")(asynchronous)
    with pytest.raises(ConfigurationError, match="at least 3 seconds"):
        handler("short", lease=2.9)(asynchronous)
    with pytest.raises(ConfigurationError, match="async unless blocking=True"):
        handler("plain")(plain)
    with pytest.raises(ConfigurationError, match="a blocking handler is a plain function"):
        handler("blocking", blocking=True)(asynchronous)
    with pytest.raises(ConfigurationError, match="wall_time is more than 0 seconds"):
        handler("instant", wall_time=0)(asynchronous)
    with pytest.raises(ConfigurationError, match="at least one attempt"):
        handler("hopeless", attempts=0)(asynchronous)
    with pytest.raises(ConfigurationError, match="a batch has at least two jobs"):
        handler("alone", batch=1)(asynchronous)
    with pytest.raises(ConfigurationError, match="a blocking handler takes no batches"):
        handler("blocking", blocking=True, batch=2)(plain)
    with pytest.raises(ConfigurationError, match="wait is for a batch"):
        handler("waits", wait=1)(asynchronous)
    with pytest.raises(ConfigurationError, match="no less than 0 seconds"):
        handler("hurries", batch=2, wait=-1)(asynchronous)


@pytest.mark.parametrize(
    "path",
    ["key", "context", "context.", "githubContext.token", "context..key", "context.keys.0", "context.keys[].key"],
)
def test_a_secret_field_that_would_seal_nothing_is_refused(path: str) -> None:
    with pytest.raises(ConfigurationError, match=r"begins with 'context\.'.* as 'context\.apiKey'") as refused:
        handler("leaky", secret_fields=["context.apiKey", path])(asynchronous)
    assert f"secret_fields holds {path!r}." in str(refused.value)


def test_a_secret_field_may_lie_deep_and_have_digits_in_its_name() -> None:
    handler("tight", secret_fields=["context.key", "context.mirrors.password", "context.v2.api-key 1"])(asynchronous)


def test_a_handler_may_take_batches() -> None:
    async def many(jobs: Sequence[JobContext]) -> list[int]:
        return [1 for _ in jobs]

    module = ModuleType("made")
    module.many = handler("many", batch=32, wait=0.05)(many)  # type: ignore[attr-defined]
    (found,) = handlers_in(module)
    assert (found.batched, found.type.batch, found.gather_seconds) == (True, 32, 0.05)
    assert identity_of({"many": found}, lease_seconds=10).serves == [
        Served(type="many", lease_ms=10_000, batch=32, gather_ms=50)
    ]
