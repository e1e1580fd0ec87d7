"""C++ as far as the checks need it: text without comments and literals, and its tokens with their lines."""
import re
from pathlib import Path

_SKIPPED = re.compile(
    r'//[^\n]*'
    r'|/\*.*?\*/'
    r'|R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)
_DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n\\]|\\.|\\\n)*', re.MULTILINE)
_TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.']*|->|::|&&|\|\||[^\s\w]")
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)

SUFFIXES = ('.hpp', '.cpp')


def _blank(match):
    """Keeps the lines, and a literal's quotes so that it still counts as a token."""
    text = match.group(0)
    lines = '\n' * text.count('\n')
    return lines if text.startswith('/') else '""' + lines


def without_literals(text):
    return _SKIPPED.sub(_blank, text)


def code_of(text):
    """Without comments, literals and preprocessor lines; every line stays where it is."""
    return _DIRECTIVE.sub(lambda m: '\n' * m.group(0).count('\n'), without_literals(text))


def tokens_of(text):
    """[(token, line)] of the code."""
    found = []
    for number, line in enumerate(code_of(text).split('\n'), 1):
        found.extend((match.group(0), number) for match in _TOKEN.finditer(line))
    return found


def includes_of(text):
    """[(path, line, quoted)]"""
    return [(m.group(2), text.count('\n', 0, m.start()) + 1, m.group(1) == '"')
            for m in _INCLUDE.finditer(text)]


def sources(root, *folders):
    """Paths relative to `root` of all C++ files below the folders that exist, sorted."""
    found = []
    for folder in folders:
        found.extend(path.relative_to(root) for path in (Path(root) / folder).rglob('*')
                     if path.suffix in SUFFIXES)
    return sorted(found)


def read(root, path):
    return (Path(root) / path).read_text(encoding='utf-8')
