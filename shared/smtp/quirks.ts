// Where we are more lenient than the grammar, because clients in use need it. `strictRfc821Envelopes` takes back those of paths.

/**
 * `MAIL FROM: <a@b>`: white space after the colon, which RFC 5321 §3.3 forbids and much software sends. More than one
 * space before a parameter passes as well.
 */
export const optionalSpaces = / */y

/** `MAIL FROM:a@b`: without angle brackets, as scripts and devices write it; Postfix takes it too. */
export const allowsBarePaths = true

/** `RCPT TO:<a@b.example.>`: the dot that the DNS ends names with. It is left out, as Postfix does. */
export const allowsDotAfterDomain = true
