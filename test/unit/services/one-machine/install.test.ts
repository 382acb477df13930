// An installation into the file system of an image: what it makes, that it may be repeated, and that nothing of others is touched.

import { lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { wantedFiles } from '#services/one-machine/install/files.ts'
import { install, uninstall } from '#services/one-machine/install/install.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const program = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '')
const SERVICE = '/etc/systemd/system/postwolke.service'
const TOML = '/etc/postwolke/postwolke.toml'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
const at = (path: string) => join(folder.path, path)
const read = (path: string) => readFile(at(path), 'utf8')

beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder[Symbol.asyncDispose]())

async function run(options: { dryRun?: boolean } = {}) {
  const wanted = await wantedFiles({ program, hostname: 'mx.example.test' })
  const deeds = await install(wanted, {
    root: folder.path,
    dryRun: false,
    service: undefined,
    ...options,
  })
  return Object.fromEntries(deeds.map(({ what, path }) => [path, what]))
}

describe('an installation', () => {
  it('makes everything once, and keeps it', async () => {
    const first = await run()
    expect(new Set(Object.values(first))).toEqual(new Set(['make']))
    expect(await read(SERVICE)).toContain(`ExecStart=${program}/node_modules/.bin/node `)
    expect((await lstat(at('/var/lib/postwolke'))).mode & 0o777).toBe(0o711)
    expect((await lstat(at(TOML))).mode & 0o777).toBe(0o640)
    expect(new Set(Object.values(await run()))).toEqual(new Set(['keep']))
  })

  it('says beforehand what it would do, and does nothing', async () => {
    expect(Object.keys(await run({ dryRun: true }))).toEqual(Object.keys(await run()))
    await uninstall({ root: folder.path, dryRun: true })
    expect(await read(SERVICE)).toContain('[Service]')
  })

  it('brings units up to date, and leaves settings and what others changed or made', async () => {
    await mkdir(at('/etc/logrotate.d'), { recursive: true })
    await writeFile(at('/etc/logrotate.d/postwolke'), 'mine')
    await run()
    await writeFile(at(TOML), 'hostname = "other.test"')
    // As an older version made it.
    const record = JSON.parse(await read('/etc/postwolke/installed.json'))
    const { createHash } = await import('node:crypto')
    record[SERVICE] = createHash('sha256').update('older').digest('hex')
    await writeFile(at('/etc/postwolke/installed.json'), JSON.stringify(record))
    await writeFile(at(SERVICE), 'older')
    await writeFile(at('/etc/systemd/system/postwolke.socket'), 'changed by hand')
    expect(await run()).toMatchObject({
      [SERVICE]: 'update',
      '/etc/systemd/system/postwolke.socket': 'leave',
      '/etc/logrotate.d/postwolke': 'leave',
      [TOML]: 'keep',
    })
    expect(await read('/etc/logrotate.d/postwolke')).toBe('mine')
    const removed = await uninstall({ root: folder.path, dryRun: false })
    expect(removed).toContainEqual({ what: 'remove', path: SERVICE })
    for (const path of [
      TOML,
      '/etc/systemd/system/postwolke.socket',
      '/etc/logrotate.d/postwolke',
    ]) {
      expect(await read(path)).not.toBe('')
    }
  })

  it('is taken away whole where nobody changed anything, but for the mail', async () => {
    await run()
    await writeFile(at('/var/lib/postwolke/store.mdb'), 'mail')
    await uninstall({ root: folder.path, dryRun: false })
    expect(await read('/var/lib/postwolke/store.mdb')).toBe('mail')
    for (const path of [SERVICE, TOML, '/etc/postwolke', '/usr/local/bin/postwolke']) {
      await expect(lstat(at(path))).rejects.toThrow('ENOENT')
    }
    await rm(at('/var/lib/postwolke'), { recursive: true })
  })

  it('writes settings that can be loaded, whose ports the socket unit has', async () => {
    await run()
    const loaded = loadSettings({
      environment: {},
      overrides: [],
      file: { path: TOML, text: await read(TOML) },
    })
    if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
    const { listeners } = loaded.settings
    const names = [
      'smtp',
      'submission',
      'submissions',
      'imap',
      'imaps',
      'pop3',
      'pop3s',
      'managesieve',
      'http',
      'https',
    ] as const
    const ports = names.map((name) => String(listeners[name].port))
    const socket = await read('/etc/systemd/system/postwolke.socket')
    expect([...socket.matchAll(/^ListenStream=(\d+)$/gm)].map(([, port]) => port)).toEqual(ports)
    for (const name of names) expect(listeners[name].address).toEqual([''])
  })

  it.skipIf(!isInstalled('systemd-analyze'))('makes units that systemd takes', async () => {
    await run()
    const units = [SERVICE, '/etc/systemd/system/postwolke.socket'].map(at)
    const verified = await runProgram('systemd-analyze', ['verify', '--man=no', ...units])
    expect(verified).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})
