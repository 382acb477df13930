# Rewritten senders as the documents of libsrs2 and PostSRSd have them, written a second time: each line of the input is a question, a JSON
# list, and each line of the output its answer.
#   ["forward", secret, day, length, address, domain]   the sender that forwarded mail gets
#   ["reverse", [secret, ...], day, length, local part] what it stands for, null where it is not ours or too old

import base64
import hashlib
import hmac
import json
import sys

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
MAX_AGE = 21


def sign(secret, text, length):
    digest = hmac.new(secret.encode(), text.lower().encode(), hashlib.sha1).digest()
    return base64.b64encode(digest, altchars=b"-_").decode()[:length]


def stamp(day):
    return ALPHABET[(day >> 5) % 32] + ALPHABET[day % 32]


def forward(secret, day, length, address, ours):
    local, _, host = address.rpartition("@")
    tag, rest = local[:4].upper(), local[4:]
    if tag == "SRS0" and rest[:1] in ("=", "-", "+"):
        return f"SRS1={sign(secret, host + rest, length)}={host}={rest}@{ours}"
    if tag == "SRS1" and rest[:1] in ("=", "-", "+"):
        _, first, rest = rest[1:].split("=", 2)
        return f"SRS1={sign(secret, first + rest, length)}={first}={rest}@{ours}"
    time = stamp(day)
    return f"SRS0={sign(secret, time + host + local, length)}={time}={host}={local}@{ours}"


def valid(secrets, given, text, length):
    def same(a):
        return a.lower().replace("+", "-").replace("/", "_")

    if len(given) < length:
        return False
    return any(same(given) == same(sign(secret, text, len(given))) for secret in secrets)


def reverse(secrets, day, length, local):
    tag, rest = local[:4].upper(), local[5:]
    if tag == "SRS1":
        given, first, rest = rest.split("=", 2)
        return f"SRS0{rest}@{first}" if valid(secrets, given, first + rest, length) else None
    given, time, host, original = rest.split("=", 3)
    if not valid(secrets, given, time + host + original, length):
        return None
    made = ALPHABET.index(time[0].upper()) * 32 + ALPHABET.index(time[1].upper())
    return f"{original}@{host}" if (day - made) % 1024 <= MAX_AGE else None


for line in sys.stdin:
    what, *rest = json.loads(line)
    print(json.dumps({"forward": forward, "reverse": reverse}[what](*rest)))
