"""Fill the tables of messages in docs/errors.md: python scripts/make_error_table.py [PAGE].

They list all texts that the package raises or logs, and those of the functions in `SOURCES`.
"""

import argparse
import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import ModuleType

from pvs_workflow import errors
from pvs_workflow.execution.stopping import EXIT_CODES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / 'docs' / 'errors.md'
HEAD = '| message | exit code | class |\n|---|---|---|'
BLOCK = re.compile(r'(<!-- begin: messages -->\n).*(<!-- end: messages -->)', re.DOTALL)

SOURCES = {
    'execution/claims.py': {'_lock_scans'},
    'execution/outcome.py': {'collect_outcome', 'find_reason'},
    'inputs/collect.py': {'collect_scans'},
    'inputs/dataset.py': {'find_participants', 'explain_access', 'explain_bad_label'},
    'inputs/participant.py': {'collect_participant', '_collect_session', '_explain_near_misses'},
    'inputs/screening.py': {'screen_t2ws', 'find_fault', '_find_contrast_fault'},
    'derivatives/find.py': {'_explain_unreadable'},
    'group/warnings.py': {'absent_warning', 'order_warning', 'copies_warning'},
    'raters/matching.py': {'_unknown_sentence'},
    'report/reading_sheet.py': {'write_reading_sheet'},
}
"""Functions that return messages as texts, logged as errors or, if named so, as warnings."""

GROUPS = {
    'Command line and settings': ('cli/options', 'cli/parser', 'settings', 'execution/queues'),
    'Dataset and selection of images': ('inputs',),
    'Images': ('inputs/nifti', 'science', 'method', 'derivatives/images'),
    'Registration, networks and intervals': ('registration', 'networks', 'uncertainty'),
    'Running and writing': ('cli', 'execution', 'files', 'processes'),
    'Tables, reports, group level and ratings': (
        *('derivatives', 'group', 'raters', 'cohort', 'report', 'tsv', 'science/agreement'),
    ),
    'Simulation, training and evaluation (`pvs_cascade`)': ('lab',),
}
"""Parts of the program and their modules; the longest match counts."""
USAGE, MAX_VALUE = 'usage', 60  # characters of a constant; longer ones are shown by their names
NUMPY = {'count_nonzero': 'number', 'det': 'determinant', 'shape': 'shape'}
PARSED = ('settings.py', 'cli/parser.py')  # the command line shows their errors as its own


@dataclass(frozen=True)
class Message:
    """A message in the code."""

    module: str  # path below the package
    line: int
    kind: str  # class of errors; ``error`` or ``warning`` if it is logged; ``usage``
    parts: tuple[tuple[str, bool], ...]  # pieces of text, and whether each is a placeholder

    @property
    def text(self) -> str:
        """The message with readable placeholders."""
        return ' '.join(''.join(text for text, _ in self.parts).split())

    @property
    def plain(self) -> str:
        """The message without its placeholders."""
        return ' '.join(text for text, is_value in self.parts if not is_value)

    @property
    def words(self) -> int:
        """Number of words; each placeholder counts as one."""
        return len(''.join('X' if is_value else text for text, is_value in self.parts).split())

    @property
    def group(self) -> str:
        """The part of the program it belongs to."""
        prefixes = [(prefix, title) for title, group in GROUPS.items() for prefix in group]
        known = [one for one in prefixes if re.match(f'{one[0]}[/.]', self.module)]
        return max(known, key=lambda one: len(one[0]))[1]

    @property
    def row(self) -> str:
        """The row of its table: text, exit code, class in Python."""
        text = self.text.replace('|', r'\|')
        name = f'`{self.kind}`' if self.kind[0].isupper() else ''
        return f'| `{text}` | {self._code()} | {name} |'

    def _code(self) -> str:
        if self.kind == USAGE or self.module in PARSED:
            return '2'
        if '{messages}' in self.text:
            return ', '.join(map(str, EXIT_CODES.values()))
        if self.kind in ('error', 'warning'):
            return '1' if self.kind == 'error' else 'warning'
        return str(getattr(getattr(errors, self.kind, None), 'exit_code', ''))


