// The same access tables, clients, senders and recipients given to Debian's Postfix and to us: the replies are the same, word by word.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assemblePolicy } from '#services/assembly/policy.ts'
import { sourceOf } from '#shared/administration/imports/lines.ts'
import { fakeAccessTables } from '#test/support/access-tables.ts'
import { openAdministration } from '#test/support/administration.ts'
import { type FakeZone, openFakeDns } from '#test/support/fake-dns.ts'
import { createPipeline, manualClock, type Pipeline } from '#test/support/pipeline.ts'
import { recipientRequest, stranger } from '#test/support/policy-facts.ts'
import { hasPostfix, startPostfix } from '#test/support/postfix.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { seededRandom } from '#test/support/seed.ts'
import { freePort } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

/** Sets of tables, and mail that is tried with each. */
const WORLDS = 8
const CASES = 40

const kinds = ['client', 'helo', 'sender', 'recipient'] as const
type Tables = Readonly<Record<(typeof kinds)[number], { readonly [key: string]: string }>>

type Mail = {
  /** '' for none. */
  readonly name: string
  readonly address: string
  readonly helo: string
  readonly sender: string
  readonly recipient: string
}

const keys = {
  client: [
    ...['a.b.test', 'b.test', 'test', 'c.test', 'unknown', '192.0.2.1', '192.0.2', '192.0', '192'],
    ...['203.0.113', '2001:db8', '2001:db8:1'],
  ],
  helo: ['a.b.test', 'b.test', 'test', 'c.test', '192.0.2.1', '[192.0.2.1]', 'localhost'],
  sender: [
    ...['ann+x@b.test', 'ann@b.test', 'b.test', 'a.b.test', 'test', 'ann+x@', 'ann@', 'bob@', '<>'],
    ...['[192.0.2.1]'],
  ],
  recipient: ['s+y@example.test', 's@example.test', 'example.test', 'test', 's+y@', 's@', 'r@'],
}

const results = [
  ...['OK', 'RELAY', '12345', '550', 'DUNNO', 'DUNNO', 'DUNNO'],
  ...['REJECT', 'REJECT go away', 'reject 5.7.9 nope', 'REJECT 5.1.1 who', 'REJECT 4.1.3 who'],
  ...['DEFER', 'DEFER 4.3.2 busy', '450 wait', '450 4.1.8 wait', '550 gone', '550 5.1.8 gone'],
  ...['421 bye', '521 5.5.1 no', 'DEFER_IF_PERMIT', 'DEFER_IF_PERMIT 4.2.0 greylisted'],
  ...['DEFER_IF_REJECT', 'DEFER_IF_REJECT 4.2.1 hm', 'DISCARD', 'DISCARD spam', 'HOLD', 'WARN x'],
  ...['INFO y', 'PREPEND X-A: b', 'PREPEND nonsense', 'BCC r@example.test', 'FILTER nowhere'],
  ...['REDIRECT r@example.test', 'REDIRECT nobody', 'permit', 'reject', 'defer', 'REJEKT'],
  ...['reject_unauth_destination', 'warn_if_reject reject', 'reject_non_fqdn_helo_hostname'],
]

const mail = {
  name: ['a.b.test', 'x.b.test', 'b.test', 'c.test', 'n.n.test', ''],
  address: ['192.0.2.1', '192.0.2.9', '192.0.3.1', '203.0.113.5', '2001:db8:1::7', '2001:db8:2::7'],
  helo: ['a.b.test', 'x.c.test', '[192.0.2.1]', '192.0.2.1', 'localhost', 'other.test'],
  sender: ['', 'ann@b.test', 'Ann+x@B.test', 'Bob@a.b.test', 'x@c.test', 'x@[192.0.2.1]'],
  recipient: ['r@example.test', 'S+y@example.test', 'z@example.test', 'r%c.test@example.test'],
}

const random = seededRandom('access tables beside Postfix')
const oneOf = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T

/** Some of the keys, each with some result. */
const someTables = (): Tables => {
  const table = (all: readonly string[]) =>
    Object.fromEntries(all.filter(() => random() < 0.35).map((key) => [key, oneOf(results)]))
  return {
    client: table(keys.client),
    helo: table(keys.helo),
    sender: table(keys.sender),
    recipient: table(keys.recipient),
  }
}
const someMail = (): Mail => ({
  name: oneOf(mail.name),
  address: oneOf(mail.address),
  helo: oneOf(mail.helo),
  sender: oneOf(mail.sender),
  recipient: oneOf(mail.recipient),
})

