"""Prints every event of a Flow Manager: python3 scripts/watch-events.py [URL]"""
import sys
import socketio  # Debian and Ubuntu: python3-socketio, python3-requests, python3-websocket

client = socketio.Client()
client.on("*", lambda event, data=None: print(event, data, flush=True))
client.connect(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000")
client.wait()
