// SIGKILL at random moments under load: every message that got its 250 is in its mailbox exactly once.

import { describe, expect, it } from 'vitest'
import { createBackend } from '#services/assembly/backend.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { createMessageOpener } from '#shared/message/message-opener.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { seededRandom } from '#test/support/seed.ts'
import { freePorts, runCommand, startServer } from '#test/support/server-process.ts'
import { messageBody, type Sent, sendLoad } from '#test/support/smtp-load.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

/** Moments are others with each seed. */
const rounds = 25
const connections = 6
const users = ['u1', 'u2', 'u3', 'u4'].map((name) => `${name}@example.test`)

describe('kill', () => {
  it(`loses nothing and doubles nothing over ${rounds} kills under load`, async () => {
    await using folder = await temporaryFolder()
    await makeUsers(folder.path)
    const ports = await freePorts()
    const accepted: Sent[] = []
    const offered = new Map<string, Sent>()
    const killMoment = seededRandom('kill moments')
    for (let round = 0; round < rounds; round++) {
      const server = await startServer(folder.path, ports)
      let killed = false
      let n = 0
      const load = Array.from({ length: connections }, (_, connection) =>
        sendLoad({
          port: ports.smtp,
          next() {
            if (killed) return undefined
            const token = `kill-${round}-${connection}-${n++}`
            // Every third message goes to two mailboxes, every fifth is stored as a file.
            const to = [users[n % 4] ?? '', ...(n % 3 === 0 ? [users[(n + 1) % 4] ?? ''] : [])]
            const message = { token, recipients: to }
            offered.set(token, message)
            return { message, body: messageBody(token, n % 5 === 0 ? 100_000 : 2_000) }
          },
          accepted: (message) => accepted.push(message),
        }),
      )
      await systemClock.sleep(30 + killMoment() * 400)
      killed = true
      await server.end('SIGKILL')
      await Promise.all(load)
    }
    const last = await startServer(folder.path, ports)
    await until(async () => (await queued(folder.path)) === 0)
    expect(await last.end('SIGTERM')).toBe(0)
    expect((await runCommand(folder.path, ['check'])).stdout).toBe('everything fits\n')

    const found = await mailboxes(folder.path)
    expect(accepted.length).toBeGreaterThan(rounds)
    const lost = accepted.flatMap(({ token, recipients }) =>
      recipients.filter((to) => found.get(to)?.get(token) !== 1).map((to) => `${token} ${to}`),
    )
    expect(lost).toEqual([])
    const doubled = [...found].flatMap(([to, tokens]) =>
      [...tokens].filter(([, count]) => count !== 1).map(([token]) => `${token} ${to}`),
    )
    expect(doubled).toEqual([])
    const strangers = [...found].flatMap(([to, tokens]) =>
      [...tokens.keys()].filter((token) => !offered.get(token)?.recipients.includes(to)),
    )
    expect(strangers).toEqual([])
  }, 300_000)
})

async function withCore<T>(
  directory: string,
  use: (backend: ReturnType<typeof createBackend>) => Promise<T>,
) {
  const loaded = loadSettings({ environment: {}, overrides: [] })
  if (loaded.kind !== 'ok') throw new Error('settings')
  await using store = await openEmbeddedStore({ directory })
  return await use(
    createBackend({ store, settings: loaded.settings, clock: systemClock, log: silentLog }),
  )
}

const makeUsers = (directory: string) =>
  withCore(directory, async ({ directory: book }) => {
    for (const user of users) {
      const address = parseAddress(user)
      if (address === undefined) throw new Error(user)
      await book.domains.add(address.domain)
      await book.accounts.add({ address, passwordHash: 'x', quotaBytes: 0 })
    }
  })

const queued = (directory: string) =>
  withCore(directory, async ({ operator }) => (await Array.fromAsync(operator.list())).length)

/** How often each token stands in each mailbox. */
const mailboxes = (directory: string) =>
  withCore(directory, async ({ directory: book, mailbox, store }) => {
    const { open: openMessage } = createMessageOpener({
      blob: mailbox.blob,
      objects: store.objects,
    })
    const found = new Map<string, Map<string, number>>()
    for (const user of users) {
      const address = parseAddress(user)
      const account = address && (await book.accounts.get(address))
      if (!account) throw new Error(user)
      const tokens = new Map<string, number>()
      const { messages } = await mailbox.snapshot(await mailbox.inbox(account.id))
      for (const message of messages) {
        const open = await openMessage(message)
        if (open === undefined) throw new Error(`no blob for ${message.uid}`)
        const bytes = Buffer.concat(await Array.fromAsync(open.stream()))
        if (bytes.length !== message.size) throw new Error(`size of ${message.uid}`)
        const token = /^Subject: (\S+)\r$/m.exec(bytes.toString('latin1'))?.[1] ?? 'none'
        tokens.set(token, (tokens.get(token) ?? 0) + 1)
      }
      found.set(user, tokens)
    }
    return found
  })

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (await condition()) return
    await systemClock.sleep(100)
  }
  throw new Error('it did not come to pass')
}
