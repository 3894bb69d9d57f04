"""The panes of the window, a file each: they read and set state, and know neither the engine nor each other."""