class Module:
    """One file of the package."""

    def __init__(self, package: Path, path: Path) -> None:
        self.path = path.relative_to(package).as_posix()
        self.name = '.'.join((package.name, *path.relative_to(package).with_suffix('').parts))
        self.tree = ast.parse(path.read_text('utf-8'))
        nodes = ast.walk(self.tree)
        self.functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]

    def messages(self) -> Iterator[Message]:
        """Yield the messages of the file."""
        for name in SOURCES.get(self.path, ()):
            for node in _texts(self._function(name)):
                kind = 'warning' if name.endswith('_warning') else 'error'
                message = Message(self.path, node.lineno, kind, self._parts(node))
                if len(message.plain.split()) > 2:
                    yield message
        for scope in (self.tree, *self.functions):
            for call in _own_calls(scope):
                for node in self._resolve(_argument(call), scope):
                    parts = _fill_percent(self._parts(node), call)
                    message = Message(self.path, node.lineno, _kind(call), parts)
                    if re.search(r'(?<!\S)[a-z]{2,}(?!\S)', message.plain):
                        yield message

    def _function(self, name: str) -> ast.FunctionDef:
        for function in self.functions:
            if function.name == name:
                return function
        raise KeyError(f'{self.path} has no function {name}: update SOURCES in {__file__}')

    def _resolve(self, node: ast.expr | None, scope: ast.AST) -> Iterator[ast.expr]:
        """Yield the texts that an argument can be: itself, a variable's or a function's."""
        match node:
            case ast.Constant(value=str()) | ast.JoinedStr() | ast.BinOp():
                yield node
            case ast.IfExp():
                yield from self._resolve(node.body, scope)
                yield from self._resolve(node.orelse, scope)
            case ast.Name(id=name):
                for part in ast.walk(scope):
                    if isinstance(part, ast.Assign) and getattr(part.targets[0], 'id', '') == name:
                        yield from self._resolve(part.value, scope)
            case ast.Call(func=ast.Name(id=name)) if name in {one.name for one in self.functions}:
                for part in ast.walk(self._function(name)):
                    if isinstance(part, ast.Return):
                        yield from self._resolve(part.value, part)

    def _parts(self, node: ast.expr) -> tuple[tuple[str, bool], ...]:
        match node:
            case ast.Constant(value=text):
                return ((text, False),)
            case ast.JoinedStr(values=values):
                return tuple(part for value in values for part in self._parts(value))
            case ast.BinOp(op=ast.Add()):
                return (*self._parts(node.left), *self._parts(node.right))
        return ((self._placeholder(node), True),)

    def _placeholder(self, node: ast.expr) -> str:
        """Return the value of a constant, or the name of what else is shown."""
        known = vars(import_module(self.name))
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        names -= {'len', 'map', 'str'}
        constant = (name.isupper() or isinstance(known.get(name), ModuleType) for name in names)
        if names and all(constant) and isinstance(node, ast.FormattedValue):
            text = ast.fix_missing_locations(ast.Expression(ast.JoinedStr([node])))
            value = eval(compile(text, self.path, 'eval'), known)
            if len(value) <= MAX_VALUE:
                return value
        return f'{{{_name(node)}}}'


def _kind(call: ast.Call) -> str:
    """Return what kind of message a call makes, or nothing."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name) if name.endswith('Error'):
            return USAGE if name == 'ArgumentTypeError' else name
        case ast.Attribute(value=ast.Name(id=owner), attr='error' | 'warning' as level):
            return level if owner == 'log' else USAGE
    return ''


def _argument(call: ast.Call) -> ast.expr | None:
    """Return the argument that is the message; a system error has its number before it."""
    if not _kind(call) or not call.args:
        return None
    return call.args[min(len(call.args) - 1, 1) if _kind(call) == 'OSError' else 0]


def _own_calls(scope: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls in a module or function, without those of functions in it."""
    for node in ast.iter_child_nodes(scope):
        if not isinstance(node, ast.FunctionDef):
            if isinstance(node, ast.Call):
                yield node
            yield from _own_calls(node)


