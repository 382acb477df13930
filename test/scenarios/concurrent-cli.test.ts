// Many commands at once, in processes of their own, beside a server that is busy: each does what it was told, once.

import { describe, expect, it } from 'vitest'
import { firstAccounts, takeMail } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { freePorts, runCommand, startServer } from '#test/support/server-process.ts'
import { messageBody, type Sent, sendLoad } from '#test/support/smtp-load.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const hash = '$1$abcdefgh$y6iHhJNbuC0xpbk0w9pm80'
const messagesMax = 300
const run = (folder: string, line: string) => runCommand(folder, line.split(' '))

describe('concurrent commands', () => {
  it('all take effect beside a busy server, which loses nothing', async () => {
    await using folder = await temporaryFolder()
    await using server = await startServer(folder.path, await freePorts(), ['log.level=warn'])
    const { alice } = firstAccounts(server)
    const accepted: Sent[] = []
    let isDone = false
    const load = sendLoad({
      port: server.ports.smtp,
      next() {
        if (isDone || accepted.length === messagesMax) return undefined
        const message = { token: `n${accepted.length}`, recipients: [alice.address] }
        return { message, body: messageBody(message.token, 2_000) }
      },
      accepted: (message) => accepted.push(message),
    })
    const names = ['a', 'b']
    const ended = await Promise.all(
      names.flatMap((name) => [
        run(folder.path, `account add ${name}@example.test --password-hash ${hash}`),
        run(folder.path, `alias add ${name}.alias@example.test ${alice.address}`),
        run(folder.path, `domain add ${name}.test`),
        run(folder.path, 'queue list'),
      ]),
    )
    isDone = true
    await load
    for (const { code, stderr } of ended) expect({ code, stderr }).toEqual({ code: 0, stderr: '' })

    const list = async (what: string) =>
      JSON.parse((await commandLine([what, 'list', '--json', '--data', folder.path])).stdout)
    const domains = await list('domain')
    expect(domains).toHaveLength(1 + names.length)
    expect(await list('account')).toHaveLength(2 + names.length)
    expect(await list('alias')).toHaveLength(names.length)
    expect(domains).toContainEqual(
      expect.objectContaining({ domain: 'example.test', accounts: 4, aliases: 2 }),
    )
    expect(accepted.length).toBeGreaterThan(0)
    const messages = await takeMail(server, alice, accepted.length)
    const subjects = messages.map((message) => /^Subject: (\S+)/m.exec(message)?.[1])
    expect(subjects.sort()).toEqual(accepted.map(({ token }) => token).sort())
    expect(await server.end('SIGTERM')).toBe(0)
  })

  it('that do the same have one winner', async () => {
    await using folder = await temporaryFolder()
    await run(folder.path, 'domain add a.test')
    const line = `account add ann@a.test --password-hash ${hash}`
    const ended = await Promise.all([1, 2, 3].map(() => run(folder.path, line)))
    expect(ended.map(({ code }) => code).sort()).toEqual([0, 73, 73])
    for (const { code, stderr } of ended) {
      if (code === 73) expect(stderr).toBe('postwolke: account ann@a.test exists already\n')
    }
  })
})
