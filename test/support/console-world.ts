// What consoles are tested on: a real server on a data folder with people of every role, and mail in every state, some of it from people
// who try to be more than text.

import type { Backend } from '#services/assembly/backend.ts'
import { createBackend } from '#services/assembly/backend.ts'
import type { GivenRights } from '#shared/directory/records.ts'
import { type Address, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { encodedWords, hostile } from './hostile-strings.ts'
import { freePorts, type ServerProcess, startServer } from './server-process.ts'
import { openSink } from './sink-smtp.ts'
import { SmtpClient } from './smtp-client.ts'
import { openTcpRelay, type TcpRelay } from './tcp-relay.ts'
import { temporaryFolder } from './temporary-folder.ts'

export const people = {
  owner: 'olga@example.test',
  'domain-admin': 'dora@example.test',
  auditor: 'arno@example.test',
  'help-desk': 'hedda@example.test',
  holder: 'hans@example.test',
} as const
export type Person = keyof typeof people
/** Of each of them. */
export const PASSWORD = 'correct horse battery staple'

/** Many accounts, for those who ask for them. */
export const MANY_DOMAIN = 'many.test'

export interface ConsoleWorld extends AsyncDisposable {
  readonly server: ServerProcess
  /** As browsers call it: what `localhost` says is taken for secure by them. Behind the line that can be cut. */
  readonly origin: string
  readonly line: TcpRelay
  /** A message from `from`; the last reply. */
  send(message: Sent): Promise<string>
}

export type Sent = {
  readonly from: string
  readonly to: string | readonly string[]
  readonly subject?: string
  readonly helo?: string
  readonly fields?: readonly string[]
}

/** What the world elsewhere says to each recipient. */
const replies: readonly (readonly [domain: string, reply: string])[] = [
  ['limits.example', '421 4.7.28 receiver limits our rate'],
  ['full.example', '452 4.2.2 mailbox full'],
  ['hostile.example', `450 4.7.1 ${hostile.markup} ${hostile.bidi}`],
]

export async function openConsoleWorld(
  options: {
    readonly accounts?: number
    readonly mail?: boolean
    readonly settings?: readonly string[]
  } = {},
): Promise<ConsoleWorld> {
  await using opening = new AsyncDisposableStack()
  const sink = opening.use(
    await openSink({
      rcpt: (address) => replies.find(([domain]) => address.endsWith(`@${domain}`))?.[1],
    }),
  )
  const { path } = opening.use(await temporaryFolder())
  await fill(path, options.accounts ?? 0)
  const server = opening.use(
    await startServer(path, await freePorts(), [
      'hostname=mx.example.test',
      'policyPreset=open',
      'mynetworks=127.0.0.1/32',
      'smtpdHeloRequired=no',
      `relayhost=[127.0.0.1]:${sink.port}`,
      'smtpTlsSecurityLevel=none',
      'headerChecks=/^X-Spam-Flag: YES/ HOLD spam',
      ...(options.settings ?? []),
    ]),
  )
  const line = opening.use(await openTcpRelay(server.ports.http))
  const send = (message: Sent) => sendTo(server, message)
  if (options.mail ?? true) await postMail(send)
  const resources = opening.move()
  return {
    server,
    origin: `http://localhost:${line.port}`,
    line,
    send,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** Before the server is there: nobody waits for it to answer. */
async function fill(directory: string, accounts: number): Promise<void> {
  const loaded = loadSettings({ environment: {}, overrides: ['hostname=mx.example.test'] })
  if (loaded.kind !== 'ok') throw new Error(JSON.stringify(loaded.problems))
  await using store = await openEmbeddedStore({ directory, clock: systemClock, log: silentLog })
  const { settings } = loaded
  const backend = createBackend({ store, settings, clock: systemClock, log: silentLog })
  for (const domain of ['example.test', 'other.test', MANY_DOMAIN]) {
    await backend.directory.domains.add(parsed(parseDomain(domain)))
  }
  await addPeople(backend)
  await backend.directory.accounts.addAll(
    Array.from({ length: accounts }, (_, n) => ({
      address: anAddress(nameOfMany(n)),
      passwordHash: '!',
      quotaBytes: 1_000_000 * (1 + (n % 7)),
    })),
  )
}

async function addPeople({ directory }: Backend): Promise<void> {
  for (const address of [...Object.values(people), 'ann@example.test', 'eve@other.test']) {
    const added = await directory.accounts.add({
      address: anAddress(address),
      passwordHash: `{PLAIN}${PASSWORD}`,
      quotaBytes: 2_000_000_000,
    })
    const role = roleOf(address)
    if (added.kind !== 'ok') throw new Error(`${address}: ${added.kind}`)
    if (role !== undefined) await directory.roles.set(added.account.id, role)
  }
}

function roleOf(address: string): GivenRights | undefined {
  const person = Object.entries(people).find(([, own]) => own === address)?.[0]
  switch (person) {
    case 'owner':
    case 'auditor':
      return { name: person, domains: [] }
    case 'domain-admin':
    case 'help-desk':
      return { name: person, domains: [parsed(parseDomain('example.test'))] }
    default:
      return undefined
  }
}

const firstNames = ['ada', 'bo', 'cem', 'dina', 'emil', 'mara', 'nils', 'olu', 'pia', 'zoe']

/** Spread over the alphabet. */
export const nameOfMany = (n: number) =>
  `${firstNames[n % firstNames.length]}.${String(n).padStart(6, '0')}@${MANY_DOMAIN}`

async function postMail(send: (message: Sent) => Promise<string>): Promise<void> {
  const from = 'news@example.test'
  for (let n = 0; n < 12; n++) {
    await send({ from, to: `reader${n}@limits.example`, subject: `News ${n}` })
  }
  for (let n = 0; n < 4; n++) await send({ from, to: `box${n}@full.example`, subject: 'Invoice' })
  for (const [kind, text] of Object.entries(hostile)) {
    const about = { subject: text, from: `"${kind}"@far.example` }
    await send({ ...about, to: 'x@hostile.example', helo: `${kind}.<b>.example` })
    await send({ ...about, to: people.holder })
    await send({ ...about, to: people.holder, fields: ['X-Spam-Flag: YES'] })
    await send({ ...about, to: 'nobody@example.test' })
  }
}

async function sendTo({ ports }: ServerProcess, message: Sent): Promise<string> {
  const { from, to, subject = 'Hello', helo = 'client.test', fields = [] } = message
  await using client = await SmtpClient.open(ports.smtp)
  await client.command(`EHLO ${helo}`)
  const { code, text } = await client.envelope(from, to)
  if (code !== 250) return text
  const header = [
    `From: ${encodedWords(subject.slice(0, 50))} <${from}>`,
    `Subject: ${encodedWords(subject)}`,
    ...fields,
  ]
  return (await client.data(`${header.join('\r\n')}\r\n\r\n${subject}\r\n`)).text
}

const anAddress = (text: string): Address => parsed(parseAddress(text))

function parsed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing that can be parsed')
  return value
}