describe.skipIf(!hasPostfix())('access tables beside Postfix', () => {
  const resources = new AsyncDisposableStack()
  const worlds = Array.from({ length: WORLDS }, someTables)
  let ports: readonly number[]
  let pipeline: Pipeline

  beforeAll(async () => {
    const opened = await openEmbedded()
    resources.defer(() => opened.close())
    pipeline = createPipeline(opened.store, manualClock(), {
      set: [
        'policyPreset=open',
        'mynetworks=',
        'recipientDelimiter=+',
        'smtpdRelayRestrictions=reject_unauth_destination',
        ...kinds.map(
          (kind) => `smtpd${capital(kind)}Restrictions=check_${kind}_access table:${kind}`,
        ),
      ],
    })
    await pipeline.addAccount('all@example.test')
    await pipeline.addAlias('@example.test', ['all@example.test'])
    const { path } = resources.use(await temporaryFolder())
    const services = await Promise.all(
      worlds.map(async (tables, n) => {
        const settings = await Promise.all(
          kinds.map(async (kind) => {
            const file = join(path, `${n}-${kind}`)
            const lines = Object.entries(tables[kind]).map(([key, result]) => `${key} ${result}\n`)
            await writeFile(file, lines.join(''), { mode: 0o644 })
            return [`smtpd_${kind}_restrictions`, `check_${kind}_access,texthash:${file}`] as const
          }),
        )
        return { port: await freePort(), settings: Object.fromEntries(settings) }
      }),
    )
    ports = services.map(({ port }) => port)
    resources.use(await startPostfix(path, services))
  }, 60_000)
  afterAll(() => resources.disposeAsync())

  it.each(worlds.map((tables, n) => [n, tables] as const))(
    'answer the same: %i',
    async (n, tables) => {
      const cases = Array.from({ length: CASES }, someMail)
      for (const one of cases) {
        const [theirs, ours] = [await askPostfix(ports[n] ?? 0, one), await askUs(tables, one)]
        expect(ours, JSON.stringify({ tables, one })).toBe(theirs)
      }
    },
    60_000,
  )

  async function askUs(tables: Tables, { name, address, ...one }: Mail): Promise<string> {
    const { backend } = pipeline
    const type = address.includes(':') ? 'aaaa' : 'a'
    const zone: FakeZone =
      name === '' ? {} : { [address]: { ptr: [name] }, [name]: { [type]: [address] } }
    const policy = assemblePolicy(
      { ...backend, accessTables: fakeAccessTables(tables) },
      { openDns: openFakeDns(zone) },
    )
    const origin = { ...stranger, remoteAddress: address, helo: one.helo }
    const verdict = await policy.recipient(recipientRequest({ origin, ...one }))
    if (verdict.kind !== 'reject') return '250'
    const { code, status, text } = verdict.reply
    return `${code} ${status} ${text}`
  }
})

describe.skipIf(!isInstalled('postmap'))('a file of access(5) beside postmap', () => {
  const text = [
    '# comment',
    'plain.test OK',
    'Upper.TEST\tREJECT  two  blanks',
    '',
    'long.test REJECT begins',
    '   and goes on',
    '  # no part of it',
    '\tto here',
    'user+ext@long.test 550 5.1.1 no',
    '192.0.2 DUNNO',
    '"in quotes"@long.test HOLD',
    '<> DUNNO',
    'last.test WARN x',
  ].join('\n')

  it('has the same results', async () => {
    await using world = await openAdministration()
    const { access } = world.administration
    const source = sourceOf(Buffer.from(text))
    expect(await access.import({ table: 't', source })).toMatchObject({
      kind: 'imported',
      added: 8,
    })
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'access')
    await writeFile(file, text)
    const page = await access.page({ table: 't' })
    if (page.kind !== 'page') throw new Error(page.kind)
    for (const { key, result } of page.items) {
      const asked = key === '192.0.2.0/24' ? '192.0.2' : key
      const { stdout } = await runProgram('postmap', ['-q', asked, `texthash:${file}`])
      // Of a line that goes on we keep one blank.
      const plain = (line: string) => line.trim().replace(/\s+/g, ' ')
      expect(plain(`${key} ${result}`)).toBe(plain(`${key} ${stdout}`))
    }
  })
})

async function askPostfix(port: number, one: Mail): Promise<string> {
  await using smtp = await SmtpClient.open(port)
  const name = one.name || '[UNAVAILABLE]'
  const address = one.address.includes(':') ? `IPV6:${one.address}` : one.address
  await smtp.command('EHLO proxy.test')
  await smtp.command(`XCLIENT NAME=${name} REVERSE_NAME=${name} ADDR=${address}`)
  await smtp.command(`EHLO ${one.helo}`)
  const { code, text } = await smtp.envelope(one.sender, one.recipient)
  return code < 400 ? String(code) : text
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
