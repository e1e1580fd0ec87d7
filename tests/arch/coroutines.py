"""g++ 12 destroys twice what is built in place inside an expression that contains co_await: an aggregate, a braced list,
a lambda that owns its captures. Such a value gets a name first. A capturing lambda is no coroutine at all."""
import cpp_text

_AWAITS = {'co_await', 'co_yield'}
_COROUTINE = _AWAITS | {'co_return'}
_BLOCK_WORDS = {'else', 'do', 'try'}
_SCOPE_WORDS = {'namespace', 'class', 'struct', 'union', 'enum', 'extern'}
_AFTER_PARAMETERS = {'const', 'noexcept', 'override', 'final', 'mutable'}


class _Reader:
    """Reads statements; each is judged as one expression, with the blocks inside it read on their own."""

    def __init__(self, tokens):
        self.tokens = tokens
        self.at = 0
        self.problems = []      # (line, text)

    def word(self, offset=0):
        index = self.at + offset
        return self.tokens[index][0] if 0 <= index < len(self.tokens) else ''

    def line(self):
        return self.tokens[min(self.at, len(self.tokens) - 1)][1]

    def block(self):
        """Statements up to the closing brace; answers whether its own level is a coroutine's."""
        coroutine = False
        while self.at < len(self.tokens) and self.word() != '}':
            coroutine = self.statement() or coroutine
        self.at += 1
        return coroutine

    def statement(self):
        start = self.at
        found = {'awaits': False, 'coroutine': False, 'built': []}
        nested = False
        while self.at < len(self.tokens) and self.word() not in (';', '}'):
            if self.word() == '{' and self.opens_block(start):
                self.at += 1
                nested = self.block()
                self.judge(found)
                return found['coroutine'] or nested
            self.element(found)
        if self.word() == ';':
            self.at += 1
        self.judge(found)
        return found['coroutine'] or nested

    def opens_block(self, start):
        before = self.word(-1) if self.at > start else ''
        words = {word for word, _ in self.tokens[start:self.at]}
        if not before or before in (')', '}', ':') or before in _BLOCK_WORDS | _AFTER_PARAMETERS:
            return True
        if words & _SCOPE_WORDS:
            return True
        first = self.word(start - self.at)
        trailing_type = '->' in words and ')' in words and '=' not in words
        return trailing_type and first not in ('return', 'co_return')

    def element(self, found):
        """One token of an expression, or a whole group of it."""
        word = self.word()
        if word in _COROUTINE:
            found['coroutine'] = True
            found['awaits'] = found['awaits'] or word in _AWAITS
        if word == '(':
            self.group(found, ')')
        elif word == '[' and self.starts_lambda():
            self.lambda_expression(found)
        elif word == '{':
            found['built'].append((self.line(), 'a braced list'))
            self.group(found, '}')
        else:
            self.at += 1

    def group(self, found, end):
        self.at += 1
        while self.at < len(self.tokens) and self.word() != end:
            self.element(found)
        self.at += 1

    def starts_lambda(self):
        before = self.word(-1)
        if self.word(1) == '[' or before == '[':
            return False                                    # an attribute
        if before == 'auto' or (before in ('&', '&&') and self.word(-2) == 'auto'):
            return False                                    # a structured binding
        return not (before in (')', ']', '"') or before == '' or
                    (before[0].isalnum() or before[0] == '_') and
                    before not in ('return', 'co_return', 'co_await', 'co_yield'))

    def lambda_expression(self, found):
        line = self.line()
        captures = self.word(1) != ']'
        self.skip_to(']')
        while self.word() not in ('{', ';', ''):
            if self.word() == '(':
                self.skip_to(')')
            else:
                self.at += 1
        if self.word() != '{':
            return
        self.at += 1
        coroutine = self.block()
        if captures:
            found['built'].append((line, 'a lambda with captures'))
            if coroutine:
                self.problems.append((line, 'a lambda with captures is a coroutine: make it a '
                                            'member function with named parameters'))

    def skip_to(self, end):
        """Behind the bracket that closes the one here."""
        begin = self.word()
        depth = 0
        while self.at < len(self.tokens):
            depth += {begin: 1, end: -1}.get(self.word(), 0)
            self.at += 1
            if depth == 0:
                return

    def judge(self, found):
        if found['awaits']:
            for line, what in found['built']:
                self.problems.append((line, f'{what} inside an expression that contains co_await: '
                                            'name it first and move it in'))


def problems_of(text):
    """[(line, what)]"""
    reader = _Reader(cpp_text.tokens_of(text))
    while reader.at < len(reader.tokens):
        reader.block()
    return sorted(set(reader.problems))


def check(root):
    problems = []
    for path in cpp_text.sources(root, 'src', 'tests', 'bench'):
        text = cpp_text.read(root, path)
        if 'co_' in text:
            problems.extend(f'{path}:{line}: {what}' for line, what in problems_of(text))
    return problems
