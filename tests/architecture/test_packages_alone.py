"""Each package, installed with what it declares and nothing else, can be imported whole.

No network: wheels of our packages are built here, and what they require from elsewhere is linked from the environment
that runs the tests, each distribution alone.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.packages import PACKAGES, Package

IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not found.name.endswith(".__main__"):
        importlib.import_module(found.name)
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel of each package."""
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*command, *(str(package.folder) for package in PACKAGES.values())], check=True)
    return folder


@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES.keys())
def test_a_package_installs_alone_and_imports(package: Package, wheels: Path, tmp_path: Path) -> None:
    ours, theirs = closure(package)
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    site = Path(sysconfig.get_path("purelib", scheme="venv", vars={"base": str(environment)}))
    for name in theirs:
        link(distribution(name), site=site)
    files = [str(wheel) for name in ours for wheel in wheels.glob(f"{name.replace('-', '_')}-*.whl")]
    assert len(files) == len(ours)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", *files], check=True)

    done = subprocess.run(
        [str(python), "-c", IMPORT_ALL, package.module], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr


def closure(package: Package) -> tuple[set[str], set[str]]:
    """Names of our packages and of other distributions that an installer would choose for ``package``."""
    ours, theirs = {package.name}, set[tuple[str, str]]()
    waiting = [*package.requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in PACKAGES:
            if name not in ours:
                ours.add(name)
                waiting += PACKAGES[name].requirements
            continue
        for extra in ("", *requirement.extras):
            if (name, extra) not in theirs:
                theirs.add((name, extra))
                waiting += required(distribution(name), extra=extra)
    return ours, {name for name, _ in theirs}


def required(installed: Distribution, *, extra: str) -> Iterable[Requirement]:
    """What a distribution requires here, with ``extra``."""
    for text in installed.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement


def link(installed: Distribution, *, site: Path) -> None:
    """Puts the files of one distribution into ``site``, as links."""
    for file in installed.files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(Path(str(file.locate())).resolve())
