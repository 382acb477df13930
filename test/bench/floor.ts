// The plain Node floor under any mail server: npm's smtp-server and one fsync'd file for each message, renamed into place. It
// parses nothing, knows no users and delivers nothing. With `pop3` it answers RETR from one buffer in memory, with `imap` every
// command with what FILE holds for it.
// Arguments: smtp DIR | pop3 BYTES | imap FILE; prints its port.

import { open, rename } from 'node:fs/promises'
import { createServer } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'
import { createImapFloor } from './imap-floor.ts'

const [mode, argument = ''] = process.argv.slice(2)
let serial = 0

if (mode === 'smtp') {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    maxClients: 1_000,
    onData(stream, _session, done) {
      buffer(stream)
        .then((message) => save(`${argument}/${++serial}`, message))
        .then(() => done(), done)
    },
  })
  server.listen(0, '127.0.0.1', () => report(server.server.address()))
} else if (mode === 'imap') {
  const server = createImapFloor(argument)
  server.listen(0, '127.0.0.1', () => report(server.address()))
} else {
  const body = Buffer.from(`${'x'.repeat(62)}\r\n`.repeat(Math.ceil(Number(argument) / 64)))
  const retrieved = Buffer.concat([Buffer.from('+OK\r\n'), body, Buffer.from('.\r\n')])
  const server = createServer({ noDelay: true }, (socket) => {
    let buffered = ''
    socket.on('error', () => {})
    socket.write('+OK\r\n')
    socket.on('data', (chunk) => {
      buffered += chunk.toString('latin1')
      const lines = buffered.split('\r\n')
      buffered = lines.pop() ?? ''
      for (const line of lines) socket.write(line.startsWith('RETR') ? retrieved : '+OK\r\n')
    })
  })
  server.listen(0, '127.0.0.1', () => report(server.address()))
}

async function save(name: string, message: Buffer): Promise<void> {
  await using file = await open(`${name}.tmp`, 'w')
  await file.write(message)
  await file.sync()
  await rename(`${name}.tmp`, name)
}

function report(address: unknown): void {
  console.log(Object(address).port)
}
