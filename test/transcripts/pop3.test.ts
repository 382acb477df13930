// Plays the dialogues in pop3/ against the listener over an in-memory mailbox. Header lines of a transcript:
//   mailbox: three | odd | empty      see `mailboxes` (default three)
//   plaintext: yes | no | loopback-allowed     disablePlaintextAuth (default no, so that most cases need no handshake)
//   tls: stls | implicit | none       none: the listener has no certificate (default stls)
//   issuer: yes                       tokens are offered
//   lock: yes                         lockMaildrop
//   fail: expunge | expunge-bug | snapshot | open | stream | directory | gone | throttled
//   errors: 3                         commandErrorsMax
//   left: 101 103                     UIDs that must be in the mailbox afterwards (default all)

import { expect } from 'vitest'
import { pop3Defaults } from '#services/pop3/config.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { mechanismNames } from '#shared/sasl/sasl-exchange.ts'
import { FakeCertificates } from '#test/support/fake-certificates.ts'
import { FakeAuthenticator, FakeMailbox, startPop3 } from '#test/support/pop3-fakes.ts'
import type { Header } from './parser.ts'
import { playTranscripts, type Target } from './player.ts'

const mailboxes: { readonly [name: string]: readonly string[] } = {
  empty: [],
  three: [
    'Subject: one\r\n\r\nfirst\r\nsecond\r\nthird\r\n',
    'Subject: dots\r\n\r\n.leading\r\n..twice\r\n.\r\nin.side.\r\n',
    'Subject: three\r\n\r\nno line end',
  ],
  odd: [
    'Subject: header only\r\n\r\n',
    'Subject: no empty line\r\n',
    '',
    'Subject: raw \xc3\xa9\r\n\r\n8-bit \xe9 and NUL \0\r\n',
    'Subject: bare\r\n\r\nbare\n.\r\nafter\r\n',
    '.Subject: a dot first\r\n\r\nbody\r\n',
    '.',
    `Subject: long\r\n\r\n${'x'.repeat(2_000)}\r\n${'.y\r\n'.repeat(3)}`,
    'Subject: x',
    'A: b\n\n',
  ],
}

const certificates = new FakeCertificates()

const defaultLeft = 'all'

playTranscripts(new URL('./pop3/', import.meta.url), { connect })

async function connect(header: Header): Promise<Target> {
  const { tls = 'stls', left = defaultLeft } = header
  const mailbox = new FakeMailbox(mailboxes[header.mailbox ?? 'three'] ?? [])
  const authenticator = new FakeAuthenticator()
  fail(header.fail, mailbox, authenticator)
  const implicitTls = tls === 'implicit'
  const uids = [...mailbox.stored.keys()].join(' ')
  const { listener, port } = await startPop3({
    mailbox,
    authenticator,
    certificates: tls === 'none' ? null : certificates,
    options: {
      endpoints: [{ host: '127.0.0.1', port: 0, tls: implicitTls ? 'implicit' : 'starttls' }],
      disablePlaintextAuth: parsePlaintext(header.plaintext),
      ...(header.issuer === 'yes' ? { authMechanisms: mechanismNames } : {}),
      lockMaildrop: header.lock === 'yes',
      commandErrorsMax: Number(header.errors ?? pop3Defaults.commandErrorsMax),
    },
  })
  return {
    port,
    implicitTls,
    async close() {
      await listener.close({ graceMs: 0 })
      const expected = left === defaultLeft ? uids : left
      expect([...mailbox.stored.keys()].join(' '), 'UIDs left').toBe(expected)
    },
  }
}

function parsePlaintext(value = 'no'): 'yes' | 'no' | 'loopback-allowed' {
  if (value === 'yes' || value === 'no' || value === 'loopback-allowed') return value
  throw new Error(`plaintext: ${value}`)
}

function fail(
  what: string | undefined,
  mailbox: FakeMailbox,
  authenticator: FakeAuthenticator,
): void {
  const error = new TemporaryFailure('the store does not answer')
  switch (what) {
    case undefined:
      return
    case 'expunge':
      mailbox.failExpunge = error
      return
    case 'expunge-bug':
      mailbox.failExpunge = new Error('a bug')
      return
    case 'snapshot':
      mailbox.failSnapshot = error
      return
    case 'open':
      mailbox.failOpen = error
      return
    case 'gone':
      mailbox.open = async () => undefined
      return
    case 'stream':
      mailbox.failStream = { afterBytes: 0, error }
      return
    case 'directory':
      authenticator.fail = error
      return
    case 'throttled':
      authenticator.throttled = true
      return
    default:
      throw new Error(`fail: ${what}`)
  }
}
