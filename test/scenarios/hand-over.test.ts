// One server takes over from another on the same data folder, with sockets that are held for both, as systemd holds them: whoever
// connects meanwhile is answered, a session that is under way comes to its end, and each message is delivered once.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ImapClient } from '#test/support/imap-client.ts'
import { isInstalled } from '#test/support/program.ts'
import { freePorts, listenerNames, type Ports, runCommand } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const cli = fileURLToPath(new URL('../../services/cli/postwolke.mjs', import.meta.url))
const holderScript = fileURLToPath(new URL('../support/python/socket-holder.py', import.meta.url))
const STORM_CONNECTIONS = 6

describe.skipIf(!isInstalled('python3'))('a hand-over', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let ports: Ports
  let holder: ChildProcess
  let output = ''

  beforeAll(async () => {
    folder = await temporaryFolder()
    await runCommand(folder.path, ['domain', 'add', 'example.test'])
    const ann = ['account', 'add', 'ann@example.test', '--password-stdin']
    await runCommand(folder.path, ann, 'secretword')
    ports = await freePorts()
    holder = spawn('python3', [holderScript, String(ports.smtp), String(ports.imap)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    holder.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
    await seen(/holding/)
  })
  afterAll(async () => {
    for (const [, pid] of output.matchAll(/started (\d+)/g)) end(Number(pid), 'SIGKILL')
    holder?.stdin?.end()
    holder?.kill()
    await folder?.[Symbol.asyncDispose]()
  })

  async function seen(what: RegExp, times = 1): Promise<RegExpMatchArray> {
    for (;;) {
      const found = [...output.matchAll(new RegExp(what, 'g'))]
      if (found.length >= times) return found[times - 1] as RegExpMatchArray
      await delay(5)
    }
  }

  function end(pid: number, signal: NodeJS.Signals): void {
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended.
    }
  }

  let started = 0
  async function start(...more: string[]): Promise<number> {
    const settings = listenerNames.flatMap((name) => [
      `listeners.${name}.address=127.0.0.1`,
      `listeners.${name}.port=${ports[name]}`,
      ...(name === 'smtp' || name === 'imap' ? [] : [`listeners.${name}.enabled=false`]),
    ])
    const quiet = ['http', 'https'].map((name) => `listeners.${name}.enabled=false`)
    const all = [...settings, ...quiet, 'log.format=json', 'disablePlaintextAuth=false']
    const words = [process.execPath, cli, 'serve', '--data', folder.path, ...more]
    const line = [...words, ...all.flatMap((setting) => ['--set', setting])]
    holder.stdin?.write(`${JSON.stringify(line)}\n`)
    return Number((await seen(/started (\d+)/, ++started))[1])
  }

  it('refuses no connection, ends no session in its midst, and delivers everything once', async () => {
    const old = await start()
    await seen(/"message":"ready"/)
    const troubles: string[] = []
    let answered = 0
    let isOver = false
    async function storm(): Promise<void> {
      while (!isOver) {
        const socket = connect({ port: ports.smtp, host: '127.0.0.1' })
        socket.setEncoding('latin1')
        let said = ''
        let isAsked = false
        socket.on('data', (text: string) => {
          said += text
          if (!isAsked && said.endsWith('\r\n') && said.startsWith('220')) socket.end('QUIT\r\n')
          isAsked ||= said.endsWith('\r\n')
        })
        const [error] = await Promise.race([once(socket, 'close'), once(socket, 'error')]).catch(
          (failure) => [failure],
        )
        // 421: it had been accepted when the server was told to stop.
        if (error instanceof Error) troubles.push(error.message)
        else if (/^220|^421/.test(said)) answered++
        else troubles.push(`said ${JSON.stringify(said)}`)
        await delay(2)
      }
    }
    const storms = Array.from({ length: STORM_CONNECTIONS }, storm)
    const slow = await SmtpClient.open(ports.smtp)
    await slow.hello()
    await slow.envelope('a@far.example', 'ann@example.test')
    expect((await slow.command('DATA')).code).toBe(354)
    const next = await start('--take-over')
    // It waits, and the old one goes on: it is told to stop once the new one is loaded.
    await seen(/"message":"waiting for the server that runs to be told to stop"/)
    const before = answered
    end(old, 'SIGTERM')
    await seen(/"message":"ready"/, 2)
    expect(output).toContain('the server before this one ends its work')
    // The old one's last session: its message is accepted, and the new one's workers have it, or the old one's.
    expect((await slow.command('Subject: in its midst\r\n\r\nx\r\n.')).code).toBe(250)
    const client = await SmtpClient.open(ports.smtp)
    await client.hello()
    await client.envelope('a@far.example', 'ann@example.test')
    expect((await client.data('Subject: afterwards\r\n\r\nx\r\n')).code).toBe(250)
    await seen(/"message":"stopped"/)
    isOver = true
    await Promise.all(storms)
    expect(troubles).toEqual([])
    expect(answered).toBeGreaterThan(before)
    const imap = await ImapClient.login(ports.imap)
    const subjects = async () => {
      await imap.ok('SELECT INBOX')
      const { untagged } = await imap.ok('FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])')
      return untagged.flatMap((line) => /Subject: (.*)\r/.exec(line)?.[1] ?? []).toSorted()
    }
    while ((await subjects()).length < 2) await delay(20)
    expect(await subjects()).toEqual(['afterwards', 'in its midst'])
    imap.close()
    end(next, 'SIGTERM')
    await seen(/"message":"stopped"/, 2)
    expect((await runCommand(folder.path, ['check'])).stdout).toBe('everything fits\n')
  }, 60_000)
})
