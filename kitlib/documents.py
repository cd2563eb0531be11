"""YAML files with the line of every value, read by libyaml: fast enough for thousands of manifests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

Path = Sequence[str | int]
MAX_VALUES = 1_000_000


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads tags of an application's own, such as Compose's `!reset`, as if they weren't there."""


class YamlError(ValueError):
    """A text that is not YAML; `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class YamlDocument:
    """One document of a YAML file.

    Args:
        data: its content as plain Python values; a mapping's keys are text, as JSON's are.
        node: the parsed tree, for positions.
        first_line: the line where the document begins, counted from 1.
    """

    data: Any
    node: yaml.Node
    first_line: int

    def line(self, path: Path = ()) -> int:
        """The line of the value at a path, or of its nearest parent that is there.

        Args:
            path: keys and list indexes from the document's root.
        """
        node, found = self.node, self.first_line
        for step in path:
            match = _child(node, step)
            if match is None:
                return found
            found, node = match
        return found

    def part(self, *path: str | int) -> YamlDocument:
        """The value at a path as a document of its own, with its lines; the path must be there."""
        data, node, line = self.data, self.node, self.first_line
        for step in path:
            match = _child(node, step)
            if match is None:
                raise KeyError(f"the document has no {step!r}")
            data, (line, node) = data[step], match
        return YamlDocument(data, node, line)


def _untagged(loader: Any, _tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _untagged)


def parse_yaml(text: str) -> list[YamlDocument]:
    """The documents of a YAML text, empty ones left out.

    Raises:
        YamlError: it is not YAML; or a mapping has a key twice, of which YAML readers keep the last only.
    """
    loader = _Loader(text)
    try:
        found = []
        while loader.check_node():
            node = loader.get_node()
            assert node is not None  # as check_node has said
            _refuse_duplicates(node)
            data = loader.construct_document(node)
            if data is not None:
                found.append(YamlDocument(_Plain().value(data), node, node.start_mark.line + 1))
        return found
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(str(error.problem or error), mark.line + 1 if mark else 1) from None
    except YamlError:
        raise
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise YamlError(" ".join(str(error).split())[:200] or type(error).__name__, 1) from None
    finally:
        loader.dispose()


def _child(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    """The line and node of a key's value, or of a list's entry."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if str(key.value) == str(step):
                return key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        value = node.value[step]
        return value.start_mark.line + 1, value
    return None


def _refuse_duplicates(root: yaml.Node) -> None:
    for node in _walk(root):
        if not isinstance(node, yaml.MappingNode):
            continue
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            mark = (key.tag, str(key.value))
            if mark in seen and key.tag != "tag:yaml.org,2002:merge":
                raise YamlError(f"the key {key.value!r} stands here twice", key.start_mark.line + 1)
            seen.add(mark)


def _walk(root: yaml.Node) -> Iterator[yaml.Node]:
    """All nodes, each once: aliases may make the tree a graph, even a circle."""
    stack, seen = [root], set()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            stack += [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            stack += node.value


class _Plain:
    """Turns constructed YAML into JSON's shapes; stops at documents that aliases blow up to a huge size."""

    def __init__(self) -> None:
        self.count = 0

    def value(self, data: Any) -> Any:
        self.count += 1
        if self.count > MAX_VALUES:
            raise YamlError(f"it has more than {MAX_VALUES:,} values once its aliases are followed", 1)
        if isinstance(data, dict):
            return {_key(key): self.value(value) for key, value in data.items()}
        if isinstance(data, list):
            return [self.value(value) for value in data]
        return data


def _key(key: Any) -> str:
    """A key as text; YAML 1.1 reads the key `on` as true, which GitHub's workflows don't mean."""
    if isinstance(key, bool):
        return "on" if key else "off"
    return str(key)
