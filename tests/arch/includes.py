"""Who may include whom: main -> {api, messaging, store, docker, reconciler} -> domain. Adapters never know each other."""
from pathlib import Path

import cpp_text

EVERY_ROOM = None
ROOMS = {
    'domain': {'domain'},
    'code': {'code', 'domain'},
    'store': {'store', 'domain'},
    'docker': {'docker', 'domain'},
    'reconciler': {'reconciler', 'domain'},
    'api': {'api', 'socketio', 'domain'},
    'socketio': {'socketio'},
    'messaging': {'messaging', 'domain'},
    'cli': {'cli', 'domain'},
    'runtime': {'runtime'},
    'main': EVERY_ROOM,
}
# The port that an adapter implements lives in the room that owns it.
PORTS = {('docker', 'reconciler/engine.hpp'), ('code', 'reconciler/code_folders.hpp')}
# What a room must not even know of from outside.
NETWORK = ('boost/asio', 'boost/beast')
STORAGE = ('SQLiteCpp/', 'sqlite3.h')
CURL = ('curl/',)
FOREIGN = {
    'domain': NETWORK + STORAGE + CURL + ('spdlog/',),
    'store': ('boost/beast',) + CURL,
    'docker': STORAGE + ('boost/beast',),
    'reconciler': STORAGE + CURL + ('boost/beast',),
    'api': STORAGE + CURL,
    'socketio': STORAGE + CURL,
    # Runs in any image: the standard library and POSIX, nothing else.
    'runtime': NETWORK + STORAGE + CURL + ('boost/', 'nlohmann/', 'spdlog/', 'openssl/', 'yaml-cpp/'),
}


def room_of(path):
    """Of a path relative to src/; None when it is in no room."""
    parts = Path(path).parts
    if path in ('main.cpp', Path('main.cpp')) or parts[0] == 'daemon':
        return 'main'
    if parts[:2] == ('api', 'socketio'):
        return 'socketio'
    return parts[0] if parts[0] in ROOMS and parts[0] not in ('main', 'socketio') else None


def _why_not(room, target, exists):
    if exists:
        other = room_of(target)
        allowed = ROOMS[room]
        fine = allowed is EVERY_ROOM or other in allowed or (room, target) in PORTS
        return '' if fine else f'room {room} must not include room {other}'
    foreign = [prefix for prefix in FOREIGN.get(room, ()) if target.startswith(prefix)]
    return f'room {room} must not know of {foreign[0]}' if foreign else ''


def check(root):
    problems = []
    src = Path(root) / 'src'
    for path in cpp_text.sources(src, '.'):
        room = room_of(path)
        if room is None:
            problems.append(f'src/{path}: is in no room that this check knows')
            continue
        for target, line, quoted in cpp_text.includes_of(cpp_text.read(src, path)):
            exists = (src / target).is_file()
            why = _why_not(room, target, exists)
            if quoted and not exists:
                why = 'a quoted include is a path below src/'
            if exists and not quoted:
                why = 'a header of ours is included with quotes'
            if why:
                problems.append(f'src/{path}:{line}: {target}: {why}')
    return problems
