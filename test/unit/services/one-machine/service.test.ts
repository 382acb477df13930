// The unit for systemd and the page about it.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DELIVERY_GRACE_MS, STOP_GRACE_MS } from '#services/one-machine/system.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const unit = await readFile(join(root, 'services/one-machine/postwolke.service'), 'utf8')
const page = await readFile(join(root, 'docs/service.md'), 'utf8')

const valuesOf = (key: string) =>
  [...unit.matchAll(/^([A-Za-z]+)=(.*)$/gm)].flatMap(([, name, value]) =>
    name === key ? [value] : [],
  )

describe('the unit', () => {
  it('starts the server as its own user, with the right to low ports and no other', () => {
    expect(valuesOf('User')).toEqual(['postwolke'])
    expect(valuesOf('ExecStart')).toEqual([
      expect.stringMatching(
        / \/opt\/postwolke\/services\/cli\/postwolke\.mjs serve --data \/var\/lib\/postwolke /,
      ),
    ])
    for (const key of ['AmbientCapabilities', 'CapabilityBoundingSet']) {
      expect(valuesOf(key)).toEqual(['CAP_NET_BIND_SERVICE'])
    }
    for (const key of ['StateDirectory', 'CacheDirectory', 'LogsDirectory']) {
      expect(valuesOf(key)).toEqual(['postwolke'])
    }
  })

  it('lets it reload, and end in its own time', () => {
    expect(valuesOf('RestartForceExitStatus')).toEqual(['SIGHUP'])
    expect(valuesOf('ExecReload')).toEqual(['/bin/kill -HUP $MAINPID'])
    const seconds = Number(valuesOf('TimeoutStopSec')[0])
    expect(seconds * 1_000).toBeGreaterThan(STOP_GRACE_MS + DELIVERY_GRACE_MS)
  })

  describe.skipIf(!isInstalled('systemd-analyze'))('for systemd', () => {
    it('is right, and exposes little', async () => {
      await using folder = await temporaryFolder()
      const here = join(folder.path, 'postwolke.service')
      await writeFile(here, unit.replaceAll('/opt/postwolke/', root))
      const verified = await runProgram('systemd-analyze', ['verify', '--man=no', here])
      expect(verified).toEqual({ code: 0, stdout: '', stderr: '' })
      const security = ['security', '--offline=true', '--threshold=20', '--no-pager', here]
      expect(await runProgram('systemd-analyze', security)).toMatchObject({ code: 0 })
    })
  })
})

describe('the page', () => {
  it('has settings that can be loaded, with the ports of mail', () => {
    const [, text = ''] = /```toml\n([\s\S]*?)```/.exec(page) ?? []
    const loaded = loadSettings({
      file: { path: 'postwolke.toml', text },
      environment: {},
      overrides: [],
    })
    if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
    const served = Object.values(loaded.settings.listeners).filter(({ enabled }) => enabled)
    const ports = served.map(({ port }) => port)
    expect(ports.toSorted((a, b) => a - b)).toEqual([
      25, 80, 110, 143, 443, 465, 587, 993, 995, 4190,
    ])
  })

  it('names the folders of the unit', () => {
    for (const path of [
      '/opt/postwolke/services/one-machine/postwolke.service',
      '/var/lib/postwolke',
    ]) {
      expect(page).toContain(path)
    }
  })
})
