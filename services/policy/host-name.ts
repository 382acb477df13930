// What Postfix holds a valid host name (valid_hostname.c), and what it does with a dot at its end.

// RFC 1123 §2.1, with the underscore that some hosts have.
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i
const NAME_BYTES_MAX = 255
/** Numbers alone are an address, or what is left of one. */
const NUMERIC = /^[0-9.-]+$/

/** Letters, digits, hyphens within labels; not numbers alone. */
export function isHostName(text: string): boolean {
  return (
    text.length <= NAME_BYTES_MAX &&
    !NUMERIC.test(text) &&
    text.split('.').every((label) => LABEL.test(label))
  )
}

/** One dot at the end is the root's, and two are a mistake. */
export function withoutRoot(name: string): string {
  return name.endsWith('.') && !name.endsWith('..') ? name.slice(0, -1) : name
}
