import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createMachine } from '#services/one-machine/machine.ts'
import type { ServerFacts } from '#shared/administration/status.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { lockForServing } from '#shared/storage/embedded/serving-lock.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const DAY_MS = 86_400_000
const nowMs = Date.UTC(2026, 10, 20)
const clock = { now: () => nowMs, sleep: async () => {} }

it('tells who serves its folder: first that it starts, then where it listens', async () => {
  await using folder = await temporaryFolder()
  const machine = createMachine({ directory: folder.path, clock })
  expect(await machine.server()).toBeUndefined()
  await using lock = await lockForServing(folder.path, nowMs)
  expect(await machine.server()).toMatchObject({
    pid: process.pid,
    version: null,
    listeners: [],
    certificateFile: '',
  })
  const listeners = [{ name: 'imaps', address: '::', port: 993 }] as const
  await lock.tell({ version: '1.2', listeners, certificateFile: '/c' })
  expect(await machine.server()).toMatchObject({ version: '1.2', listeners, certificateFile: '/c' })
})

it('tells how full its disk is', async () => {
  await using folder = await temporaryFolder()
  const { freeBytes, bytes } = await createMachine({ directory: folder.path, clock }).disk()
  expect(freeBytes).toBeGreaterThan(0)
  expect(bytes).toBeGreaterThan(freeBytes)
})

it('tells how long the certificate is good', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'c.pem')
  const server = (certificateFile: string): ServerFacts => ({
    pid: 1,
    started: '',
    version: '1',
    listeners: [],
    certificateFile,
  })
  const read = (laterMs = 0) =>
    createMachine({
      directory: folder.path,
      clock: { ...clock, now: () => nowMs + laterMs },
    }).certificate(server(file))
  expect(await read()).toEqual({ kind: 'unreadable', file })
  await writeFile(file, makeSelfSigned('mail.test', new Date(nowMs)).cert)
  const found = await read()
  if (found?.kind !== 'readable') throw new Error(found?.kind)
  expect(found.names).toContain('mail.test')
  expect(found.daysLeft).toBe(Math.floor((found.expiresMs - nowMs) / DAY_MS))
  expect(await read((found.daysLeft + 2) * DAY_MS)).toMatchObject({ daysLeft: -2 })
  const none = createMachine({ directory: folder.path, clock }).certificate(server(''))
  expect(await none).toBeUndefined()
})
