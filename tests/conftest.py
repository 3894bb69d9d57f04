"""Every test: folders of its own, nothing left behind. Without Qt: what tests of the window add is in ``windows``."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# Processes of pytest-xdist share the cores: one thread each, said before anything loads TensorFlow or a BLAS.
os.environ.update(
    {f"{name}_THREADS": "1" for name in ("TF_NUM_INTRAOP", "TF_NUM_INTEROP", "OMP_NUM", "OPENBLAS_NUM")}
    if "PYTEST_XDIST_WORKER" in os.environ
    else {}
)

import pytest
from hypothesis import settings

from tests.support.folders import use_folders
from tests.support.leftovers import FAILED, Running, guarded, has_failed
from tests.support.quickly import call_quickly, compile_quickly

# How long an example takes tells of the machine's other work.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

# Tests that run only when they are asked for, and then alone.
MARKS = ("xvfb", "slow")
QT_PLUGIN = "pytest-qt"
QT_SETTINGS = ("qt_api", "qt_log_level_fail", "qt_log_ignore")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    parser.addoption("--xvfb", action="store_true", help="run the tests marked xvfb, on a virtual X display")
    parser.addoption("--slow", action="store_true", help="run the tests marked slow, which take minutes")
    if not pluginmanager.hasplugin(QT_PLUGIN):
        for name in QT_SETTINGS:
            parser.addini(name, "a setting of pytest-qt, which is not there", type="args")
    elif not _qt_loads():
        # It would end the whole run; the tests of the science do without.
        pluginmanager.unregister(name=QT_PLUGIN)


def _qt_loads() -> bool:
    """Whether Qt and the libraries of the system that it needs are there."""
    try:
        from PySide6 import QtWidgets  # noqa: F401
    except ImportError:
        return False
    return True


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        _share_what_xla_compiles(config)
        if not config.getoption("--slow"):
            compile_quickly()
    if config.getoption("--xvfb"):
        from tests.support.display import start_display

        config.add_cleanup(start_display())


def _share_what_xla_compiles(config: pytest.Config) -> None:
    """Let every process of the run load what another has compiled already."""
    folder = tempfile.mkdtemp(prefix="latentscape-xla-")
    os.environ["TF_XLA_FLAGS"] = f"--tf_xla_persistent_cache_directory={folder}"
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files without a test that needs a display, if only these are asked for: to import all takes seconds."""
    asked = config.getoption("--xvfb") and collection_path.suffix == ".py"
    return True if asked and "mark.xvfb" not in collection_path.read_text(encoding="utf-8") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = {mark for mark in MARKS if config.getoption(f"--{mark}")}
    others = [item for item in items if {mark for mark in MARKS if item.get_closest_marker(mark)} != chosen]
    config.hook.pytest_deselected(items=others)
    left_out = set(others)
    items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish(session: pytest.Session) -> None:
    if not session.config.getoption("--slow"):
        call_quickly()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, caches, data and logs of a test lie in its own folder."""
    use_folders(tmp_path, monkeypatch)


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """No thread and no process that a test started outlives it."""
    with guarded(Running, lambda: has_failed(request.node)):
        yield


@pytest.fixture(scope="session")
def warm_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of data sets and embeddings for all windows but those whose first start is tested."""
    return tmp_path_factory.mktemp("cache")
