"""The header of a pane: a row of controls, of which those that find no room fold into a panel behind a button."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

HEADER_HEIGHT = 36
NARROWEST = 120


class Header(QWidget):
    """A row whose last controls fold away when it gets narrow; the first one stays."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("paneTitle")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEADER_HEIGHT)
        self.more = QToolButton()
        self._panel = QFrame(self, Qt.WindowType.Popup)
        self._column = QVBoxLayout(self._panel)
        self._row = QHBoxLayout(self)
        self._entries: list[tuple[QWidget, int]] = []
        self._spaces = 0
        self._build()

    def _build(self) -> None:
        self._row.setContentsMargins(12, 2, 8, 2)
        self._row.setSpacing(6)
        # A dock asks for the height that the layout wants, and without a button that is a line of text.
        self._row.addStrut(HEADER_HEIGHT - 4)
        self._row.addWidget(self.more)
        self._panel.setObjectName("folded")
        self._column.setContentsMargins(10, 8, 10, 8)
        self._column.setSpacing(6)
        self.more.setText("⋯")
        self.more.setToolTip("More controls, which find no room here")
        self.more.setAccessibleName("More controls")
        self.more.clicked.connect(self._unfold)
        self.more.hide()
        self._panel.installEventFilter(self)

    @property
    def folded(self) -> list[QWidget]:
        """The controls that are in the panel, from left to right."""
        return [widget for widget, _ in self._entries if widget.parent() is self._panel]

    def addWidget(self, widget: QWidget, stretch: int = 0) -> None:
        """Add a control at the right of the others."""
        self._row.insertWidget(self._row.count() - 1, widget, stretch)
        self._entries.append((widget, stretch))

    def addStretch(self, stretch: int = 1) -> None:
        """Add room that grows; it stays where it is when controls fold away."""
        self._row.insertStretch(self._row.count() - 1, stretch)

    def addSpacing(self, pixels: int) -> None:
        """Add room between two controls."""
        self._row.insertSpacing(self._row.count() - 1, pixels)
        self._spaces += pixels

    def minimumSizeHint(self) -> QSize:
        """Let the pane be narrower than all controls together."""
        return QSize(NARROWEST, HEADER_HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fold what finds no room any more."""
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Fit again when a control has changed its size or is shown."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return done

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fit again when a control in the panel has changed its size or is shown."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return False

    def _fit(self) -> None:
        """Fold the last controls until the others fit, and unfold what does."""
        shown = [widget for widget, _ in self._entries if not widget.isHidden()]
        kept = shown[: self._count_kept([_width(widget) for widget in shown])]
        for widget, stretch in self._entries:
            folded = widget.parent() is self._panel
            if folded and (widget in kept or widget.isHidden()):
                self._take_back(widget, stretch)
            elif not folded and not widget.isHidden() and widget not in kept:
                self._fold(widget)
        self.more.setVisible(len(kept) < len(shown))

    def _count_kept(self, widths: list[int]) -> int:
        """Return how many controls of these widths fit, beside the button if it is needed."""
        margins, gap = self._row.contentsMargins(), self._row.spacing()
        room = self.width() - margins.left() - margins.right() - self._spaces
        if sum(widths) + gap * len(widths) <= room:
            return len(widths)
        room -= _width(self.more) + gap
        kept = len(widths)
        while kept > 1 and sum(widths[:kept]) + gap * kept > room:
            kept -= 1
        return kept

    def _fold(self, widget: QWidget) -> None:
        before = [other for other in self.folded if self._place(other) < self._place(widget)]
        self._column.insertWidget(len(before), widget)
        widget.show()

    def _take_back(self, widget: QWidget, stretch: int) -> None:
        hidden = widget.isHidden()
        after = [other for other, _ in self._entries[self._place(widget) + 1 :] if other.parent() is not self._panel]
        index = self._row.indexOf(after[0]) if after else self._row.count() - 1
        self._row.insertWidget(index, widget, stretch)
        widget.setHidden(hidden)

    def _place(self, widget: QWidget) -> int:
        return next(number for number, (other, _) in enumerate(self._entries) if other is widget)

    def _unfold(self) -> None:
        self._panel.adjustSize()
        corner = self.mapToGlobal(QPoint(self.width() - self._panel.width(), self.height()))
        self._panel.move(corner)
        self._panel.show()


def together(*widgets: QWidget) -> QWidget:
    """Return controls that belong together as one, so that they fold together."""
    group = QWidget()
    row = QHBoxLayout(group)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    for widget in widgets:
        row.addWidget(widget)
    return group


def _width(widget: QWidget) -> int:
    """Return the width that a widget wants."""
    ignored = widget.sizePolicy().horizontalPolicy() is QSizePolicy.Policy.Ignored
    wanted = 0 if ignored else widget.sizeHint().width()
    return min(max(wanted, widget.minimumSizeHint().width(), widget.minimumWidth()), widget.maximumWidth())
