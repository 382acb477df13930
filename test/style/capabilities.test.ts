// Nothing is advertised that no transcript shows, and no command is without one. A transcript says what it is evidence of in its
// header line `shows:`. What the player cannot speak is shown by a unit test.

import { once } from 'node:events'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { commands } from '#services/imap/commands/index.ts'
import { mechanismNames } from '#shared/sasl/sasl-exchange.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { startImapServer } from '#test/support/imap-server.ts'
import { parseTranscript } from '../transcripts/parser.ts'

const root = new URL('../..', import.meta.url)

const transcripts = globSync('test/transcripts/imap/*/*.txt', { cwd: fileURLToPath(root) })
  .sort()
  .map((file) => ({ file, ...parseTranscript(readFileSync(new URL(file, root), 'utf8')) }))

const shown = new Set(transcripts.flatMap(({ header }) => words(header.shows ?? '')))

/** What no transcript can show, and where it is shown instead. */
const shownElsewhere = new Map([
  ['AUTH=SCRAM-SHA-256-PLUS', 'test/unit/services/scram.test.ts'],
  ['COMPRESS=DEFLATE', 'test/unit/services/imap/compression.test.ts'],
  // A search that takes long enough to be told about.
  ['INPROGRESS', 'test/unit/services/imap/search/client-waiting.test.ts'],
])

describe('IMAP capabilities', () => {
  it('are all shown', async () => {
    const advertised = await everythingAdvertised()
    expect(advertised.size).toBeGreaterThan(40)
    const missing = [...advertised].filter((name) => !shown.has(name) && !shownElsewhere.has(name))
    expect(missing).toEqual([])
  })

  it('are advertised when a transcript claims to show them', async () => {
    const advertised = await everythingAdvertised()
    const unknown = transcripts.flatMap(({ file, header }) =>
      words(header.shows ?? '')
        .filter((name) => !advertised.has(name))
        .map((name) => `${file}: ${name}`),
    )
    expect(unknown).toEqual([])
  })

  it('stand in docs/imap.md', async () => {
    const page = readFileSync(new URL('docs/imap.md', root), 'utf8')
    const missing = [...(await everythingAdvertised())].filter((name) => !page.includes(name))
    expect(missing).toEqual([])
  })

  it.each([...shownElsewhere])('%s is shown by a unit test', (name, file) => {
    expect(existsSync(new URL(file, root))).toBe(true)
    expect(readFileSync(new URL(file, root), 'utf8')).toContain(name.replace('AUTH=', ''))
  })
})

describe('IMAP commands', () => {
  // Of lines that go on behind a literal only the beginning counts: what follows them has no tag.
  const sent = new Set(
    transcripts.flatMap(({ steps }) =>
      steps.flatMap((step) =>
        step.kind === 'send' ? [...step.bytes.matchAll(commandLine)].map(([, name]) => name) : [],
      ),
    ),
  )

  it('each stand in a transcript', () => {
    expect([...commands.keys()].filter((name) => !sent.has(name))).toEqual([])
  })
})

const commandLine = /^\S+ ((?:UID )?[A-Z]+)/gm

/** The capabilities of every state: before a login with and without TLS, and after it. */
async function everythingAdvertised(): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for (const disablePlaintextAuth of ['yes', 'no'] as const) {
    const server = await startImapServer({
      options: { disablePlaintextAuth, authMechanisms: mechanismNames },
    })
    const client = await ImapClient.connect(server.port)
    for (const name of await capabilities(client)) names.add(name)
    if (disablePlaintextAuth === 'no') {
      await client.ok('LOGIN ann@example.test secret')
      for (const name of await capabilities(client)) names.add(name)
      for (const name of await capabilitiesOverTls(server.tlsPort)) names.add(name)
    }
    client.close()
    await server.stop()
  }
  return names
}

async function capabilities(client: ImapClient): Promise<string[]> {
  const { untagged } = await client.ok('CAPABILITY')
  const [, ...names] = words(untagged[0] ?? '')
  return withoutValues(names)
}

/** As the greeting lists them. */
async function capabilitiesOverTls(port: number): Promise<string[]> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  const [greeting]: unknown[] = await once(socket, 'data')
  socket.destroy()
  const [, names = ''] = /\[CAPABILITY ([^\]]*)\]/.exec(String(greeting)) ?? []
  return withoutValues(words(names))
}

function withoutValues(names: readonly string[]): string[] {
  // What stands behind a limit is a setting, and where scripts are managed too.
  return names.map((name) =>
    name.replace(/LIMIT=\d+$/, 'LIMIT').replace(/^IMAPSIEVE=.*/, 'IMAPSIEVE'),
  )
}

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '')
}
