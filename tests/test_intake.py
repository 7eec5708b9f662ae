"""What people ask, before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from retroaudit.faults import BadInput
from retroaudit.intake import places


@pytest.mark.parametrize(
    "spelled", ["{0}/./data", "{0}//data", "{0}/x/../data", "{0}/link", "{0}/d%61ta", "{0}/data/deeper"]
)
def test_a_place_within_another_is_refused_however_it_is_spelled(tmp_path: Path, spelled: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    archive, states = (tmp_path / "data").as_uri(), spelled.format(tmp_path.as_uri())
    with pytest.raises(BadInput, match="a place of its own"):
        places(archive, (tmp_path / "store").as_uri(), states, tmp_path / "spool")
    assert list((tmp_path / "data").iterdir()) == []
