"""docs/socketio-protocol.md says which test covers which sentence: each test that it names must exist."""
import re
from pathlib import Path

DOCUMENT = 'docs/socketio-protocol.md'
# A row that no test can cover begins its last cell with this and says why.
EXCUSE = 'no test:'

_REFERENCE = re.compile(r'`([\w/]+\.cpp): (\w+)\.(\w+)`')
_TEST = re.compile(r'\bTEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)')


def _tests(root):
    """{file name: {(suite, name)}} of everything below tests/."""
    found = {}
    for path in sorted((Path(root) / 'tests').rglob('*.cpp')):
        names = _TEST.findall(path.read_text(encoding='utf-8'))
        found.setdefault(path.name, set()).update(names)
    return found


def _rows(text):
    """[(line number, cells)] of the tables' bodies."""
    rows = []
    body = False
    for number, line in enumerate(text.split('\n'), 1):
        if not line.startswith('|'):
            body = False
        elif re.fullmatch(r'\|[-| ]+\|', line):
            body = True
        elif body:
            rows.append((number, [cell.strip() for cell in line.strip('|').split(' | ')]))
    return rows


def _problem(cell, tests):
    references = _REFERENCE.findall(cell)
    if not references and not cell.startswith(EXCUSE):
        return f'names no test as `file.cpp: Suite.Test`, nor says "{EXCUSE} why"'
    for file, suite, name in references:
        if file not in tests:
            return f'{file} is no file below tests/'
        if (suite, name) not in tests[file]:
            return f'{file} has no test {suite}.{name}'
    return ''


def check(root):
    path = Path(root) / DOCUMENT
    if not path.is_file():
        return [f'{DOCUMENT} is missing']
    rows = _rows(path.read_text(encoding='utf-8'))
    if not rows:
        return [f'{DOCUMENT} has no tables']
    tests = _tests(root)
    problems = []
    for number, cells in rows:
        why = _problem(cells[-1], tests)
        if why:
            problems.append(f'{DOCUMENT}:{number}: {why}')
    return problems
