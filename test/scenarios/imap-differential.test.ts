// Random IMAP sessions on one account against a naive model of its folders. Each session keeps what a client would: how many
// messages there are, as EXISTS and EXPUNGE tell it, and which uid each number is. After each sync point every session's
// view must be the model's.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '#test/support/faults/plan.ts'
import { type ImapAnswer, ImapClient } from '#test/support/imap-client.ts'
import { type ImapServer, startImapServer } from '#test/support/imap-server.ts'
import { runSeed } from '#test/support/seed.ts'

type ModelMessage = { uid: number; flags: Set<string>; readonly text: string }
type ModelFolder = { readonly messages: ModelMessage[]; uidNext: number }
type Model = Map<string, ModelFolder>

const folders = ['INBOX', 'Archive', 'Trash']
const flags = ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '$Label', 'work']
const steps = 250

/** One client with its own idea of the selected folder. */
class Session {
  readonly client: ImapClient
  folder: string | undefined
  /** Uids by number as far as responses told them; 0 for a message not fetched yet. */
  uids: number[] = []
  constructor(client: ImapClient) {
    this.client = client
  }

  async run(command: string, ...literals: string[]): Promise<ImapAnswer> {
    const answer = await this.client.command(command, ...literals)
    for (const line of answer.untagged) this.#hear(line)
    return answer
  }

  #hear(line: string): void {
    const [, number = '', word = ''] = /^(\d+) (\w+)/.exec(line) ?? []
    const n = Number(number)
    if (word === 'EXISTS') {
      expect(n, 'EXISTS never goes down').toBeGreaterThanOrEqual(this.uids.length)
      while (this.uids.length < n) this.uids.push(0)
    }
    if (word === 'EXPUNGE') {
      expect(n, 'EXPUNGE names a message there is').toBeLessThanOrEqual(this.uids.length)
      this.uids.splice(n - 1, 1)
    }
    if (word === 'FETCH') {
      const uid = Number(/UID (\d+)/.exec(line)?.[1] ?? 0)
      const known = this.uids[n - 1]
      if (uid > 0 && known !== undefined) {
        if (known > 0) expect(uid, 'a number keeps its uid').toBe(known)
        this.uids[n - 1] = uid
      }
    }
  }

  async select(folder: string): Promise<void> {
    this.folder = undefined
    this.uids = []
    const answer = await this.run(`SELECT ${folder}`)
    expect(answer.status).toBe('OK')
    this.folder = folder
  }
}

describe('random IMAP sessions', () => {
  let server: ImapServer
  beforeAll(async () => {
    server = await startImapServer()
  })
  afterAll(() => server.stop())

  const seeds = [1, 2, 3, runSeed]
  it.each(seeds)(
    'agree with a naive model (seed %i)',
    async (seed) => {
      const random = seededRandom(seed)
      const pick = <T>(items: readonly T[]): T => {
        const item = items[Math.floor(random() * items.length)]
        if (item === undefined) throw new Error('nothing to pick')
        return item
      }
      const login = `diff${seed}@example.test`
      const model: Model = new Map(folders.map((name) => [name, { messages: [], uidNext: 1 }]))
      const sessions: Session[] = []
      for (let i = 0; i < 2 + (seed % 3); i++) {
        const session = new Session(await ImapClient.login(server.port, login))
        await session.select(pick(folders))
        sessions.push(session)
      }
      for (let step = 0; step < steps; step++) {
        await act(pick(sessions), model, random, pick, step)
        if (step % 10 === 9) for (const session of sessions) await sync(session, model)
      }
      for (const { client } of sessions) client.close()
    },
    60_000,
  )
})

const folderOf = (model: Model, name: string): ModelFolder => {
  const folder = model.get(name)
  if (folder === undefined) throw new Error(name)
  return folder
}

function copyInto(folder: ModelFolder, message: ModelMessage): void {
  folder.messages.push({ ...message, flags: new Set(message.flags), uid: folder.uidNext++ })
}

