# Reads a mailbox of three messages with Python's poplib, over STLS and over TLS. Environment: POP3 and POP3S (ports), LOGIN,
# PASSWORD.
import os
import poplib
import ssl

env = os.environ
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def refused(command, *words):
    try:
        command(*words)
    except poplib.error_proto:
        return
    raise SystemExit(f"{command.__name__} {words} was not refused")


def over_stls():
    session = poplib.POP3("127.0.0.1", int(env["POP3"]), timeout=15)
    assert {"STLS", "TOP", "UIDL", "PIPELINING"} <= session.capa().keys()
    refused(session.user, env["LOGIN"])
    session.stls(context)
    return session


def over_tls():
    return poplib.POP3_SSL("127.0.0.1", int(env["POP3S"]), timeout=15, context=context)


def log_in(session):
    session.user(env["LOGIN"])
    session.pass_(env["PASSWORD"])
    return session


session = over_stls()
session.user(env["LOGIN"])
refused(session.pass_, "wrong")
log_in(session)
count, octets = session.stat()
assert count == 3
sizes = [int(line.split()[1]) for line in session.list()[1]]
assert sum(sizes) == octets and session.list(2).split()[2] == str(sizes[1]).encode()
uids = [line.split()[1] for line in session.uidl()[1]]
assert len(set(uids)) == 3
for number, size in enumerate(sizes, 1):
    lines = session.retr(number)[1]
    assert sum(len(line) + 2 for line in lines) == size
    top = session.top(number, 1)[1]
    assert top == lines[: lines.index(b"") + 2]
session.dele(1)
refused(session.retr, 1)
refused(session.retr, 4)
session.rset()
assert session.stat()[0] == 3
session.dele(1)
session.close()  # without QUIT nothing goes (RFC 1939, section 6)

session = log_in(over_tls())
assert [line.split()[1] for line in session.uidl()[1]] == uids
session.dele(2)
session.quit()

session = over_tls()
session.utf8()
log_in(session)
assert [line.split()[1] for line in session.uidl()[1]] == [uids[0], uids[2]]
session.dele(1)
session.dele(2)
session.quit()
