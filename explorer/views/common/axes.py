"""The look of all plots: quiet axes with names, the scheme's colours, no buttons or menus of their own."""

from __future__ import annotations

import pyqtgraph as pg

from explorer.theme.theme import Theme
from explorer.views.common.painting import guard_plots
from explorer.views.common.plot_menu import PlotMenu


def prepare_plot(plot: pg.PlotWidget, name: str, title: str = "") -> PlotMenu:
    """Take away what a pane offers itself, guard the painting, name the plot, and return its context menu.

    ``title`` is what the plot is called in files, the name if it is empty.
    """
    guard_plots()
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.setAccessibleName(name)
    return PlotMenu(plot, title or name)


def style_plot(plot: pg.PlotWidget, theme: Theme, names: dict[str, str], all_ticks: bool = False) -> None:
    """Give a plot the colours and fonts of the scheme; ``names`` are those of its sides, units included."""
    colors = theme.colors
    plot.setBackground(colors.plot)
    for side in ("bottom", "left"):
        axis = plot.getAxis(side)
        axis.enableAutoSIPrefix(False)
        # Switching the prefixes off scales the numbers once more by the range of that moment.
        axis.autoSIPrefixScale = 1.0
        axis.setPen(pg.mkPen(colors.border))
        axis.setTextPen(pg.mkPen(colors.muted))
        axis.setStyle(tickFont=theme.font(11), tickLength=-4, maxTickLevel=2 if all_ticks else 0)
        axis.label.setFont(theme.font(12))
        if side in names:
            plot.setLabel(side, names[side])