def _texts(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Yield the texts in a function, except those of errors and its docstring."""
    inner = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Raise | ast.Expr):
            inner |= {id(part) for part in ast.walk(node)}
        if id(node) in inner:
            continue
        if isinstance(node, ast.JoinedStr):
            inner |= {id(part) for part in ast.walk(node)}
        if isinstance(node, ast.JoinedStr) or isinstance(getattr(node, 'value', None), str):
            yield node


def _fill_percent(parts: Sequence[tuple[str, bool]], call: ast.Call) -> tuple:
    """Return a message of the log with the names of its arguments in place of ``%s``."""
    if len(call.args) < 2 or len(parts) > 1 or '%' not in parts[0][0]:
        return tuple(parts)
    names = iter(call.args[1:])
    return tuple(
        (f'{{{_name(next(names))}}}', True) if piece[:1] == '%' else (piece, False)
        for piece in re.split('(%[sdr])', parts[0][0])
    )


def _name(node: ast.expr) -> str:
    """Return a short name for a value that a message shows."""
    match node:
        case ast.Constant(value=value):
            return str(value)
        case ast.Attribute(attr='__name__'):
            return 'class'
        case ast.Name(id=name) | ast.Attribute(attr=name) if name != 'strerror':
            return name.strip('_').lower()
        case ast.IfExp():
            names = _name(node.body).strip(), _name(node.orelse).strip()
            return ' or '.join(filter(None, names))
        case ast.JoinedStr(values=values):
            return ''.join(map(_name, values))
        case ast.Call(func=ast.Name(id='len')):
            return 'number'
        case ast.Call(args=args) if 'error' in map(_name, args):
            return 'error'
        case ast.Call(func=ast.Name(id='getattr'), args=[ast.Name(id='self'), *_]):
            return 'value'
        case ast.Call(func=ast.Attribute(attr=name)) if name in NUMPY:
            return NUMPY[name]
        case ast.Call(func=ast.Name(id='map'), args=[_, inner]):
            return _name(inner)
        case ast.Call(
            func=ast.Attribute(value=ast.Constant() | ast.Name(id='np' | 'json')), args=[inner]
        ):
            return _name(inner)
        case ast.BoolOp(values=[inner, *_]) | ast.Call(func=ast.Attribute(value=inner)):
            return _name(inner)
        case ast.Call(args=[inner, *_]):
            return _name(inner)
    inner = next(ast.iter_child_nodes(node), None)
    return '…' if inner is None else _name(inner)


@cache
def find_messages() -> tuple[Message, ...]:
    """Return all messages of the package, in the order of the code."""
    package = ROOT / 'pvs_workflow'
    modules = [Module(package, path) for path in sorted(package.rglob('*.py'))]
    messages = (sorted(module.messages(), key=lambda message: message.line) for module in modules)
    return tuple(chain.from_iterable(messages))


def make_tables() -> str:
    """Return the messages as Markdown, a table for each part of the program."""
    lines = []
    for title in GROUPS:
        rows = dict.fromkeys(one.row for one in find_messages() if one.group == title)
        lines += [f'### {title}', '', HEAD, *rows, '']
    return '\n'.join(lines)


def fill(text: str) -> str:
    """Return the page with its tables made again."""
    return BLOCK.sub(lambda match: f'{match[1]}\n{make_tables()}\n{match[2]}', text)


def main() -> None:
    """Fill the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('page', nargs='?', type=Path, default=PAGE)
    page = parser.parse_args().page
    page.write_text(fill(page.read_text('utf-8')), 'utf-8')


if __name__ == '__main__':
    main()
