// Clients that all write into the same two mailboxes at the same time, by chance, with numbers as well as uids and several commands on
// the wire. Each checks what it is told (test/support/stress-client.ts); in the end all see the same.

import { afterEach, describe, expect, it } from 'vitest'
import { seededRandom } from '#test/support/faults/plan.ts'
import { startImapServer } from '#test/support/imap-server.ts'
import { runSeed } from '#test/support/seed.ts'
import { StressClient } from '#test/support/stress-client.ts'

const STEPS = 60
const folders = ['INBOX', 'Archive'] as const
const flags = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '$Label', 'work']
/** One client each. */
const enabled = ['', '', 'IMAP4rev2', 'CONDSTORE', 'QRESYNC']

describe('clients that write at the same time', () => {
  let resources = new AsyncDisposableStack()
  afterEach(async () => {
    await resources.disposeAsync()
    resources = new AsyncDisposableStack()
  })

  it.each([11, 12, runSeed])(
    'are told nothing wrong, and see the same in the end (seed %i)',
    async (seed) => {
      const server = await startImapServer()
      resources.defer(server.stop)
      const login = `stress${seed}@example.test`
      const constants = new Map<string, string>()
      const clients = await Promise.all(
        enabled.map((enable) => StressClient.login(server.port, login, { enable, constants })),
      )
      for (const client of clients) resources.defer(() => client.close())
      for (const [i, client] of clients.entries()) await client.select(i < 4 ? 'INBOX' : 'Archive')
      await Promise.all(
        clients.map(async (client, i) => {
          const random = seededRandom(seed * 100 + i)
          for (let step = 0; step < STEPS; step++) await act(client, random, `${i}.${step}`)
        }),
      )
      for (const folder of folders) {
        const seen: string[][] = []
        for (const client of clients) {
          await client.select(folder)
          seen.push(await contentOf(client))
        }
        for (const each of seen) expect(each).toEqual(seen[0])
      }
      // Something was left to see.
      expect(constants.size).toBeGreaterThan(0)
    },
  )
})

async function contentOf(client: StressClient): Promise<string[]> {
  if (client.count === 0) return []
  const { untagged } = await client.say(
    'FETCH 1:* (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])',
  )
  const lines = untagged.filter((line) => / FETCH /.test(line))
  expect(lines).toHaveLength(client.count)
  return lines.map((line) =>
    line.replace(/FLAGS \(([^)]*)\)/, (_, given) => `${given}`.split(' ').sort().join(' ')),
  )
}

async function act(client: StressClient, random: () => number, name: string): Promise<void> {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const some = () => flags.filter(() => random() < 0.3).join(' ')
  const text = `Subject: ${name}\r\n\r\n${'x'.repeat(Math.floor(random() * 200))} END`
  const append = `APPEND ${pick(folders)} (${some()}) {${text.length}+}\r\n${text}`
  if (client.count < 3) {
    await client.say(append)
    return client.learn()
  }
  const number = () => 1 + Math.floor(random() * client.count)
  const set = () =>
    pick([`${number()}`, `${number()}:${number()}`, `${number()},${number()}`, '1:*'])
  const uids = () => {
    const known = client.uids.filter((uid) => uid > 0 && random() < 0.4)
    return known.length > 0 ? known.join(',') : '1:*'
  }
  // None of these may tell an EXPUNGE, so that numbers hold from one to the next.
  const byNumber = () =>
    pick([
      `FETCH ${set()} (UID FLAGS INTERNALDATE)`,
      `FETCH ${set()} (UID RFC822.SIZE BODY.PEEK[])`,
      `FETCH ${set()} ALL`,
      `STORE ${set()} ${pick(['+', '-', ''])}FLAGS${pick(['', '.SILENT'])} (${some()})`,
      `SEARCH ${pick(['SEEN', 'UNDELETED SUBJECT 1', 'NOT FLAGGED', 'TEXT END'])}`,
      `COPY ${number()} ${pick(folders)}`,
    ])
  switch (
    pick([
      'pipeline',
      'pipeline',
      'append',
      'uid',
      'expunge',
      'move',
      'replace',
      'idle',
      'select',
      'news',
    ])
  ) {
    case 'pipeline':
      await client.pipeline(Array.from({ length: 1 + Math.floor(random() * 4) }, byNumber))
      return
    case 'append':
      await client.pipeline(random() < 0.5 ? [append] : [append, 'NOOP', append])
      return
    case 'uid':
      await client.pipeline([
        `UID FETCH ${uids()} (FLAGS BODY.PEEK[])`,
        `UID STORE ${uids()} +FLAGS${pick(['', '.SILENT'])} (${some()})`,
        `UID SEARCH RETURN (COUNT ALL) UNSEEN`,
        `UID COPY ${Math.max(1, pick(client.uids))} ${pick(folders)}`,
      ])
      return
    case 'expunge':
      await client.say(`UID STORE ${uids()} +FLAGS.SILENT (\\Deleted)`)
      await client.say(pick(['EXPUNGE', `UID EXPUNGE ${uids()}`]))
      return
    case 'move':
      await client.say(random() < 0.5 ? `UID MOVE ${uids()} Archive` : `MOVE ${number()} INBOX`)
      return
    case 'replace':
      await client.say(`REPLACE ${number()} ${pick(folders)} {${text.length}+}\r\n${text}`)
      return
    case 'idle':
      await client.idle(new Promise((resolve) => setImmediate(resolve)))
      return
    case 'select':
      if (random() < 0.3) await client.say(pick(['CLOSE', 'UNSELECT']))
      return client.select(pick(folders), pick(['SELECT', 'SELECT', 'EXAMINE']))
    case 'news':
      await client.say(pick(['NOOP', 'CHECK', `STATUS ${pick(folders)} (MESSAGES UNSEEN UIDNEXT)`]))
      return client.learn()
  }
}
