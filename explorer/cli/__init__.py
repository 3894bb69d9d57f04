"""The command line, one module per command; slow imports are deferred until a command runs."""

from latentscape.own_path import own_packages_first

# Before any of the program's packages is imported: the folder that a person works in may have others of their names.
own_packages_first()
