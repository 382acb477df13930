// Backups of a server under load: what is restored is a state that was, of every folder, and nothing that was promised before is
// missing. And kills in the middle of backup, restore and compaction, after each of which all is there.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBackend } from '#services/assembly/backend.ts'
import { createMessageOpener } from '#shared/message/message-opener.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { seededRandom } from '#test/support/seed.ts'
import {
  freePorts,
  runCommand,
  type ServerProcess,
  startServer,
} from '#test/support/server-process.ts'
import { messageBody, sendLoad } from '#test/support/smtp-load.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const cli = fileURLToPath(new URL('../../services/cli/postwolke.mjs', import.meta.url))
const writers = ['W0', 'W1', 'W2']
const senders = 1
const random = seededRandom('backup under load')
const LARGE_BYTES = 70_000

/** What one writer did, in order; done: it was answered. */
type Deed =
  | { readonly do: 'append'; readonly token: string; readonly bytes: number }
  | { readonly do: 'flag'; readonly uid: number }
  | { readonly do: 'expunge'; readonly uid: number }
type Journal = { readonly deeds: Deed[]; done: number }

type Holder = Awaited<ReturnType<typeof temporaryFolder>>
let folder: Holder
let server: ServerProcess
const journals = writers.map((): Journal => ({ deeds: [], done: 0 }))
const accepted: string[] = []
let isOver = false
let load: Promise<unknown>

const data = () => join(folder.path, 'data')
const at = (name: string) => join(folder.path, name)

async function postwolke(directory: string, ...words: string[]) {
  const { code, stdout, stderr } = await runCommand(directory, words)
  return { code, text: stdout + stderr }
}

beforeAll(async () => {
  folder = await temporaryFolder()
  await postwolke(data(), 'domain', 'add', 'example.test')
  await runCommand(data(), ['account', 'add', 'ann@example.test', '--password-stdin'], 'secretword')
  server = await startServer(data(), await freePorts(), ['disablePlaintextAuth=false'])
  load = Promise.all([
    ...writers.map((name, n) => write(name, journals[n] as Journal)),
    ...Array.from({ length: senders }, (_, n) => send(n)),
  ])
  // Told where it is awaited.
  load.catch(() => undefined)
})
afterAll(async () => {
  isOver = true
  await server?.[Symbol.asyncDispose]()
  await folder?.[Symbol.asyncDispose]()
})

async function write(name: string, journal: Journal): Promise<void> {
  const client = await ImapClient.login(server.ports.imap)
  await client.ok(`CREATE ${name}`)
  await client.ok(`SELECT ${name}`)
  for (let n = 0; !isOver; n++) {
    const state = stateAfter(journal.deeds)
    const [uid] = state.size > 0 && random() < 0.4 ? pick([...state.keys()]) : []
    const deed: Deed =
      uid === undefined
        ? { do: 'append', token: `${name}-${n}`, bytes: random() < 0.3 ? LARGE_BYTES : 500 }
        : { do: random() < 0.7 ? 'flag' : 'expunge', uid }
    journal.deeds.push(deed)
    await carryOut(client, name, deed)
    journal.done++
    await delay(4)
  }
  client.close()
}

const pick = <T>(all: readonly T[]): T[] => all.slice(Math.floor(random() * all.length)).slice(0, 1)

const textOf = (token: string, bytes: number) =>
  messageBody(token, bytes).toString('latin1').slice(0, -'.\r\n'.length)

async function carryOut(client: ImapClient, name: string, deed: Deed): Promise<void> {
  switch (deed.do) {
    case 'append':
      return void (await client.append(name, textOf(deed.token, deed.bytes)))
    case 'flag':
      return void (await client.ok(`UID STORE ${deed.uid} +FLAGS (\\Flagged)`))
    case 'expunge':
      await client.ok(`UID STORE ${deed.uid} +FLAGS (\\Deleted)`)
      await client.ok(`UID EXPUNGE ${deed.uid}`)
  }
}

type Message = { token: string; bytes: number; isFlagged: boolean }

