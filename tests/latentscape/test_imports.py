"""``import latentscape`` costs a person's process nothing but NumPy, and takes none of its names."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from latentscape.own_path import ROOT

FORBIDDEN = {"PySide6", "pyqtgraph", "tensorflow", "keras", "scipy", "PIL", "explorer", "models", "resources", "click"}


def test_the_persons_process_imports_numpy_alone(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("MINE = True")
    code = f"""
import sys
sys.path.append({str(ROOT)!r})
import latentscape, models
light = sorted(name for name in sys.modules if name.partition(".")[0] == "numpy")
import latentscape.exploring, json
print(json.dumps([light, models.MINE, sorted({{name.partition(".")[0] for name in sys.modules}})]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    light, mine, modules = json.loads(done.stdout)
    assert light == []
    assert mine
    assert FORBIDDEN & set(modules) == {"models"}
    assert "numpy" in modules
