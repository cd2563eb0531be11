"""Runs a Pulumi program under Pulumi's own mocks and prints what it registers; for test_pulumi."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import runpy
import sys
from pathlib import Path

import pulumi

PROJECT = "todo-app"
MODULES = ("apps.v1", "autoscaling.v2", "core.v1", "networking.v1", "policy.v1")  # loaded before the children
SIGNATURE = "4dabf18193072939515e22adb298388d"  # marks a secret on Pulumi's wire


class Recorder(pulumi.runtime.Mocks):
    def __init__(self):
        self.found = []

    def new_resource(self, args):
        self.found.append({"type": args.typ, "name": args.name, "inputs": args.inputs})
        return f"{args.name}-id", args.inputs

    def call(self, args):
        return {}


def plain(value, secrets, path=""):
    """The value without Pulumi's marks; the paths of secrets go into `secrets`; 80.0 is 80 on the wire."""
    if isinstance(value, dict) and SIGNATURE in value:
        secrets.append(path)
        return plain(value["value"], secrets, path)
    if isinstance(value, dict):
        return {key: plain(item, secrets, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, secrets, f"{path}.{number}") for number, item in enumerate(value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def main(folder, all_settings, secret_keys):
    """Run the program with each of some settings, in a process of its own; one line of JSON for each."""
    for module in MODULES:
        importlib.import_module(f"pulumi_kubernetes.{module}")
    for settings in all_settings:
        sys.stdout.flush()
        child = os.fork()  # importing Pulumi takes longer than the program
        if child == 0:
            run(folder, settings, secret_keys)
            sys.stdout.flush()
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            sys.exit(1)


def run(folder, settings, secret_keys):
    recorder, ignored = Recorder(), {}

    def note(args):
        ignored[args.type_, args.name] = list(args.opts.ignore_changes or [])

    config = {f"{PROJECT}:{key}": value for key, value in settings.items()}
    pulumi.runtime.set_all_config(config, [f"{PROJECT}:{key}" for key in secret_keys])
    pulumi.runtime.set_mocks(recorder, project=PROJECT, stack="test", preview=False)
    pulumi.runtime.register_stack_transformation(note)
    sys.path.insert(0, folder)
    runpy.run_path(str(Path(folder, "__main__.py")), run_name="__main__")
    asyncio.get_event_loop().run_until_complete(pulumi.runtime.stack.wait_for_rpcs())
    rows = []
    for item in recorder.found:
        secrets = []
        body = plain(item["inputs"], secrets)
        changes = ignored[item["type"], item["name"]]
        rows.append({**item, "inputs": body, "secrets": secrets, "ignored": changes})
    sys.stdout.write(json.dumps(rows) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3].split(","))