/** Uids as the server has to give them: one after the other. */
function stateAfter(deeds: readonly Deed[]): Map<number, Message> {
  const state = new Map<number, Message>()
  let uidNext = 1
  for (const deed of deeds) {
    if (deed.do === 'append') state.set(uidNext++, { ...deed, isFlagged: false })
    else if (deed.do === 'expunge') state.delete(deed.uid)
    else {
      const message = state.get(deed.uid)
      if (message) message.isFlagged = true
    }
  }
  return state
}

function send(sender: number): Promise<void> {
  let n = 0
  return sendLoad({
    port: server.ports.smtp,
    next() {
      if (isOver) return undefined
      const token = `smtp-${sender}-${n++}`
      const message = { token, recipients: ['ann@example.test'] }
      return { message, body: messageBody(token, n % 4 === 0 ? LARGE_BYTES : 1_000) }
    },
    accepted: ({ token }) => accepted.push(token),
  })
}

const written = (state: ReadonlyMap<number, Message>) =>
  [...state].map(([uid, one]) => `${uid} ${one.token}${one.isFlagged ? ' flagged' : ''}`)

/** Waits until there is something to back up. */
async function someMore(): Promise<void> {
  const before = journals.map(({ done }) => done)
  const isMore = () =>
    journals.every(({ done }, n) => done >= (before[n] ?? 0) + 25) && accepted.length > 10
  while (!isMore()) await delay(20)
}

/** What every folder has, and every message's bytes compared with what was written. */
async function contentOf(directory: string) {
  const loaded = loadSettings({ environment: {}, overrides: [] })
  if (loaded.kind !== 'ok') throw new Error('settings')
  await using store = await openEmbeddedStore({ directory })
  const { settings } = loaded
  const backend = createBackend({ store, settings, clock: systemClock, log: silentLog })
  const ann = await backend.directory.accounts.get({
    local: 'ann',
    domain: 'example.test' as never,
  })
  if (ann === undefined) throw new Error('no account')
  const { mailbox } = backend
  const opener = createMessageOpener({ blob: mailbox.blob, objects: store.objects })
  const folders = new Map<string, Map<number, Message>>()
  for (const one of await mailbox.folders.all(ann.id)) {
    const found = new Map<number, Message>()
    folders.set(one.name, found)
    for (const message of (await mailbox.snapshot(one)).messages) {
      const open = await opener.open(message)
      const bytes = Buffer.concat((await Array.fromAsync(open?.stream() ?? [])) as Buffer[])
      const text = bytes.toString('latin1')
      const token = /^Subject: (.*)\r$/m.exec(text)?.[1] ?? ''
      const length = [500, LARGE_BYTES, 1_000].find((n) => text.endsWith(textOf(token, n)))
      if (length === undefined) throw new Error(`${one.name} ${message.uid} is torn`)
      const isFlagged = message.flags.includes('\\Flagged')
      found.set(message.uid, { token, bytes: length, isFlagged })
    }
  }
  const queued =
    (await backend.operator.count()).incoming + (await backend.operator.count()).waiting
  return { folders, queued }
}

