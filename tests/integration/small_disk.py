"""A file system of a test's own, that fills up or becomes read-only as no shared one may."""
import errno
import os
import subprocess
import tempfile


class SmallDisk:
    """A tmpfs at `path`, which is made; at `behind` it stays writable. Ended with whatever still uses it."""

    def __init__(self, path, options):
        self.path = path
        os.makedirs(path, exist_ok=True)
        self.behind = tempfile.mkdtemp(prefix='fb', dir='/tmp')
        self.mount('-t', 'tmpfs', '-o', 'mode=0700,' + options, 'tmpfs', path)
        self.mount('--bind', path, self.behind)

    def mount(self, *arguments):
        done = subprocess.run(['mount', *arguments], capture_output=True, text=True)
        if done.returncode:
            raise AssertionError('mount %s: %s' % (' '.join(arguments), done.stderr))

    def fill(self):
        """To the last byte that this process can get."""
        with open(self.path + '/filler', 'ab', buffering=0) as filler:
            for size in (64 * 1024, 4096, 1):
                try:
                    while filler.write(b'x' * size) == size:
                        pass
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def free(self):
        os.unlink(self.path + '/filler')

    def take_files(self, left):
        """All that there may be more (nr_inodes), but for so many."""
        taken = []
        while os.statvfs(self.path).f_ffree > left:
            taken.append('%s/taken%d' % (self.path, len(taken)))
            open(taken[-1], 'x').close()
        return taken

    def give_files(self, taken):
        for path in taken:
            os.unlink(path)

    def read_only(self):
        self.mount('-o', 'remount,bind,ro', self.path)

    def writable(self):
        self.mount('-o', 'remount,bind,rw', self.path)

    def remove(self):
        for path in (self.behind, self.path):
            subprocess.run(['umount', '-l', path], check=False)
        os.rmdir(self.behind)
