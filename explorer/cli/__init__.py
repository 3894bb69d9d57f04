"""One module per command of the command line; what is slow to import waits inside their functions."""
