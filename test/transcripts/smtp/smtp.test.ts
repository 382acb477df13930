// Plays the SMTP transcripts. Header lines beside those of the player:
//   role: submission           default smtp
//   option <name>: <JSON>      any option of the listener, as `option-messageSizeLimit: 20`
//   spool: receive | accept    where the spool fails; mail | room: where it has no room for the message
//   certificate: none
//   accepted: <JSON>           the messages accepted in the end, each as byte string; default none
//   envelope: <JSON>           what the last accepted message's envelope must contain

import { expect } from 'vitest'
import { createSmtpListener, type SmtpListenerOptions } from '#services/smtp/listener.ts'
import { smtpFakes } from '#test/support/smtp-fakes.ts'
import type { Header } from '../parser.ts'
import { playTranscripts, type Target } from '../player.ts'

const spoolFailures = ['mail', 'room', 'receive', 'accept'] as const
const FORCED_CLOSE = { graceMs: 0 }
/** Of each reply after the tenth error; that it waits for so long is shown with a clock, in the tests of the listener. */
const ERROR_SLEEP_MS = 5

playTranscripts(new URL('.', import.meta.url), { connect })

async function connect(header: Header): Promise<Target> {
  const fakes = smtpFakes()
  fakes.spool.failsAt = spoolFailures.find((point) => point === header.spool)
  const certificates = header.certificate === 'none' ? undefined : fakes.certificates
  const listener = createSmtpListener(optionsOf(header), { ...fakes, certificates })
  const { port } = await listener.listen()
  return {
    port,
    host: '127.0.0.1',
    implicitTls: header.role === 'submissions',
    async close() {
      await listener.close(FORCED_CLOSE)
      const { accepted, contents } = fakes.spool
      const messages = accepted.map(({ spooled }) =>
        contents.get(spooled.queueId)?.toString('latin1'),
      )
      expect(messages, 'accepted').toEqual(JSON.parse(header.accepted ?? '[]'))
      if (header.envelope) {
        expect(accepted.at(-1)?.envelope).toMatchObject(JSON.parse(header.envelope))
      }
    },
  }
}

function optionsOf(header: Header): SmtpListenerOptions {
  const { role = 'smtp' } = header
  if (role !== 'smtp' && role !== 'submission' && role !== 'submissions' && role !== 'lmtp') {
    throw new Error(`no such role: ${role}`)
  }
  const options = Object.entries(header)
    .filter(([key]) => key.startsWith('option-'))
    .map(([key, value]) => [key.slice('option-'.length), JSON.parse(value)])
  return {
    role,
    address: '127.0.0.1',
    smtpdErrorSleepTimeMs: ERROR_SLEEP_MS,
    ...Object.fromEntries(options),
  }
}