describe('a backup under load', () => {
  it('restores to a sound store that is a moment of every folder, whole and incremental', async () => {
    for (const round of ['first', 'again']) {
      await someMore()
      const before = journals.map(({ done }) => done)
      const promised = [...accepted]
      const made = await postwolke(data(), 'backup', at('backup'))
      expect(made).toMatchObject({ code: 0 })
      const began = journals.map(({ deeds }) => deeds.length)
      // The load goes on while it is restored.
      const restored = at(`restored-${round}`)
      expect(await postwolke(restored, 'restore', at('backup'))).toMatchObject({ code: 0 })
      expect((await postwolke(restored, 'check')).text).toBe('everything fits\n')
      const { folders, queued } = await contentOf(restored)
      for (const [n, name] of writers.entries()) {
        const found = written(folders.get(name) ?? new Map())
        const deeds = journals[n]?.deeds ?? []
        // Expunging is two commands: the flag of the first says nothing here.
        const moments = Array.from({ length: (began[n] ?? 0) - (before[n] ?? 0) + 1 }, (_, k) =>
          written(stateAfter(deeds.slice(0, (before[n] ?? 0) + k))),
        )
        expect(moments.map((moment) => moment.join()).includes(found.join())).toBe(true)
      }
      const delivered = new Set([...(folders.get('INBOX')?.values() ?? [])].map((one) => one.token))
      const missing = promised.filter((token) => !delivered.has(token))
      expect(missing.length).toBeLessThanOrEqual(queued)
    }
    isOver = true
    await load
    expect(await server.end('SIGTERM')).toBe(0)
    expect(await postwolke(data(), 'check')).toEqual({ code: 0, text: 'everything fits\n' })
  })

  it('copies only what is new, and keeps nothing of what is gone', async () => {
    const { text } = await postwolke(data(), 'backup', at('backup'), '--json')
    const first = JSON.parse(text)
    expect(first.objectFiles.files).toBeGreaterThan(first.copied.files)
    const again = JSON.parse((await postwolke(data(), 'backup', at('backup'), '--json')).text)
    expect(again.copied).toEqual({ files: 0, bytes: 0 })
    expect(await postwolke(data(), 'backup', at('backup'), '--verify')).toMatchObject({ code: 0 })
    expect((await readdir(at('backup'))).map((name) => name.replace(/-.*/, '')).toSorted()).toEqual(
      ['manifest.json', 'objects', 'objects', 'rest', 'store'],
    )
  })
})

describe('a kill', () => {
  /** Kills the command as soon as the file is there. */
  async function killWhen(file: () => boolean, directory: string, ...words: string[]) {
    const child = spawn(process.execPath, [cli, ...words, '--data', directory], { stdio: 'ignore' })
    const ended = once(child, 'exit')
    while (!file() && child.exitCode === null) await delay(1)
    child.kill('SIGKILL')
    await ended
    return child.signalCode
  }

  it('of a backup leaves the one before, and the next one is whole', async () => {
    const before = await readdir(at('backup'))
    const isBegun = () => filesIn(at('backup')).some((name) => !before.includes(name))
    expect(await killWhen(isBegun, data(), 'backup', at('backup'))).toBe('SIGKILL')
    expect(await postwolke(data(), 'backup', at('backup'), '--verify')).toMatchObject({ code: 0 })
    // Its pin would hold another one back for five minutes: the server's and ours know better.
    const next = await postwolke(data(), 'backup', at('backup'))
    expect(next).toMatchObject({ code: 0 })
    expect(await readdir(at('backup'))).toHaveLength(before.length)
  })

  it('of a restore leaves a folder that says so, and can be restored again', async () => {
    const target = at('interrupted')
    const isBegun = () => existsSync(join(target, 'maintenance.json'))
    expect(await killWhen(isBegun, target, 'restore', at('backup'))).toBe('SIGKILL')
    const refused = await postwolke(target, 'domain', 'add', 'other.test')
    expect(refused.code).toBe(69)
    expect(refused.text).toContain('a restore of it has not come to its end; run it again')
    expect(await postwolke(target, 'restore', at('backup'))).toMatchObject({ code: 0 })
    expect((await postwolke(target, 'check')).text).toBe('everything fits\n')
  })

  it('of a compaction leaves the store as it was, and another one makes it smaller', async () => {
    const isBegun = () => existsSync(join(data(), 'store.mdb.compacted'))
    expect(await killWhen(isBegun, data(), 'compact')).toBe('SIGKILL')
    expect(await postwolke(data(), 'check')).toMatchObject({ code: 0 })
    const before = (await stat(join(data(), 'store.mdb'))).size
    const content = await contentOf(data())
    expect(await postwolke(data(), 'compact')).toMatchObject({ code: 0 })
    expect((await stat(join(data(), 'store.mdb'))).size).toBeLessThan(before)
    expect(await postwolke(data(), 'check')).toMatchObject({ code: 0 })
    expect(await contentOf(data())).toEqual(content)
    expect(existsSync(join(data(), 'store.mdb.compacted'))).toBe(false)
  })
})

function filesIn(path: string): readonly string[] {
  return existsSync(path) ? readdirSync(path) : []
}
