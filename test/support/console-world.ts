// What consoles are tested on: a real server on a data folder with people of every role, and mail in every state, some of it from people
// who try to be more than text.

import type { Backend } from '#services/assembly/backend.ts'
import type { GivenRights } from '#shared/directory/records.ts'
import { type Address, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import { type Console, groundOfStories, openConsole } from './console-ground.ts'
import { encodedWords, hostile } from './hostile-strings.ts'
import { openSink } from './sink-smtp.ts'
import { SmtpClient } from './smtp-client.ts'

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

export interface ConsoleWorld extends Console {
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
  const { relayPort } = groundOfStories()
  const sink = opening.use(
    await openSink({
      rcpt: (address) => replies.find(([domain]) => address.endsWith(`@${domain}`))?.[1],
      ...(relayPort !== undefined && { port: relayPort }),
    }),
  )
  const console = opening.use(
    await openConsole({
      settings: () => [
        'policyPreset=open',
        'mynetworks=127.0.0.1/32',
        'smtpdHeloRequired=no',
        'smtpTlsSecurityLevel=none',
        'headerChecks=/^X-Spam-Flag: YES/ HOLD spam',
        `relayhost=[127.0.0.1]:${sink.port}`,
        ...(options.settings ?? []),
      ],
      fill: (backend) => fill(backend, options.accounts ?? 0),
    }),
  )
  const send = (message: Sent) => sendTo(console.smtpPort, message)
  if (options.mail ?? true) await postMail(send)
  const resources = opening.move()
  return { ...console, send, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

async function fill(backend: Backend, accounts: number): Promise<void> {
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

const SENT_AT_ONCE = 4

const firstNames = ['ada', 'bo', 'cem', 'dina', 'emil', 'mara', 'nils', 'olu', 'pia', 'zoe']

/** Spread over the alphabet. */
export const nameOfMany = (n: number) =>
  `${firstNames[n % firstNames.length]}.${String(n).padStart(6, '0')}@${MANY_DOMAIN}`

async function postMail(send: (message: Sent) => Promise<string>): Promise<void> {
  const from = 'news@example.test'
  const strange = Object.entries(hostile).flatMap(([kind, text]): readonly Sent[] => {
    const about = { subject: text, from: `"${kind}"@far.example` }
    return [
      { ...about, to: 'x@hostile.example', helo: `${kind}.<b>.example` },
      { ...about, to: people.holder },
      { ...about, to: people.holder, fields: ['X-Spam-Flag: YES'] },
      { ...about, to: 'nobody@example.test' },
    ]
  })
  const all: readonly Sent[] = [
    ...Array.from({ length: 12 }, (_, n) => ({
      ...{ from, to: `reader${n}@limits.example`, subject: `News ${n}` },
    })),
    ...Array.from({ length: 4 }, (_, n) => ({
      ...{ from, to: `box${n}@full.example`, subject: 'Invoice' },
    })),
    ...strange,
  ]
  await concurrently(all, SENT_AT_ONCE, send)
}

async function sendTo(port: number, message: Sent): Promise<string> {
  const { from, to, subject = 'Hello', helo = 'client.test', fields = [] } = message
  await using client = await SmtpClient.open(port)
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
