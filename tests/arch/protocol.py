"""Documents that say which test covers which row of their tables: each row names one, and each test that any document
names must exist. Such a table's last column is called Tests."""
import re
from pathlib import Path

# These must have such a table.
DOCUMENTS = ('docs/socketio-protocol.md', 'docs/complaints.md', 'docs/model.md')
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
    """[(line number, cells)] of the bodies of the tables that name tests."""
    rows = []
    body = False
    above = ''
    for number, line in enumerate(text.split('\n'), 1):
        if not line.startswith('|'):
            body = False
        elif re.fullmatch(r'\|[-| ]+\|', line):
            body = above.endswith('| Tests |')
        elif body:
            rows.append((number, [cell.strip() for cell in line.strip('|').split(' | ')]))
        above = line
    return rows


def _missing(text, tests):
    """What is wrong with the tests that a text names, or nothing."""
    for file, suite, name in _REFERENCE.findall(text):
        if file not in tests:
            return f'{file} is no file below tests/'
        if (suite, name) not in tests[file]:
            return f'{file} has no test {suite}.{name}'
    return ''


def _documents(root):
    """All that people read, but for what is built or fetched."""
    root = Path(root)
    for path in sorted(root.rglob('*.md')):
        folders = path.relative_to(root).parts[:-1]
        if not any(part == 'build' or part == 'node_modules' or part.startswith('.') for part in folders):
            yield str(path.relative_to(root))


def check(root, documents=DOCUMENTS):
    tests = _tests(root)
    problems = [problem for document in documents for problem in _check_rows(root, document)]
    for document in _documents(root):
        text = (Path(root) / document).read_text(encoding='utf-8')
        for number, line in enumerate(text.split('\n'), 1):
            why = _missing(line, tests)
            if why:
                problems.append(f'{document}:{number}: {why}')
    return problems


def _check_rows(root, document):
    path = Path(root) / document
    if not path.is_file():
        return [f'{document} is missing']
    rows = _rows(path.read_text(encoding='utf-8'))
    if not rows:
        return [f'{document} has no table whose last column is Tests']
    return [f'{document}:{number}: names no test as `file.cpp: Suite.Test` or `file.py: Class.test`, '
            f'nor says "{EXCUSE} why"'
            for number, cells in rows
            if not _REFERENCE.search(cells[-1]) and not cells[-1].startswith(EXCUSE)]
