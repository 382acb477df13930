/** What ENABLE or a command switched on for the rest of the session (RFC 5161). */
export type Extension = 'CONDSTORE' | 'QRESYNC' | 'UTF8=ACCEPT' | 'IMAP4REV2' | 'UIDONLY'
