#!/bin/sh
# A flow that answers, in plain shell: the daemon puts message_id last, so no JSON parser is needed to find it.
echo "ready"
while IFS= read -r message; do
    id=${message##*\"message_id\":\"}
    printf '{"reply_to":"%s","you_said":%s}\n' "${id%%\"*}" "$message"
done
