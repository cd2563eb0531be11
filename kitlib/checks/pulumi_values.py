"""What a Pulumi program gives a resource, as far as its own text tells: literals, variables, its functions.

Nothing is run. A value that can't be followed, such as one that is computed or imported, has no fields here,
so that nothing is said of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from kitlib.checks.sources import text

Function = ast.FunctionDef | ast.AsyncFunctionDef
DEPTH = 12  # steps from a field to the literal that it stands for


@dataclass(frozen=True)
class Value:
    """An expression, and the function in which it stands; None for the module."""

    node: ast.expr
    inside: Function | None
    depth: int = 0

    def next(self, node: ast.expr, inside: Function | None = None) -> Value:
        """Another expression, one step away; by default in the same function."""
        return Value(node, inside or self.inside, self.depth + 1)


@dataclass
class Program:
    """A program's syntax tree, with its functions."""

    tree: ast.Module
    functions: dict[str, Function] = field(init=False)
    calls: list[tuple[ast.Call, Function | None]] = field(init=False)

    def __post_init__(self) -> None:
        top = [node for node in self.tree.body if isinstance(node, Function)]
        self.functions = {node.name: node for node in top}
        owner = {id(inner): function for function in top for inner in ast.walk(function)}
        self.calls = [
            (node, owner.get(id(node))) for node in ast.walk(self.tree) if isinstance(node, ast.Call)
        ]

    def fields(self, value: Value) -> Iterator[tuple[str, int, Value]]:
        """The fields of a mapping: name, the name's line, and value."""
        for part in self.parts(value):
            node = part.node
            if isinstance(node, ast.Dict):
                for key, inner in zip(node.keys, node.values, strict=True):
                    if key is None:  # **more
                        yield from self.fields(part.next(inner))
                    elif name := text(key):
                        yield name, key.lineno, part.next(inner)
            elif isinstance(node, ast.Call):
                yield from (
                    (item.arg, item.lineno, part.next(item.value)) for item in node.keywords if item.arg
                )

    def items(self, value: Value) -> Iterator[Value]:
        """The entries of a list."""
        for part in self.parts(value):
            if isinstance(part.node, ast.List | ast.Tuple):
                yield from (part.next(item) for item in part.node.elts if not isinstance(item, ast.Starred))
            elif isinstance(part.node, ast.ListComp):
                yield part.next(part.node.elt)

    def parts(self, value: Value) -> Iterator[Value]:
        """The literals that a value is put together from: `a | b`, `a if c else b`, variables, functions."""
        node = value.node
        if value.depth > DEPTH:
            return
        match node:
            case ast.BinOp(op=ast.BitOr() | ast.Add()):
                yield from (part for side in (node.left, node.right) for part in self.parts(value.next(side)))
            case ast.IfExp():
                yield from (
                    part for side in (node.body, node.orelse) for part in self.parts(value.next(side))
                )
            case ast.Name():
                yield from (part for found in self._named(node.id, value) for part in self.parts(found))
            case ast.DictComp(
                generators=[ast.comprehension(iter=ast.Call(func=ast.Attribute(attr="items")))]
            ):
                source = node.generators[0].iter
                assert isinstance(source, ast.Call)
                assert isinstance(source.func, ast.Attribute)
                yield from self.parts(value.next(source.func.value))  # the same without some of its keys
            case ast.Call(func=ast.Name(id=name)) if name in self.functions:
                function = self.functions[name]
                for inner in ast.walk(function):
                    if isinstance(inner, ast.Return) and inner.value is not None:
                        yield from self.parts(value.next(inner.value, function))
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if not name.endswith("Args"):
                return
            case _:
                yield value

    def _named(self, name: str, value: Value) -> Iterator[Value]:
        """What a variable may stand for: what is assigned to it, or what the function's callers give."""
        inside = value.inside
        if inside is not None:
            yield from (value.next(node) for node in _assigned(inside, name))
            parameters = [item.arg for item in (*inside.args.args, *inside.args.kwonlyargs)]
            if name in parameters:
                yield from self._given(inside, parameters.index(name), name, value)
                return
        yield from (Value(node, None, value.depth + 1) for node in _assigned(self.tree, name))

    def _given(self, function: Function, position: int, name: str, value: Value) -> Iterator[Value]:
        for call, inside in self.calls:
            if not (isinstance(call.func, ast.Name) and call.func.id == function.name):
                continue
            given = [item.value for item in call.keywords if item.arg == name]
            given += call.args[position : position + 1]
            yield from (Value(node, inside, value.depth + 1) for node in given)


def _assigned(scope: Function | ast.Module, name: str) -> Iterator[ast.expr]:
    """What is assigned to a variable in a function, or in the module outside of functions."""
    nodes = ast.walk(scope) if not isinstance(scope, ast.Module) else iter(scope.body)
    for node in nodes:
        if isinstance(node, ast.Assign):
            targets, assigned = node.targets, node.value
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and node.value is not None:
            targets, assigned = [node.target], node.value
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            yield assigned
