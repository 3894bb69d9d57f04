"""Tests neither read nor write the settings of the user who runs them."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path, user_config_path, user_data_path, user_state_path
from PySide6.QtCore import QSettings

from tests.support.windows import own_settings

__all__ = ["own_settings"]  # fixtures


def test_settings_lie_in_the_folder_of_the_test(tmp_path: Path) -> None:
    settings = QSettings("Latentscape", "Latentscape")
    settings.setValue("theme", "dark")
    settings.sync()
    assert Path(settings.fileName()).is_relative_to(tmp_path)
    assert Path(settings.fileName()).read_text().strip().endswith("theme=dark")


def test_folders_of_the_program_lie_in_the_folder_of_the_test(tmp_path: Path) -> None:
    for path in (user_cache_path, user_config_path, user_data_path, user_state_path):
        assert path("latentscape").is_relative_to(tmp_path)
