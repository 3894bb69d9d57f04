"""Writing pictures and tables, for the window and the command line alike; no Qt but in the dialog."""
