"""The Path pane."""
