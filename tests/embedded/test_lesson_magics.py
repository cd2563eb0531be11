"""%kubectl on a real API server: the lesson's namespace, objects by name, names completed."""

from __future__ import annotations

import pytest

from kitlib.lessons.commands import CommandError, complete, run


def test_kubectl_acts_in_the_lessons_namespace_and_teaches_what_is_wrong(namespace):
    meta = {"name": "settings-of-the-test"}
    namespace.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
    assert "settings-of-the-test" in repr(run("kubectl", "get configmaps", namespace))
    run("kubectl", "label configmap settings-of-the-test team=platform", namespace)
    assert namespace.get("ConfigMap", "settings-of-the-test").labels == {"team": "platform"}
    with pytest.raises(CommandError) as failure:
        run("kubectl", "get configmapps", namespace)
    assert failure.value.fix == "did you mean configmaps?"
    assert "settings-of-the-test" in complete("kubectl", "get configmap set", namespace)
