// ManageSieve clients that are not ours against a running server, as far as they are installed: what they put is there, and filters
// what comes.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, firstAccounts } from '#test/support/accounts.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let folder: string
let server: ServerProcess
let alice: Account

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  server = await startServer(folder, await freePorts(), ['authFailureDelay=0'])
  resources.defer(async () => void (await server.end('SIGTERM')))
  alice = firstAccounts(server).alice
})
afterAll(() => resources.disposeAsync())

describe.skipIf(!isInstalled('python3'))('python3', () => {
  it('manages scripts over STARTTLS', async () => {
    const path = fileURLToPath(new URL('../support/python/managesieve.py', import.meta.url))
    const environment = {
      MANAGESIEVE: String(server.ports.managesieve),
      LOGIN: alice.address,
      PASSWORD: alice.password,
      PYTHONIOENCODING: 'utf-8',
    }
    expect(await runProgram('python3', [path], { environment })).toMatchObject({
      code: 0,
      stderr: '',
    })
  })
})

describe.skipIf(!isInstalled('sieve-connect'))('sieve-connect', () => {
  /** In one session: it takes seconds to start. */
  async function sieve(...commands: readonly string[]) {
    const list = join(folder, 'commands')
    await writeFile(list, commands.map((line) => `${line}\n`).join(''))
    const at = [
      '--server',
      '127.0.0.1',
      '--port',
      String(server.ports.managesieve),
      '--nosrv',
      '-4',
    ]
    const who = ['--user', alice.address, '--passwordfd', '0', '--notlsverify']
    return await runProgram('sieve-connect', [...at, ...who, '--exec', list], {
      input: `${alice.password}\n`,
    })
  }

  it('uploads, activates, lists, downloads and deletes', async () => {
    const script = 'require ["fileinto"];\nfileinto "Lists";\n'
    const file = (name: string) => join(folder, name)
    await writeFile(file('lists.sieve'), script)
    await writeFile(file('wrong.sieve'), 'keep;\nfileinto "Lists";\n')
    const { code, stdout, stderr } = await sieve(
      `check ${file('lists.sieve')}`,
      `put ${file('lists.sieve')} lists`,
      'activate lists',
      'list',
      `get lists ${file('copy.sieve')}`,
      'rm lists',
      'deactivate',
      'rm lists',
      'echo then',
      'list',
      `put ${file('wrong.sieve')} wrong`,
    )
    const said = stdout + stderr
    expect({ code, said }).toMatchObject({ said: expect.stringContaining('"lists" ACTIVE') })
    expect(await readFile(file('copy.sieve'), 'utf8')).toBe(script)
    expect(said).toContain('This script is active')
    expect(said).toContain('line 2: ')
    expect(said.slice(said.indexOf('then'))).not.toContain('"lists"')
  })
})
