"""The meter in the Decoded pane: it follows a drag, after the picture, and stops when nobody looks."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from models.core.trust import Trust
from tests.support.desk import Desk


def _trust(desk: Desk) -> Trust:
    trust = desk.state.trust.trust
    assert trust is not None
    return trust


def test_the_mean_of_an_image_is_like_the_data_and_a_far_point_is_not(desk: Desk) -> None:
    desk.rest()
    label = desk.window.decoded.trust
    assert _trust(desk).verdict == "like the data"
    assert label.text().startswith("like the data · -")
    assert " σ · " in label.text()
    assert "/15 are " in label.text()
    assert "of 15 neighbours are " in label.toolTip()
    plot, start = desk.window.map.plot, desk.marker("A")
    desk.drag(plot.viewport(), [start, start + QPointF(40.0, 30.0), QPointF(2.0, 2.0)])
    desk.rest()
    assert _trust(desk).norm == pytest.approx(np.linalg.norm(desk.point.z))
    desk.latent.set_z(np.full(desk.latent.latent_dim, 3.0))
    desk.rest()
    assert label.text().startswith("outside · +")
    assert label.toolTip().startswith("Outside: no posterior of an image reaches here")
    desk.state.undo.undo()
    desk.rest()
    assert _trust(desk).verdict == "like the data"


def test_nothing_is_judged_while_the_pane_is_hidden(desk: Desk) -> None:
    desk.rest()
    desk.window.docks["Decoded"].hide()
    before = _trust(desk)
    desk.latent.set_component("z", 0, 3.0)
    desk.rest()
    assert _trust(desk) is before
    desk.window.docks["Decoded"].show()
    desk.rest()
    assert _trust(desk).norm == pytest.approx(np.linalg.norm(desk.point.z))
