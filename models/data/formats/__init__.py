"""The formats of data sets: a module and one ``FORMAT`` each, but for what they have in common."""
