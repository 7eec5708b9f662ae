from __future__ import annotations

import hashlib
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from retroaudit.faults import BadInput
from retroaudit.ledger import timestamps
from retroaudit.ledger.timestamps import ask, check, load_roots, request, store
from retroaudit.storage.local import LocalStorage

pytest.importorskip("rfc3161_client")
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl: the tests' TSA is one")

NOTE = "retroaudit.dev/log/0\n3\nAAAA\n\n— retroaudit.dev/log/0 BBBB\n"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
PEM = serialization.Encoding.PEM
CONFIG = """
[tsa]
default_tsa = own
[own]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/chain.pem
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = {accepted}
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def elliptic() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def rivest() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@dataclass(frozen=True)
class Holder:
    certificate: x509.Certificate
    key: Private


def certify(
    name: str,
    by: Holder | None,
    key: Private,
    *,
    stamps: bool = False,
    valid: tuple[datetime, datetime] = (NOW - DAY, NOW + DAY),
) -> Holder:
    """A certificate for a CA, or (`stamps`) for a TSA as RFC 3161, 2.3 wants it."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signing = by.key if by else key
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    builder = (
        x509.CertificateBuilder(by.certificate.subject if by else subject, subject, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.BasicConstraints(ca=not stamps, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=stamps, key_cert_sign=not stamps, crl_sign=not stamps, **usage),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if stamps:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return Holder(builder.sign(signing, hashes.SHA256()), key)


@dataclass(frozen=True)
class Authority:
    """`openssl ts` with its own root."""

    folder: Path
    roots: tuple[x509.Certificate, ...]

    @classmethod
    def found(
        cls,
        folder: Path,
        tsa: Holder,
        roots: tuple[Holder, ...],
        chain: tuple[Holder, ...] = (),
        *,
        digest: str = "sha256",
        accepted: str = "sha256",
    ) -> Authority:
        folder.mkdir(exist_ok=True)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.pem").write_bytes(tsa.certificate.public_bytes(PEM))
        lock = serialization.NoEncryption()
        (folder / "tsa.key").write_bytes(tsa.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, lock))
        (folder / "chain.pem").write_bytes(b"".join(each.certificate.public_bytes(PEM) for each in chain))
        (folder / "roots.pem").write_bytes(b"".join(each.certificate.public_bytes(PEM) for each in roots))
        config = CONFIG if chain else CONFIG.replace("certs = {folder}/chain.pem", "")
        (folder / "tsa.cnf").write_text(config.format(folder=folder, digest=digest, accepted=accepted))
        return cls(folder, tuple(each.certificate for each in roots))

    def answer(self, query: bytes) -> bytes:
        (self.folder / "query.tsq").write_bytes(query)
        words = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "answer.tsr"]
        subprocess.run(words, cwd=self.folder, check=True, capture_output=True)
        return (self.folder / "answer.tsr").read_bytes()

    def believes(self, token: bytes, note: str) -> bool:
        """What openssl says of a token: the independent origin of what `check` says."""
        (self.folder / "token.tsr").write_bytes(token)
        (self.folder / "note").write_text(note)
        words = ["openssl", "ts", "-verify", "-in", "token.tsr", "-data", "note", "-CAfile", "roots.pem"]
        return subprocess.run(words, cwd=self.folder, check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    root = certify("root", None, elliptic())
    return Authority.found(tmp_path_factory.mktemp("tsa"), certify("tsa", root, elliptic(), stamps=True), (root,))


@pytest.fixture(scope="module", params=["elliptic", "rsa", "chain"])
def each_authority(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp(f"tsa-{request.param}")
    if request.param == "rsa":
        root = certify("root", None, rivest())
        return Authority.found(folder, certify("tsa", root, rivest(), stamps=True), (root,), digest="sha512")
    root = certify("root" * 10, None, elliptic())
    if request.param == "elliptic":
        return Authority.found(folder, certify("tsa", root, elliptic(), stamps=True), (root,), digest="sha384")
    between = certify("between", root, elliptic())  # shorter than the TSA's, so that openssl's order is not DER's
    tsa = certify("tsa" * 20, between, elliptic(), stamps=True)
    return Authority.found(folder, tsa, (root,), (between, root))


@pytest.fixture(scope="module")
def token(authority: Authority) -> bytes:
    return authority.answer(request(NOTE))


def stranger() -> x509.Certificate:
    return certify("root", None, elliptic()).certificate


def flip(data: bytes, bit: int) -> bytes:
    return bytes(byte ^ (1 << bit % 8 if bit // 8 == place else 0) for place, byte in enumerate(data))


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[bytes], tuple[int, bytes]]], str]]:
    """A server on loopback that answers each POST as told; gives its address."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Callable[[bytes], tuple[int, bytes]]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/timestamp-query"
                status, data = answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", data.decode())
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                try:
                    self.wfile.write(data)
                except OSError:  # whoever asked has heard enough
                    return

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/tsa"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


Serve = Callable[[Callable[[bytes], tuple[int, bytes]]], str]


def test_a_token_from_an_authority(authority: Authority, serve: Serve, tmp_path: Path) -> None:
    url = serve(lambda query: (200, authority.answer(query)))
    before = datetime.now(UTC).replace(microsecond=0)
    token = ask(url, NOTE)
    stamp = check(token, NOTE, authority.roots)
    assert stamp.problem is None
    assert stamp.signature_checked
    assert stamp.time is not None
    assert before <= stamp.time <= datetime.now(UTC)
    assert stamp.time.tzinfo is UTC
    assert authority.believes(token, NOTE)
    storage = LocalStorage(tmp_path)
    assert store(storage, 3, token)
    assert storage.read("log/anchors/000000000003.tsr") == token
    assert not store(storage, 3, ask(url, NOTE))
    assert storage.read("log/anchors/000000000003.tsr") == token


def test_a_request_is_new_each_time_and_openssl_reads_it(tmp_path: Path) -> None:
    one, other = request(NOTE), request(NOTE)
    assert one != other
    (tmp_path / "query").write_bytes(one)
    words = ["openssl", "ts", "-query", "-in", str(tmp_path / "query"), "-text"]
    text = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert "Hash Algorithm: sha256" in text
    assert "Certificate required: yes" in text
    assert hashlib.sha256(NOTE.encode()).digest() in one


def test_authorities_of_several_kinds(each_authority: Authority) -> None:
    token = each_authority.answer(request(NOTE))
    assert check(token, NOTE, each_authority.roots).problem is None
    assert each_authority.believes(token, NOTE)


def test_without_roots_the_signature_is_unchecked(token: bytes) -> None:
    for roots in (None, ()):
        stamp = check(token, NOTE, roots)
        assert (stamp.problem, stamp.signature_checked) == (None, False)


def test_a_token_of_another_note(authority: Authority, token: bytes) -> None:
    for roots in (None, authority.roots):
        stamp = check(token, NOTE + " ", roots)
        assert stamp.problem == "a time-stamp of something else"
        assert not stamp.signature_checked
    assert not authority.believes(token, NOTE + " ")


def test_a_root_of_somebody_else(authority: Authority, token: bytes) -> None:
    stamp = check(token, NOTE, [stranger()])
    assert stamp.problem is not None
    assert check(token, NOTE, [stranger(), *authority.roots]).problem is None


def test_an_authority_that_is_no_authority(tmp_path: Path) -> None:
    root = certify("root", None, elliptic())
    forged = certify("root", None, elliptic())  # the same name with a key of its own
    authority = Authority.found(tmp_path, certify("tsa", forged, elliptic(), stamps=True), (root,))
    token = authority.answer(request(NOTE))
    assert check(token, NOTE, authority.roots).problem is not None
    assert check(token, NOTE, [forged.certificate]).problem is None


def test_a_certificate_that_may_not_certify(tmp_path: Path) -> None:
    root = certify("root", None, elliptic())
    other = certify("other", root, elliptic(), stamps=True)  # a TSA's, as any customer of the root may have
    tsa = certify("tsa", other, elliptic(), stamps=True)
    authority = Authority.found(tmp_path, tsa, (root,), (other,))
    token = authority.answer(request(NOTE))
    assert check(token, NOTE, authority.roots).problem is not None
    assert not authority.believes(token, NOTE)


def test_certificates_that_nobody_signed_are_not_carried_along(tmp_path: Path) -> None:
    root, stray = certify("root", None, elliptic()), certify("stray", certify("gone", None, elliptic()), elliptic())
    authority = Authority.found(tmp_path, certify("tsa", root, elliptic(), stamps=True), (root,), (stray,))
    stamp = check(authority.answer(request(NOTE)), NOTE, authority.roots)
    assert stamp.problem == "a certificate that nobody in the chain signed"


@pytest.mark.parametrize("valid", [(NOW - 3 * DAY, NOW - DAY), (NOW + DAY, NOW + 3 * DAY)], ids=["ended", "to come"])
def test_a_certificate_that_was_not_valid_when_it_stamped(valid: tuple[datetime, datetime], tmp_path: Path) -> None:
    root = certify("root", None, elliptic(), valid=(NOW - 9 * DAY, NOW + 9 * DAY))
    tsa = certify("tsa", root, elliptic(), stamps=True, valid=valid)
    authority = Authority.found(tmp_path, tsa, (root,))
    token = authority.answer(request(NOTE))
    stamp = check(token, NOTE, authority.roots)
    assert stamp.problem is not None
    assert "not valid then" in stamp.problem


@pytest.mark.slow
def test_a_token_outlives_its_certificate(tmp_path: Path) -> None:
    root = certify("root", None, elliptic())
    end = datetime.now(UTC) + timedelta(seconds=2)
    tsa = certify("tsa", root, elliptic(), stamps=True, valid=(NOW - DAY, end))
    authority = Authority.found(tmp_path, tsa, (root,))
    token = authority.answer(request(NOTE))
    while datetime.now(UTC) <= end + timedelta(seconds=1):
        threading.Event().wait(0.1)
    assert check(token, NOTE, authority.roots).problem is None
    assert not authority.believes(token, NOTE)  # which looks at today's date


@given(st.integers(0), st.booleans())
def test_no_flipped_bit_passes(authority: Authority, token: bytes, bit: int, with_roots: bool) -> None:
    stamp = check(flip(token, bit % (8 * len(token))), NOTE, authority.roots)
    assert stamp.problem is not None
    if not with_roots:
        check(flip(token, bit % (8 * len(token))), NOTE, None)  # whatever it says, it says it


@pytest.mark.slow
def test_no_flipped_bit_at_all_passes(each_authority: Authority) -> None:
    token = each_authority.answer(request(NOTE))
    passing = [
        bit for bit in range(8 * len(token)) if check(flip(token, bit), NOTE, each_authority.roots).problem is None
    ]
    assert passing == []


def test_no_shorter_or_longer_token_passes(authority: Authority, token: bytes) -> None:
    for length in range(len(token)):
        assert check(token[:length], NOTE, authority.roots).problem is not None
    assert check(token + b"\0", NOTE, authority.roots).problem is not None


@given(st.binary())
def test_garbage_is_no_token(data: bytes) -> None:
    stamp = check(data, NOTE, None)
    assert stamp.time is None
    assert stamp.problem == "bytes that are no time-stamp in DER (RFC 3161)"


def test_an_authority_that_refuses(tmp_path: Path, serve: Serve) -> None:
    root = certify("root", None, elliptic())
    tsa = certify("tsa", root, elliptic(), stamps=True)
    authority = Authority.found(tmp_path, tsa, (root,), accepted="sha512")  # ours is sha256
    url = serve(lambda query: (200, authority.answer(query)))
    with pytest.raises(BadInput, match=r"a refusal \(PKIStatus 2\)"):
        ask(url, NOTE)


def test_an_answer_to_another_request(authority: Authority, token: bytes, serve: Serve) -> None:
    url = serve(lambda _: (200, token))
    with pytest.raises(BadInput, match="nonce"):
        ask(url, NOTE)
    other = authority.answer(request("another"))
    url = serve(lambda _: (200, other))
    with pytest.raises(BadInput, match="something else"):
        ask(url, NOTE)


@pytest.mark.parametrize(
    ("status", "data", "word"),
    [
        (404, b"", "HTTP status 404"),
        (500, b"x", "HTTP status 500"),
        (301, b"http://127.0.0.1:1/", "HTTP status 301"),
        (307, b"file:///etc/passwd", "HTTP status 307"),
        (200, b"", "no time-stamp"),
        (200, b"<html>", "no time-stamp"),
        (200, b"\0" * (1 << 22), "more than 131072 bytes"),
    ],
    ids=["absent", "broken", "elsewhere", "a file", "nothing", "a page", "huge"],
)
def test_answers_that_are_none(status: int, data: bytes, word: str, serve: Serve) -> None:
    url = serve(lambda _: (status, data))
    with pytest.raises(BadInput, match=word):
        ask(url, NOTE)


def test_by_a_proxy(authority: Authority, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", serve(lambda query: (200, authority.answer(query))))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert check(ask("http://tsa.invalid/", NOTE), NOTE, authority.roots).problem is None
    assert check(ask(serve(lambda query: (200, authority.answer(query))), NOTE), NOTE, authority.roots).problem is None


def test_nobody_answers() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        with pytest.raises(BadInput, match="no answer"):
            ask(f"http://127.0.0.1:{taken.getsockname()[1]}/hunter2?hunter2", NOTE)


def test_no_answer_in_time(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timestamps, "_TIMEOUT", 0.2)
    stop = threading.Event()

    def hang(_: bytes) -> tuple[int, bytes]:
        stop.wait(10)
        return 200, b""

    url = serve(hang)
    with pytest.raises(BadInput, match="no answer"):
        ask(url, NOTE)
    stop.set()


@pytest.mark.parametrize(
    "url", ["", "tsa", "file:///etc/passwd", "ftp://tsa", "http://", "http://me:hunter2@tsa/", "http://[", "https:///x"]
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(BadInput, match="another kind of address") as caught:
        ask(url, NOTE)
    assert "hunter2" not in str(caught.value)


def test_roots_from_a_file(authority: Authority, tmp_path: Path) -> None:
    assert load_roots(authority.folder / "roots.pem") == authority.roots
    (tmp_path / "garbage").write_bytes(b"garbage")
    for name, word in (("garbage", "no certificates"), ("nothing", "No such file"), ("", "directory")):
        with pytest.raises(BadInput, match=word):
            load_roots(tmp_path / name)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rfc3161_client", None)
    assert not timestamps.available()
    for call in (lambda: request(NOTE), lambda: check(b"", NOTE, None), lambda: ask("http://127.0.0.1:1/", NOTE)):
        with pytest.raises(BadInput, match=r"pip install 'retroaudit\[timestamps\]'"):
            call()
