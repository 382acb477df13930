// `npm run bench -- pop3`: listing and retrieving a maildrop of 1,000 messages of 10 KB, beside a Node process that answers every
// RETR from memory.

import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '#test/support/server-process.ts'
import { messageBody, sendLoad } from '#test/support/smtp-load.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import { type Measured, scratch, startFloor, startOurs } from './servers.ts'
import { printTable, spread } from './table.ts'

const messages = 1_000
const bytes = 10_240
const account = 'u0@example.test'
const password = 'for a bench'

type Step = { readonly name: string; readonly perSecond: number; readonly cpuMs: number }

export async function benchPop3(rounds: number): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'postwolke-bench-'))
  const directory = await scratch(parent, 'ours')
  await runCommand(directory, ['domain', 'add', 'example.test'])
  await runCommand(directory, ['account', 'add', account, '--password-stdin'], password)
  const ours = await startOurs(directory, ['disablePlaintextAuth=no'])
  const floor = await startFloor('pop3', String(bytes))
  const steps = new Map<string, Step[]>()
  try {
    for (let round = 0; round < rounds; round++) {
      await fill(ours.ports.smtp)
      for (const step of await session(floor, floor.port, 'floor', false)) add(steps, step)
      for (const step of await session(ours, ours.ports.pop3, 'ours', true)) add(steps, step)
    }
    printTable(
      ['step', 'per second', 'CPU ms each'],
      [...steps].map(([name, all]) => [
        name,
        spread(all.map((step) => step.perSecond)),
        spread(
          all.map((step) => step.cpuMs),
          3,
        ),
      ]),
    )
    console.log(`peak memory of ours: ${memory(ours.pid).peak.toFixed(0)} MB`)
  } finally {
    await ours.stop()
    await floor.stop()
  }
  await rm(parent, { recursive: true })
}

function add(steps: Map<string, Step[]>, step: Step): void {
  steps.set(step.name, [...(steps.get(step.name) ?? []), step])
}

async function fill(port: number): Promise<void> {
  let sent = 0
  const next = () => {
    if (sent === messages) return undefined
    const token = `pop3-${sent++}`
    return { message: { token, recipients: [account] }, body: messageBody(token, bytes) }
  }
  await Promise.all(Array.from({ length: 10 }, () => sendLoad({ port, next, accepted: () => {} })))
}

async function session(
  server: Pick<Measured, 'pid'>,
  port: number,
  name: string,
  commit: boolean,
): Promise<Step[]> {
  const client = openClient(port)
  await client.reply(false)
  await client.say([`USER ${account}`], false)
  await client.say([`PASS ${password}`], false)
  const steps: Step[] = []
  const timed = async (step: string, count: number, run: () => Promise<void>) => {
    const cpu = cpuSeconds(server.pid)
    const start = performance.now()
    await run()
    const ms = performance.now() - start
    const cpuMs = ((cpuSeconds(server.pid) - cpu) * 1_000) / count
    steps.push({ name: `${name}: ${step}`, perSecond: (count / ms) * 1_000, cpuMs })
  }
  if (commit) {
    // The last messages may still be on their way: look again.
    if (!(await client.say(['STAT'], false)).startsWith(`+OK ${messages} `)) {
      await client.say(['QUIT'], false)
      client.end()
      return session(server, port, name, commit)
    }
    await timed('UIDL of 1,000', 1, () => client.say(['UIDL'], true).then(() => {}))
  }
  const numbers = Array.from({ length: messages }, (_, i) => i + 1)
  await timed('RETR', messages, async () => {
    for (const n of numbers) await client.say([`RETR ${n}`], true)
  })
  await timed('RETR, pipelined by 10', messages, async () => {
    for (let i = 0; i < messages; i += 10) {
      await client.say(
        numbers.slice(i, i + 10).map((n) => `RETR ${n}`),
        true,
      )
    }
  })
  if (commit) {
    for (const n of numbers) await client.say([`DELE ${n}`], false)
    await timed('QUIT that removes 1,000', 1, () => client.say(['QUIT'], false).then(() => {}))
  }
  client.end()
  return steps
}

/** Sends commands in one write and reads as many replies, single or multi-line. */
function openClient(port: number) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let chunks: Buffer[] = []
  let tail = ''
  let seen = 0
  let wanted: { count: number; multi: boolean; done: (text: string) => void } | undefined
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    if (wanted === undefined) return
    const text = tail + chunk.toString('latin1')
    const end = wanted.multi ? '\r\n.\r\n' : '\r\n'
    for (let at = text.indexOf(end); at >= 0; at = text.indexOf(end, at + end.length)) seen++
    tail = text.slice(-(end.length - 1))
    if (text.endsWith(end)) tail = ''
    if (seen >= wanted.count) settle()
  })
  function settle() {
    const all = Buffer.concat(chunks)
    const { done } = wanted ?? { done: () => {} }
    chunks = []
    tail = ''
    seen = 0
    wanted = undefined
    done(all.toString('latin1'))
  }
  const reply = (multi: boolean, count = 1) =>
    new Promise<string>((done) => {
      wanted = { count, multi, done }
      if (!multi && Buffer.concat(chunks).includes('\r\n')) settle()
    })
  return {
    reply,
    say(lines: readonly string[], multi: boolean) {
      const answer = reply(multi, lines.length)
      socket.write(`${lines.join('\r\n')}\r\n`)
      return answer
    },
    end: () => socket.destroy(),
  }
}
