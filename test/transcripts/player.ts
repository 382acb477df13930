// Plays transcripts against a server over real sockets, as vitest cases. Used by the SMTP and POP3 suites.
//
// A transcript has header lines `key: value` and comments `# …`, an empty line, and the dialogue:
//   C: text           sent with CRLF, in UTF-8; `$name` is replaced by what was captured, `$$` is a dollar
//   C! "json"         sent as it is; each character is one byte
//   C* 300 "json"     the same, so many times over
//   C: EOF            the client closes its sending side
//   S: text           the next line must be this; at the end `~` allows any rest; a first `$name` captures
//                     up to the next space or the text after it, a later one must be the same
//   S! "json"         the next bytes must be these
//   S* 300 "json"     the same, so many times over
//   S: EOF            the server closes and sent nothing more
//   TLS               the client makes a TLS handshake now (after STARTTLS, STLS)
//   2C: … 2S: … 2TLS  the same on a further connection; each is opened where it is first named
//
// Every file is played twice: `whole`, where successive C lines travel in one write, and `byte by byte`. The header
// line `chunking: whole` leaves out the second. In the end each connection is half-closed and read until the server closes
// it; bytes that no line expected fail the case.

import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Connection } from './connection.ts'
import { type Header, parseTranscript, type Step, type Transcript } from './parser.ts'

export type Target = {
  readonly port: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** The client begins with a TLS handshake. */
  readonly implicitTls?: boolean
  /** Values that the transcript may use as `$name`. */
  readonly variables?: { readonly [name: string]: string }
  /** Brings each new connection to where the transcript begins. */
  prepare?(connection: Connection): Promise<void>
  /** Stops the server; may throw to fail the case (what was stored is not what the header said). */
  close(): Promise<void>
}

export type Stage = {
  /** Starts a server as the transcript's header asks for; called once for each playing. */
  connect(header: Header): Promise<Target>
  /** Default: both. */
  readonly chunkings?: readonly Chunking[]
}

type Chunking = 'whole' | 'byte by byte'

/** Makes one `describe` for each `.txt` file of the folder. */
export function playTranscripts(folder: URL, stage: Stage): void {
  const files = readdirSync(folder).filter((name) => name.endsWith('.txt'))
  if (files.length === 0) throw new Error(`no transcripts in ${folder.href}`)
  for (const file of files.sort()) {
    const transcript = readTranscript(new URL(file, asFolder(folder)))
    const chunkings = transcript.header.chunking === 'whole' ? wholeOnly : stage.chunkings
    describe(basename(file, '.txt'), () => {
      for (const chunking of chunkings ?? bothChunkings) {
        it(`plays ${chunking}`, () => playTranscript(transcript, chunking, stage))
      }
    })
  }
}

const wholeOnly: readonly Chunking[] = ['whole']
const bothChunkings: readonly Chunking[] = ['whole', 'byte by byte']

function readTranscript(url: URL): Transcript {
  try {
    return parseTranscript(readFileSync(url, 'utf8'))
  } catch (cause) {
    throw new Error(`cannot read the transcript ${url.href}`, { cause })
  }
}

export async function playTranscript(
  transcript: Transcript,
  chunking: Chunking,
  stage: Stage,
): Promise<void> {
  const target = await stage.connect(transcript.header)
  const connections = new Map<number, Connection>()
  try {
    const captures = new Map(Object.entries(target.variables ?? {}))
    for (const steps of groupSends(transcript.steps)) {
      const [first] = steps
      let connection = connections.get(first.connection)
      if (!connection) {
        connection = await Connection.open(target)
        connections.set(first.connection, connection)
        await target.prepare?.(connection)
      }
      await playSteps(steps, connection, chunking, captures)
    }
    for (const [number, connection] of connections) {
      connection.end()
      const rest = await connection.readToEnd('after the last line')
      expect(rest, `sent on connection ${number}, expected by no line`).toBe('')
    }
  } finally {
    for (const connection of connections.values()) connection.destroy()
    await target.close()
  }
}

type Steps = readonly [Step, ...Step[]]

/** Successive sends on one connection are one group, everything else is a group of its own. */
function groupSends(steps: readonly Step[]): readonly Steps[] {
  const groups: [Step, ...Step[]][] = []
  for (const step of steps) {
    const last = groups.at(-1)
    const joins =
      step.kind === 'send' && last?.[0].kind === 'send' && last[0].connection === step.connection
    if (joins) last?.push(step)
    else groups.push([step])
  }
  return groups
}

async function playSteps(
  steps: Steps,
  connection: Connection,
  chunking: Chunking,
  captures: Map<string, string>,
): Promise<void> {
  const [step] = steps
  const where = `line ${step.line}`
  switch (step.kind) {
    case 'send': {
      const text = steps
        .map((each) =>
          each.kind === 'send' ? fillIn(each.bytes, captures).repeat(each.times) : '',
        )
        .join('')
      const bytes = Buffer.from(text, 'latin1')
      await (chunking === 'whole' ? connection.write(bytes) : connection.trickle(bytes))
      return
    }
    case 'half-close':
      return connection.end()
    case 'tls':
      expect(connection.unread(), `${where}: in clear before the handshake`).toBe('')
      return connection.startTls()
    case 'expect-close':
      expect(await connection.readToEnd(where), `${where}: before the end`).toBe('')
      return
    case 'expect-bytes':
      await expectBytes(step.bytes.repeat(step.times), connection, where)
      return
    case 'expect-line':
      matchLine(step, await connection.readLine(where), captures)
  }
}

async function expectBytes(bytes: string, connection: Connection, where: string): Promise<void> {
  expect(await connection.readBytes(bytes.length, where), where).toBe(bytes)
}

const variable = /\$(\$|[a-z][A-Za-z0-9]*)/g

function fillIn(text: string, captures: ReadonlyMap<string, string>): string {
  return text.replace(variable, (whole, name: string) =>
    name === '$' ? '$' : (captures.get(name) ?? whole),
  )
}

function matchLine(
  step: Step & { readonly kind: 'expect-line' },
  line: string,
  captures: Map<string, string>,
): void {
  const where = `line ${step.line}`
  const names: string[] = []
  // A capture not yet known becomes a group; everything around it is taken literally.
  const source = step.pattern
    .split(variable)
    .map((part, index) => {
      if (index % 2 === 0) return escapePattern(part)
      if (part === '$') return '\\$'
      const known = captures.get(part)
      if (known !== undefined) return escapePattern(known)
      names.push(part)
      return '(\\S+?)'
    })
    .join('')
  const match = new RegExp(`^${source}${step.prefix ? '' : '$'}`, 's').exec(line)
  if (!match) expect(line, where).toBe(step.pattern + (step.prefix ? '~' : ''))
  for (const [index, name] of names.entries()) captures.set(name, match?.[index + 1] ?? '')
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

function asFolder(url: URL): URL {
  return url.href.endsWith('/') ? url : new URL(`${url.href}/`)
}
