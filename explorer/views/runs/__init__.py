"""The run manager: a dialog over the runs on disk and in the trash."""
