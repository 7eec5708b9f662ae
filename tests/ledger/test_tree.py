from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.ledger import tree

LARGEST = 130
LEAVES = [tree.leaf_hash(bytes([number])) for number in range(LARGEST)]

# the leaves of Certificate Transparency's own tests, and the hashes of its proofs over them
_INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
EIGHT = [tree.leaf_hash(bytes.fromhex(text)) for text in _INPUTS]
PUBLISHED = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
]


def _mth(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word by word: MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n]))."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = _k(len(leaves))
    return hashlib.sha256(b"\x01" + _mth(leaves[:k]) + _mth(leaves[k:])).digest()


def _path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    k = _k(len(leaves))
    if m < k:
        return [*_path(m, leaves[:k]), _mth(leaves[k:])]
    return [*_path(m - k, leaves[k:]), _mth(leaves[:k])]


def _subproof(m: int, leaves: list[bytes], *, known: bool) -> list[bytes]:
    """RFC 6962, 2.1.2."""
    if m == len(leaves):
        return [] if known else [_mth(leaves)]
    k = _k(len(leaves))
    if m <= k:
        return [*_subproof(m, leaves[:k], known=known), _mth(leaves[k:])]
    return [*_subproof(m - k, leaves[k:], known=False), _mth(leaves[:k])]


def _k(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def test_roots_of_certificate_transparency() -> None:
    # the vectors of Certificate Transparency's own tests: the roots of the first n of the eight leaves
    roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    assert [tree.root_of(EIGHT[:size]).hex() for size in range(9)] == roots


@pytest.mark.published
@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [  # Certificate Transparency's merkle_tree_test.cc, kSHA256Paths (which counts leaves from 1)
        (0, 1, ""),
        (0, 8, "96a296d2… 5f083f0a… 6b47aaf2…"),
        (5, 8, "bc1a0643… ca854ea1… d37ee418…"),
        (2, 3, "fac54203…"),
        (1, 5, "6e340b9c… 5f083f0a… bc1a0643…"),
    ],
)
def test_inclusion_proofs_of_certificate_transparency(index: int, size: int, proof: str) -> None:
    assert [each.hex() for each in tree.inclusion_proof(EIGHT[:size], index)] == _whole(proof)
    hashes = [bytes.fromhex(each) for each in _whole(proof)]
    assert tree.includes(EIGHT[index], index, size, hashes, tree.root_of(EIGHT[:size]))


@pytest.mark.published
@pytest.mark.parametrize(
    ("old", "new", "proof"),
    [  # the same, kSHA256Proofs
        (1, 1, ""),
        (1, 8, "96a296d2… 5f083f0a… 6b47aaf2…"),
        (6, 8, "0ebc5d34… ca854ea1… d37ee418…"),
        (2, 5, "5f083f0a… bc1a0643…"),
    ],
)
def test_consistency_proofs_of_certificate_transparency(old: int, new: int, proof: str) -> None:
    assert [each.hex() for each in tree.consistency_proof(EIGHT[:new], old)] == _whole(proof)
    hashes = [bytes.fromhex(each) for each in _whole(proof)]
    assert tree.is_consistent(old, new, hashes, tree.root_of(EIGHT[:old]), tree.root_of(EIGHT[:new]))


def _whole(proof: str) -> list[str]:
    """The hashes that a proof names by their beginnings."""
    found = [next(each for each in PUBLISHED if each.startswith(name.rstrip("…"))) for name in proof.split()]
    assert len(found) == len(proof.split())
    return found


def test_a_frontier_grows_into_every_root() -> None:
    frontier: tree.Frontier = ()
    for size, leaf in enumerate(LEAVES):
        assert tree.root(frontier) == _mth(LEAVES[:size])
        assert len(frontier) == size.bit_count()
        frontier = tree.extend(size, frontier, leaf)


def test_every_inclusion_proof_is_that_of_the_rfc_and_holds() -> None:
    for size in [*range(1, 40), 63, 64, 65, 127, 128, 129, 130]:
        leaves = LEAVES[:size]
        whole = _mth(leaves)
        for index in range(size):
            proof = tree.inclusion_proof(leaves, index)
            assert list(proof) == _path(index, leaves)
            assert tree.includes(leaves[index], index, size, proof, whole)


@given(st.integers(1, LARGEST), st.data())
def test_every_consistency_proof_is_that_of_the_rfc_and_holds(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    proof = tree.consistency_proof(LEAVES[:new], old)
    assert list(proof) == _subproof(old, LEAVES[:new], known=True)
    assert tree.is_consistent(old, new, proof, _mth(LEAVES[:old]), _mth(LEAVES[:new]))


@given(st.integers(2, LARGEST), st.data())
def test_a_proof_with_anything_changed_does_not_hold(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, whole = tree.inclusion_proof(LEAVES[:size], index), _mth(LEAVES[:size])
    place = data.draw(st.integers(0, len(proof) - 1))
    forged = (*proof[:place], bytes(32), *proof[place + 1 :])
    for changed in (forged, proof[1:], proof[:-1], (*proof, bytes(32)), ()):
        assert not tree.includes(LEAVES[index], index, size, changed, whole)
    assert not tree.includes(bytes(32), index, size, proof, whole)
    assert not tree.includes(LEAVES[index], index, size, proof, bytes(32))
    for wrong in (-1, size, size + 1):
        assert not tree.includes(LEAVES[index], wrong, size, proof, whole)


@given(st.integers(2, LARGEST), st.data())
def test_a_rewritten_past_is_not_consistent(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    proof = tree.consistency_proof(LEAVES[:new], old)
    before, after = _mth(LEAVES[:old]), _mth(LEAVES[:new])
    rewritten = [bytes(32), *LEAVES[1:new]]
    forged = tree.consistency_proof(rewritten, old)
    assert not tree.is_consistent(old, new, forged, before, _mth(rewritten))
    assert not tree.is_consistent(old, new, proof, bytes(32), after)
    assert not tree.is_consistent(old, new, proof, before, bytes(32))
    assert not tree.is_consistent(new, old, proof, after, before)
    assert not tree.is_consistent(old, new, proof[:-1], before, after)
    assert not tree.is_consistent(old, new, (*proof, bytes(32)), before, after)
    assert not tree.is_consistent(0, new, proof, before, after)


def test_no_proof_of_what_is_not_there() -> None:
    for index in (-1, 3):
        with pytest.raises(BadInput):
            tree.inclusion_proof(LEAVES[:3], index)
    for old in (0, 4):
        with pytest.raises(BadInput):
            tree.consistency_proof(LEAVES[:3], old)
