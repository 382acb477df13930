# Sends mail with Python's smtplib in the ways its users do. Environment: SUBMISSION, SUBMISSIONS and SMTP (ports), LOGIN,
# PASSWORD, TO (addresses, separated by commas).
import os
import smtplib
import ssl
import sys
from email.message import EmailMessage
from email.policy import SMTPUTF8

env = os.environ
login, password, to = env["LOGIN"], env["PASSWORD"], env["TO"].split(",")
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def message(subject, body="Hello.\n", recipients=to):
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = login, ", ".join(recipients), subject
    made.set_content(body)
    return made


def submission():
    session = smtplib.SMTP("127.0.0.1", int(env["SUBMISSION"]), timeout=15)
    session.starttls(context=context)
    return session


def starttls(mechanism):
    with submission() as session:
        session.ehlo()
        session.user, session.password = login, password
        session.auth(mechanism, getattr(session, "auth_" + mechanism.lower()))
        session.send_message(message("starttls " + mechanism.lower()))


def over_tls():
    with smtplib.SMTP_SSL("127.0.0.1", int(env["SUBMISSIONS"]), timeout=15, context=context) as session:
        session.login(login, password)
        session.send_message(message("over tls"))


def eight_bit():
    with smtplib.SMTP("127.0.0.1", int(env["SMTP"]), timeout=15) as session:
        session.ehlo()
        assert session.has_extn("8bitmime") and session.has_extn("size")
        text = "From: a@remote.test\r\nSubject: eight bit\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\u00fc\u00dfe\r\n.\r\n"
        session.sendmail("a@remote.test", to, text.encode(), mail_options=["BODY=8BITMIME"])


def utf8():
    with submission() as session:
        session.login(login, password)
        made = EmailMessage(policy=SMTPUTF8)
        made["From"], made["To"], made["Subject"] = login, "j\u00fcrgen@example.test", "Gr\u00fc\u00dfe"
        made.set_content("Hallo J\u00fcrgen\n", cte="8bit")
        session.send_message(made)


def refused():
    with submission() as session:
        try:
            session.login(login, "wrong")
            sys.exit("a wrong password was accepted")
        except smtplib.SMTPAuthenticationError as error:
            assert error.smtp_code == 535, error
    with smtplib.SMTP("127.0.0.1", int(env["SMTP"]), timeout=15) as session:
        mixed = to[:1] + ["nobody@example.test", "somebody@elsewhere.test"]
        failed = session.sendmail("a@remote.test", mixed, message("some refused").as_string())
        assert {address: code for address, (code, _) in failed.items()} == {mixed[1]: 550, mixed[2]: 554}, failed


{
    "plain": lambda: starttls("PLAIN"),
    "login": lambda: starttls("LOGIN"),
    "tls": over_tls,
    "8bit": eight_bit,
    "utf8": utf8,
    "refused": refused,
}[sys.argv[1]]()
