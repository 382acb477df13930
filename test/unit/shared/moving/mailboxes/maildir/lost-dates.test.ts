import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LATE_MS } from '#shared/moving/mailboxes/maildir/lost-dates.ts'
import { openMaildir } from '#shared/moving/mailboxes/maildir/maildir-source.ts'
import { type MaildirMessage, writeMaildir } from '#test/support/maildir.ts'
import { readSource } from '#test/support/own-mailbox.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const savedMs = 1_500_000_000_000
const copiedMs = 1_700_000_000_000
const received =
  'Received: from a by b;\n\tFri, 14 Jul 2017 02:39:00 +0000\nReceived: from c; Thu, 1 Jan 2015 00:00:00 +0000\nDate: Wed, 1 Jan 2014 00:00:00 +0000\n\nx\n'

describe('a Maildir that was copied', () => {
  let resources: AsyncDisposableStack
  let root: string
  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    root = join(resources.use(await temporaryFolder()).path, 'Maildir')
  })
  afterEach(() => resources.disposeAsync())

  async function dated(...messages: readonly MaildirMessage[]) {
    await writeMaildir(root, '', messages)
    const source = await openMaildir(root)
    const { read } = await readSource(source, ['INBOX'])
    const notes = source.notes().map(({ reason }) => reason)
    return { dates: read.map(({ dateMs }) => new Date(dateMs).toISOString()), notes }
  }
  const named = (n: number, text: string, receivedMs: number): MaildirMessage => ({
    name: `cur/${savedMs / 1_000 + n}.M1P${n}.h:2,S`,
    text,
    receivedMs,
  })

  it('without its times has those of Received lines, else of names', async () => {
    const { dates, notes } = await dated(
      named(0, received, copiedMs),
      named(1, 'Date: Wed, 1 Jan 2014 00:00:00 +0000\n\nx\n', copiedMs),
      named(2, 'Received: nonsense\n\nx\n', copiedMs),
    )
    expect(dates).toEqual([
      '2017-07-14T02:39:00.000Z',
      new Date(savedMs + 1_000).toISOString(),
      new Date(savedMs + 2_000).toISOString(),
    ])
    expect(notes).toEqual([
      'its files have the times of a copy: dates are those of Received lines, or of names',
    ])
  })

  it('keeps the times of what came since', async () => {
    const { dates } = await dated(...[0, 1, 2].map((n) => named(n, received, copiedMs)), {
      name: 'new/1800000000.M1P1.h',
      text: received,
      receivedMs: 1_800_000_000_500,
    })
    expect(dates.at(-1)).toBe('2027-01-15T08:00:00.500Z')
  })

  it('with its times has those: also of mail that was brought there long after it was sent', async () => {
    const { dates, notes } = await dated(
      named(0, received, Date.UTC(2003, 1, 1)),
      named(1, received, savedMs + 1_000 + LATE_MS),
      { name: 'cur/1.a.h:2,', text: received, receivedMs: copiedMs },
    )
    expect(dates.toSorted()).toEqual([
      '2003-02-01T00:00:00.000Z',
      new Date(savedMs + 1_000 + LATE_MS).toISOString(),
      new Date(copiedMs).toISOString(),
    ])
    expect(notes).toEqual([])
  })

  it('is taken for one from a millisecond on', async () => {
    const { notes } = await dated(named(1, received, savedMs + 1_000 + LATE_MS + 1))
    expect(notes).toHaveLength(1)
  })
})
