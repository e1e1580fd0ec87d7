"""Runs the tests of this folder, one line each."""
import logging
import sys
import time
import unittest
from pathlib import Path


class Lines(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def _line(self, verdict, test, more=''):
        sentence = test.shortDescription() or test.id()
        print(f'{verdict} python, {type(test).__name__}: {sentence}{more}', flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line('ok', test, f' ({(time.monotonic() - self.began) * 1000:.0f} ms)')

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._tell(test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._tell(test, self.errors[-1][1])

    def _tell(self, test, trace):
        self._line('FAILED', test)
        print('    ' + trace.rstrip().replace('\n', '\n    '), flush=True)


def main():
    # python-engineio leaves HTTP sessions of cut connections to the collector, and asyncio complains of each.
    logging.getLogger('asyncio').setLevel(logging.CRITICAL)
    suite = unittest.defaultTestLoader.discover(str(Path(__file__).parent), 'test_*.py')
    result = Lines()
    suite.run(result)
    failed = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - failed} passed, {failed} failed')
    return 1 if failed or not result.testsRun else 0


if __name__ == '__main__':
    sys.exit(main())
