"""How fast `kit check` is, and what kube-score and kubeconform say of the same manifests.

Two tables:
- files per second and peak memory over 1,000 manifests, as a whole process;
- the seed's manifests and ours: seconds, time per file, and what each program reports.

kube-score and kubeconform are built from their Go modules on first use. kubeconform gets the schemas that kit
itself uses, as files, so that nothing is fetched.

Run: uv run python benchmarks/checks.py
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from kitlib import tools
from kitlib.checks import charts
from kitlib.checks.external.catalogue import schema_folder
from kitlib.checks.targets import TARGET

ROOT = Path(__file__).parents[1]
COUNT = 1000
SEED = ROOT / "tests" / "seed" / "manifests"
OURS = ROOT / "manifests"
RUNS = 5
KIT = [str(Path(sys.executable).with_name("kit")), "check", "--format", "json"]


def make(folder: Path, *, together: bool) -> None:
    """1,000 manifests: the seed's nine objects in turn under as many names, or all nine in each file."""
    texts = [part for path in sorted(SEED.glob("*.yaml")) for part in path.read_text().split("\n---\n")]
    for number in range(COUNT):
        part = folder / f"app-{number // 20}"
        part.mkdir(exist_ok=True)
        text = "\n---\n".join(texts) if together else texts[number % len(texts)]
        (part / f"m-{number}.yaml").write_text(text.replace("todo-app", f"todo-{number}"))


def measured(
    command: list[str | Path], folder: Path
) -> tuple[float, float, subprocess.CompletedProcess[str]]:
    """The wall time of a whole process and its processor time, in seconds; and what it printed."""
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    after = os.times()
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - started, busy, done


def scale() -> None:
    """Check 1,000 manifests of one object each, then of nine."""
    for together in (False, True):
        with tempfile.TemporaryDirectory() as name:
            make(Path(name), together=together)
            seconds, busy, done = measured([*KIT, "."], Path(name))
        found = json.loads(done.stdout)["summary"]
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(
            f"{found['files']} files, {found['objects']} objects, {found['rules']} rules: {seconds:.1f} s "
            f"(processor {busy:.1f} s), {found['files'] / seconds:.0f} files/s, peak {memory} MiB"
        )


def schemas(folder: Path) -> None:
    """Lay out the schemas that kit uses as kubeconform looks for them: one file for each kind, whole."""
    source = json.loads((schema_folder() / "_definitions.json").read_text())["$defs"]
    (folder / "_definitions.json").write_text(json.dumps({"$defs": source}))
    for schema in source.values():
        for entry in schema.get("x-kubernetes-group-version-kind", ()):
            group = f"-{entry['group'].partition('.')[0]}" if entry["group"] else ""
            path = folder / f"{entry['kind'].lower()}{group}-{entry['version']}.json"
            path.write_text(json.dumps({**schema, "$defs": source}))


def kubeconform(folder: Path, files: list[Path]) -> tuple[float, Counter[str]]:
    """kubeconform, strict, with the schemas of a folder."""
    location = f"{folder}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    options = ["-strict", "-output", "json", "-kubernetes-version", TARGET, "-schema-location", location]
    command = [tools.find("kubeconform"), *options, *files]
    seconds = min(measured(command, ROOT)[0] for _ in range(RUNS))
    printed = json.loads(measured(command, ROOT)[2].stdout or "{}")
    return seconds, Counter(f"{item['status']} {item['kind']}" for item in printed.get("resources") or [])


def kube_score(files: list[Path]) -> tuple[float, Counter[str]]:
    """kube-score with all of its tests, and what each fails."""
    options = ["score", "--output-format", "json", "--kubernetes-version", f"v{TARGET.rpartition('.')[0]}"]
    command = [tools.find("kube-score"), *options, *files]
    seconds = min(measured(command, ROOT)[0] for _ in range(RUNS))
    printed = json.loads(measured(command, ROOT)[2].stdout or "[]")
    failed: Counter[str] = Counter()
    for item in printed or []:
        for check in item["checks"]:
            if not check["skipped"] and check["grade"] < 10:
                failed[f"{check['check']['id']} (grade {check['grade']})"] += 1
    return seconds, failed


def kit(files: list[Path]) -> tuple[float, Counter[str]]:
    """`kit check`, and the ids that it reports."""
    command = [*KIT, *map(str, files)]
    seconds = min(measured(command, ROOT)[0] for _ in range(RUNS))
    printed = json.loads(measured(command, ROOT)[2].stdout)["findings"]
    return seconds, Counter(item["id"] for item in printed)


def rendered(folder: Path) -> list[Path]:
    """Our chart with its production values, as one file: what the others can't render themselves."""
    chart = ROOT / "charts" / "todo-app"
    command = [tools.find("helm"), "template", "todo-app", chart]
    done = tools.run([*command, *charts.values_options(chart, "values-prod.yaml")])
    path = folder / "chart-with-values-prod.yaml"
    path.write_text(done.stdout)
    return [path]


def compare(title: str, files: list[Path], folder: Path) -> None:
    """One block for each set of files: time per file, and the findings of the three programs."""
    print(f"\n{title}: {len(files)} files")
    results = {"kubeconform": kubeconform(folder, files), "kube-score": kube_score(files), "kit": kit(files)}
    for name, (seconds, found) in results.items():
        print(f"  {name:12} {seconds:.2f} s, {1000 * seconds / len(files):.0f} ms per file")
        for what, count in sorted(found.items()):
            print(f"      {count:3} {what}")


def main() -> None:
    """Print both tables."""
    scale()
    folder = Path(tempfile.mkdtemp())
    try:
        schemas(folder)
        compare("the seed's manifests", sorted(SEED.glob("*.yaml")), folder)
        if ours := sorted(OURS.rglob("*.yaml")):
            compare("our manifests", ours, folder)
        compare("our chart", rendered(folder), folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
