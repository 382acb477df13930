// The name a client gives itself in HELO and EHLO (RFC 5321 §4.1.1.1). RFC 5321 §4.1.4: a server must not refuse a message because
// of it, and real clients send what their machine is called: `Büro-PC`, `john's-pc`, `(none)`. Whether a name is a good one is for
// policy; here it only has to be one.

/** RFC 5321 §4.5.3.1.2 has octets; of a name in another code page each is a character here. */
const NAME_CHARACTERS_MAX = 255

/** The name is printable already: no command line has control characters. */
export function isHeloName(text: string): boolean {
  return text.trim() !== '' && text.length <= NAME_CHARACTERS_MAX
}

/** As it may stand in a header field: what could begin a comment, an address or another clause of it is replaced, as Postfix does. */
export function neutralHeloName(name: string): string {
  return name.replace(/[^!-~]|[<>()\\";@]/g, '?')
}
