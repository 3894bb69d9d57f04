"""The panes of the window: they read and set state, and know neither controllers nor each other."""
