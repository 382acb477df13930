// A login at a ManageSieve server (RFC 5804).

import { type LogInAtSource, plainResponse, refusedAtSource } from './log-in.ts'
import { SourceFailure, type SourceWire } from './source-wire.ts'

export const logInByManageSieve: LogInAtSource = async (wire, { tls }, credentials) => {
  await expectOk(wire, 'greeting')
  if (tls === 'starttls') {
    wire.write('STARTTLS\r\n')
    await expectOk(wire, 'STARTTLS')
    await wire.startTls()
    // RFC 5804 §2.2: told anew.
    await expectOk(wire, 'greeting')
  }
  const response = plainResponse(credentials)
  wire.write(`AUTHENTICATE "PLAIN" {${response.length}+}\r\n${response}\r\n`)
  const { status, rest } = await answerOf(wire)
  if (status === 'OK') return { kind: 'in', words: 'Logged in.' }
  // RFC 5804 §1.3: what has a code is not the password, but for the one that says that it is too old.
  const isToBlame =
    status === 'NO' && (!rest.startsWith('(') || /^\(TRANSITION-NEEDED\)/i.test(rest))
  if (isToBlame) return refusedAtSource
  throw new SourceFailure(`login: ${status} ${rest.slice(0, 200)}`)
}

async function expectOk(wire: SourceWire, doing: string): Promise<void> {
  const { status, rest } = await answerOf(wire)
  if (status !== 'OK') throw new SourceFailure(`${doing}: ${status} ${rest.slice(0, 200)}`)
}

/** The line that ends a response; what stands before it is passed over. */
async function answerOf(
  wire: SourceWire,
): Promise<{ readonly status: string; readonly rest: string }> {
  for (;;) {
    const line = await wire.line()
    const [, status, rest = ''] = /^(OK|NO|BYE)(?: (.*))?$/i.exec(line) ?? []
    await skipLiteral(wire, line)
    if (status !== undefined) return { status: status.toUpperCase(), rest }
  }
}

/** A text may be a literal, with its line end behind it. */
async function skipLiteral(wire: SourceWire, line: string): Promise<void> {
  const bytes = /\{(\d{1,6})\+?\}$/.exec(line)?.[1]
  if (bytes === undefined) return
  await wire.skip(Number(bytes))
  await skipLiteral(wire, await wire.line())
}
