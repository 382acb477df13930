const DAY_MS = 86_400_000
/** RFC 9116 §2.5.5: less than a year from now. */
const GOOD_FOR_MS = 30 * DAY_MS

/** RFC 9116 §2.5: whom to tell that something here is not safe. */
export function securityText(contact: string, nowMs: number): string {
  // The same for a day.
  const expiresMs = Math.ceil((nowMs + GOOD_FOR_MS) / DAY_MS) * DAY_MS
  const expires = new Date(expiresMs).toISOString().replace('.000', '')
  return `Contact: ${contact}\r\nExpires: ${expires}\r\n`
}
