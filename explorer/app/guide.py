"""The guide: the pages of the documentation in a window of their own, without a network."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QImage, QTextCursor, QTextDocument
from PySide6.QtWidgets import QDialog, QHBoxLayout, QListWidget, QTextBrowser, QWidget

from resources import guide_folder

PAGES = {
    "Tutorial": "tutorial.md",
    "Train a model": "how-to/train.md",
    "Open data": "how-to/open-data.md",
    "Open a model from elsewhere": "how-to/open-models.md",
    "Resume and compare runs": "how-to/runs.md",
    "Compare estimators": "how-to/gradients.md",
    "Find factors": "how-to/factors.md",
    "Export": "how-to/export.md",
    "Use in scripts": "how-to/scripts.md",
    "Graphics cards, clusters": "how-to/gpu.md",
    "What each number means": "science.md",
    "Keys and gestures": "reference/keys.md",
    "Files": "reference/files.md",
    "Architecture": "architecture.md",
    "Performance": "performance.md",
}
SIZE = QSize(900, 680)
LIST_WIDTH, PAGE_MARGIN, MARGIN = 190, 20.0, 64
HEADING_SPACE, PARAGRAPH_SPACE, LINE_SPACE = 14.0, 8.0, 3.0


class Page(QTextBrowser):
    """One page; pictures are fitted to its width, links to pages stay inside, others go to the browser."""

    def __init__(self) -> None:
        super().__init__()
        self.setOpenLinks(False)
        self.setAccessibleName("Page of the guide")
        self.document().setDocumentMargin(PAGE_MARGIN)
        self.sourceChanged.connect(self._space_out)
        self.anchorClicked.connect(self._follow)

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Return a picture no wider than the page."""
        found = super().loadResource(kind, name)
        if kind != QTextDocument.ResourceType.ImageResource.value:
            return found
        image = QImage(self.source().resolved(QUrl(name)).toLocalFile())
        widest = max(self.viewport().width() - MARGIN, 200)
        smooth = Qt.TransformationMode.SmoothTransformation
        return image.scaledToWidth(widest, smooth) if image.width() > widest else image

    def _space_out(self) -> None:
        """Set headings and paragraphs apart: Qt reads Markdown without any space between them."""
        cursor, block = QTextCursor(self.document()), self.document().begin()
        while block.isValid():
            style = block.blockFormat()
            if cursor.currentTable() is None:
                style.setTopMargin(HEADING_SPACE if style.headingLevel() else 0.0)
                style.setBottomMargin(LINE_SPACE if block.textList() is not None else PARAGRAPH_SPACE)
                cursor.setPosition(block.position())
                cursor.setBlockFormat(style)
            block = block.next()

    def _follow(self, link: QUrl) -> None:
        target = self.source().resolved(link)
        if target.isLocalFile() and target.path().endswith(".md"):
            self.setSource(target, QTextDocument.ResourceType.MarkdownResource)
        elif link.hasFragment() and not link.path():
            self.scrollToAnchor(link.fragment())
        else:
            QDesktopServices.openUrl(target)


class Guide(QDialog):
    """A list of pages and the one that is read."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setWindowTitle("Guide")
        self.list, self.page = QListWidget(), Page()
        self.list.addItems(list(PAGES))
        self.list.setFixedWidth(LIST_WIDTH)
        self.list.setSpacing(2)
        self.list.setAccessibleName("Pages of the guide")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 8, 8, 8)
        row.addWidget(self.list)
        row.addWidget(self.page, 1)
        self.resize(SIZE.boundedTo(over.screen().availableSize()))
        self.list.currentTextChanged.connect(self.show_page)
        self.page.sourceChanged.connect(self._name)

    def show_page(self, title: str) -> None:
        """Show a page by its title in the list."""
        path = (guide_folder() / PAGES[title]).resolve()
        if self.page.source().toLocalFile() != str(path):
            self.page.setSource(QUrl.fromLocalFile(str(path)), QTextDocument.ResourceType.MarkdownResource)

    def open_at(self, title: str) -> None:
        """Open the window, or bring it to the front, at a page."""
        self.list.setCurrentRow(list(PAGES).index(title))
        self.show()
        self.raise_()
        self.activateWindow()

    def _name(self, source: QUrl) -> None:
        """Follow in the list where a link has led."""
        shown = Path(source.toLocalFile())
        for row, page in enumerate(PAGES.values()):
            if (guide_folder() / page).resolve() == shown:
                self.list.setCurrentRow(row)
