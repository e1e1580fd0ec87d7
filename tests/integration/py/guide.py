"""The usage guide's Python, as a user would run it: a container from its creation to its start, then
safe_container_operation for each operation given. Prints one JSON object a line.

The guide's function calls `sio.off`, which python-socketio does not have, and sets a future from the client's thread;
both are put right here, the rest is as it stands there.
"""
import asyncio
import json
import sys
import threading

import socketio

port, host_path, operations = sys.argv[1:]
sio = socketio.Client()
started = threading.Event()
printing = threading.Lock()


def show(event, data):
    with printing:      # from the client's threads, too
        print(json.dumps({'event': event, 'data': data}), flush=True)


@sio.on('error')
def on_error(error):
    show('error', error)


@sio.on('container_created')
def on_container_created(data):
    show('container_created', data)
    if data['name'] == 'my-flow-container':
        sio.emit('start_container', {'container_id': data['container_id']})


@sio.on('container_started')
def on_container_started(data):
    show('container_started', data)
    started.set()


for name in ('connected', 'activity_log', 'container_stopped', 'container_restarted', 'container_updated',
             'container_deleted', 'status_changed', 'container_status', 'container_list', 'container_crashed'):
    sio.on(name, lambda data, name=name: show(name, data))


async def safe_container_operation(operation, params):
    try:
        loop = asyncio.get_event_loop()
        future = loop.create_future()

        # Set timeout
        timeout_task = asyncio.create_task(asyncio.sleep(30))

        # Success callback
        event_name = operation.replace('_', '_')

        def on_success(data):
            loop.call_soon_threadsafe(lambda: future.done() or future.set_result(data))

        # Error callback
        def on_failure(error):
            show('error', error)
            if error.get('details', {}).get('operation') == operation:
                failure = Exception(f"{error['error_type']}: {error['message']}")
                loop.call_soon_threadsafe(lambda: future.done() or future.set_exception(failure))

        # Register callbacks
        sio.on(event_name, on_success)
        sio.on('error', on_failure)

        # Emit event
        sio.emit(operation, params)

        # Wait for result or timeout
        done, pending = await asyncio.wait([future, timeout_task], return_when=asyncio.FIRST_COMPLETED)

        # Clean up
        for task in pending:
            task.cancel()

        # Remove listeners
        del sio.handlers['/'][event_name]
        sio.on('error', on_error)

        # Check if timed out
        if timeout_task in done:
            raise Exception('Operation timed out')

        # Return result
        return future.result()

    except Exception as e:
        show('failed', {'operation': operation, 'message': str(e)})
        raise


async def main():
    for operation, params in json.loads(operations):
        try:
            result = await safe_container_operation(operation, params)
        except Exception:
            continue
        show('result', {'operation': operation, 'result': result})


sio.connect('http://localhost:' + port)
sio.emit('create_container', {
    'image': 'flow:latest',
    'name': 'my-flow-container',
    'environment': {'ENV_VAR1': 'value1', 'ENV_VAR2': 'value2'},
    'volumes': {host_path: '/container/path'},
    'ports': {'8080': 0},
})
if not started.wait(30):
    sys.exit('not started')
asyncio.run(main())
sio.disconnect()
