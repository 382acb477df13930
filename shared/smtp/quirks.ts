// Where we are more lenient than the grammar, because clients in use need it.

/**
 * `MAIL FROM: <a@b>`: white space after the colon, which RFC 5321 §3.3 forbids and much software sends. More than one
 * space before a parameter passes as well.
 */
export const optionalSpaces = / */y

/** `EHLO [::1]`: an IPv6 literal without its tag (RFC 5321 §4.1.3), which several mail clients send. */
export const allowsUntaggedIpv6Literal = true

/** `EHLO MY_PC`: host names with underscores, which Windows allows. Policy may be stricter. */
export const heloName = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$/
