"""The messages between the window and its worker processes: frozen dataclasses, NumPy only.

Every request carries an ``id`` chosen by the sender, every reply repeats it. Arrays are C-contiguous; images are
float32 [n, height, width, channels] with values in 0–1 unless said otherwise. Errors are data: ``lifecycle.Failed``.
``README.md`` beside this file describes who sends what when.
"""
