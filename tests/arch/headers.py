"""Each header compiles alone: nobody has to know what to include before it. Results are kept by content."""
import hashlib
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cpp_text

AT_ONCE = 2
FLAGS = ['-std=c++20', '-fsyntax-only', '-Wall', '-Wextra', '-Werror',
         '-DBOOST_ASIO_SEPARATE_COMPILATION', '-DBOOST_BEAST_SEPARATE_COMPILATION',
         '-DBOOST_ASIO_NO_DEPRECATED']


def _closure(src, path, seen):
    """The header and all of ours that it includes."""
    if path not in seen and (src / path).is_file():
        seen.add(path)
        for target, _, quoted in cpp_text.includes_of(cpp_text.read(src, path)):
            if quoted:
                _closure(src, target, seen)
    return seen


def _key(src, header, compiler):
    digest = hashlib.sha256(' '.join([compiler, *FLAGS]).encode())
    for path in sorted(_closure(src, str(header), set())):
        digest.update(path.encode() + b'\0' + (src / path).read_bytes())
    return digest.hexdigest()


def _compile(src, header, compiler):
    """What the compiler said; '' when it is fine. Twice: a header has a guard."""
    line = f'#include "{header}"\n'
    done = subprocess.run([compiler, *FLAGS, f'-I{src}', '-x', 'c++', '-'], input=line * 2,
                          capture_output=True, text=True, check=False)
    return '' if done.returncode == 0 else done.stderr.strip() or 'the compiler failed silently'


def check(root, cache_file, compiler='g++'):
    src = Path(root) / 'src'
    headers = [path for path in cpp_text.sources(src, '.') if path.suffix == '.hpp']
    keys = {header: _key(src, header, compiler) for header in headers}
    cache = Path(cache_file)
    fine = set(json.loads(cache.read_text())) if cache.is_file() else set()
    todo = [header for header in headers if keys[header] not in fine]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        said = list(pool.map(lambda header: _compile(src, header, compiler), todo))
    problems = [f'src/{header}: does not compile alone:\n{text}'
                for header, text in zip(todo, said) if text]
    bad = {keys[header] for header, text in zip(todo, said) if text}
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text(json.dumps(sorted(set(keys.values()) - bad)))
    return problems
