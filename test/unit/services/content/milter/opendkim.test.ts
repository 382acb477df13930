// OpenDKIM as a milter: one that signs what comes from here and verifies what comes from elsewhere, with a key of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createMilters } from '#services/content/milter/milters.ts'
import type { StepVerdict } from '#shared/contracts/content.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { milterSettings } from '#shared/settings/table/milters.ts'
import { MessageContent } from '#test/support/milter-content.ts'
import { isInstalled } from '#test/support/program.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

describe.skipIf(!isInstalled('opendkim'))('OpenDKIM', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let child: ChildProcess
  let path: string

  beforeAll(async () => {
    folder = await temporaryFolder()
    path = join(folder.path, 'socket')
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const key = join(folder.path, 'key')
    await writeFile(key, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 })
    const p = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
    const keys = join(folder.path, 'keys')
    await writeFile(keys, `s1._domainkey.example.org v=DKIM1; k=rsa; p=${p}\n`)
    const configuration = join(folder.path, 'opendkim.conf')
    const lines = [
      `Socket local:${path}`,
      'Domain example.org',
      'Selector s1',
      `KeyFile ${key}`,
      'Mode sv',
      `TestPublicKeys ${keys}`,
      'AuthservID mx.example.net',
      'RequireSafeKeys no',
      'Background no',
      'Syslog no',
      'InternalHosts 127.0.0.1',
    ]
    await writeFile(configuration, `${lines.join('\n')}\n`)
    child = spawn('opendkim', ['-f', '-x', configuration], { stdio: 'ignore' })
    await vi.waitFor(() => expect(existsSync(path)).toBe(true), { timeout: 10_000 })
  })

  afterAll(async () => {
    if (child.exitCode === null) {
      child.kill()
      await once(child, 'exit')
    }
    await folder[Symbol.asyncDispose]()
  })

  const lines = ['From: a@example.org', 'To: b@example.net', 'Subject: one', '', 'Hello, World', '']
  const unsigned = lines.join('\r\n')

  async function judge(remoteAddress: string, bytes: string): Promise<StepVerdict | undefined> {
    const { milterConnectMacros, milterMailMacros, milterEndOfDataMacros } = milterSettings
    const { filters, steps } = createMilters({
      milters: [
        {
          name: 'opendkim',
          address: { kind: 'unix', path },
          version: 6,
          connectTimeoutMs: 10_000,
          commandTimeoutMs: 10_000,
          contentTimeoutMs: 10_000,
          defaultAction: 'tempfail',
          macros: {
            connect: milterConnectMacros.facts.default,
            helo: [],
            mail: milterMailMacros.facts.default,
            recipient: [],
            data: [],
            endOfHeader: [],
            endOfMessage: milterEndOfDataMacros.facts.default,
          },
        },
      ],
      facts: { hostname: 'mx.example.net', daemonName: 'mx.example.net', version: 'Postwolke' },
      nameOf: async () => undefined,
      bodyBytesMax: 1_000_000,
      clock: systemClock,
      log: silentLog,
    })
    const session = {}
    const dialogue = filters.open(session)
    const queueId = '4cQ1' as QueueId
    const origin = {
      listener: 'smtp',
      remoteAddress,
      remotePort: 4025,
      helo: 'client.example',
      tls: null,
      account: null,
    } as const
    const content = new MessageContent(bytes, 1_000)
    const { envelope } = content.message
    try {
      const client = { origin, mechanism: undefined, localAddress: '127.0.0.1' }
      expect(await dialogue.helo(client)).toBeUndefined()
      const mail = { queueId, sender: envelope.sender, parameters: [] }
      expect(await dialogue.mail(client, mail)).toBeUndefined()
      const rcpt = { queueId, address: 'b@example.net', parameters: [] }
      expect(await dialogue.recipient(rcpt)).toBeUndefined()
      expect(await dialogue.data()).toBeUndefined()
      return await steps[0]?.begin({ queueId, origin, envelope, session })?.judge(content.message)
    } finally {
      dialogue.close()
    }
  }

  /** The field that it puts first. */
  function inserted(verdict: StepVerdict | undefined): string {
    const edits = verdict?.edits ?? []
    const first = edits.find((edit) => edit.kind === 'insert' || edit.kind === 'top')
    return first?.kind === 'insert' || first?.kind === 'top' ? first.field : ''
  }

  it('signs what comes from here, at the top of its header', async () => {
    const verdict = await judge('127.0.0.1', unsigned)
    expect(verdict?.kind).toBe('accept')
    expect(inserted(verdict)).toMatch(/^DKIM-Signature: v=1; a=rsa-sha256;.* d=example\.org;/s)
  })

  it('verifies what comes from elsewhere, and says what it found', async () => {
    const signed = inserted(await judge('127.0.0.1', unsigned)) + unsigned
    const verdict = await judge('192.0.2.7', signed)
    expect(verdict?.kind).toBe('accept')
    expect(inserted(verdict)).toMatch(/^Authentication-Results: mx\.example\.net;.*dkim=pass/s)
  })

  it('finds out what was changed on the way', async () => {
    const signed = inserted(await judge('127.0.0.1', unsigned)) + unsigned
    const verdict = await judge('192.0.2.7', signed.replace('World', 'Earth'))
    expect(inserted(verdict)).toMatch(/^Authentication-Results: mx\.example\.net;.*dkim=fail/s)
  })
})
