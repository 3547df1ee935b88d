"""Kernels as files: Numba keeps what it compiled only of code that was imported from a real file.

A file is named by the hash of its text and of Numba's version, so a changed formula never meets an old kernel. The
folder is the user's own, and is refused where others could write into it: what lies there is run.
"""

import importlib.util
import os
import stat
import sys
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from thalweg.descent.files import write_whole
from thalweg.errors import FolderError


def cache_folder() -> Path:
    """Where kernels are kept: thalweg/kernels in the user's cache folder."""
    if told := os.environ.get("XDG_CACHE_HOME"):
        root = Path(told)
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        root = Path.home() / ".cache"
    return root / "thalweg" / "kernels"


def imported(name: str, text: str) -> ModuleType:
    """The module with this text, from the cache. Raises FolderError where nothing can be kept there."""
    import numba

    digest = sha256(f"{numba.__version__}\n{text}".encode()).hexdigest()[:16]
    path = _own_folder() / f"{name}_{digest}.py"
    module_name = f"thalweg_kernels.{path.stem}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    data = text.encode()
    if not path.is_file() or path.read_bytes() != data:
        write_whole(path, data)
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise FolderError(f"cannot import {path}")
    module = sys.modules[module_name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[module_name]
        raise
    return module


def _own_folder() -> Path:
    """The folder, made if need be, for this user alone."""
    folder = cache_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
    except OSError as error:
        raise FolderError(f"cannot make {folder}: {error.strerror}") from None
    if hasattr(os, "getuid"):
        if about.st_uid != os.getuid():
            raise FolderError(f"{folder} belongs to another user")
        if stat.S_IMODE(about.st_mode) & 0o077:
            folder.chmod(0o700)
    return folder
