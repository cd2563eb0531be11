"""JupyterLab for the course."""

import os
import sys
from pathlib import Path

c = get_config()  # type: ignore[name-defined]  # noqa: F821

# In its terminals kit is found. A login shell would forget that again, and is what a server gives that was
# not started from a terminal itself (jupyter_server_terminals).
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
c.ServerApp.terminado_settings = {"shell_command": [os.environ.get("SHELL") or "sh"]}
c.LanguageServerManager.autodetect = False  # it lists twenty that are not installed
