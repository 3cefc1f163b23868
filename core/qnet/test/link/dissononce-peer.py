"""One side of Noise_XK_25519_ChaChaPoly_SHA256 over TCP, by dissononce: ROLE PORT PROLOGUE SECRET [PEER_KEY], all hexadecimal."""
import socket
import struct
import sys

from dissononce.cipher.chachapoly import ChaChaPolyCipher
from dissononce.dh.x25519.private import PrivateKey
from dissononce.dh.x25519.public import PublicKey
from dissononce.dh.x25519.x25519 import X25519DH
from dissononce.hash.sha256 import SHA256Hash
from dissononce.processing.handshakepatterns.interactive.XK import XKHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState

role, port, prologue, secret = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3]), bytes.fromhex(sys.argv[4])
is_initiator = role == "initiator"


def receive(link):
    def exactly(length):
        data = b""
        while len(data) < length:
            piece = link.recv(length - len(data))
            if not piece:
                raise SystemExit("the other side closed")
            data += piece
        return data

    return exactly(struct.unpack(">H", exactly(2))[0])


def send(link, message):
    link.sendall(struct.pack(">H", len(message)) + bytes(message))


if is_initiator:
    link = socket.create_connection(("127.0.0.1", port), timeout=20)
else:
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    server.settimeout(20)
    link = server.accept()[0]
link.settimeout(20)

state = HandshakeState(SymmetricState(CipherState(ChaChaPolyCipher()), SHA256Hash()), X25519DH())
keys = X25519DH().generate_keypair(PrivateKey(secret))
peer = {"rs": PublicKey(bytes.fromhex(sys.argv[5]))} if is_initiator else {}
state.initialize(XKHandshakePattern(), is_initiator, prologue, s=keys, **peer)
ciphers = None
for turn in range(3):
    if (turn % 2 == 0) == is_initiator:
        message = bytearray()
        ciphers = state.write_message(b"payload of dissononce %d" % turn, message)
        send(link, message)
    else:
        payload = bytearray()
        ciphers = state.read_message(receive(link), payload)
        assert payload == b"payload of anarq %d" % turn, payload
sending, receiving = ciphers if is_initiator else reversed(ciphers)
send(link, sending.encrypt_with_ad(b"", b"sealed by dissononce"))
assert receiving.decrypt_with_ad(b"", receive(link)) == b"sealed by anarq"
print("agreed", flush=True)
