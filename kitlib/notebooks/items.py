"""Notebooks and cells as pytest sees them: nbval's options and comparison, our kernel and messages."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from nbval import plugin as nbval

from kitlib.notebooks import stable
from kitlib.notebooks.namespaces import Namespace
from kitlib.notebooks.session import Failure, Session


class CellFailed(Exception):
    """A cell failed; the message is what a person reads."""


class KitNotebook(nbval.IPyNbFile):  # type: ignore[misc]
    """A notebook; its kernel starts with its first cell.

    `failed` is the id of the cell that failed, after which no other is run.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.compare_outputs = False  # only what is tagged
        self.failed = ""
        self.namespace: Namespace | None = None
        self._kernel: Session | None = None

    def collect(self) -> Iterator[KitCell]:
        """A test for each code cell, named by the cell's id."""
        try:
            self.nb = nbformat.read(self.path, as_version=4)
        except (nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
            raise self.CollectError(f"{self.path.name} is not a notebook: {error}") from None
        for index, cell in enumerate(self.nb.cells):
            if cell.cell_type != "code":
                continue
            options = defaultdict(bool, nbval.find_metadata_tags(cell.metadata))
            options.update(nbval.find_comment_markers(cell.source))
            options.setdefault("check", False)
            name = cell.get("id") or f"cell-{index}"
            yield KitCell.from_parent(self, name=name, cell_num=index, cell=cell, options=options)

    def setup(self) -> None:
        """What is replaced before outputs are compared."""
        self.sanitize_patterns.update(stable.PATTERNS)
        self.setup_sanitize_files()

    def kernel_session(self) -> Session | Failure:
        """The notebook's kernel, started when it is first asked for."""
        if self._kernel is None:
            environment = {}
            if self.config.getoption("--kit-namespaces"):
                self.namespace = Namespace.make(self.path.stem)
                environment = self.namespace.environment
                self.sanitize_patterns[self.namespace.name] = "<namespace>"
                self.sanitize_patterns.move_to_end(self.namespace.name, last=False)
            timeout = self.config.getoption("--kit-cell-timeout")
            self._kernel = Session(self.nb, self.path.parent, timeout, environment)
            failure = self._kernel.start()
            if failure:
                return failure
        return self._kernel

    def teardown(self) -> None:
        """End the kernel, and remove the namespace."""
        if self._kernel:
            self._kernel.stop()
        if self.namespace:
            self.namespace.remove()


class KitCell(nbval.IPyNbCell):  # type: ignore[misc]
    """A code cell."""

    parent: KitNotebook

    def compare_outputs(self, test: list[Any], ref: list[Any], skip_compare: Any = None) -> bool:
        """As nbval compares, but for progress and what went to stderr."""
        return bool(super().compare_outputs(stable.shown(test), stable.shown(ref), skip_compare))

    def setup(self) -> None:
        """Nothing is run after a failure: it would only say so again."""
        if self.parent.failed:
            pytest.skip(f"cell {self.parent.failed} failed before it")

    def runtest(self) -> None:
        """Run the cell and, if it is tagged, compare its outputs with the saved ones.

        Raises:
            CellFailed: says notebook, cell and reason.
        """
        if self.options["skip"]:
            pytest.skip("tagged nbval-skip")
        saved = copy.deepcopy(self.cell.outputs)
        if self.options["check"] and not saved:
            self._fail("its output is compared, but none is saved: kit notebooks refresh saves it")
        session = self.parent.kernel_session()
        failure = session if isinstance(session, Failure) else session.run(self.cell, self.cell_num)
        if failure:
            self._fail(failure.reason + self._namespace_gone(), failure.detail)
        if self.options["check_exception"] and not any(o.output_type == "error" for o in self.cell.outputs):
            self._fail("it is tagged raises-exception, and raised none")
        if self.options["check"] and not self._same(saved):
            self._fail("its output differs from the saved one", "\n".join(self.comparison_traceback))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
        """The message alone: the Python frames of the runner say nothing about the notebook."""
        if isinstance(excinfo.value, CellFailed):
            return str(excinfo.value)
        return str(pytest.Item.repr_failure(self, excinfo))

    def reportinfo(self) -> tuple[Any, int, str]:
        """Where the cell is."""
        return self.path, self.cell_num, f"{self.parent.path.name}, cell {self.name}"

    def _same(self, saved: list[Any]) -> bool:
        merged = nbval.coalesce_streams(saved)
        return bool(self.compare_outputs(copy.deepcopy(self.cell.outputs), merged))

    def _namespace_gone(self) -> str:
        namespace = self.parent.namespace
        return f" (its namespace {namespace.name} is gone)" if namespace and namespace.gone() else ""

    def _fail(self, reason: str, detail: str = "") -> None:
        self.parent.failed = self.name
        where = f"{self.parent.nodeid}, cell {self.name}"
        source = "\n".join(f"    {line}" for line in self.cell.source.splitlines())
        raise CellFailed("\n\n".join(part for part in (f"{where}: {reason}", source, detail) if part))
