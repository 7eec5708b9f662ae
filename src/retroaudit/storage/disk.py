"""The one thing about disks that Python's library lacks."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path


def flush_file_system(folder: Path) -> None:
    """Return when all that was written to the folder's file system is on the disk.

    `syncfs` tells where that failed (`OSError`; Linux 5.8 on). `os.sync`, for systems without it, cannot, and waits
    for every disk.
    """
    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if call(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)
