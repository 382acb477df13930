// What many sessions hold together stays under the budgets of memory.ts, and who asks for too much is told.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { COMMAND_BYTES_FREE, createMemory } from '#services/imap/memory.ts'
import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { startImapServer } from '#test/support/imap-server.ts'

let resources = new AsyncDisposableStack()
afterEach(async () => {
  await resources.disposeAsync()
  resources = new AsyncDisposableStack()
})

async function start(budgetBytes: number) {
  const memory = { ...createMemory(), commands: new ByteBudget(budgetBytes) }
  const server = await startImapServer({ memory })
  resources.defer(server.stop)
  const login = async () => {
    const client = await ImapClient.login(server.port)
    resources.defer(() => client.close())
    return client
  }
  return { memory, login, port: server.port }
}

const value = (bytes: number) => `{${bytes}+}\r\n${'x'.repeat(bytes)}`
const search = (...bytes: readonly number[]) =>
  `SEARCH${bytes.map((n) => ` TEXT ${value(n)}`).join('')}`
const KB = 1024

describe('memory for commands', () => {
  it('is shared by all sessions, is given back with the answer, and small commands need none', async () => {
    const { memory, login } = await start(100 * KB)
    const [one, other] = [await login(), await login()]
    // Not whole: its last line is missing.
    one.send(`a ${search(50 * KB, 50 * KB)}`)
    await vi.waitFor(() => expect(memory.commands.taken).toBeGreaterThan(65 * KB))
    const tooMuch = search(50 * KB, 20 * KB)
    expect(await other.command(tooMuch)).toMatchObject({
      status: 'NO',
      text: expect.stringMatching(/^\[LIMIT\]/),
    })
    expect((await other.command(search(COMMAND_BYTES_FREE - 100))).text).not.toMatch(/LIMIT/)
    await other.append('INBOX', 'Subject: streamed\r\n\r\n'.padEnd(200_000, 'x'))
    one.send('\r\n')
    expect(await one.line()).toMatch(/^a BAD/)
    expect(memory.commands.taken).toBe(0)
    expect((await other.command(tooMuch)).text).not.toMatch(/LIMIT/)
  })

  it('is given back whatever becomes of the command or its client', async () => {
    const { memory, login } = await start(100 * KB)
    const client = await login()
    for (const command of [
      search(90 * KB, 90 * KB),
      `${search(50 * KB)} ${'x'.repeat(70_000)}`,
      `NONSENSE ${value(60 * KB)}`,
      `${search(60 * KB)} TEXT {600000+}\r\n${'y'.repeat(600_000)}`,
    ]) {
      expect((await client.command(command)).status).toMatch(/NO|BAD/)
      expect(memory.commands.taken).toBe(0)
    }
    client.send(`a ${search(60 * KB)}`)
    await vi.waitFor(() => expect(memory.commands.taken).toBeGreaterThan(0))
    client.close()
    await vi.waitFor(() => expect(memory.commands.taken).toBe(0))
  })

  it('is taken by the small messages of MULTIAPPEND until the last has come', async () => {
    const { memory, login } = await start(100 * KB)
    const client = await login()
    const message = (bytes: number) => value(bytes).replace('xxxx', 'A: b')
    client.send(`a APPEND INBOX ${message(40 * KB)} ${message(40 * KB)} {10}\r\n`)
    expect(await client.line()).toMatch(/^\+/)
    expect(memory.commands.taken).toBeGreaterThan(80 * KB)
    client.send('A: b\r\n\r\nxy\r\n')
    expect(await client.line()).toMatch(/^a OK/)
    expect(memory.commands.taken).toBe(0)
    // Nothing is appended then, nor executed.
    expect(
      await client.command(
        `APPEND INBOX${` "20-Nov-2026 10:00:00 +0000" ${message(40 * KB)}`.repeat(4)}`,
      ),
    ).toMatchObject({ status: 'NO', text: expect.stringMatching(/^\[LIMIT\]/) })
    expect(memory.commands.taken).toBe(0)
    expect((await client.ok('STATUS INBOX (MESSAGES)')).untagged).toEqual([
      'STATUS INBOX (MESSAGES 3)',
    ])
    // One message needs none.
    memory.commands.tryTake(100 * KB)
    await client.ok(`APPEND INBOX ${message(200 * KB)}`)
  })

  it('is nothing that a stranger can take', async () => {
    const { memory, port } = await start(100 * KB)
    const clients = await Promise.all(Array.from({ length: 10 }, () => ImapClient.connect(port)))
    const literal = value(4_000)
    for (const client of clients) {
      client.send(`a LOGIN ${Array.from({ length: 10 }, () => literal).join(' ')}`)
      expect(await client.line()).toMatch(/^a NO \[TOOBIG\]/)
      client.send('\r\nb NOOP\r\n')
      expect(await client.line()).toMatch(/^b OK/)
      client.close()
    }
    expect(memory.commands.taken).toBe(0)
  })
})
