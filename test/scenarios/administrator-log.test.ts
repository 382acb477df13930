// What commands leave for the log of the system: everything that was changed, nothing that is secret.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTakeOver } from '#services/assembly/administrator-log.ts'
import { type Log, type LogFields, silentLog } from '#shared/runtime/log.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { commandLine } from '#test/support/command-line.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { cryptVectors } from '#test/unit/shared/auth/crypt-vectors.ts'

const [[, hash] = ['', '']] = cryptVectors

describe("an administrator's log", () => {
  let resources: AsyncDisposableStack
  let folder: string

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    folder = resources.use(await temporaryFolder()).path
    await run(['domain', 'add', 'a.test'])
    await taken()
  })
  afterEach(() => resources.disposeAsync())

  const run = (words: readonly string[], input = '') =>
    commandLine([...words, '--data', folder], { input })

  async function taken(): Promise<readonly LogFields[]> {
    const lines: LogFields[] = []
    const info: Log['info'] = (fields, message) => void lines.push({ ...fields, message })
    await using store = await openEmbeddedStore({ directory: folder })
    const takeOver = createTakeOver(store.tables.counters, { ...silentLog, info })
    await Promise.all([takeOver(), takeOver()])
    return lines
  }

  it('has no hash, wherever it was given', async () => {
    await run(['account', 'add', 'ann@a.test', '--password-hash', hash, '--quota', '2GB'])
    await run(['account', 'set', 'ann@a.test', `--password-hash=${hash}`])
    await run(['account', 'set', 'ben@a.test', `--password-hash=${hash}`])
    await run(['account', 'add', 'cat@a.test', '--hash-stdin'], hash)
    await run(['account', 'import', '-'], `dan@a.test:${hash}\n`)
    await run(['account', 'import', '-'], `none:${hash}\n`)
    const lines = await taken()
    expect(lines).toMatchObject([
      {
        command: 'account add',
        arguments: 'ann@a.test',
        options: '{"passwordHash":"[hidden]","quota":"2GB"}',
        message: 'changed by administrator',
      },
      { command: 'account set', message: 'changed by administrator' },
      { command: 'account set', message: 'command of administrator failed' },
      { command: 'account add', options: '{"hashStdin":true}' },
      { added: 1, message: 'accounts imported' },
      { command: 'account import', arguments: '-', message: 'changed by administrator' },
      { command: 'account import', message: 'command of administrator failed' },
    ])
    expect(JSON.stringify(lines)).not.toContain(hash.slice(-8))
  })

  it('says what was changed, how it was before and how it is after', async () => {
    await run(['account', 'add', 'ann@a.test', '--password-hash', hash])
    await run(['account', 'set', 'ann@a.test', '--quota', '2GB', '--password-stdin'], 'secretword')
    await run(['account', 'remove', 'ann@a.test'])
    await run(['account', 'remove', 'ann@a.test'])
    const facts = { enabled: true, shared: false, quotaBytes: null }
    const quotaBytes = 2 * 1024 ** 3
    const change = { what: 'account', name: 'ann@a.test' }
    const lines = await taken()
    expect(lines.map(({ changes }) => changes)).toEqual([
      [{ ...change, before: null, after: facts }],
      [{ ...change, before: facts, after: { ...facts, quotaBytes, password: 'replaced' } }],
      [{ ...change, before: { ...facts, quotaBytes }, after: null }],
      undefined,
    ])
    expect(JSON.stringify(lines)).not.toContain('secret')
  })

  it('is told once, however many commands ended at a time', async () => {
    for (const name of ['b', 'c', 'd']) await run(['domain', 'add', `${name}.test`])
    expect(await taken()).toHaveLength(3)
  })

  it('says who gave a command that is too long to be told', async () => {
    const targets = Array.from({ length: 90 }, (_, n) => `${'x'.repeat(50)}${n}@far.test`)
    expect(await run(['alias', 'add', 'all@a.test', ...targets])).toMatchObject({ code: 0 })
    expect(await taken()).toMatchObject([
      {
        by: expect.stringMatching(/./),
        command: 'alias add',
        arguments: expect.stringMatching(/^all@a\.test x{50}0@far\.test .*…$/),
      },
    ])
  })

  it('tells of an import that was done in part, and of none that only looked', async () => {
    await run(['account', 'import', '-'], `ann@a.test:${hash}\n`)
    await taken()
    const file = `address,password_hash,quota\nann@a.test,${hash},1GB\nben@a.test,${hash},\n`
    expect(await run(['account', 'import', '-', '--dry-run'], file)).toMatchObject({ code: 65 })
    expect(await taken()).toEqual([])
    expect(await run(['account', 'import', '-'], file)).toMatchObject({ code: 65 })
    expect(await taken()).toMatchObject([
      { added: 1, changed: 0, unchanged: 0, of: 2, message: 'accounts imported' },
      { command: 'account import', arguments: '-', message: 'command of administrator failed' },
    ])
  })
})
