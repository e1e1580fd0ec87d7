"""Each check can fail: every rule is broken once here, and what looks like a breach but is none passes."""
import tempfile
import unittest
from pathlib import Path

import check
import coroutines
import cpp_text
import headers
import includes
import protocol
import sizes


class Tree(unittest.TestCase):
    """A project of a few files in a temporary folder."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding='utf-8')

    def assert_one(self, problems, *words):
        self.assertEqual(len(problems), 1, problems)
        for word in words:
            self.assertIn(word, problems[0])


class Text(unittest.TestCase):
    def test_comments_and_literals_are_no_code(self):
        text = 'a /* { */ b // {\n"{\\"{" \'{\' 1\'000 R"x({ )" )x" c'
        self.assertEqual([word for word, _ in cpp_text.tokens_of(text)],
                         ['a', 'b', '"', '"', '"', '"', "1'000", '"', '"', 'c'])

    def test_lines_stay(self):
        self.assertEqual(cpp_text.tokens_of('/*\n\n*/ a\n#define B \\\n  {\nc'), [('a', 3), ('c', 6)])


class Includes(Tree):
    def problem_of(self, path, line, *others):
        self.write(f'src/{path}', line + '\n')
        for other in others:
            self.write(f'src/{other}', '')
        return includes.check(self.root)

    def test_an_adapter_must_not_know_another(self):
        self.assert_one(self.problem_of('store/a.cpp', '#include "docker/b.hpp"', 'docker/b.hpp'),
                        'src/store/a.cpp:1', 'room store must not include room docker')

    def test_the_runtime_needs_nothing_of_others(self):
        for foreign in ('<boost/asio.hpp>', '<nlohmann/json.hpp>'):
            self.assert_one(self.problem_of('runtime/a.cpp', '#include ' + foreign), 'room runtime must not know of')
        self.assert_one(self.problem_of('runtime/a.cpp', '#include "domain/b.hpp"', 'domain/b.hpp'), 'room runtime')

    def test_the_domain_knows_nobody(self):
        self.assert_one(self.problem_of('domain/a.hpp', '#include "store/b.hpp"', 'store/b.hpp'),
                        'room domain')
        self.assert_one(self.problem_of('domain/a.hpp', '#include <boost/asio/post.hpp>'),
                        'must not know of boost/asio')

    def test_docker_may_know_the_port_only(self):
        self.assertEqual(self.problem_of('docker/a.hpp', '#include "reconciler/engine.hpp"',
                                         'reconciler/engine.hpp'), [])
        self.assert_one(self.problem_of('docker/a.hpp', '#include "reconciler/plan.hpp"',
                                        'reconciler/plan.hpp'), 'room reconciler')

    def test_the_socketio_library_knows_nothing_else(self):
        self.assert_one(self.problem_of('api/socketio/a.hpp', '#include "domain/b.hpp"', 'domain/b.hpp'),
                        'room socketio must not include room domain')
        self.assert_one(self.problem_of('api/socketio/a.hpp', '#include "api/c.hpp"', 'api/c.hpp'),
                        'room socketio must not include room api')

    def test_the_api_uses_the_library_and_main_all(self):
        self.assertEqual(self.problem_of('api/a.hpp', '#include "api/socketio/b.hpp"',
                                         'api/socketio/b.hpp'), [])
        self.assertEqual(self.problem_of('daemon/a.cpp', '#include "store/b.hpp"', 'store/b.hpp'), [])

    def test_paths_start_at_src(self):
        self.write('src/store/b.hpp', '')
        self.assert_one(self.problem_of('store/a.cpp', '#include "b.hpp"'), 'path below src/')
        self.assert_one(self.problem_of('store/a.cpp', '#include <store/b.hpp>'), 'with quotes')

    def test_a_new_room_needs_a_rule(self):
        self.assert_one(self.problem_of('cellar/a.cpp', ''), 'no room')


class Sizes(Tree):
    def test_a_long_function(self):
        self.write('src/a.cpp', 'int f() {\n' + 'g();\n' * 68 + '}\n')
        self.assertEqual(sizes.check(self.root), [])
        self.write('src/a.cpp', 'int f() {\n' + 'g();\n' * 69 + '}\n')
        self.assert_one(sizes.check(self.root), 'src/a.cpp:1', 'f has 71 lines')

    def test_a_long_method_behind_an_initializer_list(self):
        self.write('src/a.hpp', 'class A {\npublic:\n    A(int x)\n        : a_{x}, b_(x) {\n' +
                   'g();\n' * 70 + '}\n};\n')
        self.assert_one(sizes.check(self.root), 'src/a.hpp:3', 'A has')

    def test_long_sources_and_headers(self):
        self.write('src/a.cpp', '\n' * 401)
        self.write('src/b.cpp', '\n' * 400)
        self.write('src/c.hpp', '\n' * 120)
        self.assert_one(sizes.check(self.root), 'src/a.cpp', '401 lines, at most 400')
        self.write('src/a.cpp', '')
        self.write('src/c.hpp', '\n' * 121)
        self.assert_one(sizes.check(self.root), 'src/c.hpp', 'at most 120')

    def test_what_is_a_function(self):
        text = ('namespace a { class B : C<int> {\n int d() const { return e; } };\n'
                'template <class T> struct F { T g = {1}; };\n'
                'const int k[] = {1, 2};\n'
                'template <class T, class U = V<T>> auto h(T t) -> U { if (t) { } }\n'
                'enum class I { j }; }\n')
        self.assertEqual([name for name, _, _ in sizes.functions_of(text)], ['d', 'h'])


class Coroutines(unittest.TestCase):
    def assert_bad(self, body, word):
        problems = coroutines.problems_of('task f() {\n' + body + '\n}\n')
        self.assertTrue(any(word in what for _, what in problems), (body, problems))

    def assert_fine(self, body):
        self.assertEqual(coroutines.problems_of('task f() {\n' + body + '\n}\n'), [], body)

    def test_what_is_built_in_place(self):
        self.assert_bad('co_await g({1, 2});', 'braced list')
        self.assert_bad('co_await g(Call{id});', 'braced list')
        self.assert_bad('auto x = co_await g(Call{});', 'braced list')
        self.assert_bad('h(Call{co_await g()});', 'braced list')
        self.assert_bad('co_return Call{co_await g()};', 'braced list')
        self.assert_bad('if (co_await g(Call{id})) { h(); }', 'braced list')
        self.assert_bad('while (x) { if (y) co_await g(Call{id}); }', 'braced list')
        self.assert_bad('co_await g([x] { return x; });', 'lambda with captures')
        self.assert_bad('co_await g(1, [&](int a) -> int { return a; });', 'lambda with captures')
        self.assert_bad('co_await h(k, [a = std::move(a)]() mutable { use(a); });', 'lambda with captures')

    def test_the_line_is_that_of_the_brace(self):
        self.assertEqual(coroutines.problems_of('task f() {\n    co_await g(\n        Call{});\n}\n')[0][0],
                         3)

    def test_a_capturing_lambda_is_no_coroutine(self):
        self.assert_bad('spawn(e, [this]() -> task { co_await g(); });', 'is a coroutine')
        self.assert_bad('auto c = [x]() -> task { co_return; };', 'is a coroutine')
        self.assert_fine('spawn(e, []() -> task { co_await g(); });')
        self.assert_fine('spawn(e, [this] { other(); });')

    def test_what_is_named_first_is_fine(self):
        self.assert_fine('Call call{id};\nco_await g(std::move(call));')
        self.assert_fine('auto done = [x] { return x; };\nco_await g(std::move(done));')
        self.assert_fine('const Pass pass{gate};\nanswer = co_await g();')
        self.assert_fine('{ const Pass pass{gate}; co_await g(); }')

    def test_what_only_looks_like_it(self):
        self.assert_fine('if (a) { co_await g(); } else { co_await h(); }')
        self.assert_fine('for (auto& [k, v] : m) { co_await g(k); }')
        self.assert_fine('auto [ec, n] = co_await g();')
        self.assert_fine('co_await g(list[i], m["{"]);')
        self.assert_fine('try { co_await g(); } catch (const E& e) { h({1}); }')
        self.assert_fine('switch (x) { case 1: { co_await g(); break; } default: co_return; }')
        self.assert_fine('// co_await g({});\nh({});')
        self.assert_fine('co_await g([](int a) { return a; });')

    def test_whole_files(self):
        self.assertEqual(coroutines.problems_of(
            'namespace a {\nclass B {\n    int c_{0};\n    task d() const { co_await g(c_); }\n};\n'
            'auto e(int x) -> task<int> {\n    co_await g(x);\n}\n'
            'B::B(int x) : c_{x} {\n    h({x});\n}\n}\n'), [])
        self.assertEqual(len(coroutines.problems_of(
            'namespace a {\nauto e(int x) -> task<int> {\n    co_await g({x});\n}\n}\n')), 1)


class Protocol(Tree):
    document = 'docs/socketio-protocol.md'

    def problems_of(self, cell):
        self.write('tests/unit/a_test.cpp', 'TEST(A, One) {}\nTEST_F( B , Two ) {}\nTEST_P(C,\n  Three) {}\n')
        self.write('tests/integration/test_a.py', 'class A(X):\n    x = 1\n\n    def test_one(self):\n        pass\n')
        self.write(self.document,
                   '| Sentence | Tests |\n|---|---|\n| x | ' + cell + ' |\n\n| not a table\'s body\n')
        return protocol.check(self.root, [self.document])

    def test_tests_that_exist(self):
        self.assertEqual(self.problems_of('`a_test.cpp: A.One`<br>`a_test.cpp: B.Two` and `a_test.cpp: C.Three`'), [])
        self.assertEqual(self.problems_of('`test_a.py: A.test_one`'), [])
        self.assertEqual(self.problems_of('no test: a duty of the client'), [])

    def test_tests_that_do_not(self):
        self.assert_one(self.problems_of('`a_test.cpp: A.One` `a_test.cpp: A.Two`'),
                        'docs/socketio-protocol.md:3', 'no test A.Two')
        self.assert_one(self.problems_of('`test_a.py: A.test_two`'), 'no test A.test_two')
        self.assert_one(self.problems_of('`b_test.cpp: A.One`'), 'b_test.cpp is no file')

    def test_a_row_without_any(self):
        self.assert_one(self.problems_of('obvious'), 'names no test')
        self.assert_one(self.problems_of(''), 'names no test')

    def test_a_document_without_rows(self):
        self.assert_one(protocol.check(self.root, [self.document]), 'missing')
        self.write(self.document, '# Nothing\n')
        self.assert_one(protocol.check(self.root, [self.document]), 'has no table')
        self.write(self.document, '| Field | Meaning |\n|---|---|\n| a | b |\n')
        self.assert_one(protocol.check(self.root, [self.document]), 'has no table')

    def test_other_tables_and_texts(self):
        self.assertEqual(self.problems_of('`a_test.cpp: A.One`'), [])
        for path in ('README.md', 'tests/more/README.md'):
            self.write(path, '| Field | Meaning |\n|---|---|\n| a | b |\n\nSee `a_test.cpp: A.One`.\n')
        self.write('build/x/README.md', '`a_test.cpp: A.Two`\n')
        self.assertEqual(protocol.check(self.root, [self.document]), [])
        self.write('README.md', 'See\n`test_a.py: A.test_gone`.\n')
        self.assert_one(protocol.check(self.root, [self.document]), 'README.md:2', 'no test A.test_gone')


class Headers(Tree):
    def test_a_header_that_needs_another_before_it(self):
        self.write('src/domain/a.hpp', '#pragma once\n#include <string>\nstruct A { std::string s; };\n')
        self.write('src/domain/b.hpp', '#pragma once\n#include "domain/a.hpp"\nstruct B { A a; };\n')
        cache = self.root / 'build' / 'headers.json'
        self.assertEqual(headers.check(self.root, cache), [])
        self.write('src/domain/b.hpp', '#pragma once\nstruct B { A a; };\n')
        for _ in range(2):      # what failed is never taken from the cache
            self.assert_one(headers.check(self.root, cache), 'src/domain/b.hpp')

    def test_a_header_without_a_guard(self):
        self.write('src/a.hpp', 'struct A {};\n')
        self.assert_one(headers.check(self.root, self.root / 'c.json'), 'redefinition')

    def test_nothing_is_compiled_twice_until_what_it_includes_changes(self):
        self.write('src/a.hpp', '#pragma once\n')
        self.write('src/b.hpp', '#pragma once\n#include "a.hpp"\n')
        cache = self.root / 'c.json'
        self.assertEqual(headers.check(self.root, cache), [])
        missing = 'no-such-compiler'
        keys = [headers._key(self.root / 'src', name, 'g++') for name in ('a.hpp', 'b.hpp')]
        self.write('src/a.hpp', '#pragma once\n#error changed\n')
        changed = [headers._key(self.root / 'src', name, 'g++') for name in ('a.hpp', 'b.hpp')]
        self.assertTrue(all(old != new for old, new in zip(keys, changed)))
        self.assertEqual(len(headers.check(self.root, cache)), 2)
        self.assertNotEqual(headers._key(self.root / 'src', 'b.hpp', missing), changed[1])


class Main(Tree):
    def test_a_problem_is_a_failure(self):
        self.write('src/store/a.cpp', '#include "docker/b.hpp"\n')
        self.write('src/docker/b.hpp', '')
        self.assertEqual(check.main(self.root, self.root, 'includes'), 1)
        self.assertEqual(check.main(self.root, self.root, 'sizes'), 0)


if __name__ == '__main__':
    unittest.main()
