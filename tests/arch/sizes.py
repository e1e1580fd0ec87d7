"""The hard limits of the style: a function 70 lines, a source 400, a header 120. A header of the tests holds code."""
import re

import cpp_text

FUNCTION = 70
SOURCE = 400
HEADER = 120
# Vocabulary: headers that are lists of types, with a limit of their own.
VOCABULARY = {
    'src/domain/record.hpp': 250,
    'src/domain/spec_parts.hpp': 150,
    'src/reconciler/engine.hpp': 140,
}

_TYPE = re.compile(r'(?:class|struct|union|enum)\b')
_TEMPLATE = re.compile(r'template\s*<')
_AFTER_PARAMETERS = {')', 'const', 'noexcept', 'override', 'final', 'mutable', 'try'}


def _without_template(words):
    """The head of a declaration without its template parameters."""
    if not words or words[0] != 'template':
        return words
    depth = 0
    for at, word in enumerate(words):
        depth += {'<': 1, '>': -1}.get(word, 0)
        if word == '>' and depth == 0:
            return _without_template(words[at + 1:])
    return words


def _kind(words):
    """What a brace opens, from the tokens before it."""
    words = _without_template(words)
    if not words or words[0] in ('namespace', 'extern') or 'namespace' in words[:2]:
        return 'scope'
    if _TYPE.match(words[0]) or (words[0] == 'typedef' and _TYPE.match(words[1])):
        return 'scope'
    if ')' not in words:
        return 'list'
    close = len(words) - 1 - words[::-1].index(')')
    tail = words[close + 1:]
    if not tail or tail[0] in _AFTER_PARAMETERS or tail[0] in ('->', '&', '&&'):
        return 'function'
    return 'list'       # a member's braces in a constructor's list of initializers, or a default value


def functions_of(text):
    """[(name, first line, last line)] of the functions at namespace and class level."""
    found = []
    head = []           # tokens since the last declaration
    tokens = cpp_text.tokens_of(text)
    at = 0
    while at < len(tokens):
        word, line = tokens[at]
        if word == '{':
            kind = _kind([each for each, _ in head])
            if kind == 'scope':
                head = []
            else:
                end = _matching(tokens, at)
                if kind == 'function':
                    found.append((_name(head), head[0][1], tokens[end][1]))
                    head = []
                at = end
        elif word in (';', '}'):
            head = []
        elif word == ':' and head and head[-1][0] in ('public', 'private', 'protected'):
            head = []
        else:
            head.append((word, line))
        at += 1
    return found


def _matching(tokens, at):
    depth = 0
    for index in range(at, len(tokens)):
        depth += {'{': 1, '}': -1}.get(tokens[index][0], 0)
        if depth == 0:
            return index
    return len(tokens) - 1


def _name(head):
    words = [word for word, _ in _without_template_pairs(head)]
    for at, word in enumerate(words):
        if word == '(' and at > 0:
            return words[at - 1]
    return '?'


def _without_template_pairs(head):
    words = [word for word, _ in head]
    return head[len(words) - len(_without_template(words)):]


def check(root):
    problems = []
    for path in cpp_text.sources(root, 'src', 'tests'):
        text = cpp_text.read(root, path)
        lines = text.count('\n')
        header = path.suffix == '.hpp' and path.parts[0] == 'src'
        limit = VOCABULARY.get(str(path), HEADER) if header else SOURCE
        if lines > limit:
            problems.append(f'{path}: {lines} lines, at most {limit}: split it')
        for name, first, last in functions_of(text):
            if last - first + 1 > FUNCTION:
                problems.append(f'{path}:{first}: {name} has {last - first + 1} lines, '
                                f'at most {FUNCTION}')
    return problems