async function act(
  session: Session,
  model: Model,
  random: () => number,
  pick: <T>(items: readonly T[]) => T,
  step: number,
): Promise<void> {
  const name = session.folder
  if (name === undefined) return
  const here = folderOf(model, name)
  // Only uids this session has been told; it may not know that some are gone.
  const known = session.uids.filter((uid) => uid > 0)
  const uids = known.filter(() => random() < 0.4)
  const alive = here.messages.filter((message) => uids.includes(message.uid))
  const roll = random()
  if (roll < 0.3 || known.length === 0) {
    const into = pick(folders)
    const text = `Subject: message ${step}\r\n\r\nbody ${step}\r\n`
    const given = flags.filter(() => random() < 0.2)
    const answer = await session.run(
      `APPEND ${into} (${given.join(' ')}) {${text.length}}`,
      `${text}\r\n`,
    )
    expect(answer.status, answer.text).toBe('OK')
    copyInto(folderOf(model, into), { uid: 0, flags: new Set(given), text })
    await session.run('FETCH 1:* (UID)')
  } else if (uids.length === 0) await session.run('NOOP')
  else if (roll < 0.5) {
    const change = flags.filter(() => random() < 0.3)
    const mode = pick(['+', '-', ''])
    const silent = pick(['', '.SILENT'])
    const answer = await session.run(
      `UID STORE ${uids.join(',')} ${mode}FLAGS${silent} (${change.join(' ')})`,
    )
    expect(answer.status, answer.text).toBe('OK')
    for (const message of alive) {
      if (mode === '') message.flags = new Set(change)
      for (const flag of change) {
        if (mode === '+') message.flags.add(flag)
        if (mode === '-') message.flags.delete(flag)
      }
    }
  } else if (roll < 0.6) {
    const into = pick(folders)
    expect((await session.run(`UID COPY ${uids.join(',')} ${into}`)).status).toBe('OK')
    for (const message of alive) copyInto(folderOf(model, into), message)
  } else if (roll < 0.7) {
    const into = pick(folders.filter((other) => other !== name))
    expect((await session.run(`UID MOVE ${uids.join(',')} ${into}`)).status).toBe('OK')
    for (const message of alive) {
      here.messages.splice(here.messages.indexOf(message), 1)
      copyInto(folderOf(model, into), message)
    }
  } else if (roll < 0.78) {
    expect((await session.run('EXPUNGE')).status).toBe('OK')
    here.messages.splice(
      0,
      here.messages.length,
      ...here.messages.filter((message) => !message.flags.has('\\Deleted')),
    )
  } else if (roll < 0.84) {
    expect((await session.run(`UID EXPUNGE ${uids.join(',')}`)).status).toBe('OK')
    here.messages.splice(
      0,
      here.messages.length,
      ...here.messages.filter(
        (message) => !(message.flags.has('\\Deleted') && uids.includes(message.uid)),
      ),
    )
  } else if (roll < 0.9) {
    await session.run('NOOP')
    const answer = await session.run('UID SEARCH SEEN UNFLAGGED')
    const found = answer.untagged.find((line) => line.startsWith('SEARCH')) ?? ''
    const numbers = found.split(' ').slice(1).map(Number)
    const expected = here.messages
      .filter((message) => message.flags.has('\\Seen') && !message.flags.has('\\Flagged'))
      .map((message) => message.uid)
    expect(numbers).toEqual(expected)
  } else if (roll < 0.95) {
    const answer = await session.run(`UID FETCH ${uids.join(',')} (BODY.PEEK[])`)
    for (const message of alive) {
      expect(answer.untagged.some((line) => line.includes(message.text))).toBe(true)
    }
  } else await session.select(pick(folders))
}

/** The session catches up, and then sees what the model has. */
async function sync(session: Session, model: Model): Promise<void> {
  const { folder } = session
  if (folder === undefined) return
  await session.run('NOOP')
  const count = session.uids.length
  const expected = folderOf(model, folder).messages
  expect(count, `messages in ${folder}`).toBe(expected.length)
  if (count === 0) return
  const answer = await session.run('FETCH 1:* (UID FLAGS)')
  const seen = answer.untagged
    .filter((line) => / FETCH /.test(line))
    .map((line) => ({
      uid: Number(/UID (\d+)/.exec(line)?.[1]),
      flags: (/FLAGS \(([^)]*)\)/.exec(line)?.[1] ?? '').split(' ').filter(Boolean).sort(),
    }))
  expect(seen).toEqual(
    expected.map((message) => ({ uid: message.uid, flags: [...message.flags].sort() })),
  )
  expect(session.uids).toEqual(expected.map((message) => message.uid))
}
