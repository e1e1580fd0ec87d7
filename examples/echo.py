#!/usr/bin/env python3
# A flow that answers, in Python. flush: a pipe is not written to before its buffer is full.
import json
import sys

print("ready", flush=True)
for line in sys.stdin:
    message = json.loads(line)
    print(json.dumps({"reply_to": message["message_id"], "you_said": message}), flush=True)
