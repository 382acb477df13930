// A login at an IMAP server (RFC 9051 §6.2, RFC 3501).

import {
  type LogInAtSource,
  plainResponse,
  refusedAtSource,
  type SourceCredentials,
} from './log-in.ts'
import { SourceFailure, type SourceWire } from './source-wire.ts'

/** RFC 5530 §3: of these codes the password is not to blame. Without a code it is. */
const notToBlame: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'LIMIT',
  'INUSE',
  'SERVERBUG',
  'PRIVACYREQUIRED',
  'CONTACTADMIN',
])
/** A capability that would lead the client past our own counting of logins (RFC 8437). */
const WITHHELD = 'UNAUTHENTICATE'

export const logInByImap: LogInAtSource = async (wire, { tls }, credentials) => {
  const greeting = await wire.line()
  if (!/^\* OK(?: |$)/i.test(greeting)) throw new SourceFailure(`greeted with ${short(greeting)}`)
  let known = tls === 'starttls' ? undefined : capabilitiesIn(greeting)
  const session = createTagged(wire)
  if (tls === 'starttls') {
    const answer = await session.ask('STARTTLS')
    if (answer.status !== 'OK') throw new SourceFailure(`STARTTLS: ${short(answer.text)}`)
    await wire.startTls()
  }
  known ??= (await session.ask('CAPABILITY')).capabilities ?? ''
  const offered = new Set(known.toUpperCase().split(' '))
  if (offered.has('ID'))
    await session.ask(`ID ("x-originating-ip" "${ofQuoted(credentials.remoteAddress)}")`)
  const answer = await session.logIn(offered, credentials)
  if (answer.status === 'NO') {
    const code = /^\[([A-Z-]+)/i.exec(answer.text)?.[1]?.toUpperCase() ?? ''
    if (notToBlame.has(code)) throw new SourceFailure(`login: ${short(answer.text)}`)
    return refusedAtSource
  }
  if (answer.status !== 'OK') throw new SourceFailure(`login: ${short(answer.text)}`)
  const told = answer.capabilities ?? (await session.ask('CAPABILITY')).capabilities ?? 'IMAP4rev1'
  const words = told.split(' ').filter((name) => name.toUpperCase() !== WITHHELD)
  return { kind: 'in', words: words.join(' ') }
}

type Answer = {
  readonly status: string
  readonly text: string
  /** As a code or an untagged response told them. */
  readonly capabilities: string | undefined
}

function createTagged(wire: SourceWire) {
  let tags = 0

  /** `onPlus`: what is said to each continuation request, one after the other. */
  async function ask(
    command: string | Uint8Array,
    onPlus: readonly (string | Uint8Array)[] = [],
  ): Promise<Answer> {
    const tag = `f${++tags}`
    wire.write(Buffer.concat([Buffer.from(`${tag} `), Buffer.from(command), Buffer.from('\r\n')]))
    const left = [...onPlus]
    let capabilities: string | undefined
    for (;;) {
      const line = await wire.line()
      if (line.startsWith('+')) {
        const next = left.shift()
        // RFC 9051 §6.2.2: a star ends what asks for more than we have.
        wire.write(next ?? '*\r\n')
        continue
      }
      capabilities = capabilitiesIn(line) ?? capabilities
      const [first, status = '', ...rest] = line.split(' ')
      if (first === tag) return { status: status.toUpperCase(), text: rest.join(' '), capabilities }
      if (/^\* BYE(?: |$)/i.test(line)) throw new SourceFailure(short(line))
    }
  }

  function logIn(offered: ReadonlySet<string>, credentials: SourceCredentials): Promise<Answer> {
    if (offered.has('AUTH=PLAIN')) {
      const response = plainResponse(credentials)
      return offered.has('SASL-IR')
        ? ask(`AUTHENTICATE PLAIN ${response}`)
        : ask('AUTHENTICATE PLAIN', [`${response}\r\n`])
    }
    if (offered.has('LOGINDISABLED')) throw new SourceFailure('it takes no passwords')
    const { password } = credentials
    const name = Buffer.from(credentials.name, 'utf8')
    return ask(`LOGIN {${name.length}}`, [
      Buffer.concat([name, Buffer.from(` {${password.length}}\r\n`)]),
      Buffer.concat([password, Buffer.from('\r\n')]),
    ])
  }

  return { ask, logIn }
}

function capabilitiesIn(line: string): string | undefined {
  const told = /^\* CAPABILITY ([^\r\n]+)$/i.exec(line)?.[1]
  if (told !== undefined) return told.trim()
  const at = line.search(/\[CAPABILITY /i)
  if (at < 0) return undefined
  const end = line.indexOf(']', at)
  return end < 0 ? undefined : line.slice(at + '[CAPABILITY '.length, end).trim()
}

const ofQuoted = (text: string) => text.replace(/[^0-9A-Za-z.:]/g, '')

/** For errors and the log. */
const WORDS_CHARACTERS_MAX = 200
const short = (text: string) => text.slice(0, WORDS_CHARACTERS_MAX)
