"""The commands of the window, a file for each menu; ``menus`` fills the bar."""
