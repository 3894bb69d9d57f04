"""Help: the first things to try, the pointer's line in the status bar, what a pane shows, the guide."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QUrl
from PySide6.QtGui import QEnterEvent, QTextDocument
from PySide6.QtWidgets import QApplication, QWidget

from explorer.app.callouts import TEXTS
from explorer.app.explanations import EXPLANATIONS
from explorer.app.guide import PAGES, Guide
from explorer.state.hints import HINTS
from explorer.views.common.pane import Pane
from explorer.views.latent_map.plot import ON_POINT
from resources import guide_folder
from tests.support.desk import Desk

SMALL = QPointF(30.0, -20.0)


def _tip(desk: Desk) -> QPoint:
    """Return where the callout points, in the window."""
    callout = desk.window.callouts.callout
    return callout.pos() + callout._at


def test_the_first_things_to_try_are_told_until_they_are_done(desk: Desk) -> None:
    hints, callout, plot = desk.state.hints, desk.window.callouts.callout, desk.window.map.plot
    hints.offer(HINTS)
    assert callout.isVisible()
    assert callout.text.text() == TEXTS["point"]
    assert (_tip(desk) - plot.mapTo(desk.window, desk.marker("A").toPoint())).manhattanLength() <= 4
    assert desk.window.rect().contains(callout.geometry())
    start = desk.marker("A")
    desk.drag(plot.viewport(), [start, start + SMALL])
    assert callout.text.text() == TEXTS["image"]
    desk.settle()
    dot = plot.mapFrom(desk.window, _tip(desk))
    desk.click(plot.viewport(), dot)
    assert desk.point.source.index is not None
    assert callout.text.text() == TEXTS["slider"]
    rows = desk.window.dimensions.list
    dim = rows.rows.dims[0]
    handle = rows.handle_position(dim, rows.delegate.scale.value_of(dim))
    desk.drag(rows.viewport(), [handle, handle + QPoint(15, 0)])
    assert callout.isHidden()
    assert hints.open == ()
    desk.drag(plot.viewport(), [desk.marker("A"), desk.marker("A") + SMALL])
    assert callout.isHidden()


def test_tips_can_be_sent_away_and_called_back(desk: Desk) -> None:
    desk.window.menus.help.first_steps.trigger()
    callout = desk.window.callouts.callout
    assert callout.isVisible()
    callout.close_button.click()
    assert callout.isHidden()
    assert desk.state.hints.open == ()


def test_a_callout_of_a_pane_that_is_closed_gives_way(desk: Desk) -> None:
    desk.state.hints.offer(HINTS)
    desk.window.docks["Latent map"].hide()
    desk.window.callouts.follow()
    assert desk.window.callouts.callout.text.text() == TEXTS["slider"]
    desk.window.reset_layout()
    desk.state.hints.dismiss()


def _enter(widget: QWidget) -> None:
    at = QPointF(4.0, 4.0)
    QApplication.sendEvent(widget, QEnterEvent(at, at, QPointF(widget.mapToGlobal(at.toPoint()))))


@pytest.mark.parametrize("title", EXPLANATIONS)
def test_every_pane_says_what_it_shows_and_what_the_pointer_does(desk: Desk, title: str) -> None:
    explanation = EXPLANATIONS[title]
    pane = next(pane for pane in desk.window.findChildren(Pane) if pane.windowTitle() == title)
    _enter(pane)
    assert desk.window.status.pointer.text() == explanation.pointer
    assert explanation.text.split("<")[0][:40] in pane.whatsThis()
    assert title in [action.text() for action in desk.window.menus.help.explain.actions()]
    QApplication.sendEvent(pane, QEvent(QEvent.Type.Leave))
    assert desk.window.status.pointer.text() != explanation.pointer or not pane.isVisible()


def test_over_a_point_and_over_an_image_the_pointer_does_something_else(desk: Desk) -> None:
    plot, told = desk.window.map.plot, desk.window.status.pointer
    image = desk.on_map(plot.cloud.xy[7])
    desk.move(plot.viewport(), desk.marker("A"))
    assert told.text() == ON_POINT.format(name="A")
    desk.move(plot.viewport(), image)
    assert told.text().startswith("Click: go to image ")
    desk.move(plot.viewport(), QPointF(1.0, 1.0))
    assert not told.text().startswith(("Click: go", "Drag A: move it  ·  Double-click: back"))


def test_no_pane_is_without_its_explanation(desk: Desk) -> None:
    assert list(EXPLANATIONS) == list(desk.window.docks)


def test_the_guide_shows_its_pages_and_follows_links(desk: Desk) -> None:
    desk.window.menus.help.tutorial.trigger()
    guide = desk.window.findChild(Guide)
    assert guide.isVisible()
    assert "first ten minutes" in guide.page.toPlainText()
    image = guide.page.loadResource(QTextDocument.ResourceType.ImageResource.value, QUrl("pictures/window.png"))
    assert 100 < image.width() <= guide.page.viewport().width()
    guide.page.anchorClicked.emit(QUrl("how-to/train.md"))
    assert guide.list.currentItem().text() == "Train a model"
    guide.page.anchorClicked.emit(QUrl("../science.md#typicality"))
    assert guide.list.currentItem().text() == "What each number means"
    guide.close()


@pytest.mark.parametrize("page", PAGES.values())
def test_every_page_of_the_guide_is_there(page: str) -> None:
    assert Path(guide_folder() / page).read_text("utf-8").startswith("# ")
