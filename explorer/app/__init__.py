"""The window and what is around it: start-up, menus, files, session."""
