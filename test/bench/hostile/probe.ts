// A second client, in a process of its own so that nothing but the server makes it wait: asks NOOP of IMAP, of which no number is too
// large, every few milliseconds and keeps the longest wait. Beside the time on the clock it notes how long the server's main thread
// worked meanwhile, which on a busy machine is what the server itself is to blame for. Arguments: port, pid, login line. Any message
// asks for the longest waits since the last.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export type Waits = { readonly ms: number; readonly workMs: number }

const PAUSE_MS = 3

if (process.send !== undefined)
  await ask(Number(process.argv[2]), Number(process.argv[3]), process.argv[4] ?? '')

async function ask(port: number, pid: number, logIn: string): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => {})
  socket.on('close', () => process.exit())
  await once(socket, 'data')
  socket.write(`l ${logIn}\r\n`)
  await once(socket, 'data')
  let longest: Waits = { ms: 0, workMs: 0 }
  // The wait that goes on counts too.
  let began = { ms: performance.now(), workMs: workMs(pid) }
  const look = () => {
    const ms = performance.now() - began.ms
    const worked = Math.min(ms, workMs(pid) - began.workMs)
    longest = { ms: Math.max(longest.ms, ms), workMs: Math.max(longest.workMs, worked) }
  }
  process.on('message', () => {
    look()
    process.send?.(longest)
    longest = { ms: 0, workMs: 0 }
  })
  process.on('disconnect', () => process.exit())
  process.send?.(longest)
  for (;;) {
    began = { ms: performance.now(), workMs: workMs(pid) }
    socket.write('a NOOP\r\n')
    await once(socket, 'data')
    look()
    began = { ms: Number.POSITIVE_INFINITY, workMs: 0 }
    await delay(PAUSE_MS)
  }
}

/** CPU of the main thread in milliseconds (Linux). */
function workMs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  } catch {
    return 0
  }
}
