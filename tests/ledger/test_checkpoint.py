from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput, IntegrityBroken
from retroaudit.ledger import tree
from retroaudit.ledger.checkpoint import (
    Checkpoint,
    Note,
    Proof,
    Signature,
    holds,
    key_hash,
    parse,
    parse_proof,
    proof_text,
    sign,
)
from retroaudit.ledger.signing import PublicKey, Signer, lower_s, public_from_der

ORIGIN = "retroaudit.dev/log/0123456789abcdef0123456789abcdef"
ROOT = hashlib.sha256(b"root").digest()
CHECKPOINT = Checkpoint(ORIGIN, 42, ROOT)
EIGHT = [tree.leaf_hash(bytes([number])) for number in range(8)]

# https://c2sp.org/tlog-checkpoint, its example
SOFA = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


@pytest.fixture
def note(signer: Signer) -> str:
    return sign(CHECKPOINT, signer)


def test_a_checkpoint_is_three_lines_and_a_signed_note_adds_its_signature(note: str, signer: Signer) -> None:
    text, _, line = note.partition("\n\n")
    assert text.split("\n") == [ORIGIN, "42", base64.b64encode(ROOT).decode()]
    dash, name, encoded = line.removesuffix("\n").split(" ")
    data = base64.b64decode(encoded)
    assert (dash, name) == ("—", ORIGIN)
    assert isinstance(signer.public.key, Ed25519PublicKey)
    raw = signer.public.key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert data[:4] == hashlib.sha256(ORIGIN.encode() + b"\n\x01" + raw).digest()[:4]  # c2sp.org/signed-note
    signer.public.key.verify(data[4:], f"{text}\n".encode())


def test_what_was_signed_is_read_back(note: str, signer: Signer, stranger: Signer) -> None:
    read = parse(note, "it")
    assert read.checkpoint == CHECKPOINT
    assert read.text == note
    assert read.signed_by(signer.public)
    assert not read.signed_by(stranger.public)


def test_the_example_of_the_specification_is_read() -> None:
    read = parse(SOFA, "it")
    assert read.checkpoint.size == 20852163
    assert read.checkpoint.origin == read.signatures[0].name == "example.com/behind-the-sofa"
    assert read.signatures[0].key_hash.hex() == "033de0ae"  # that of sum.golang.org: the example borrows its key
    assert read.text == SOFA


@pytest.mark.published
def test_a_checkpoint_of_the_go_checksum_database_verifies() -> None:
    # https://sum.golang.org/lookup/github.com/go-chi/chi/v5@v5.3.2, and the key that cmd/go has built in:
    # sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8
    kind, *raw = base64.b64decode("Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
    key = Ed25519PublicKey.from_public_bytes(bytes(raw))
    pinned = public_from_der(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), "it")
    read = parse(
        "go.sum database tree\n63096908\n8lHrQPRYe4KT4WQ9/Qk8/taKnD6IRHbFgfN7vQE2Y54=\n\n— sum.golang.org "
        "Az3gri/oVBN1jAhNZ/iS+W31psFAWRT20/GyrhpU6taFwulQGetBkH5S7wpGXdS935jiIGiUUAXBVHzT/P6fYhqAmAk=\n",
        "it",
    )
    (line,) = read.signatures
    assert kind == 1
    assert line.key_hash == key_hash("sum.golang.org", pinned) == bytes.fromhex("033de0ae")
    assert pinned.verifies(line.signature, read.checkpoint.text.encode())
    assert not read.signed_by(pinned)  # whose name is not its origin: no log of ours


