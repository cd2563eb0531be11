"""Records in an S3-compatible store: written by the run's pod while it runs, read from anywhere.

Credentials come from where every client of S3 looks: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else
~/.aws/credentials. In the cluster they are a Secret's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kitlib.errors import ClusterUnreachable, NotFound, UsageError
from kitlib.runbooks.remote.stored import Stored
from kitlib.settings import get_settings

if TYPE_CHECKING:
    from minio import Minio
    from urllib3 import PoolManager

SCHEME = "s3"
RECORD = "record.json"


@dataclass(frozen=True)
class Bucket:
    """A bucket, and the prefix under which each pod has its files.

    Args:
        name: the bucket's name.
        prefix: without slashes at its ends; may be empty.
        client: of the store.
    """

    name: str
    prefix: str
    client: Minio = field(repr=False)

    def stored(self) -> list[Stored]:
        """What is in it, oldest first."""
        runs: dict[str, list[str]] = {}
        for path in self._paths(""):
            match PurePosixPath(path).parts:
                case (pod, "runs", run, "record.json"):
                    runs.setdefault(pod, []).append(run)
        found = [Stored(pod, tuple(sorted(names))) for pod, names in runs.items()]
        return sorted(found, key=lambda item: item.runs[0])

    def fetch(self, pod: str, place: Path) -> None:
        """Bring all that one pod left into a folder.

        Raises:
            NotFound: it left nothing.
        """
        paths = list(self._paths(f"{pod}/"))
        if not paths:
            raise NotFound(f"{pod} left nothing in {self}", status=404)
        for path in paths:
            target = (place / PurePosixPath(path).relative_to(pod)).resolve()
            if not target.is_relative_to(place.resolve()):
                continue  # a name that leads elsewhere was put there by somebody else
            with _said(self):
                self.client.fget_object(self.name, self._key(path), str(target))

    def put(self, path: str, file: Path) -> None:
        """Store a file under its path."""
        with _said(self):
            self.client.fput_object(self.name, self._key(path), str(file))

    def _paths(self, start: str) -> Iterator[str]:
        with _said(self):
            for item in self.client.list_objects(self.name, prefix=self._key(start), recursive=True):
                yield str(item.object_name).removeprefix(self._key(""))

    def _key(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path

    def __str__(self) -> str:
        return f"{SCHEME}://{self.name}" + (f"/{self.prefix}" if self.prefix else "")


def bucket(address: str, endpoint: str) -> Bucket:
    """The bucket of an address such as s3://records/kit.

    Args:
        address: with the bucket's name, and a prefix.
        endpoint: the store's URL.

    Raises:
        UsageError: the address can't be understood, or the client is not installed.
    """
    try:
        from minio import Minio
        from minio.credentials.providers import AWSConfigProvider, ChainedProvider, EnvAWSProvider
    except ImportError:
        raise UsageError("an S3-compatible store needs the client minio", fix="uv sync --extra s3") from None
    parts, place = urlsplit(address), urlsplit(endpoint)
    if parts.scheme != SCHEME or not parts.netloc:
        raise UsageError(f"records: found {address!r}, expected s3://BUCKET or s3://BUCKET/PREFIX")
    if place.scheme not in ("http", "https") or not place.netloc:
        raise UsageError(f"s3_endpoint: found {endpoint!r}, expected a URL such as https://s3.amazonaws.com")
    credentials = ChainedProvider([EnvAWSProvider(), AWSConfigProvider()])
    client = Minio(place.netloc, credentials=credentials, secure=place.scheme == "https", http_client=_http())
    return Bucket(parts.netloc, parts.path.strip("/"), client)


def chosen() -> Bucket | None:
    """The bucket of the settings; None: records are on a volume."""
    settings = get_settings()
    return bucket(settings.runner_records, settings.s3_endpoint) if settings.runner_records else None


def _http() -> PoolManager:
    """Connections that give up: the client's own wait five minutes, and try five times."""
    import certifi
    import urllib3

    return urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=5, read=60),
        retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
        ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
    )


@contextmanager
def _said(found: Bucket) -> Iterator[None]:
    """The client's errors in our words."""
    import urllib3
    from minio.error import MinioException, S3Error

    try:
        yield
    except S3Error as error:
        raise UsageError(f"{found}: {error.message} ({error.code})", fix="look at its name and key") from None
    except (MinioException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise ClusterUnreachable(f"{found}: the store does not answer: {error}"[:300]) from None
