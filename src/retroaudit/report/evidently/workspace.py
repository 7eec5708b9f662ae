"""A stored snapshot as a run of a project in an Evidently workspace."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from evidently.core.report import Snapshot
from evidently.sdk.models import ProjectModel
from evidently.ui.workspace import Workspace


def add(snapshot: bytes, workspace: Path, project: str) -> str:
    """Add the run to the project of that name, and return the run's id.

    The workspace and the project are made where they are missing. The id follows from the snapshot's bytes, so that
    a report that is there already is not added again.
    """
    place = Workspace.create(str(workspace))
    identity = uuid5(NAMESPACE_URL, f"retroaudit/evidently/{hashlib.sha256(snapshot).hexdigest()}")
    named = place.search_project(project)
    home = named[0] if named else place.add_project(ProjectModel(name=project))
    if not named or identity not in place.list_runs(home.id):
        place.state.write_snapshot(home.id, identity, Snapshot.loads(snapshot.decode()).to_snapshot_model())
    return str(identity)
