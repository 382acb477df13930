// The plain Node floor under any IMAP server: finds the end of each command and writes an answer that was prepared in memory.

import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import type { KeptAnswer } from './imap-client.ts'

/** `file` holds the answers as JSON: pairs of command line and kept answer. Unknown commands are answered OK. */
export function createImapFloor(file: string): Server {
  const kept: readonly (readonly [string, KeptAnswer])[] = JSON.parse(readFileSync(file, 'latin1'))
  const answers = new Map(
    kept.map(([command, [untagged, tagged]]) => [
      command,
      { untagged: Buffer.from(untagged, 'latin1'), tagged },
    ]),
  )

  function answer(socket: Socket, line: string): void {
    const space = line.indexOf(' ')
    const found = answers.get(line.slice(space + 1))
    socket.cork()
    if (found !== undefined && found.untagged.length > 0) socket.write(found.untagged)
    socket.write(`${line.slice(0, space)} ${found?.tagged ?? 'OK done'}\r\n`, 'latin1')
    socket.uncork()
  }

  return createServer({ noDelay: true }, (socket) => {
    let buffered: Buffer = Buffer.alloc(0)
    let literalLeft = 0
    let first: string | undefined
    socket.on('error', () => {})
    socket.write('* OK ready\r\n')
    socket.on('data', (chunk: Buffer) => {
      buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
      for (;;) {
        const skipped = Math.min(literalLeft, buffered.length)
        literalLeft -= skipped
        buffered = buffered.subarray(skipped)
        const end = literalLeft > 0 ? -1 : buffered.indexOf('\r\n')
        if (end < 0) return
        const line = buffered.toString('latin1', 0, end)
        buffered = buffered.subarray(end + 2)
        first ??= line
        const literal = /\{(\d+)\+\}$/.exec(line)
        if (literal !== null) literalLeft = Number(literal[1])
        else {
          answer(socket, first)
          first = undefined
        }
      }
    })
  })
}
