"""One request to an API server: sent through the official client, answered as plain data or as our errors."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import urllib3

from kitlib import redaction
from kitlib.cluster.kinds import KINDS, resolve_kind
from kitlib.cluster.kubeconfig import Binding
from kitlib.errors import ApiError, ClusterUnreachable, Conflict, Forbidden, Invalid, NotFound, UsageError
from kitlib.imports import without
from kitlib.settings import get_settings

with without("kubernetes_validate"):  # the client's extra that kit doesn't use; importing it takes a second
    from kubernetes import client, config
    from kubernetes.client.exceptions import ApiException
    from kubernetes.dynamic import DynamicClient
    from kubernetes.dynamic.exceptions import ResourceNotFoundError, ResourceNotUniqueError

CONNECT_SECONDS = 4.0
READ_SECONDS = 60.0
FIELD_MANAGER = "kit"


class Api:
    """The API server of one binding; connects on first use, and checks the binding before each request."""

    def __init__(self, binding: Binding) -> None:
        self.binding = binding
        self._dynamic: DynamicClient | None = None

    def verb(
        self, verb: str, kind: str, *, api_version: str | None = None, **arguments: Any
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Call `get`, `create`, `patch`, `delete` or `server_side_apply` on a kind.

        Returns:
            The decoded answer, and the warnings that came with it.

        Raises:
            ClusterUnreachable, ContextChanged, UsageError, ApiError: see kitlib.errors.
        """
        what = f"{verb.replace('_', ' ')} {kind}" + (f"/{n}" if (n := arguments.get("name")) else "")
        resource = self._resource(kind, api_version)
        if not resource.namespaced:
            arguments.pop("namespace", None)
        dynamic = self._connected()
        with self._translated(what):
            answer = getattr(dynamic, verb)(
                resource, serialize=False, _request_timeout=(CONNECT_SECONDS, READ_SECONDS), **arguments
            )
        found = json.loads(answer.data)
        if resource.kind == "Secret":
            redaction.remember(found)
        return found, _warnings(answer.headers)

    def raw(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        read_seconds: float = READ_SECONDS,
    ) -> urllib3.HTTPResponse:
        """Call any path of the server, such as a pod's log; the body is JSON, of a patch a merge patch.

        Args:
            method, path, query, body: the request.
            read_seconds: how long the answer, or the next part of it, may take.

        Raises:
            ClusterUnreachable, ContextChanged, ApiError: see kitlib.errors.
        """
        dynamic = self._connected()
        with self._translated(f"{method.upper()} {path}"):
            answer: urllib3.HTTPResponse = dynamic.request(
                method,
                path,
                body=body,
                query_params=[(key, value) for key, value in (query or {}).items() if value is not None],
                header_params={"Accept": "*/*"},
                content_type="application/merge-patch+json" if method == "patch" else None,
                serialize=False,
                _request_timeout=(CONNECT_SECONDS, read_seconds),
            )
        return answer

    def namespaced(self, kind: str, api_version: str | None = None) -> bool:
        """Whether objects of a kind live in a namespace."""
        return bool(self._resource(kind, api_version).namespaced)

    def _resource(self, kind: str, api_version: str | None) -> Any:
        canonical, version = resolve_kind(kind)
        dynamic = self._connected()
        criteria = {"kind": canonical} | ({"api_version": v} if (v := api_version or version) else {})
        with self._translated(f"look up kind {kind}"):
            try:
                return dynamic.resources.get(**criteria)
            except ResourceNotUniqueError:
                raise UsageError(f"several API groups have a kind {kind!r}; give api_version") from None
            except ResourceNotFoundError:
                where = f" in {criteria['api_version']}" if "api_version" in criteria else ""
                raise NotFound(
                    f"this cluster has no kind {kind!r}{where}", status=404, fix=_nearest_kind(kind)
                ) from None

    def _connected(self) -> DynamicClient:
        self.binding.check()
        if self._dynamic is None:
            with self._translated("connect"):
                self._dynamic = self._connect()
        return self._dynamic

    def _connect(self) -> DynamicClient:
        configuration = client.Configuration()
        self.binding.configure(configuration)
        configuration.retries = False
        api_client = client.ApiClient(configuration)
        # Discovery, which DynamicClient does next, has no timeout of its own: ask first, with one.
        client.VersionApi(api_client).get_code(_request_timeout=(CONNECT_SECONDS, CONNECT_SECONDS))
        mark = hashlib.sha256(f"{self.binding.server} {self.binding.authority}".encode()).hexdigest()[:16]
        folder = get_settings().cache_dir / "discovery"
        folder.mkdir(parents=True, exist_ok=True)
        return DynamicClient(api_client, cache_file=str(folder / f"{mark}.json"))

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            if error.status:
                raise _from_api(error, what) from None
            raise self._unreachable(error) from None  # status 0: the client's word for a broken connection
        except (urllib3.exceptions.HTTPError, config.ConfigException, OSError) as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> ClusterUnreachable:
        where = f"{self.binding.server} (context {self.binding.context})"
        return ClusterUnreachable(
            f"no API server answers at {where}: {_reason(error)}", fix="kit cluster status"
        )


def _from_api(error: ApiException, what: str) -> ApiError:
    """The ApiError that an HTTP status stands for."""
    try:
        body = json.loads(error.body or "{}")
    except ValueError:
        body = {"message": str(error.body)}
    kinds = {404: NotFound, 409: Conflict, 401: Forbidden, 403: Forbidden, 400: Invalid, 422: Invalid}
    message = body.get("message") or error.reason or "no reason given"
    kind = kinds.get(error.status, ApiError)
    if "failed to create typed patch object" in message:
        kind = (
            Invalid  # an unknown field in a server-side apply, which the server reports as its own error, 500
        )
    causes = tuple(cause.get("reason", "") for cause in (body.get("details") or {}).get("causes") or ())
    fix = "leave these fields out, or take them over: force=True" if "FieldManagerConflict" in causes else ""
    return kind(
        f"cannot {what}: {message}",
        status=error.status or 0,
        reason=body.get("reason", ""),
        causes=causes,
        fix=fix,
    )


def _reason(error: Exception) -> str:
    text = str(error)
    for pattern, meaning in (
        ("Connection refused", "connection refused"),
        ("timed out", "no answer in time"),
        ("Connection reset", "the connection was closed"),
        ("EOF occurred", "the connection was closed"),
        ("CERTIFICATE_VERIFY_FAILED", "its certificate is not signed by the authority in the kubeconfig"),
        ("Name or service not known", "the host name does not resolve"),
        ("Failed to resolve", "the host name does not resolve"),
    ):
        if pattern in text:
            return meaning
    return text.splitlines()[0][:200] if text else type(error).__name__


def _warnings(headers: Any) -> tuple[str, ...]:
    """The texts of the Warning headers (RFC 7234, section 5.5), with which the API server advises."""
    values = headers.getlist("Warning") if hasattr(headers, "getlist") else []
    return tuple(
        m.group(1).replace('\\"', '"') for v in values if (m := re.search(r'"((?:[^"\\]|\\.)*)"', v))
    )


def _nearest_kind(kind: str) -> str:
    from difflib import get_close_matches

    if kind in KINDS:
        return f"{kind} is of {KINDS[kind][0]}"
    near = get_close_matches(kind, KINDS, n=1)
    return f"did you mean {near[0]!r}?" if near else ""
