// A login at a submission server (RFC 4954). Of accounts it is checked, and nothing is sent there; guests go on there.

import { type LogInAtSource, plainResponse, refusedAtSource } from './log-in.ts'
import { SourceFailure, type SourceWire } from './source-wire.ts'

export const logInBySubmission: LogInAtSource = async (wire, { tls }, credentials) => {
  const hello = `EHLO ${credentials.ourName}`
  await expect(wire, '220', 'greeting')
  await ask(wire, hello, '250')
  if (tls === 'starttls') {
    await ask(wire, 'STARTTLS', '220')
    await wire.startTls()
    await ask(wire, hello, '250')
  }
  wire.write(`AUTH PLAIN ${plainResponse(credentials)}\r\n`)
  const code = await codeOf(wire)
  if (code === '235') return { kind: 'in', words: '' }
  // RFC 4954 §6: 535 is the password; 534 and 538 want another mechanism, 432 and 454 another time.
  if (code === '535') return refusedAtSource
  throw new SourceFailure(`login: ${code}`)
}

async function ask(wire: SourceWire, command: string, wanted: string): Promise<void> {
  wire.write(`${command}\r\n`)
  await expect(wire, wanted, command)
}

async function expect(wire: SourceWire, wanted: string, doing: string): Promise<void> {
  const code = await codeOf(wire)
  if (code !== wanted) throw new SourceFailure(`${doing}: ${code}`)
}

async function codeOf(wire: SourceWire): Promise<string> {
  for (;;) {
    const line = await wire.line()
    if (line.charAt(3) !== '-') return line.slice(0, 3)
  }
}
