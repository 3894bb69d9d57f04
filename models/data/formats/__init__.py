"""The formats of data sets: a module and one ``FORMAT`` each, but for what they have in common.

A new one is a module here, a row in :mod:`models.core.formats` for the file dialogs, and a place in the order in which
:mod:`models.data.opening` asks them.
"""
