"""Checks the project's own rules: check.py ROOT BUILD_DIR {includes,sizes,coroutines,protocol,headers}"""
import sys
from pathlib import Path

import coroutines
import headers
import includes
import protocol
import sizes


def main(root, build, what, compiler='g++'):
    checks = {
        'includes': lambda: includes.check(root),
        'sizes': lambda: sizes.check(root),
        'coroutines': lambda: coroutines.check(root),
        'protocol': lambda: protocol.check(root),
        'headers': lambda: headers.check(root, Path(build) / 'arch' / 'headers.json', compiler),
    }
    problems = checks[what]()
    for problem in problems:
        print(problem)
    print(f'{what}: {len(problems)} problems')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
