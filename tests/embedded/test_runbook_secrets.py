"""A hundred secrets go through a runbook in ten ways; none of them is found in anything that stays."""

from __future__ import annotations

import base64
import os
import secrets
import string
from pathlib import Path

import pytest
from runbooks_help import write_runbook

from kitlib import runbooks
from kitlib.redaction import MARK
from kitlib.settings import get_settings

WAYS = ("param", "plain", "base64", "trace", "frame", "url", "lines", "json", "quoted", "wrapped")
EACH = 10
HEAD = """
import base64, json, textwrap
from urllib.parse import quote
import pandas
from kitlib import connect
from kitlib.runbooks import Deployment, Namespace, SecretRef, start
"""
DECLARED = 'namespace: Namespace = "x"\ntoken: SecretRef = "canaries/param-0"\napprove: str = ""'
CELLS = (
    "rb = start(approve, namespace=namespace, token=token)\ncluster = connect(namespace=namespace)",
    # The SecretRef of the parameter, and nine more, each shown as a person would by mistake.
    'for n in range(10):\n    print(rb.secret(cluster, f"canaries/param-{n}"))\nrb.secret(cluster, token)',
    "def value(name):\n"
    '    return base64.b64decode(cluster.get("Secret", "canaries")["data"][name]).decode()\n'
    'def all_of(way):\n    return [value(f"{way}-{n}") for n in range(10)]',
    'print(*all_of("plain"))\nall_of("plain")',
    'cluster.get("Secret", "canaries")["data"]',
    'print([base64.b64encode(b"x" * n + v.encode()) for n, v in enumerate(all_of("base64"))])',
    'pandas.DataFrame({"name": range(10), "value": [v + "-cut-off-" * 9 for v in all_of("frame")]})',
    'print([f"postgresql://app:{quote(v)}@db/app" for v in all_of("url")])\n'
    'print([f"https://x/?password={quote(v, safe=str())}" for v in all_of("url")])',
    'print("\\n".join("\\n".join(textwrap.wrap(v, 9)) for v in all_of("lines")))',
    'print(json.dumps({"v": all_of("json")}), {v: 1 for v in all_of("json")})',
    'print([quote(v, safe=str()) for v in all_of("quoted")], [repr(v) for v in all_of("quoted")])',
    'print("\\n".join(textwrap.wrap(base64.b64encode("".join(all_of("wrapped")).encode()).decode(), 76)))',
    'with rb.step("tell", "Tell"):\n'
    '    rb.evidence("all", " ".join(all_of("plain")))\n    rb.tell(value("plain-0"))\n'
    '    rb.change(None)\n    cluster.apply({"apiVersion": "v1", "kind": "Secret",'
    ' "metadata": {"name": "copy"}, "stringData": {"again": value("plain-1")}})\n'
    '    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "wrong"},'
    ' "data": {"leak": value("plain-2")}})',
    'rb.result("done with " + value("plain-3"))',
)
LAST = (
    'with rb.step("fail", "Fail"):\n    if rb.applying:\n'
    '        raise RuntimeError(" ".join(all_of("trace")))'
)


def alphabet(way):
    return (
        string.ascii_letters
        + string.digits
        + ("!$()*+,;=:@/ü\"'" if way in ("json", "quoted", "url") else "")
    )


@pytest.fixture
def canaries(namespace, tmp_path, monkeypatch):
    """The hundred values, in one Secret of the cluster."""
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, namespace.api.binding.files)))
    monkeypatch.setenv("KIT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    found = {
        f"{way}-{n}": "".join(secrets.choice(alphabet(way)) for _ in range(24))
        for way in WAYS
        for n in range(EACH)
    }
    # Not through Cluster: this process must not know the values, as the runner of a runbook does not.
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "canaries"}, "stringData": found}
    namespace.api.raw("post", f"/api/v1/namespaces/{namespace.namespace}/secrets", body=body)
    yield found
    get_settings.cache_clear()


def leaked(canaries, *folders):
    """Which values can be read where, whole or half, in any encoding that a grep would find."""
    found = set()
    for path in (p for folder in folders for p in Path(folder).rglob("*") if p.is_file()):
        text = path.read_bytes().decode(errors="replace")
        joined = "".join(text.split()).replace("\\n", "")
        for name, value in canaries.items():
            encoded = base64.b64encode(value.encode()).decode()
            forms = (value, encoded[:-4], value[:16], value[-16:], encoded[4:24])
            if any(form in text or form in joined for form in forms):
                found.add((name, path.name))
    return found


def test_no_canary_of_a_hundred_is_found(canaries, namespace, capfd):
    assert len(set(canaries.values())) == 100
    write_runbook("leaky.ipynb", (HEAD, DECLARED, *CELLS[:-1], LAST, CELLS[-1]))
    given = {"namespace": namespace.namespace}
    shown = []
    result = runbooks.run(
        "leaky.ipynb", given, approve=lambda c: bool(shown.append(c.diff)) or True, context=namespace.context
    )
    assert result.exit_code == 1, result.record["message"]
    assert result.record["message"].startswith("RuntimeError: " + MARK)
    assert namespace.find("ConfigMap", "wrong") is not None  # it got as far as it should
    assert (get_settings().state_dir / "audit.jsonl").exists()
    assert leaked(canaries, "runs", get_settings().state_dir) == set()
    said = "".join(capfd.readouterr()) + "".join(shown)
    assert not [name for name, value in canaries.items() if value in said or value[:16] in said]
    output = (result.folder / "output.ipynb").read_text()
    assert output.count(MARK) > 100
