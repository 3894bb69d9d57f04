"""The Qt style sheet, filled with the colours of a scheme."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

from resources import icon_path

if TYPE_CHECKING:
    from explorer.theme.colors import Colors

_SHEET = Template("""
QMainWindow { background: $window; }
QDialog { background: $surface; }
QMainWindow::separator { background: $window; width: 6px; height: 6px; }
QToolTip { background: $surface; color: $text; border: 1px solid $border; padding: 4px 6px; }
QToolBar { background: $window; border: none; spacing: 4px; padding: 4px; }
QToolBar::separator { background: $border; width: 1px; margin: 6px 4px; }
QToolButton { border: 1px solid transparent; border-radius: 5px; padding: 4px 8px; color: $text; }
QToolButton:hover { background: $field; }
QToolButton:pressed, QToolButton:checked { background: $field; border-color: $border; }
QToolButton:focus { border-color: $accent; }
QToolButton#chip { padding: 1px 3px; color: $muted; }
QToolButton#chip:checked { color: $text; background: transparent; border-color: transparent; }
QToolButton#chip:hover { background: $field; }
QToolButton#chip:focus { border-color: $accent; }
QToolButton::menu-indicator { width: 0; }
QMenuBar { background: $window; color: $text; padding: 8px 4px; }
QMenuBar::item { padding: 4px 8px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected { background: $field; }
QMenu { background: $surface; color: $text; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 12px; border-radius: 4px; }
QMenu::item:selected { background: $accent; color: $on_accent; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QStatusBar { background: $window; color: $muted; }
QStatusBar::item { border: none; }
QDockWidget { color: $muted; }
QTabBar { background: $window; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $muted; padding: 6px 14px; border: none;
               border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
#pane { background: $surface; border-radius: 6px; }
#paneTitle { background: $surface; border-top-left-radius: 6px; border-top-right-radius: 6px; }
#folded { background: $surface; border: 1px solid $border; }
#scrolled { background: $surface; border-bottom-left-radius: 6px; border-bottom-right-radius: 6px; }
#caption { color: $muted; }
#group { color: $muted; font-size: 10px; font-weight: 600; letter-spacing: 1px; }
#trouble { color: $warning; }
#heading { color: $text; font-weight: 600; }
#readout { color: $text; }
QPushButton { background: $field; color: $text; border: 1px solid $border; border-radius: 5px; padding: 5px 12px; }
QPushButton:hover { border-color: $muted; }
QPushButton:pressed { background: $border; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $muted; background: transparent; }
QPushButton#primary, QDialog QPushButton:default { background: $accent; color: $on_accent; border-color: $accent;
                                                   font-weight: 600; }
QPushButton#primary:disabled, QDialog QPushButton:default:disabled { background: $field; color: $muted;
                                                                     border-color: $border; }
QPushButton#segment { border-radius: 0; padding: 4px 10px; margin: 0; }
QPushButton#segment:checked { background: $accent; color: $on_accent; border-color: $accent; }
QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit {
    background: $field; color: $text; border: 1px solid $border; border-radius: 4px; padding: 3px 6px;
    selection-background-color: $accent; selection-color: $on_accent; min-height: 18px; }
QAbstractSpinBox QLineEdit { border: none; background: transparent; padding: 0 4px; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus { border-color: $accent; }
QAbstractSpinBox[wrong="true"], QLineEdit[wrong="true"] { border-color: $error; }
#bubble { background: $field; color: $text; border: 1px solid $accent; border-radius: 4px; padding: 4px 10px; }
#bubble[level="error"] { border-color: $error; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled { color: $muted; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0; border: none; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url("$chevron"); width: 14px; height: 14px; }
QComboBox QAbstractItemView { background: $surface; color: $text; border: 1px solid $border; outline: none;
    selection-background-color: $accent; selection-color: $on_accent; }
QSlider::groove:horizontal { background: $border; height: 3px; border-radius: 1px; }
QSlider::sub-page:horizontal { background: $accent; height: 3px; border-radius: 1px; }
QSlider::handle:horizontal { background: $accent; width: 12px; height: 12px; margin: -5px 0; border-radius: 6px; }
QSlider::handle:horizontal:focus { border: 2px solid $text; width: 8px; height: 8px; }
QProgressBar { background: $field; border: none; border-radius: 3px; height: 6px; text-align: center; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QScrollArea, QListView, QTreeView { background: transparent; border: none; outline: none; }
QTabWidget::pane { border: none; }
QTableView { background: $surface; color: $text; border: 1px solid $border; border-radius: 4px; outline: none;
    selection-background-color: $accent; selection-color: $on_accent; }
QTableView:focus { border-color: $accent; }
QTableView::item { padding: 0 8px; }
QTableView::item:selected { background: $accent; color: $on_accent; }
QHeaderView { background: $surface; }
QHeaderView::section { background: $surface; color: $muted; border: none; border-bottom: 1px solid $border;
    padding: 6px 11px; }
QTextBrowser { background: $surface; color: $text; border: 1px solid $border; border-radius: 4px; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar::handle:vertical { background: $border; border-radius: 4px; min-height: 28px; margin: 1px; }
QScrollBar::handle:vertical:hover { background: $muted; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle:horizontal { background: $border; border-radius: 4px; min-width: 28px; margin: 1px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QCheckBox, QRadioButton, QLabel { color: $text; }
QCheckBox { spacing: 6px; }
QCheckBox:focus, QRadioButton:focus { color: $accent; }
QPushButton#primary:focus, QPushButton#segment:checked:focus { border: 2px solid $text; }
QPushButton#primary:focus { padding: 4px 11px; }
QPushButton#segment:checked:focus { padding: 3px 9px; }
QCheckBox, QRadioButton { border: 1px solid transparent; border-radius: 4px; padding: 1px 3px; }
QCheckBox:focus, QRadioButton:focus { border-color: $accent; }
QGraphicsView, QListView, QTreeView { border: 1px solid transparent; }
QGraphicsView:focus, QListView:focus, QTreeView:focus, QPlainTextEdit:focus { border: 1px solid $accent; }
QTabBar::tab:selected:focus, QLabel:focus { background: $field; }
QCheckBox:disabled, QRadioButton:disabled { color: $muted; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid $muted; border-radius: 4px; background: $field; }
QCheckBox::indicator:hover, QCheckBox::indicator:focus { border-color: $accent; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url("$check"); }
QCheckBox::indicator:checked:focus { border-color: $text; }
QCheckBox::indicator:disabled { background: transparent; border-color: $border; }
QCheckBox::indicator:checked:disabled { background: $muted; border-color: $muted; }
QTableView#estimators { background: transparent; border: 1px solid transparent;
    selection-background-color: $field; selection-color: $text; }
QTableView#estimators:focus { border-color: $accent; }
QTableView#estimators::item { padding: 0; }
QTableView#estimators::item:selected { background: $field; color: $text; }
QTableView#estimators QHeaderView, QTableView#estimators QHeaderView::section { background: transparent; }
QTableView#estimators QHeaderView::section { padding: 3px 4px; }
#banner { background: $field; border-radius: 6px; border-left: 3px solid $accent; }
QLabel#banner { padding: 2px 10px; font-size: 12px; }
#banner[level="warning"] { border-left-color: $warning; }
#banner[level="error"] { border-left-color: $error; }
""")


def stylesheet(colors: Colors) -> str:
    """Return the style sheet of one scheme."""
    return _SHEET.substitute(
        window=colors.window, surface=colors.surface, field=colors.field, border=colors.border, text=colors.text,
        muted=colors.muted, accent=colors.accent, on_accent=colors.on_accent, warning=colors.warning,
        error=colors.error, chevron=icon_path("chevron-grey").as_posix(), check=icon_path(colors.check).as_posix(),
    )  # fmt: skip
