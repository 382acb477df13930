// Some words with a mail host, for whoever wants to know what it says: lines and the replies to them, nothing else.

import { connect } from 'node:net'

const REPLY_BYTES_MAX = 16 * 1024

/** The replies, the greeting first, each the text of its lines joined by ` / `. Rejects where one does not come. */
export async function smtpWords(
  { host, port }: { readonly host: string; readonly port: number },
  lines: readonly string[],
  timeoutMs: number,
): Promise<readonly string[]> {
  const socket = connect({ host, port })
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>()
  const timer = setTimeout(() => reject(new Error('no answer in time')), timeoutMs)
  const replies: string[] = []
  let received = ''
  let reply: string[] = []
  const take = (line: string) => {
    reply.push(reply.length === 0 ? line : line.slice(4))
    // RFC 5321 §4.2.1: a hyphen behind the code, and more comes.
    if (line.charAt(3) === '-') return
    replies.push(reply.join(' / '))
    reply = []
    const next = lines[replies.length - 1]
    if (next === undefined || !/^[23]/.test(replies.at(-1) ?? '')) resolve(replies)
    else socket.write(`${next}\r\n`)
  }
  socket.setEncoding('latin1')
  socket.on('error', reject)
  socket.on('close', () => (replies.length > 0 ? resolve(replies) : reject(new Error('hung up'))))
  socket.on('data', (text: string) => {
    received += text
    if (received.length > REPLY_BYTES_MAX) return reject(new Error('too long a reply'))
    const whole = received.split('\n')
    received = whole.pop() ?? ''
    for (const line of whole) take(line.replace(/\r$/, ''))
  })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}
