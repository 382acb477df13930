// New certificate files are taken up by every listener of a running server, while sessions that began with the old one live on.

import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { eventually } from '#test/support/accounts.ts'
import { Pop3Client } from '#test/support/pop3-client.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
let folder: string
let server: ServerProcess

beforeAll(async () => {
  folder = resources.use(await temporaryFolder()).path
  await install(makeSelfSigned('old.test', new Date()))
  server = await startServer(join(folder, 'data'), await freePorts(), [
    `tls.certificateFile=${join(folder, 'cert.pem')}`,
    `tls.keyFile=${join(folder, 'key.pem')}`,
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
})
afterAll(() => resources.disposeAsync())

/** As renewal tools do: new files, renamed over the old ones, one after the other. */
async function install({
  cert,
  key,
}: {
  readonly cert: string
  readonly key: string
}): Promise<void> {
  for (const [name, text] of [
    ['key.pem', key],
    ['cert.pem', cert],
  ] as const) {
    await writeFile(join(folder, `${name}.new`), text)
    await rename(join(folder, `${name}.new`), join(folder, name))
  }
}

/** Sessions over TLS, one by each listener. */
const open = {
  smtp: (startTls = true) => smtp(server.ports.smtp, startTls),
  submission: (startTls = true) => smtp(server.ports.submission, startTls),
  submissions: () => smtp(server.ports.submissions, false),
  async pop3() {
    const client = await Pop3Client.open(server.ports.pop3)
    await client.startTls()
    return client
  },
  pop3s: () => Pop3Client.open(server.ports.pop3s, { tls: true }),
}

const names = ['smtp', 'submission', 'submissions', 'pop3', 'pop3s'] as const

async function smtp(port: number, startTls: boolean): Promise<SmtpClient> {
  const client = await SmtpClient.open(port, { tls: !startTls })
  await client.hello({ startTls })
  return client
}

async function nameShown(name: keyof typeof open): Promise<string | undefined> {
  await using client = await open[name]()
  return client.wire.certificate().subject.CN?.toString()
}

const shown = () => Promise.all(names.map((name) => nameShown(name)))
const all = (name: string) => names.map(() => name)

describe('certificate', () => {
  it('is the one in the files', async () => {
    expect(await shown()).toEqual(all('old.test'))
  })

  it('is renewed for new sessions by every listener, and old sessions live on', async () => {
    const sessions = await Promise.all(names.map((name) => open[name]()))
    await install(makeSelfSigned('new.test', new Date()))
    await eventually('every listener shows the new one', async () =>
      (await shown()).every((name) => name === 'new.test'),
    )
    for (const session of sessions) {
      expect(session.wire.certificate().subject.CN).toBe('old.test')
      const reply =
        session instanceof SmtpClient
          ? (await session.command('NOOP')).text
          : (await session.list('CAPA')).join()
      expect(reply).toMatch(/^250 |USER/)
      await session[Symbol.asyncDispose]()
    }
  })

  it('stays the same when the new files do not fit together', async () => {
    const { cert } = makeSelfSigned('broken.test', new Date())
    const { key } = makeSelfSigned('broken.test', new Date())
    await install({ cert, key })
    await eventually('it is refused', () =>
      server.output().includes('certificate refused, old one kept'),
    )
    expect(await shown()).toEqual(all('new.test'))
  })
})
