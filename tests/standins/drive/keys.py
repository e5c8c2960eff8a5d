"""Keys and credentials of the emulated Drive, made when the tests run and never kept."""

import datetime
import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

HOSTS = ("oauth2.googleapis.com", "www.googleapis.com")
"""The hosts that dvc-gdrive talks to; the emulator is both."""

ROBOT = "robot@nasu.iam.gserviceaccount.com"
CLIENT_ID = "1234567890-nasu.apps.googleusercontent.com"
CLIENT_SECRET = "secret-of-the-client"
REFRESH_TOKEN = "refresh-token-of-nasu"


@dataclass(frozen=True)
class Keys:
    """A test CA, a server certificate signed by it, and a service account's key."""

    authority: Path
    server: Path
    robot: Path
    robot_key: rsa.RSAPublicKey


def make_keys(folder: Path) -> Keys:
    """Make all of them in `folder`."""
    now = datetime.datetime.now(datetime.UTC)
    ca_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA of Nasumiso Creator")])

    def certificate(
        name: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> bytes:
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(ca_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
            .sign(ca_key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)

    names: list[x509.GeneralName] = [x509.DNSName(host) for host in HOSTS]
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    ca = certificate(ca_name, ca_key, x509.BasicConstraints(ca=True, path_length=0))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTS[0])])
    server = certificate(subject, server_key, x509.SubjectAlternativeName(names))
    robot_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "ca.pem").write_bytes(ca)
    (folder / "server.pem").write_bytes(pem(server_key) + server)
    robot = {
        "type": "service_account",
        "client_email": ROBOT,
        "client_id": "1",
        "private_key_id": "1",
        "private_key": pem(robot_key).decode(),
        "token_uri": f"https://{HOSTS[0]}/token",
    }
    (folder / "robot.json").write_text(json.dumps(robot), encoding="utf-8")
    return Keys(
        folder / "ca.pem", folder / "server.pem", folder / "robot.json", robot_key.public_key()
    )


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """Return a private key as text, unencrypted."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def saved_sign_in() -> str:
    """Return what oauth2client saves after a sign-in in the browser; its access token is old."""
    return json.dumps(
        {
            "_module": "oauth2client.client",
            "_class": "OAuth2Credentials",
            "access_token": "old",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "token_expiry": "2020-01-01T00:00:00Z",
            "token_uri": f"https://{HOSTS[0]}/token",
            "user_agent": None,
            "revoke_uri": f"https://{HOSTS[0]}/revoke",
            "id_token": None,
            "id_token_jwt": None,
            "token_response": {},
            "scopes": ["https://www.googleapis.com/auth/drive"],
            "token_info_uri": f"https://{HOSTS[0]}/tokeninfo",
            "invalid": False,
        }
    )
