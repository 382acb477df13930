import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { freePort } from '#test/support/server-process.ts'

const PORTS = 100

it('gives no port twice, though nobody listens there yet', async () => {
  const ports: number[] = []
  for (let n = 0; n < PORTS; n++) ports.push(await freePort())
  expect(new Set(ports).size).toBe(PORTS)
})

it('leaves to each process that runs tests some of its own', async () => {
  const module = new URL('../../support/server-process.ts', import.meta.url)
  const script = `
    const { freePort } = await import('${module}')
    for (let n = 0; n < ${PORTS}; n++) console.log(await freePort())`
  const ours = new Set<number>()
  for (let n = 0; n < PORTS; n++) ours.add(await freePort())
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    script,
  ])
  const others = stdout.trim().split('\n').map(Number)
  expect(others).toHaveLength(PORTS)
  expect(others.filter((port) => ours.has(port))).toEqual([])
})