@pytest.mark.published
@pytest.mark.parametrize(
    ("key", "root", "signature"),
    [  # github.com/transparency-dev/formats, note/note_verifier_test.go: logs of Sigstore and of Pixel's firmware
        (
            (
                "rekor.sigstore.dev+c0d23d6a+"
                "AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLOC96l+smGNM7nwZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc="
            ),
            "Rekor\n798034\nf+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=",
            "wNI9ajBEAiARInWIWyCdyG27CO6LPnPekyw20qO0YJfoaPaowGp/XgIgc+qEHS3+GKVClgqq20uDLet7MCoTURUCRdxwWBHHufk=",
        ),
        (
            (
                "pixel6_transparency_log+91c16e30+"
                "AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABN+4x0Jk1yTwvLFI9A4NDdGZcX0aiWVdWM5XJVy0M4VWD3AvyW5Q6Hs9A0mcDkpUoYgn+KKPNzFC0H3nN3q6JQ8="
            ),
            "DEFAULT\n10\nbsWRucJU5xJPHb5eBdOm6+DM+VelCZBuvtI3sHERJ9Y=",
            "kcFuMDBFAiEAhqMAP8P6qf6QxtUJhzMhbN+MbZ9dwfUHzGQJmffJHtoCIGD0cNe47dHWBoPwYdgBCepB06/+g5O1FmYjXl06owL4",
        ),
    ],
)
def test_checkpoints_of_ecdsa_logs_verify(key: str, root: str, signature: str) -> None:
    name, hashed, material = key.split("+", 2)
    kind, *der = base64.b64decode(material)
    pinned = public_from_der(bytes(der), "it")
    read = parse(f"{root}\n\n— {name} {signature}\n", "it")
    (line,) = read.signatures
    assert kind == 2
    assert line.key_hash == key_hash(name, pinned) == bytes.fromhex(hashed)
    assert pinned.verifies(line.signature, read.checkpoint.text.encode())


def test_an_ecdsa_key_signs_too() -> None:
    signer = _ecdsa()
    read = parse(sign(CHECKPOINT, signer), "it")
    assert read.signed_by(signer.public)
    assert read.signatures[0].key_hash.hex() == signer.public.keyid[:8]  # signed-note: of the DER, for type 0x02


@pytest.mark.parametrize("algorithm", ["ed25519", "ecdsa"])
def test_no_bit_of_a_note_can_change(algorithm: str, signer: Signer) -> None:
    used = signer if algorithm == "ed25519" else _ecdsa()
    data = sign(CHECKPOINT, used).encode()
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not _accepted(bytes(flipped), used.public), f"bit {bit}"


def test_every_other_spelling_is_refused(note: str) -> None:
    assert parse(note, "it")
    text, _, line = note.partition("\n\n")
    root, encoded = text.split("\n")[2], line.split(" ")[2].removesuffix("\n")
    spoiled = {
        "no note": "",
        "no signature": f"{text}\n\n",
        "no blank line": f"{text}\n{line}",
        "an extension": f"{text}\nextension\n\n{line}",
        "two blank lines": f"{text}\n\n\n{line}",
        "the last line feed": note[:-1],
        "one more": f"{note}\n",
        "line feeds of Windows": note.replace("\n", "\r\n"),
        "another line separator": note.replace("\n42\n", "\u202842\n"),
        "an origin with a control character": note.replace(ORIGIN, "a\tb"),
        "an origin with half a character": note.replace(ORIGIN, "a\ud800b"),
        "no origin": note.replace(f"{ORIGIN}\n", "\n"),
        "a zero in front": note.replace("\n42\n", "\n042\n"),
        "a sign": note.replace("\n42\n", "\n+42\n"),
        "a space": note.replace("\n42\n", "\n 42\n"),
        "other digits": note.replace("\n42\n", "\n\u0664\u0662\n"),
        "an underscore": note.replace("\n42\n", "\n4_2\n"),
        "a size past all logs": note.replace("\n42\n", f"\n{'9' * 5000}\n"),
        "a shorter root": note.replace(root, base64.b64encode(ROOT[:31]).decode()),
        "a longer root": note.replace(root, base64.b64encode(ROOT + b"x").decode()),
        "a root without padding": note.replace(root, root[:-1]),
        "a root in another alphabet": note.replace(root, base64.urlsafe_b64encode(b"\xff" * 32).decode()),
        "a root in another spelling": note.replace(root, _respelled(root)),
        "a hyphen for a dash": note.replace("—", "-"),
        "a key name with a plus": note.replace(f"— {ORIGIN}", "— a+b"),
        "a key name with a no-break space": note.replace(f"— {ORIGIN}", "— a\xa0b"),
        "no key name": note.replace(f"— {ORIGIN}", "— "),
        "a signature of nothing": note.replace(encoded, "AAAAAA=="),
        "base64 of no length": note.replace(encoded, "AAAAA"),
        "padding alone": note.replace(encoded, "===="),
        "a signature in another spelling": note.replace(encoded, _respelled(encoded)),
        "a malformed second line": f"{note}— witness\n",
        "too much": note + f"— witness {'A' * 1000}\n" * 1100,
    }
    for what, text_ in spoiled.items():
        assert text_ != note, what
        with pytest.raises(IntegrityBroken, match="the note"):
            parse(text_, "the note")


