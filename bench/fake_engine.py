#!/usr/bin/python3
"""A Docker Engine without containers: its API 1.41 on a Unix socket, as far as flow-manager uses it.

For measurements with more containers than a host can run. Answers have the fields and the size of those of Docker
20.10 (an entry of a list about 1 kB, an inspect about 4 kB), events its order and its ring of 256; a start or a stop
takes no time. A program ends with 0 by TERM, INT or QUIT and with 137 by KILL; other signals are only told as events.
Beside the engine's API:
  GET /bench/counts                      calls by kind, containers and how many of them run, nanoseconds of the last call
  GET /bench/calls?kind=stop&after=NS    [CLOCK_MONOTONIC nanoseconds, container] of each such call that changed
                                         something, the newest first
"""
import asyncio
import collections
import copy
import itertools
import json
import os
import signal
import sys
import time
import urllib.parse

IMAGE_ID = 'sha256:283a7fdb6658c19280068791c6dfe86574a521c3a3ed18326d2983ff0ceea2af'
LAYER = '02cd6a02565fd0eb8ebf6091519f4b080c6976881bb3258141f2c00dc1d28993'
NEVER = '0001-01-01T00:00:00Z'
RING = 256
REASONS = {200: 'OK', 201: 'Created', 204: 'No Content', 304: 'Not Modified', 400: 'Bad Request', 404: 'Not Found',
           409: 'Conflict', 500: 'Internal Server Error'}
HEADERS = ('Api-Version: 1.41\r\nDocker-Experimental: false\r\nOstype: linux\r\n'
           'Server: Docker/20.10.24 (linux)\r\n')
ENDS = {'TERM': 0, 'INT': 0, 'QUIT': 0, 'KILL': 137}
NUMBERS = {'HUP': 1, 'INT': 2, 'QUIT': 3, 'KILL': 9, 'USR1': 10, 'USR2': 12, 'TERM': 15}

# What a create adds to what the client sent, in the order of the real answer.
HOST_CONFIG = {
    'Binds': None, 'ContainerIDFile': '', 'LogConfig': {'Type': 'json-file', 'Config': {}}, 'NetworkMode': 'default',
    'PortBindings': None, 'RestartPolicy': {'Name': 'no', 'MaximumRetryCount': 0}, 'AutoRemove': False,
    'VolumeDriver': '', 'VolumesFrom': None, 'CapAdd': None, 'CapDrop': None, 'CgroupnsMode': 'host', 'Dns': None,
    'DnsOptions': None, 'DnsSearch': None, 'ExtraHosts': None, 'GroupAdd': None, 'IpcMode': 'private', 'Cgroup': '',
    'Links': None, 'OomScoreAdj': 0, 'PidMode': '', 'Privileged': False, 'PublishAllPorts': False,
    'ReadonlyRootfs': False, 'SecurityOpt': None, 'UTSMode': '', 'UsernsMode': '', 'ShmSize': 67108864,
    'Runtime': 'runc', 'ConsoleSize': [0, 0], 'Isolation': '', 'CpuShares': 0, 'Memory': 0, 'NanoCpus': 0,
    'CgroupParent': '', 'BlkioWeight': 0, 'BlkioWeightDevice': None, 'BlkioDeviceReadBps': None,
    'BlkioDeviceWriteBps': None, 'BlkioDeviceReadIOps': None, 'BlkioDeviceWriteIOps': None, 'CpuPeriod': 0,
    'CpuQuota': 0, 'CpuRealtimePeriod': 0, 'CpuRealtimeRuntime': 0, 'CpusetCpus': '', 'CpusetMems': '',
    'Devices': None, 'DeviceCgroupRules': None, 'DeviceRequests': None, 'KernelMemory': 0, 'KernelMemoryTCP': 0,
    'MemoryReservation': 0, 'MemorySwap': 0, 'MemorySwappiness': None, 'OomKillDisable': False, 'PidsLimit': None,
    'Ulimits': None, 'CpuCount': 0, 'CpuPercent': 0, 'IOMaximumIOps': 0, 'IOMaximumBandwidth': 0,
    'MaskedPaths': ['/proc/' + name for name in (
        'asound', 'acpi', 'kcore', 'keys', 'latency_stats', 'timer_list', 'timer_stats', 'sched_debug', 'scsi')]
    + ['/sys/firmware'],
    'ReadonlyPaths': ['/proc/' + name for name in ('bus', 'fs', 'irq', 'sys', 'sysrq-trigger')]}
