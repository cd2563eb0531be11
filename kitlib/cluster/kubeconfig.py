"""The kubeconfig: which server a context means, and a guard that it still means it.

A `Binding` remembers what was read. Before every request `check` looks whether the files changed, and if they
did, whether the context still names the same server and certificate authority. A Cluster can therefore never
send to production what was meant for a test cluster because somebody switched the kubeconfig underneath.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from kitlib.errors import ContextChanged, UsageError

if TYPE_CHECKING:
    from kubernetes.client import Configuration


@dataclass
class Binding:
    """A context, and the server it meant when it was bound.

    Args:
        files: the kubeconfig files, in order of precedence.
        context: the context's name.
        server: the API server's address.
        authority: the certificate authority, as data or path, which tells two servers at one address apart.
        follows_current: the context was not named but was the current one; a switch then raises too.
        called: what plans, records and the audit call the server; empty: its address.
    """

    files: tuple[Path, ...]
    context: str
    server: str
    authority: str
    follows_current: bool
    _stamp: tuple[int, ...] = field(default=(), repr=False)
    called: str = ""

    def check(self) -> None:
        """Raise unless the kubeconfig still means what was bound; cheap while the files are unchanged.

        Raises:
            ContextChanged: the context is gone, names another server, or is no longer the current one.
        """
        stamp = _stamp(self.files)
        if stamp == self._stamp:
            return
        again = f"this Cluster was bound to context {self.context!r} at {self.server}"
        try:
            now = bind(self.files, None if self.follows_current else self.context)
        except UsageError as error:
            raise ContextChanged(f"{again}, but the kubeconfig no longer has it: {error.message}") from None
        if now.context != self.context:
            raise ContextChanged(
                f"{again}, but the kubeconfig was switched to {now.context!r}",
                fix=f"kubectl config use-context {self.context}, or connect again",
            )
        if (now.server, now.authority) != (self.server, self.authority):
            raise ContextChanged(
                f"{again}, but the context now means another server, {now.server}",
                fix="connect again if that is what you want",
            )
        self._stamp = stamp

    def configure(self, configuration: Configuration) -> None:
        """Give the client the server's address, and what this user proves himself with."""
        from kubernetes import config

        config.load_kube_config(
            config_file=os.pathsep.join(str(path) for path in self.files),
            context=self.context,
            client_configuration=configuration,
            persist_config=False,
        )


def default_files() -> tuple[Path, ...]:
    """The user's kubeconfig files: $KUBECONFIG, a list of paths, else ~/.kube/config."""
    listed = [Path(part).expanduser() for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return tuple(listed) or (Path.home() / ".kube" / "config",)


def bind(files: tuple[Path, ...], context: str | None = None) -> Binding:
    """Read which server a context means.

    Args:
        files: kubeconfig files; the first that defines a name wins, as in kubectl.
        context: the context's name; none: the current context.

    Raises:
        UsageError: no such file or context; names the nearest one.
    """
    merged = _merge(files)
    name = context or merged["current-context"]
    shown = os.pathsep.join(str(path) for path in files)
    if not name:
        raise UsageError(f"no context is set in {shown}", fix="kit cluster up, or name a context")
    if name not in merged["contexts"]:
        near = get_close_matches(name, merged["contexts"], n=1)
        known = ", ".join(sorted(merged["contexts"])) or "none"
        raise UsageError(
            f"no context {name!r} in {shown}; known: {known}",
            fix=f"did you mean {near[0]!r}?" if near else "",
        )
    cluster = merged["clusters"].get(merged["contexts"][name].get("cluster"))
    if not cluster or not cluster.get("server"):
        raise UsageError(f"context {name!r} in {shown} names a cluster that the file does not define")
    authority = cluster.get("certificate-authority-data") or cluster.get("certificate-authority") or ""
    return Binding(files, name, cluster["server"], authority, context is None, _stamp(files))


def _merge(files: tuple[Path, ...]) -> dict[str, Any]:
    merged: dict[str, Any] = {"current-context": "", "contexts": {}, "clusters": {}}
    for path in files:
        for section, key in (("contexts", "context"), ("clusters", "cluster")):
            for item in _read(path).get(section) or []:
                merged[section].setdefault(item["name"], item.get(key) or {})
        merged["current-context"] = merged["current-context"] or _read(path).get("current-context") or ""
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text()) or {}
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not a kubeconfig: {' '.join(str(error).split())}") from None
    except PermissionError:
        raise UsageError(f"{path} may not be read by this user") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path} is not a kubeconfig: a mapping was expected")
    return found


def _stamp(files: tuple[Path, ...]) -> tuple[int, ...]:
    return tuple(part for path in files for part in _file_stamp(path))


def _file_stamp(path: Path) -> tuple[int, int, int]:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return (0, 0, 0)
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino)