def test_signatures_of_witnesses_are_kept_and_passed_over(note: str, signer: Signer, stranger: Signer) -> None:
    witness = "— witness.example/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZ\n"
    for cosigned in (note + witness * 16, note.replace("\n\n", f"\n\n{witness}")):
        read = parse(cosigned, "it")
        assert read.text == cosigned
        assert read.signed_by(signer.public)
        assert not read.signed_by(stranger.public)


def test_a_false_signature_in_the_logs_own_name_spoils_the_note(note: str, signer: Signer) -> None:
    (own,) = parse(note, "it").signatures
    false = replace(own, signature=bytes(64))
    assert Note(CHECKPOINT, (own, own)).signed_by(signer.public)
    assert not Note(CHECKPOINT, (own, false)).signed_by(signer.public)
    assert not Note(CHECKPOINT, ()).signed_by(signer.public)


def test_a_key_signs_for_the_origin_it_is_named_after_alone(signer: Signer) -> None:
    other = replace(CHECKPOINT, origin="retroaudit.dev/log/other")
    signature = signer.sign(other.text.encode())
    borrowed = Note(other, (Signature(ORIGIN, key_hash(ORIGIN, signer.public), signature),))
    assert not parse(borrowed.text, "it").signed_by(signer.public)


@pytest.mark.parametrize(
    "checkpoint",
    [
        replace(CHECKPOINT, origin=""),
        replace(CHECKPOINT, origin="two words"),
        replace(CHECKPOINT, origin="a+b"),
        replace(CHECKPOINT, origin="a\n7"),
        replace(CHECKPOINT, origin="a\ud800"),
        replace(CHECKPOINT, size=-1),
        replace(CHECKPOINT, size=10**18),
        replace(CHECKPOINT, root=ROOT[1:]),
    ],
)
def test_what_could_not_be_read_back_is_not_signed(checkpoint: Checkpoint, signer: Signer) -> None:
    with pytest.raises(BadInput):
        sign(checkpoint, signer)


@given(
    st.text(st.characters(blacklist_categories=("Cs", "Cc", "Z")).filter(lambda it: it != "+"), min_size=1),
    st.integers(0, 10**18 - 1),
    st.binary(min_size=32, max_size=32),
)
def test_every_checkpoint_comes_back(origin: str, size: int, root: bytes) -> None:
    signer = _ecdsa()
    read = parse(sign(Checkpoint(origin, size, root), signer), "it")
    assert read.checkpoint == Checkpoint(origin, size, root)
    assert read.signed_by(signer.public)


@given(st.text(alphabet=st.sampled_from("a1\n—+/= \x00A"), max_size=40))
def test_arbitrary_text_is_refused_and_nothing_else_happens(text: str) -> None:
    for read in (parse, parse_proof):
        with pytest.raises(IntegrityBroken):
            read(text, "it")


