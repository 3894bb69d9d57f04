"""The guard against leftovers notices every kind of them."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from PySide6.QtCore import QThread, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from tests.support.leftovers import Running
from tests.support.leftovers_of_qt import RunningWithQt
from tests.support.windows import nothing_left_behind

__all__ = ["nothing_left_behind"]  # fixtures

KINDS = (Running, RunningWithQt)


@pytest.mark.parametrize("kind", KINDS)
def test_a_running_thread_is_noticed(kind: type[Running]) -> None:
    before, ending = kind.now(), threading.Event()
    thread = threading.Thread(target=ending.wait, name="reader", daemon=True)
    thread.start()
    assert before.leftovers(patience=0) == ["thread reader"]
    ending.set()
    thread.join()
    assert not before.leftovers(patience=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_child_process_is_noticed(kind: type[Running]) -> None:
    before = kind.now()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert [name.split(" (")[0] for name in before.leftovers(patience=0)] == [f"process {child.pid}"]
        child.communicate(b"\n")
    assert not before.leftovers(patience=0)


def test_an_active_timer_is_noticed(qapp: QApplication) -> None:
    before, timer = RunningWithQt.now(), QTimer(objectName="tick")
    timer.start(1000)
    assert before.leftovers(patience=0) == ["QTimer tick"]
    timer.stop()
    assert not before.leftovers(patience=0)


def test_a_running_qthread_is_noticed(qapp: QApplication) -> None:
    before, thread = RunningWithQt.now(), QThread(objectName="reader")
    thread.start()
    assert "QThread reader" in before.leftovers(patience=0)
    thread.quit()
    thread.wait()
    assert not before.leftovers(patience=0)


def test_a_top_level_widget_is_noticed_and_a_deleted_one_is_not(qapp: QApplication) -> None:
    before, widget = RunningWithQt.now(), QWidget(objectName="window")
    assert before.leftovers(patience=0) == ["QWidget window"]
    widget.deleteLater()
    assert not before.leftovers(patience=0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_ends_in_time_is_no_leftover(kind: type[Running]) -> None:
    before = kind.now()
    threading.Timer(0.2, list).start()
    assert not before.leftovers(patience=3)
