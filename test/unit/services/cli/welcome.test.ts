import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FIRST_START_FILE, welcome } from '#services/cli/welcome.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const accounts = [
  { address: 'alice@example.test', password: 'secret-of-alice' },
  { address: 'bob@example.test', password: 'secret-of-bob' },
]
const system = { listeners: [{ name: 'pop3s', address: '127.0.0.1', port: 995 }] } as const

describe('the passwords of a first start', () => {
  it('are shown on a terminal, and nowhere else', async () => {
    await using folder = await temporaryFolder()
    const text = await welcome({ system, directory: folder.path, accounts, isTerminal: true })
    for (const { password } of accounts) expect(text).toContain(password)
    await expect(stat(join(folder.path, FIRST_START_FILE))).rejects.toThrow('ENOENT')
  })

  it('are in a file of their owner where the output is kept, and the output names it', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, FIRST_START_FILE)
    await writeFile(path, 'of somebody else', { mode: 0o666 })
    const text = await welcome({ system, directory: folder.path, accounts, isTerminal: false })
    const file = await readFile(path, 'utf8')
    for (const { password } of accounts) {
      expect(text).not.toContain(password)
      expect(file).toContain(password)
    }
    expect(text).toContain(path)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('are not spoken of later', async () => {
    await using folder = await temporaryFolder()
    const later = { system, directory: folder.path, accounts: undefined, isTerminal: false }
    expect(await welcome(later)).not.toContain('accounts')
  })
})
