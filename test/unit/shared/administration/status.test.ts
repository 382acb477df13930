import { expect, it } from 'vitest'
import type { Machine, ServerFacts } from '#shared/administration/status.ts'
import { openAdministration } from '#test/support/administration.ts'

const disk = { freeBytes: 1, bytes: 2 }
const certificate = { kind: 'unreadable', file: '/c' } as const
const server: ServerFacts = {
  pid: 1,
  started: 'now',
  version: '1',
  listeners: [],
  certificateFile: '/c',
}
const machine = (running: ServerFacts | undefined): Machine => ({
  server: async () => running,
  disk: async () => disk,
  certificate: async () => certificate,
})

it('tells how much waits, and how the machine is', async () => {
  await using world = await openAdministration()
  await world.pipeline.accept('Subject: x\r\n\r\nHello\r\n', ['far@away.test'])
  const { status } = world.administration
  const queue = { incoming: 1, waiting: 0, held: 0 }
  expect(await status.read(machine(server))).toEqual({ queue, server, disk, certificate })
  // Nobody serves, so nobody shows a certificate.
  expect(await status.read(machine(undefined))).toEqual({
    queue,
    server: undefined,
    disk,
    certificate: undefined,
  })
})
