# A round trip with Python's imaplib: over STARTTLS, then over TLS. Environment: IMAP and IMAPS (ports), LOGIN, PASSWORD.
import imaplib
import os
import ssl
import time

env = os.environ
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
TEXT = b"Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nSubject: imaplib\r\n\r\nHello\r\n"


def done(answer):
    assert answer[0] == "OK", answer
    return answer[1]


def refused(command, *words):
    try:
        answer = command(*words)
    except imaplib.IMAP4.error:
        return
    if answer[0] == "NO":
        return
    raise SystemExit(f"{command.__name__} {words} was not refused: {answer}")


with imaplib.IMAP4("127.0.0.1", int(env["IMAP"]), timeout=15) as session:
    assert "STARTTLS" in session.capabilities
    done(session.starttls(context))
    refused(session.login, env["LOGIN"], "wrong")
    done(session.login(env["LOGIN"], env["PASSWORD"]))
    done(session.create("Python"))
    done(session.subscribe("Python"))
    for n, flags in enumerate(["(\\Seen)", "", "(\\Flagged $Label1)"]):
        arrived = imaplib.Time2Internaldate(time.time() + n - 10)
        done(session.append("Python", flags, arrived, TEXT))
    assert done(session.select("Python")) == [b"3"]
    assert done(session.search(None, "SEEN")) == [b"1"]
    assert done(session.search(None, "KEYWORD", "$Label1")) == [b"3"]
    assert done(session.search(None, "SUBJECT", '"IMAPLIB"', "BODY", '"hello"')) == [b"1 2 3"]
    assert done(session.fetch("1", "(RFC822 FLAGS INTERNALDATE BODYSTRUCTURE)"))[0][1] == TEXT
    assert done(session.fetch("2", "(BODY.PEEK[TEXT]<1.3>)"))[0][1] == b"ell"
    done(session.store("2", "+FLAGS", "(\\Deleted)"))
    done(session.copy("1", "Archive"))
    assert done(session.expunge()) == [b"2"]
    assert b"MESSAGES 2 UNSEEN 1" in done(session.status("Python", "(MESSAGES UNSEEN)"))[0]
    done(session.close())
    done(session.rename("Python", "Ruby"))

with imaplib.IMAP4_SSL("127.0.0.1", int(env["IMAPS"]), timeout=15, ssl_context=context) as session:
    done(session.authenticate("PLAIN", lambda _: f"\0{env['LOGIN']}\0{env['PASSWORD']}".encode()))
    assert any(b"Ruby" in line for line in done(session.list()))
    assert any(b"Python" in line for line in done(session.lsub()))
    done(session.enable("UTF8=ACCEPT"))
    assert done(session.select("Ruby", readonly=True)) == [b"2"]
    refused(session.store, "1", "+FLAGS", "(\\Seen)")
    assert done(session.uid("SEARCH", "ALL")) == [b"1 3"]
    assert done(session.thread("REFERENCES", "UTF-8", "ALL")) != [None]
    assert done(session.sort("(REVERSE ARRIVAL)", "UTF-8", "ALL")) == [b"2 1"]
    done(session.unselect())
    done(session.unsubscribe("Python"))
    done(session.delete("Ruby"))
