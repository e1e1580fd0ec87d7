"""Documents that say which test covers which row of their tables: each test that they name must exist."""
import re
from pathlib import Path

DOCUMENTS = ('docs/socketio-protocol.md', 'docs/complaints.md')
# A row that no test can cover begins its last cell with this and says why.
EXCUSE = 'no test:'

_REFERENCE = re.compile(r'`([\w/]+\.(?:cpp|py)): (\w+)\.(\w+)`')
_TEST = re.compile(r'\bTEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)')
_CLASS_OR_TEST = re.compile(r'^class (\w+)|^    def (test_\w+)', re.MULTILINE)


def _tests(root):
    """{file name: {(suite, name)}} of everything below tests/."""
    found = {}
    for path in sorted((Path(root) / 'tests').rglob('*.cpp')):
        names = _TEST.findall(path.read_text(encoding='utf-8'))
        found.setdefault(path.name, set()).update(names)
    for path in sorted((Path(root) / 'tests').rglob('test_*.py')):
        suite = ''
        for name, test in _CLASS_OR_TEST.findall(path.read_text(encoding='utf-8')):
            suite = name or suite
            found.setdefault(path.name, set()).add((suite, test))
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
        return f'names no test as `file.cpp: Suite.Test` or `file.py: Class.test`, nor says "{EXCUSE} why"'
    for file, suite, name in references:
        if file not in tests:
            return f'{file} is no file below tests/'
        if (suite, name) not in tests[file]:
            return f'{file} has no test {suite}.{name}'
    return ''


def check(root, documents=DOCUMENTS):
    tests = _tests(root)
    return [problem for document in documents for problem in _check(root, document, tests)]


def _check(root, document, tests):
    path = Path(root) / document
    if not path.is_file():
        return [f'{document} is missing']
    rows = _rows(path.read_text(encoding='utf-8'))
    if not rows:
        return [f'{document} has no tables']
    problems = []
    for number, cells in rows:
        why = _problem(cells[-1], tests)
        if why:
            problems.append(f'{document}:{number}: {why}')
    return problems
