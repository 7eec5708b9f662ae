"""Evidently's own reports, made from a stored report alone: no rows, no small cells.

`beside` is the door. `snapshot`, `page` and `workspace` import Evidently as they are imported: they belong into the
child process that `beside` starts.
"""

import os

os.environ["DO_NOT_TRACK"] = "1"  # Evidently tells its makers of every run, unless asked not to before its import
