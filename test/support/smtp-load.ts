// A small SMTP client for load and fault tests: pipelines each transaction, says which messages got their 250.

import { connect, type Socket } from 'node:net'

export type Sent = { readonly token: string; readonly recipients: readonly string[] }

/** Sends on one connection while `next` gives messages; resolves when it stops or the connection breaks. */
export async function sendLoad(options: {
  readonly port: number
  readonly next: () => { readonly message: Sent; readonly body: Buffer } | undefined
  readonly accepted: (message: Sent) => void
}): Promise<void> {
  const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => {})
  const replies = replyReader(socket)
  try {
    await replies()
    socket.write('EHLO load.test\r\n')
    await replies()
    for (let given = options.next(); given !== undefined; given = options.next()) {
      const { message, body } = given
      const rcpts = message.recipients.map((to) => `RCPT TO:<${to}>\r\n`).join('')
      socket.write(`MAIL FROM:<load@remote.test>\r\n${rcpts}DATA\r\n`)
      for (let i = 0; i < message.recipients.length + 2; i++) await replies()
      socket.write(body)
      const reply = await replies()
      if (reply.startsWith('250')) options.accepted(message)
    }
    socket.end('QUIT\r\n')
    await replies()
  } catch {
    // The connection broke: the server was killed.
  } finally {
    socket.destroy()
  }
}

/** Reads one whole (possibly multi-line) reply at a time; rejects when the connection ends. */
function replyReader(socket: Socket): () => Promise<string> {
  let buffered = ''
  let wake: (() => void) | undefined
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    buffered += chunk
    wake?.()
  })
  socket.on('close', () => wake?.())
  return async () => {
    for (;;) {
      const last = /^\d{3}(?: .*)?\r\n/m.exec(buffered)
      if (last) {
        const end = last.index + last[0].length
        const reply = buffered.slice(0, end)
        buffered = buffered.slice(end)
        return reply
      }
      if (socket.closed) throw new Error('connection ended')
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
}

/** A message of about so many bytes, dot-stuffed and terminated. */
export function messageBody(token: string, bytes: number): Buffer {
  const head = `From: <load@remote.test>\r\nTo: <somebody@example.test>\r\nSubject: ${token}\r\nMessage-ID: <${token}@load.test>\r\nDate: Fri, 20 Nov 2026 12:00:00 +0000\r\n\r\n`
  const line = `${'lorem ipsum dolor sit amet '.repeat(2)}\r\n`
  const lines = Math.max(0, Math.ceil((bytes - head.length) / line.length))
  return Buffer.from(`${head}${line.repeat(lines)}.\r\n`, 'latin1')
}
