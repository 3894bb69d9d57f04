"""The Dimensions pane."""
