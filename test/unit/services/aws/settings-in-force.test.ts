import { describe, expect, it } from 'vitest'
import type { Backend } from '#services/assembly/backend.ts'
import { remade } from '#services/aws/running.ts'
import { openSettingsInForce, SETTINGS_LOOKED_AT_MS } from '#services/aws/settings-in-force.ts'
import { loadDeployedSettings } from '#shared/settings/deployed.ts'
import type { StoredSettings } from '#shared/settings/load.ts'
import { MemoryLog } from '#test/support/memory-log.ts'

const environment = { POSTWOLKE_HOSTNAME: 'mx.example.test', POSTWOLKE_HOPCOUNT_LIMIT: '30' }
const load = async (stored: StoredSettings) =>
  loadDeployedSettings({ environment, overrides: [], stored })

async function open(stored: { [path: string]: string }) {
  const log = new MemoryLog()
  const world = { nowMs: 0, reads: 0, isAway: false, changed: 0 }
  const loaded = await load({})
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
  const inForce = await openSettingsInForce({
    store: {
      async read() {
        world.reads++
        if (world.isAway) throw new Error('away')
        return { ...stored }
      },
    },
    load,
    settings: loaded.settings,
    clock: { now: () => world.nowMs },
    log,
    onChange: () => world.changed++,
  })
  return { inForce, world, log, later: () => (world.nowMs += SETTINGS_LOOKED_AT_MS) }
}

describe('settings in force', () => {
  it('are those that are stored, from the first moment on', async () => {
    const { inForce, log } = await open({ minimalBackoffTime: '7m' })
    expect((await inForce.look()).minimalBackoffTime).toBe(7 * 60_000)
    expect(log.find('settings changed')).toMatchObject({ changed: ['minimalBackoffTime'] })
  })

  it('are asked for once in so many seconds, by all who wait together', async () => {
    const { inForce, world, later } = await open({})
    await inForce.look()
    expect(world.reads).toBe(1)
    later()
    await Promise.all([inForce.look(), inForce.look(), inForce.look()])
    expect(world.reads).toBe(2)
  })

  it('are the same object while nothing changed, and another one when something did, and back', async () => {
    const stored: { [path: string]: string } = {}
    const { inForce, world, later } = await open(stored)
    const first = await inForce.look()
    later()
    expect(await inForce.look()).toBe(first)
    stored.minimalBackoffTime = '7m'
    expect(await inForce.look()).toBe(first)
    later()
    const second = await inForce.look()
    expect(second.minimalBackoffTime).toBe(7 * 60_000)
    delete stored.minimalBackoffTime
    later()
    expect((await inForce.look()).minimalBackoffTime).toBe(first.minimalBackoffTime)
    expect(world.changed).toBe(2)
  })

  it('leave what the deployment says to it, and what needs a new start as it was', async () => {
    const { inForce } = await open({
      hopcountLimit: '9',
      hostname: 'mx.evil.test',
      smtpdTlsCAfile: '/x',
      imapAccountConnectionCountLimit: '1',
    })
    const settings = await inForce.look()
    expect(settings.hopcountLimit).toBe(30)
    expect(settings.hostname).toBe('mx.example.test')
    expect(settings.smtpdTlsCAfile).toBe('')
    expect(settings.imapAccountConnectionCountLimit).not.toBe(1)
  })

  it('leave out what cannot be used, and say so once', async () => {
    const { inForce, log, later } = await open({ minimalBackoffTime: 'soon', hopcountLimit: '9' })
    later()
    await inForce.look()
    const told = log.lines.filter(({ message }) => message === 'stored setting not used')
    expect(told.map(({ fields }) => fields.setting)).toEqual(['minimalBackoffTime'])
  })

  it('stay as they are while the store does not answer, and are asked for again', async () => {
    const stored: { [path: string]: string } = { minimalBackoffTime: '7m' }
    const { inForce, world, log, later } = await open(stored)
    world.isAway = true
    later()
    expect((await inForce.look()).minimalBackoffTime).toBe(7 * 60_000)
    expect(log.find('changed settings not taken over')).toBeDefined()
    world.isAway = false
    stored.minimalBackoffTime = '8m'
    later()
    expect((await inForce.look()).minimalBackoffTime).toBe(8 * 60_000)
  })
})

describe('what an entry makes of them', () => {
  it('is made once for each backend', async () => {
    let backend = {} as Backend
    const made: Backend[] = []
    const current = remade(
      async () => backend,
      async (from) => made.push(from),
    )
    expect([await current(), await current()]).toEqual([1, 1])
    backend = {} as Backend
    expect([await current(), await current()]).toEqual([2, 2])
  })
})