def test_a_proof_is_the_lines_of_the_specification(signer: Signer) -> None:
    proof = _proof(5, signer)
    lines = proof_text(proof).split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 5"]
    assert [base64.b64decode(line) for line in lines[2:5]] == list(proof.hashes)
    assert lines[5] == ""
    assert "\n".join(lines[6:]) == proof.note.text


def test_a_proof_is_read_back_and_holds_for_its_leaf_alone(signer: Signer, stranger: Signer) -> None:
    for index, leaf in enumerate(EIGHT):
        proof = parse_proof(proof_text(_proof(index, signer)), "it")
        assert proof == _proof(index, signer)
        assert holds(proof, leaf, signer.public)
        assert not holds(proof, EIGHT[index - 1], signer.public)
        assert not holds(replace(proof, index=index ^ 1), leaf, signer.public)
        assert not holds(proof, leaf, stranger.public)


def test_a_proof_in_a_log_of_one_leaf_has_no_hashes(signer: Signer) -> None:
    note = parse(sign(Checkpoint(ORIGIN, 1, EIGHT[0]), signer), "it")
    text = proof_text(Proof(0, (), note))
    assert text == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{note.text}"
    assert holds(parse_proof(text, "it"), EIGHT[0], signer.public)


def test_no_bit_of_a_proof_can_change(signer: Signer) -> None:
    data = proof_text(_proof(5, signer)).encode()
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            proof = parse_proof(bytes(flipped).decode(), "it")
        except (IntegrityBroken, UnicodeDecodeError):
            continue
        assert not holds(proof, EIGHT[5], signer.public), f"bit {bit}"


def test_extra_data_of_a_proof_is_passed_over(signer: Signer) -> None:
    text = proof_text(_proof(5, signer))
    assert parse_proof(text.replace("index", "extra AAAA\nindex"), "it") == _proof(5, signer)


def test_every_other_spelling_of_a_proof_is_refused(signer: Signer) -> None:
    text = proof_text(_proof(5, signer))
    first = text.split("\n")[2]
    spoiled = {
        "another version": text.replace("@v1", "@v2"),
        "no index": text.replace("index 5\n", ""),
        "a zero in front": text.replace("index 5", "index 05"),
        "below zero": text.replace("index 5", "index -5"),
        "a shorter hash": text.replace(first, "AAAA"),
        "a hash in another spelling": text.replace(first, _respelled(first)),
        "no blank line": text.replace("\n\n", "\n", 1),
        "no checkpoint": text.partition("\n\n")[0] + "\n\n",
        "more hashes than a tree has levels": text.replace(first, "\n".join([first] * 63)),
        "extra data twice": text.replace("index", "extra AAAA\nextra AAAA\nindex"),
        "too much": text.replace("index", f"extra {'A' * (1 << 20)}\nindex"),
    }
    for what, text_ in spoiled.items():
        assert text_ != text, what
        with pytest.raises(IntegrityBroken, match="the proof"):
            parse_proof(text_, "the proof")


def _proof(index: int, signer: Signer) -> Proof:
    note = parse(sign(Checkpoint(ORIGIN, 8, tree.root_of(EIGHT)), signer), "it")
    return Proof(index, tree.inclusion_proof(EIGHT, index), note)


def _accepted(data: bytes, key: PublicKey) -> bool:
    try:
        return parse(data.decode(), "it").signed_by(key)
    except (IntegrityBroken, UnicodeDecodeError):
        return False


def _ecdsa() -> Signer:
    key = ec.derive_private_key(7, ec.SECP256R1())
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Signer(lambda data: lower_s(key.sign(data, ec.ECDSA(SHA256()))), public_from_der(der, "it"))


def _respelled(text: str) -> str:
    """The same bytes for a lenient reader: the unused bits of the last character set."""
    body = text.rstrip("=")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    changed = body[:-1] + alphabet[alphabet.index(body[-1]) | 1] + "=" * (len(text) - len(body))
    assert base64.b64decode(changed) == base64.b64decode(text)
    return changed
