// Between any two pieces of work others have their turn: counted by how often a turn is offered, whatever time it takes.

import { afterEach, describe, expect, it, vi } from 'vitest'
import { LISTING_LINES_PER_WRITE } from '#services/pop3/config.ts'
import { turns } from '#shared/runtime/turns.ts'
import { FakeMailbox, password, startPop3 } from '#test/support/pop3-fakes.ts'
import { Connection } from '#test/transcripts/connection.ts'

let resources = new AsyncDisposableStack()
afterEach(async () => {
  await resources.disposeAsync()
  resources = new AsyncDisposableStack()
})

/** Turns offered until a client that sends these commands in one go has got all answers. */
async function offered(mailbox: FakeMailbox, commands: string): Promise<number> {
  const { listener, port } = await startPop3({ mailbox })
  resources.defer(() => listener.close({ graceMs: 0 }))
  const client = await Connection.open({ port })
  resources.defer(() => client.destroy())
  using step = vi.spyOn(turns, 'step')
  await client.write(Buffer.from(`USER alice\r\nPASS ${password}\r\n${commands}QUIT\r\n`))
  await client.readToEnd('answers')
  return step.mock.calls.length
}

describe('others have their turn', () => {
  it('between pipelined commands', async () => {
    const mailbox = new FakeMailbox(['a'])
    expect(await offered(mailbox, 'NOOP\r\n'.repeat(1_000))).toBeGreaterThan(1_000)
    expect(await offered(mailbox, 'LIST 1\r\n'.repeat(1_000))).toBeGreaterThan(1_000)
  })

  it('within a listing and a message', async () => {
    const many = new FakeMailbox(Array.from({ length: 5 * LISTING_LINES_PER_WRITE }, () => 'a'))
    const few = await offered(new FakeMailbox(['a']), 'LIST\r\nUIDL\r\n')
    expect(await offered(many, 'LIST\r\nUIDL\r\n')).toBeGreaterThanOrEqual(few + 10)
    const large = new FakeMailbox(['x'.repeat(100 * 65_536)])
    expect(await offered(large, 'RETR 1\r\n')).toBeGreaterThan(100)
  })
})
