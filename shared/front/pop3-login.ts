// A login at a POP3 server (RFC 1939, RFC 2449, RFC 5034).

import { type LogInAtSource, plainResponse, refusedAtSource } from './log-in.ts'
import { SourceFailure, type SourceWire } from './source-wire.ts'

export const logInByPop3: LogInAtSource = async (wire, { tls }, credentials) => {
  const greeting = await wire.line()
  if (!greeting.startsWith('+OK')) throw new SourceFailure(`greeted with ${greeting.slice(0, 200)}`)
  if (tls === 'starttls') {
    const answer = await ask(wire, 'STLS')
    if (!answer.startsWith('+OK')) throw new SourceFailure(`STLS: ${answer.slice(0, 200)}`)
    await wire.startTls()
  }
  const takesPlain = await offersPlain(wire)
  const { name, password } = credentials
  let answer: string
  if (takesPlain) {
    answer = await ask(wire, 'AUTH PLAIN')
    if (answer.startsWith('+ ') || answer === '+')
      answer = await ask(wire, plainResponse(credentials))
  } else {
    // What would end the line is no password that this protocol can say.
    if (/[\r\n]/.test(name) || password.includes(0x0d) || password.includes(0x0a))
      return refusedAtSource
    answer = await ask(wire, `USER ${name}`)
    if (answer.startsWith('+OK')) {
      answer = await ask(wire, Buffer.concat([Buffer.from('PASS '), password]))
    }
  }
  if (answer.startsWith('+OK')) return { kind: 'in', words: answer.slice('+OK'.length).trim() }
  // RFC 3206 §4 and §5, RFC 2449 §8: the password is to blame where a code says so, or none says anything.
  if (/^-ERR(?: (?:\[AUTH\]|[^[])|$)/i.test(answer)) return refusedAtSource
  throw new SourceFailure(`login: ${answer.slice(0, 200)}`)
}

async function offersPlain(wire: SourceWire): Promise<boolean> {
  if (!(await ask(wire, 'CAPA')).startsWith('+OK')) return false
  let found = false
  for (;;) {
    const line = await wire.line()
    if (line === '.') return found
    const [name, ...words] = line.toUpperCase().split(' ')
    if (name === 'SASL' && words.includes('PLAIN')) found = true
  }
}

function ask(wire: SourceWire, command: string | Uint8Array): Promise<string> {
  wire.write(Buffer.concat([Buffer.from(command), Buffer.from('\r\n')]))
  return wire.line()
}
