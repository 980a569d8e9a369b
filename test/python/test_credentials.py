"""Credentials of a bucket: found where everybody's tools find them, renewed when they expire, and missed in words."""

import hashlib
import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import tifffile

ROLE = "role_arn = arn:aws:iam::123456789012:role/demo"
BASE = "[profile base]\naws_access_key_id = BASE\naws_secret_access_key = s\n"
ASSUMED = """<AssumeRole{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRole{0}Result><Credentials>
<AccessKeyId>{1}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>{2}</Expiration></Credentials></AssumeRole{0}Result></AssumeRole{0}Response>"""
REFUSED = """<ErrorResponse><Error><Code>AccessDenied</Code>
<Message>User is not authorized to perform: sts:AssumeRole on resource: demo</Message></Error></ErrorResponse>"""


class Servers(ThreadingHTTPServer):
    """A bucket, which may not be listed, STS, a container's and a machine's server of credentials, all in one."""

    daemon_threads = True
    folder: Path
    #: which keys the bucket was asked with
    keys: list[str]
    #: after how many requests the present keys have expired, and those that have
    lasts: int
    expired: set[str]
    refuses: bool
    issued: int


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Servers

    def log_message(self, *_) -> None:
        pass

    def say(self, status: int, body: bytes | str, **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def new(self, kind: str) -> tuple[str, str]:
        self.server.issued += 1
        expires = datetime.now(UTC) + timedelta(hours=1)
        return f"{kind}-{self.server.issued}", f"{expires:%Y-%m-%dT%H:%M:%SZ}"

    def told(self, kind: str) -> None:
        key, expires = self.new(kind)
        said = {"AccessKeyId": key, "SecretAccessKey": "s", "Token": "t", "Expiration": expires, "Code": "Success"}
        self.say(200, json.dumps(said))

    def do_PUT(self) -> None:
        self.say(200, "machine's token")

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.server.refuses:
            return self.say(403, REFUSED)
        way = "WithWebIdentity" if "WebIdentityToken=a.b.c" in asked else ""
        assert way or "BASE/" in self.headers["Authorization"]
        self.say(200, ASSUMED.format(way, *self.new("role")))

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path == "/container":
            return self.told("container") if self.headers["Authorization"] == "secret" else self.say(403, "{}")
        if path.startswith("/latest/meta-data"):
            assert self.headers["x-aws-ec2-metadata-token"] == "machine's token"
            return self.told("machine") if path.endswith("/name") else self.say(200, "name")
        key = re.search(r"Credential=([^/]+)", self.headers["Authorization"])[1]
        self.server.keys.append(key)
        if len(self.server.keys) == self.server.lasts:
            self.server.expired.add(key)
        if key in self.server.expired:
            return self.say(400, "<Error><Code>ExpiredToken</Code><Message>It has expired</Message></Error>")
        file = self.server.folder / path.removeprefix("/bucket/")
        if "list-type" in self.path or not file.is_file():
            return self.say(403, "<Error><Code>AccessDenied</Code><Message>Denied</Message></Error>")
        self.say(200, file.read_bytes(), ETag='"1"')


@pytest.fixture(scope="module")
def folder(cli, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("stored")
    tifffile.imwrite(folder / "a.tif", np.zeros((8, 8, 8), np.uint8))
    cli("convert", folder / "a.tif").succeeded()
    return folder


@pytest.fixture
def servers(folder) -> Iterator[Servers]:
    server = Servers(("127.0.0.1", 0), Handler)
    server.folder, server.keys, server.lasts, server.refuses, server.issued = folder, [], 10**6, False, 0
    server.expired = set()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def info(cli, servers, tmp_path):
    """`info` of the OME-Zarr in the bucket, where nothing is set up but what is given."""
    address = f"http://127.0.0.1:{servers.server_port}"
    (tmp_path / ".aws").mkdir()
    (tmp_path / "token").write_text("a.b.c")

    def run(given: str, config: str = ""):
        config = config.format(process=f"{sys.executable} {tmp_path}/process.py")
        (tmp_path / ".aws" / "config").write_text(config)
        known = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        nothing = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
        pairs = (each.split("=", 1) for each in given.format(address=address, folder=tmp_path).split())
        env = {**known, **nothing, "AWS_ENDPOINT_URL": address, "AWS_REGION": "us-east-1", **dict(pairs)}
        return cli("info", "s3://bucket/a.ome.zarr", env=env)

    return run


CONTAINER = "AWS_CONTAINER_CREDENTIALS_FULL_URI={address}/container AWS_CONTAINER_AUTHORIZATION_TOKEN=secret"
MACHINE = "AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT={address}"
WEB = "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/demo AWS_WEB_IDENTITY_TOKEN_FILE={folder}/token"


@pytest.mark.parametrize(
    ("given", "config", "key"),
    [
        ("AWS_PROFILE=r", f"{BASE}[profile r]\n{ROLE}\nsource_profile = base\n", "role"),
        (WEB, "", "role"),
        (CONTAINER, "", "container"),
        (MACHINE, "", "machine"),
        ("AWS_PROFILE=p", "[profile p]\ncredential_process = {process}\n", "PROCESS"),
    ],
)
def test_where_they_are_found(info, servers, tmp_path, given, config, key):
    said = {"Version": 1, "AccessKeyId": "PROCESS", "SecretAccessKey": "s"}
    (tmp_path / "process.py").write_text(f"print({json.dumps(json.dumps(said))})")
    assert "8 × 8 × 8" in info(given, config).succeeded().stdout
    assert {name.partition("-")[0] for name in servers.keys} == {key}


def test_they_are_had_anew_when_they_expire(info, servers):
    servers.lasts = 3
    assert "8 × 8 × 8" in info(CONTAINER).succeeded().stdout
    assert servers.expired and servers.keys[-1] not in servers.expired


SSO = """[profile s]
sso_session = x
sso_account_id = 123456789012
sso_role_name = R
[sso-session x]
sso_region = us-east-1
sso_start_url = https://example.invalid/start
"""


@pytest.mark.parametrize(
    ("given", "config", "says"),
    [
        ("", "", "no credentials were found for it (none are set up): set AWS_PROFILE"),
        ("AWS_PROFILE=gone", BASE, "by the profile gone (AWS_PROFILE) (Could not resolve credentials using profile"),
        ("AWS_PROFILE=p", "[profile p]\ncredential_process = {process} 7\n", "(Command failed: "),
        (CONTAINER + "2", "", "the server that AWS_CONTAINER_CREDENTIALS_FULL_URI names gives none"),
        (WEB + "2", "", "token2 cannot be read, ENOENT"),
        ("AWS_PROFILE=s", SSO, "run 'aws sso login'"),
        (
            "AWS_PROFILE=r",
            f"{BASE}[profile r]\n{ROLE}\nsource_profile = base\n",
            "may not take on the role that is set",
        ),
        (
            "AWS_PROFILE=m",
            f"{BASE}[profile m]\n{ROLE}\nsource_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/me\n",
            "wants a code (MFA), which nobody is asked for here",
        ),
        # Of half a minute there is nothing to be gained where nothing answers at first.
        ("AWS_PROFILE=base AWS_ENDPOINT_URL=http://127.0.0.1:9", BASE, "nothing answers at 127.0.0.1:9"),
    ],
)
def test_where_there_are_none_it_is_said_why(info, servers, tmp_path, given, config, says):
    servers.refuses = True
    cache = tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    expired = {"accessToken": "a", "expiresAt": "2020-01-01T00:00:00Z", "startUrl": "x", "region": "us-east-1"}
    (cache / f"{hashlib.sha1(b'x').hexdigest()}.json").write_text(json.dumps(expired))
    run = info(given, config)
    assert run.status == 1 and "s3://bucket: " in run.stderr and says in run.stderr
    # Not of what only this program asks for.
    assert "zarr.json" not in run.stderr and len(run.stderr.splitlines()) == 1
