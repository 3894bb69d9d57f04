"""The Factors pane."""
