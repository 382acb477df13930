# Manages scripts over STARTTLS with nothing of ours: RFC 5804 as its examples have it. Environment: MANAGESIEVE (port), LOGIN, PASSWORD.
import base64
import os
import re
import socket
import ssl

env = os.environ
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


class Session:
    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", int(env["MANAGESIEVE"])), 15)
        self.file = self.socket.makefile("rwb")
        self.capabilities = self.answer()[1]

    def line(self):
        """One line as a list of atoms and strings."""
        words = []
        while True:
            line = self.file.readline()
            assert line.endswith(b"\r\n"), line
            line = line[:-2].decode()
            literal = re.search(r"\{(\d+)\}$", line)
            text = line[: literal.start()] if literal else line
            for quoted, atom in re.findall(r'"((?:[^"\\]|\\.)*)"|([^\s()"]+)', text):
                words.append(atom or re.sub(r"\\(.)", r"\1", quoted))
            if literal is None:
                return words
            words.append(self.file.read(int(literal[1])).decode())

    def answer(self):
        lines = []
        while True:
            words = self.line()
            if words and words[0] in ("OK", "NO", "BYE"):
                return words, lines
            lines.append(words)

    def say(self, command, *strings):
        line = command.encode()
        for each in strings:
            each = each.encode()
            line += b" {%d+}\r\n%s" % (len(each), each)
        self.file.write(line + b"\r\n")
        self.file.flush()
        return self.answer()

    def ok(self, command, *strings):
        status, lines = self.say(command, *strings)
        assert status[0] == "OK", (command, status)
        return lines

    def no(self, code, command, *strings):
        status, _ = self.say(command, *strings)
        assert status[0] == "NO" and (code is None or status[1] == code), (command, status)
        return status[-1]

    def start_tls(self):
        self.ok("STARTTLS")
        self.socket = context.wrap_socket(self.socket)
        self.file = self.socket.makefile("rwb")
        self.capabilities = self.answer()[1]

    def log_in(self, password):
        plain = f"\0{env['LOGIN']}\0{password}".encode()
        return "PLAIN", base64.b64encode(plain).decode()


session = Session()
told = {words[0]: words[1:] for words in session.capabilities}
assert told["SASL"] == [""] and "STARTTLS" in told and told["VERSION"] == ["1.0"], told
session.no("ENCRYPT-NEEDED", "AUTHENTICATE", *session.log_in(env["PASSWORD"]))
session.start_tls()
told = {words[0]: words[1:] for words in session.capabilities}
assert "PLAIN" in told["SASL"][0].split() and "STARTTLS" not in told, told
assert {"fileinto", "vacation"} <= set(told["SIEVE"][0].split()), told
session.no(None, "AUTHENTICATE", *session.log_in("wrong"))
session.ok("AUTHENTICATE", *session.log_in(env["PASSWORD"]))
assert ["OWNER", env["LOGIN"]] in session.ok("CAPABILITY")

script = 'require "fileinto";\r\nif header :contains "subject" "[lists]" {\r\n  fileinto "Lists";\r\n}\r\n'
session.ok(f'HAVESPACE "Grüße" {len(script)}')
session.ok("PUTSCRIPT", "Grüße", script)
told = session.no(None, "PUTSCRIPT", "Grüße", "\r\nfileinto;\r\nkep;\r\n")
assert "line 2" in told and "line 3" in told, told
session.ok("SETACTIVE", "Grüße")
assert session.ok("LISTSCRIPTS") == [["Grüße", "ACTIVE"]]
assert session.ok("GETSCRIPT", "Grüße") == [[script]]
session.no("ACTIVE", "DELETESCRIPT", "Grüße")
session.ok("RENAMESCRIPT", "Grüße", "main")
assert session.ok("LISTSCRIPTS") == [["main", "ACTIVE"]]
session.no("NONEXISTENT", "GETSCRIPT", "Grüße")
session.no("QUOTA/MAXSIZE", 'HAVESPACE "main" 999999')
session.no("QUOTA/MAXSIZE", "PUTSCRIPT", "main", "#" * 100_000)
session.ok("CHECKSCRIPT", "keep;")
session.ok("SETACTIVE", "")
session.ok("DELETESCRIPT", "main")
assert session.ok("LISTSCRIPTS") == []
session.ok("LOGOUT")
