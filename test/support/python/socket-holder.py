# Holds listening sockets as systemd does and starts servers with them. Ports are the arguments; each line of standard input is a JSON
# list of words to run. A process that is started writes to our standard output.

import json
import os
import socket
import subprocess
import sys

sockets = []
for port in sys.argv[1:]:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", int(port)))
    one.listen(511)
    sockets.append(one)
# Nothing else is open yet, so they are 3 and above, as they have to be.
descriptors = [one.fileno() for one in sockets]
assert descriptors == list(range(3, 3 + len(descriptors))), descriptors
print("holding", flush=True)
for line in sys.stdin:
    environment = {**os.environ, "LISTEN_FDS": str(len(descriptors))}
    child = subprocess.Popen(json.loads(line), pass_fds=descriptors, env=environment, stdin=subprocess.DEVNULL)
    print(f"started {child.pid}", flush=True)
