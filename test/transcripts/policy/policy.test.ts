// Plays SMTP transcripts against the whole of policy. Header lines beside those of the player:
//   set-<setting>: value       any setting
//   dns: <JSON>                a zone of test/support/fake-dns.ts; default none
//   from: address              where the client seems to connect from, by PROXY protocol; default 203.0.113.5
//   inbox: <JSON>              how many messages ann@example.test has in the end; default 0
//
// The accounts ann@example.test and bob@example.test exist.

import { expect } from 'vitest'
import { smtpOptions } from '#services/assembly/listener-options.ts'
import { assemblePolicy } from '#services/assembly/policy.ts'
import { createSmtpListener } from '#services/smtp/listener.ts'
import { createRecordingResolver } from '#shared/dns/recording-resolver.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { createFakeResolver } from '#test/support/fake-dns.ts'
import { createPipeline } from '#test/support/pipeline.ts'
import { proxyHeader } from '#test/support/proxy-header.ts'
import { smtpFakes } from '#test/support/smtp-fakes.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import type { Header } from '../parser.ts'
import { playTranscripts, type Target } from '../player.ts'

playTranscripts(new URL('.', import.meta.url), { connect })

async function connect(header: Header): Promise<Target> {
  const clock = systemClock
  const opened = await openEmbedded({ clock })
  const set = Object.entries(header)
    .filter(([key]) => key.startsWith('set-'))
    .map(([key, value]) => `${key.slice('set-'.length)}=${value}`)
  const pipeline = createPipeline(opened.store, clock, { set: ['policyPreset=open', ...set] })
  for (const name of ['ann', 'bob']) await pipeline.addAccount(`${name}@example.test`)
  const dns = createFakeResolver(JSON.parse(header.dns ?? '{}'))
  const { settings } = pipeline.backend
  const listener = createSmtpListener(
    {
      ...smtpOptions(settings, 'smtp'),
      address: '127.0.0.1',
      port: 0,
      proxyTrustedNetworks: ['127.0.0.0/8'],
    },
    {
      ...smtpFakes(),
      spool: pipeline.spool,
      policy: assemblePolicy(pipeline.backend, { openDns: () => createRecordingResolver(dns) }),
      clock,
    },
  )
  const { port } = await listener.listen()
  return {
    port,
    host: '127.0.0.1',
    prepare: (connection) =>
      connection.write(
        proxyHeader({ source: { address: header.from ?? '203.0.113.5', port: 40_001 } }),
      ),
    async close() {
      await listener.close({ graceMs: 0 })
      // The doorbell is on its way; writes of one process keep their order, so after this one it has arrived.
      await opened.store.tables.counters.write({ put: { pk: 'barrier', sk: 'inbox' } })
      await pipeline.settle()
      const inbox = await pipeline.inbox('ann@example.test')
      await opened.close()
      expect(inbox, 'inbox').toHaveLength(Number(header.inbox ?? '0'))
    },
  }
}
