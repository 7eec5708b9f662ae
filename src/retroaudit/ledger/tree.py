"""Merkle trees over numbered leaves: RFC 6962, section 2.1; proofs are checked as in RFC 9162, section 2.1.3 and 2.1.4.

A frontier is the list of roots of the perfect subtrees that a tree of `size` leaves consists of, the largest
first: one hash a set bit of `size`. It is all that an appender must know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from retroaudit.faults import BadInput, Fault

Frontier = tuple[bytes, ...]


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\1" + left + right).digest()


def extend(size: int, frontier: Frontier, leaf: bytes) -> Frontier:
    """The frontier after one more leaf hash: like adding one to a binary number, carries merge neighbours."""
    rest, merged = list(frontier), leaf
    while size & 1:
        merged = node_hash(rest.pop(), merged)
        size >>= 1
    return (*rest, merged)


def root(frontier: Frontier) -> bytes:
    """The tree's hash; of no leaves: SHA-256 of nothing."""
    if not frontier:
        return hashlib.sha256(b"").digest()
    *rest, found = frontier
    for left in reversed(rest):
        found = node_hash(left, found)
    return found


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The tree's hash over these leaf hashes."""
    frontier: Frontier = ()
    for size, leaf in enumerate(leaves):
        frontier = extend(size, frontier, leaf)
    return root(frontier)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The hashes that lead from leaf `index` to the root, the nearest first: PATH(index, leaves)."""
    if not 0 <= index < len(leaves):
        raise BadInput(Fault("inclusion proof", f"leaf {index}", f"a leaf of 0 to {len(leaves) - 1}"))
    path: list[bytes] = []
    while len(leaves) > 1:
        split = _split(len(leaves))
        left, right = leaves[:split], leaves[split:]
        inside, beside = (left, right) if index < split else (right, left)
        path.append(root_of(beside))
        index, leaves = (index if index < split else index - split), inside
    return tuple(reversed(path))


def consistency_proof(leaves: Sequence[bytes], old: int) -> tuple[bytes, ...]:
    """The hashes that show the first `old` leaves to be a beginning of all: PROOF(old, leaves)."""
    if not 0 < old <= len(leaves):
        raise BadInput(Fault("consistency proof", f"an old size of {old}", f"1 to {len(leaves)}"))
    path: list[bytes] = []
    whole = True  # the old tree is a complete subtree so far: its hash is known to the verifier
    while old < len(leaves):
        split = _split(len(leaves))
        if old <= split:
            path.append(root_of(leaves[split:]))
            leaves = leaves[:split]
        else:
            path.append(root_of(leaves[:split]))
            leaves, old, whole = leaves[split:], old - split, False
    return tuple(reversed(path if whole else [*path, root_of(leaves)]))


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree: bytes) -> bool:
    """Whether `proof` shows the leaf hash at `index` of the tree of `size` leaves with the hash `tree`."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node_hash(step, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, step)
        here, last = here >> 1, last >> 1
    return last == 0 and found == tree


def is_consistent(old: int, new: int, proof: Sequence[bytes], old_tree: bytes, new_tree: bytes) -> bool:
    """Whether `proof` shows the tree of `old` leaves to be the beginning of the tree of `new` leaves."""
    if old == new:
        return not proof and old_tree == new_tree
    if not 0 < old < new:
        return False
    steps = list(proof) if old & (old - 1) else [old_tree, *proof]  # a power of two is a subtree of its own
    if not steps:
        return False
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    found_old = found_new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            found_old, found_new = node_hash(step, found_old), node_hash(step, found_new)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found_new = node_hash(found_new, step)
        here, last = here >> 1, last >> 1
    return last == 0 and found_old == old_tree and found_new == new_tree


def _split(size: int) -> int:
    """The largest power of two smaller than `size` (size > 1)."""
    return 1 << (size - 1).bit_length() - 1
