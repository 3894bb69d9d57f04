"""The Distribution pane."""
