// Messages that transcripts find in INBOX.

export type FixtureMessage = {
  readonly text: string
  readonly flags: readonly string[]
  readonly internalDateMs: number
}

/** Noon of 20 November 2026, a minute more for each message. */
const receivedMs = (n: number) => Date.UTC(2026, 10, 20, 12, n)

const message = (n: number, text: string, flags: readonly string[] = []): FixtureMessage => ({
  text: text.replaceAll('\n', '\r\n'),
  flags,
  internalDateMs: receivedMs(n),
})

/** Small messages with Subject, From, To, Date and one line of text. */
const small = (n: number, flags: readonly string[] = []) =>
  message(
    n,
    `From: Sender ${n} <sender${n}@remote.test>\nTo: Ann <ann@example.test>\nSubject: message ${n}\nDate: Fri, 20 Nov 2026 12:0${n % 10}:00 +0000\nMessage-ID: <m${n}@remote.test>\n\nText of message ${n}.\n`,
    flags,
  )

const mailboxes: { readonly [name: string]: readonly FixtureMessage[] } = {
  'four-messages': [small(1, ['\\Seen']), small(2), small(3, ['\\Flagged', '$Label']), small(4)],
}

/** A named mailbox, or so many small messages. */
export function mailboxNamed(name: string): readonly FixtureMessage[] {
  const found = mailboxes[name]
  if (found !== undefined) return found
  const count = Number(name)
  if (!Number.isInteger(count)) throw new Error(`no mailbox ${name}`)
  return Array.from({ length: count }, (_, i) => small(i + 1))
}