CONFIG = {
    'Hostname': '', 'Domainname': '', 'User': '', 'AttachStdin': False, 'AttachStdout': False, 'AttachStderr': False,
    'Tty': False, 'OpenStdin': False, 'StdinOnce': False, 'Env': [], 'Cmd': None, 'Image': '', 'Volumes': None,
    'WorkingDir': '', 'Entrypoint': ['/bin/flow-runtime'], 'OnBuild': None, 'Labels': {}}
IMAGE = {
    'Id': IMAGE_ID, 'RepoTags': ['flow-demo:latest'], 'RepoDigests': [], 'Parent': '', 'Comment': '',
    'Created': '2026-11-21T10:59:57.750318517Z', 'DockerVersion': '20.10.24', 'Author': '',
    'Config': dict(CONFIG, Env=['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Labels=None),
    'Architecture': 'amd64', 'Os': 'linux', 'Size': 1985777, 'VirtualSize': 1985777,
    'RootFS': {'Type': 'layers', 'Layers': [IMAGE_ID]}}
VERSION = {'Platform': {'Name': ''}, 'Version': '20.10.24', 'ApiVersion': '1.41', 'MinAPIVersion': '1.12',
           'GitCommit': '5d6db84', 'GoVersion': 'go1.19.8', 'Os': 'linux', 'Arch': 'amd64'}
INFO = {'ID': 'FAKE', 'Driver': 'overlay2', 'DockerRootDir': '/var/lib/docker', 'CgroupDriver': 'cgroupfs',
        'CgroupVersion': '1', 'ServerVersion': '20.10.24', 'OSType': 'linux', 'Architecture': 'x86_64'}
STATS = {'pids_stats': {'current': 1, 'limit': 512}, 'num_procs': 0, 'storage_stats': {}, 'precpu_stats': {},
         'blkio_stats': {'io_service_bytes_recursive': []}, 'networks': {},
         'cpu_stats': {'cpu_usage': {'total_usage': 20000000, 'usage_in_kernelmode': 0, 'usage_in_usermode': 0},
                       'system_cpu_usage': 48000000000000, 'online_cpus': 2, 'throttling_data': {}},
         'memory_stats': {'usage': 1048576, 'max_usage': 2097152, 'stats': {'cache': 0}, 'limit': 67108864}}


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def new_id():
    return os.urandom(32).hex()


def text_of(nanos):
    """2026-11-21T23:25:42.464656857Z"""
    return time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(nanos // 10**9)) + '.%09dZ' % (nanos % 10**9)


def nanos_of(text):
    """Of `since` and `until`: seconds, with a fraction or without."""
    whole, _, fraction = text.partition('.')
    return int(whole) * 10**9 + int((fraction + '0' * 9)[:9])


class Container:
    def __init__(self, name, body, networks):
        self.id = new_id()
        self.name = name
        self.status, self.pid, self.code = 'created', 0, 0
        self.created, self.started, self.finished = time.time_ns(), NEVER, NEVER
        self.host = dict(body.get('HostConfig') or {})
        self.config = {key: value for key, value in body.items() if key not in ('HostConfig', 'NetworkingConfig')}
        self.labels = self.config.get('Labels') or {}
        mode = self.host.get('NetworkMode') or 'bridge'
        wanted = (body.get('NetworkingConfig') or {}).get('EndpointsConfig') or {}
        self.endpoints = {'bridge' if name == 'default' else name: dict(wanted.get(name) or {})
                          for name in {mode: 0, **wanted}}
        self.networks = networks
        self.mounts = [self.mount(entry) for entry in self.host.get('Mounts') or []]
        self.entry = self.text = None       # of a list, and of an inspect, as bytes until something changes

    @staticmethod
    def mount(wanted):
        out = {'Type': wanted['Type'], 'Source': wanted.get('Source', ''), 'Destination': wanted['Target'], 'Mode': '',
               'RW': not wanted.get('ReadOnly', False), 'Propagation': 'rprivate'}
        if wanted['Type'] == 'volume':
            name = wanted.get('Source') or new_id()
            out.update(Name=name, Source='/var/lib/docker/volumes/%s/_data' % name, Driver='local', Mode='z',
                       Propagation='')
        return out

    @property
    def running(self):
        return self.status in ('running', 'paused')

    def join(self):
        for name, endpoint in self.endpoints.items():
            endpoint['EndpointID'] = new_id()
            if name not in ('none', 'host'):
                endpoint['IPAddress'] = '172.18.%d.%d' % (self.pid // 250 % 250, self.pid % 250 + 2)

    def leave(self):
        for endpoint in self.endpoints.values():
            endpoint.pop('EndpointID', None)
            endpoint.pop('IPAddress', None)

    def endpoint(self, name):
        wanted = self.endpoints[name]
        joined = 'EndpointID' in wanted
        address = wanted.get('IPAddress', '')
        aliases = wanted.get('Aliases')
        if joined and aliases is not None:
            aliases = aliases + [self.id[:12]]
        network = self.networks.get(name)
        octets = [int(part) for part in address.split('.')] if address else []
        return {'IPAMConfig': None, 'Links': None, 'Aliases': aliases,
                'NetworkID': network['Id'] if network and self.started != NEVER else '',
                'EndpointID': wanted.get('EndpointID', ''), 'Gateway': '172.18.0.1' if address else '',
                'IPAddress': address, 'IPPrefixLen': 16 if address else 0, 'IPv6Gateway': '',
                'GlobalIPv6Address': '', 'GlobalIPv6PrefixLen': 0,
                'MacAddress': '02:42:%02x:%02x:%02x:%02x' % tuple(octets) if address else '', 'DriverOpts': None}

    def inspected(self):
        if self.text is None:
            self.text = json.dumps(self.inspect(), separators=(',', ':')).encode() + b'\n'
        return self.text

    def changed(self):
        self.entry = self.text = None

    def inspect(self):
        config = {**CONFIG, **self.config}
        config['Env'] = list(config['Env'] or []) + IMAGE['Config']['Env']
        host = {**HOST_CONFIG, **self.host}
        host['RestartPolicy'] = {**HOST_CONFIG['RestartPolicy'], **(host['RestartPolicy'] or {})}
        folder = '/var/lib/docker/containers/%s/' % self.id
        layer = '/var/lib/docker/overlay2/' + self.id
        entry = config['Entrypoint'] or []
        program = (list(entry) + list(config['Cmd'] or []) + [''])
        ports = {port: bindings for port, bindings in (host['PortBindings'] or {}).items()} if self.running else {}
        return {
            'Id': self.id, 'Created': text_of(self.created), 'Path': program[0], 'Args': program[1:-1],
            'State': {'Status': self.status, 'Running': self.running, 'Paused': self.status == 'paused',
                      'Restarting': False, 'OOMKilled': False, 'Dead': False, 'Pid': self.pid,
                      'ExitCode': self.code, 'Error': '', 'StartedAt': self.started, 'FinishedAt': self.finished},
            'Image': IMAGE_ID, 'ResolvConfPath': folder + 'resolv.conf', 'HostnamePath': folder + 'hostname',
            'HostsPath': folder + 'hosts', 'LogPath': '%s%s-json.log' % (folder, self.id), 'Name': '/' + self.name,
            'RestartCount': 0, 'Driver': 'overlay2', 'Platform': 'linux', 'MountLabel': '', 'ProcessLabel': '',
            'AppArmorProfile': '', 'ExecIDs': None, 'HostConfig': host,
            'GraphDriver': {'Data': {
                'LowerDir': '%s-init/diff:/var/lib/docker/overlay2/%s/diff' % (layer, LAYER),
                'MergedDir': layer + '/merged', 'UpperDir': layer + '/diff', 'WorkDir': layer + '/work'},
                'Name': 'overlay2'},
            'Mounts': self.mounts, 'Config': config,
            'NetworkSettings': {
                'Bridge': '', 'SandboxID': self.id if self.running else '', 'HairpinMode': False,
                'LinkLocalIPv6Address': '', 'LinkLocalIPv6PrefixLen': 0, 'Ports': ports,
                'SandboxKey': '/var/run/docker/netns/' + self.id[:12] if self.running else '',
                'SecondaryIPAddresses': None, 'SecondaryIPv6Addresses': None, 'EndpointID': '', 'Gateway': '',
                'GlobalIPv6Address': '', 'GlobalIPv6PrefixLen': 0, 'IPAddress': '', 'IPPrefixLen': 0,
                'IPv6Gateway': '', 'MacAddress': '',
                'Networks': {name: self.endpoint(name) for name in self.endpoints}}}

    def listed(self):
        if self.entry is None:
            words = {'created': 'Created', 'running': 'Up 3 minutes', 'paused': 'Up 3 minutes (Paused)'}
            entry = self.config.get('Entrypoint') or CONFIG['Entrypoint']
            self.entry = json.dumps({
                'Id': self.id, 'Names': ['/' + self.name], 'Image': self.config['Image'], 'ImageID': IMAGE_ID,
                'Command': ' '.join(list(entry) + list(self.config.get('Cmd') or [])),
                'Created': self.created // 10**9, 'Ports': [], 'Labels': self.labels, 'State': self.status,
                'Status': words.get(self.status, 'Exited (%d) 3 minutes ago' % self.code),
                'HostConfig': {'NetworkMode': self.host.get('NetworkMode') or 'default'},
                'NetworkSettings': {'Networks': {name: self.endpoint(name) for name in self.endpoints}},
                'Mounts': self.mounts}, separators=(',', ':')).encode()
        return self.entry


def label_fits(labels, wanted):
    key, equals, value = wanted.partition('=')
    return key in labels and (not equals or labels[key] == value)


class Listener:
    """A GET /events: writes what fits its filters."""

    def __init__(self, write, filters):
        self.write = write
        self.types, self.labels = filters.get('type'), filters.get('label', [])
        self.actions = filters.get('event')

    def tell(self, event):
        if self.types and event['Type'] not in self.types:
            return
        if self.actions and not any(event['Action'] == action or (action == 'health_status' and
                                    event['Action'].startswith(action)) for action in self.actions):
            return
        attributes = event['Actor']['Attributes']
        if all(label_fits(attributes, label) for label in self.labels):
            self.write(event['text'])


class Engine:
    def __init__(self):
        self.containers, self.names = {}, {}
        self.networks = {name: {'Name': name, 'Id': new_id(), 'Driver': driver, 'Scope': 'local', 'Labels': {}}
                         for name, driver in (('bridge', 'bridge'), ('host', 'host'), ('none', 'null'))}
        self.ring, self.listeners = collections.deque(maxlen=RING), set()
        self.counts = collections.Counter()
        self.calls = collections.deque(maxlen=20000)
        self.last_call = self.last_nanos = 0
        self.pids = 5_000_000       # beyond what a kernel gives

    # ---- events

    def now(self):
        """Strictly rising, as the engine's timeNano."""
        self.last_nanos = max(time.time_ns(), self.last_nanos + 1)
        return self.last_nanos

    def tell(self, kind, action, actor, attributes, more=None):
        nanos = self.now()
        event = {**(more or {}), 'Type': kind, 'Action': action, 'Actor': {'ID': actor, 'Attributes': attributes},
                 'scope': 'local', 'time': nanos // 10**9, 'timeNano': nanos}
        text = json.dumps(event, separators=(',', ':')).encode() + b'\n'
        event['text'] = text
        self.ring.append(event)
        for listener in list(self.listeners):
            listener.tell(event)
        return nanos

    def tell_container(self, container, action, **more):
        image = container.config['Image']
        attributes = dict(sorted({**container.labels, 'image': image, 'name': container.name, **more}.items()))
        return self.tell('container', action, container.id, attributes,
                         {'status': action, 'id': container.id, 'from': image})

    def tell_networks(self, container, action):
        for name in container.endpoints:
            network = self.networks.get(name)
            if network:
                self.tell('network', action, network['Id'],
                          {'container': container.id, 'name': name, 'type': network['Driver']})

    # ---- what changes a container

    def find(self, reference):
        found = self.containers.get(reference) or self.names.get(reference)
        if found is None and len(reference) >= 12:
            found = next((c for c in self.containers.values() if c.id.startswith(reference)), None)
        if found is None:
            raise Refused(404, 'No such container: ' + reference)
        return found

    def claim(self, name):
        if name in self.names:
            raise Refused(409, 'Conflict. The container name "/%s" is already in use by container "%s". You have to '
                               'remove (or rename) that container to be able to reuse that name.'
                          % (name, self.names[name].id))

    def create(self, query, body):
        self.claim(query['name'])
        container = Container(query['name'], body, self.networks)
        self.containers[container.id] = self.names[container.name] = container
        self.tell_container(container, 'create')
        return 201, {'Id': container.id, 'Warnings': []}

    def start(self, container):
        if container.running:
            return 304, None
        for name in container.endpoints:
            if name not in self.networks:
                raise Refused(404, 'network %s not found' % name)
        self.pids += 1
        container.pid, container.code, container.status = self.pids, 0, 'running'
        container.join()
        self.tell_networks(container, 'connect')
        container.started = text_of(self.now())
        container.changed()
        self.tell_container(container, 'start')
        return 204, None

    def end(self, container, code):
        container.status, container.pid, container.code = 'exited', 0, code
        container.finished = text_of(self.now())
        container.changed()
        self.tell_container(container, 'die', exitCode=str(code))
        self.tell_networks(container, 'disconnect')
        container.leave()
        container.changed()

    def stop(self, container):
        if not container.running:
            return 304, None
        self.tell_container(container, 'kill', signal='15')
        self.end(container, 0)
        self.tell_container(container, 'stop')
        return 204, None

    def kill(self, container, query):
        if not container.running:
            raise Refused(409, 'Cannot kill container: %s: Container %s is not running' % (container.id, container.id))
        name = query.get('signal', 'KILL').upper().removeprefix('SIG')
        name = next((known for known, number in NUMBERS.items() if name == str(number)), name)
        self.tell_container(container, 'kill', signal=str(NUMBERS.get(name, name)))
        if name in ENDS:
            self.end(container, ENDS[name])
        return 204, None

    def pause(self, container, paused):
        if container.status != ('running' if paused else 'paused'):
            raise Refused(409, 'Container %s is not %s' % (container.id, 'running' if paused else 'paused'))
        container.status = 'paused' if paused else 'running'
        container.changed()
        self.tell_container(container, 'pause' if paused else 'unpause')
        return 204, None

    def remove(self, container, query):
        if container.running:
            if query.get('force') not in ('1', 'true'):
                raise Refused(409, 'You cannot remove a running container %s. Stop the container before attempting '
                                   'removal or force remove' % container.id)
            self.tell_container(container, 'kill', signal='9')
            self.end(container, 137)
        del self.containers[container.id], self.names[container.name]
        self.tell_container(container, 'destroy')
        return 204, None

    def rename(self, container, query):
        name = query['name'].lstrip('/')
        if name == container.name:
            raise Refused(400, 'Renaming a container with the same name as its current name')
        self.claim(name)
        del self.names[container.name]
        old, container.name = container.name, name
        container.changed()
        self.names[name] = container
        self.tell_container(container, 'rename', oldName='/' + old)
        return 204, None

    def update(self, container, body):
        container.host.update(body)
        if container.host.get('PidsLimit', 0) in (0, -1):
            container.host['PidsLimit'] = None
        container.changed()
        self.tell_container(container, 'update')
        return 200, {'Warnings': None}

    # ---- lists and networks

    def list(self, query):
        filters = json.loads(query.get('filters', '{}'))
        everything = query.get('all') in ('1', 'true')
        labels, names, ids = filters.get('label', []), filters.get('name'), filters.get('id')
        on, states = set(filters.get('network', [])), filters.get('status')
        on |= {network['Name'] for network in self.networks.values() if network['Id'] in on}
        out = []
        for container in self.containers.values():
            if ((everything or states or container.running) and
                    all(label_fits(container.labels, label) for label in labels) and
                    (not on or on & container.endpoints.keys()) and
                    (not names or any(name.lstrip('/') in container.name for name in names)) and
                    (not ids or any(container.id.startswith(start) for start in ids)) and
                    (not states or container.status in states)):
                out.append(container.listed())
        out.reverse()       # the newest first
        return b'[' + b','.join(out) + b']\n'

    def list_networks(self, query):
        filters = json.loads(query.get('filters', '{}'))
        return [network for network in self.networks.values()
                if all(label_fits(network['Labels'], label) for label in filters.get('label', [])) and
                (not filters.get('name') or any(name in network['Name'] for name in filters['name']))]

    def network(self, reference):
        for network in self.networks.values():
            if reference in (network['Name'], network['Id']):
                return network
        raise Refused(404, 'network %s not found' % reference)

    def create_network(self, body):
        if body['Name'] in self.networks:
            raise Refused(409, 'network with name %s already exists' % body['Name'])
        made = {'Name': body['Name'], 'Id': new_id(), 'Driver': body.get('Driver', 'bridge'), 'Scope': 'local',
                'Labels': body.get('Labels') or {}}
        self.networks[made['Name']] = made
        self.tell('network', 'create', made['Id'], {'name': made['Name'], 'type': made['Driver']})
        return 201, {'Id': made['Id'], 'Warning': ''}

    def connect(self, name, body, join):
        network, container = self.network(name), self.find(body['Container'])
        name = network['Name']
        if join == (name in container.endpoints):
            raise Refused(403 if join else 500, 'endpoint with name %s already exists in network %s'
                          % (container.name, name) if join else 'container %s is not connected to network %s'
                          % (container.id, name))
        if join:
            container.endpoints[name] = dict(body.get('EndpointConfig') or {})
            if container.running:
                container.join()
        else:
            del container.endpoints[name]
        container.changed()
        self.tell('network', 'connect' if join else 'disconnect', network['Id'],
                  {'container': container.id, 'name': name, 'type': network['Driver']})
        return 200, None

    # ---- routes

    def counted(self, kind, container=''):
        self.counts[kind] += 1
        if kind not in ('ping', 'list'):
            self.last_call = time.monotonic_ns()
        if container:
            self.calls.append((self.last_call, kind, container))

    def on_container(self, method, reference, what, query, body):
        """None: not known here."""
        changes = {'start': lambda c: self.start(c), 'stop': lambda c: self.stop(c),
                   'kill': lambda c: self.kill(c, query), 'rename': lambda c: self.rename(c, query),
                   'update': lambda c: self.update(c, body), 'pause': lambda c: self.pause(c, True),
                   'unpause': lambda c: self.pause(c, False)}
        if method == 'POST' and what in changes:
            container = self.find(reference)
            self.counted(what, container.id)
            return changes[what](container)
        if method == 'DELETE' and not what:
            self.counted('remove', reference)
            return self.remove(self.find(reference), query)
        if method == 'GET' and what == 'json':
            self.counted('inspect')
            return 200, self.find(reference).inspected()
        if method == 'GET' and what == 'stats':
            self.counted('stats')
            container = self.find(reference)
            return 200, {'read': text_of(time.time_ns()), 'preread': NEVER, 'name': '/' + container.name,
                         'id': container.id, **(STATS if container.running else {})}
        if method == 'GET' and what == 'logs':
            self.counted('logs')
            self.find(reference)
            line = b'ready\n'
            return 200, b'\x01\0\0\0' + len(line).to_bytes(4, 'big') + line
        return None

    def on_network(self, method, parts, query, body):
        if method == 'GET' and len(parts) == 1:
            self.counted('network_list')
            return 200, self.list_networks(query)
        if method == 'POST' and parts[1:] == ['create']:
            self.counted('network_create')
            return self.create_network(body)
        if method == 'POST' and parts[2:] in (['connect'], ['disconnect']):
            self.counted('network_' + parts[2])
            return self.connect(parts[1], body, parts[2] == 'connect')
        if method == 'DELETE' and len(parts) == 2:
            self.counted('network_remove')
            network = self.network(parts[1])
            if any(network['Name'] in c.endpoints and c.running for c in self.containers.values()):
                raise Refused(403, 'error while removing network: network %s has active endpoints' % network['Name'])
            del self.networks[network['Name']]
            self.tell('network', 'destroy', network['Id'], {'name': network['Name'], 'type': network['Driver']})
            return 204, None
        return None

    def bench(self, parts, query):
        if parts[1:] == ['counts']:
            return 200, {'counts': self.counts, 'containers': len(self.containers), 'last_call': self.last_call,
                         'running': sum(c.running for c in self.containers.values())}
        if parts[1:] == ['calls']:
            after = int(query.get('after', 0))
            new = itertools.takewhile(lambda call: call[0] > after, reversed(self.calls))
            return 200, [(at, name) for at, kind, name in new if kind == query['kind']]
        return None

    def answer(self, method, parts, query, body):
        """(status, bytes or something for JSON)"""
        out = None
        head = parts[0] if parts else ''
        if head == 'bench':
            out = self.bench(parts, query)
        elif parts == ['_ping']:
            self.counted('ping')
            out = 200, b'OK'
        elif parts in (['version'], ['info']):
            self.counted(head)
            out = 200, VERSION if head == 'version' else INFO
        elif head == 'containers' and parts[1:] == ['json'] and method == 'GET':
            self.counted('list')
            out = 200, self.list(query)
        elif head == 'containers' and parts[1:] == ['create'] and method == 'POST':
            self.counted('create', query.get('name', ''))
            out = self.create(query, body)
        elif head == 'containers' and len(parts) in (2, 3):
            out = self.on_container(method, parts[1], parts[2] if len(parts) == 3 else '', query, body)
        elif head == 'networks':
            out = self.on_network(method, parts, query, body)
        elif head == 'images' and parts[-1] == 'json' and method == 'GET':
            self.counted('image')
            out = 200, copy.copy(IMAGE)
        elif parts == ['images', 'create'] and method == 'POST':
            self.counted('pull')
            out = 200, b'{"status":"Status: Image is up to date for flow-demo:latest"}\r\n'
        elif head == 'volumes' and len(parts) == 2:
            self.counted('volume')
            raise Refused(404, 'get %s: no such volume' % parts[1])
        if out is None:
            self.counted('unknown')
            print('not known here: %s /%s' % (method, '/'.join(parts)), file=sys.stderr, flush=True)
            raise Refused(404, 'page not found')
        return out


class Peer(asyncio.Protocol):
    """A connection: HTTP/1.1, kept alive, one request after the other."""

    def __init__(self, engine):
        self.engine = engine
        self.buffer = b''
        self.transport = self.listener = None

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, _):
        self.engine.listeners.discard(self.listener)

    def data_received(self, data):
        self.buffer += data
        while self.listener is None:
            end = self.buffer.find(b'\r\n\r\n')
            if end < 0:
                return
            head = self.buffer[:end].decode('latin-1').split('\r\n')
            fields = {name.strip().lower(): value.strip()
                      for name, _, value in (line.partition(':') for line in head[1:])}
            length = int(fields.get('content-length', 0))
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4:end + 4 + length]
            self.buffer = self.buffer[end + 4 + length:]
            method, target, _ = head[0].split(' ')
            self.request(method, target, body)
            if fields.get('connection', '').lower() == 'close':
                self.transport.close()
                return

    def request(self, method, target, body):
        path, _, query = target.partition('?')
        parts = [urllib.parse.unquote(part) for part in path.strip('/').split('/')]
        if parts[0].startswith('v1.'):
            del parts[0]
        query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        try:
            if parts == ['events']:
                return self.events(query)
            status, what = self.engine.answer(method, parts, query, json.loads(body) if body else {})
        except Refused as error:
            status, what = error.status, {'message': str(error)}
        except (KeyError, ValueError) as error:
            status, what = 400, {'message': 'bad request: %r' % error}
        self.reply(status, what, method == 'HEAD')

    def reply(self, status, what, head_only):
        """As the engine: short answers with their length, long ones in chunks."""
        head = 'HTTP/1.1 %d %s\r\n%s' % (status, REASONS.get(status, 'Error'), HEADERS)
        if what is None:
            body, head = b'', head + ('Content-Length: 0\r\n' if status not in (204, 304) else '')
        else:
            kind = 'application/octet-stream' if isinstance(what, bytes) and what[:1] == b'\x01' else \
                'application/json'
            body = what if isinstance(what, bytes) else json.dumps(what, separators=(',', ':')).encode() + b'\n'
            head += 'Content-Type: %s\r\n' % kind
            if len(body) > 2048:
                head += 'Transfer-Encoding: chunked\r\n'
                body = b'%x\r\n%s\r\n0\r\n\r\n' % (len(body), body)
            else:
                head += 'Content-Length: %d\r\n' % len(body)
        self.transport.write((head + '\r\n').encode() + (b'' if head_only else body))

    def events(self, query):
        ends = 'until' in query
        self.engine.counted('ring' if ends else 'events')
        listener = Listener(lambda text: self.transport.write(b'%x\r\n%s\r\n' % (len(text), text)),
                            json.loads(query.get('filters', '{}')))
        since = nanos_of(query['since']) if 'since' in query else 0
        until = nanos_of(query['until']) if ends else 1 << 63
        self.transport.write(('HTTP/1.1 200 OK\r\n%sContent-Type: application/json\r\n'
                              'Transfer-Encoding: chunked\r\n\r\n' % HEADERS).encode())
        if since:
            for event in self.engine.ring:
                if since <= event['timeNano'] <= until:
                    listener.tell(event)
        if ends:
            self.transport.write(b'0\r\n\r\n')
        else:
            self.listener = listener
            self.engine.listeners.add(listener)


async def serve(path):
    engine = Engine()
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: ended.done() or ended.set_result(None))
    server = await loop.create_unix_server(lambda: Peer(engine), path, backlog=4096)
    print('listening on ' + path, flush=True)
    await ended
    server.close()
    os.unlink(path)


if __name__ == '__main__':
    if len(sys.argv) != 2 or sys.argv[1].startswith('-'):
        sys.exit('%s\nUsage: fake_engine.py SOCKET' % __doc__)
    asyncio.run(serve(sys.argv[1]))
