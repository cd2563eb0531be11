"""What a context means, and that a change of it is noticed."""

from __future__ import annotations

import pytest
import yaml

from kitlib.cluster.kubeconfig import bind
from kitlib.errors import ContextChanged, UsageError


def write(path, current="a", **servers):
    clusters = [{"name": name, "cluster": {"server": server}} for name, server in servers.items()]
    contexts = [{"name": name, "context": {"cluster": name, "user": "me"}} for name in servers]
    path.write_text(yaml.safe_dump({"clusters": clusters, "contexts": contexts, "current-context": current}))


def test_an_untouched_or_equal_file_is_fine(tmp_path):
    file = tmp_path / "config"
    write(file, a="https://one", b="https://two")
    bound = bind((file,))
    bound.check()
    write(file, a="https://one", b="https://elsewhere", c="https://new")
    bound.check()


@pytest.mark.parametrize(
    ("current", "servers", "found"),
    [
        ("b", {"a": "https://one", "b": "https://two"}, "switched to 'b'"),
        ("a", {"a": "https://other"}, "another server, https://other"),
        ("b", {"b": "https://two"}, "switched to 'b'"),
    ],
)
def test_a_change_is_noticed(tmp_path, current, servers, found):
    file = tmp_path / "config"
    write(file, a="https://one", b="https://two")
    bound = bind((file,))
    write(file, current, **servers)
    with pytest.raises(ContextChanged, match=found):
        bound.check()


def test_an_unknown_context_offers_the_nearest(tmp_path):
    file = tmp_path / "config"
    write(file, staging="https://one")
    with pytest.raises(UsageError, match="known: staging") as caught:
        bind((file,), "stagin")
    assert "'staging'" in caught.value.fix


def test_the_first_file_wins(tmp_path):
    write(tmp_path / "one", a="https://one")
    write(tmp_path / "two", a="https://two", b="https://b")
    files = (tmp_path / "one", tmp_path / "two")
    assert bind(files).server == "https://one"
    assert bind(files, "b").server == "https://b"
