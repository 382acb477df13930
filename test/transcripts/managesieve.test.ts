// Plays the dialogues in managesieve/ against the listener over scripts in memory. Header lines of a transcript:
//   state: logged-in                  the connection begins behind a login
//   scripts: work vacation*           that are there, each with `keep;`; the one with a star is active
//   plaintext: yes | no               disablePlaintextAuth (default no, so that most cases need no handshake)
//   tls: starttls | none              none: the listener has no certificate (default starttls)
//   issuer: yes                       tokens are offered
//   mechanisms: SCRAM-SHA-256         authMechanisms
//   max-size: 100, max-scripts: 2, max-storage: 200     of the shelf
//   fail: directory | gone | throttled
//   left: work* vacation              scripts that must be there afterwards (default: as at the beginning)

import { expect } from 'vitest'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { findMechanism, mechanismNames } from '#shared/sasl/sasl-exchange.ts'
import { FakeCertificates } from '#test/support/fake-certificates.ts'
import { FakeScripts, startManageSieve } from '#test/support/managesieve-fakes.ts'
import { FakeAuthenticator } from '#test/support/pop3-fakes.ts'
import type { Connection } from './connection.ts'
import type { Header } from './parser.ts'
import { playTranscripts, type Target } from './player.ts'

const certificates = new FakeCertificates()

playTranscripts(new URL('./managesieve/', import.meta.url), { connect })

async function connect(header: Header): Promise<Target> {
  const scripts = scriptsOf(header.scripts)
  const before = written(scripts)
  const authenticator = new FakeAuthenticator()
  const { listener, port } = await startManageSieve({
    scripts,
    authenticator,
    certificates: header.tls === 'none' ? null : certificates,
    options: {
      disablePlaintextAuth: header.plaintext === 'yes' ? 'yes' : 'no',
      ...(header.issuer === 'yes' ? { authMechanisms: mechanismNames } : {}),
      ...(header.mechanisms === undefined ? {} : { authMechanisms: mechanisms(header.mechanisms) }),
    },
    limits: {
      ...numbered('scriptBytesMax', header['max-size']),
      ...numbered('scriptsMax', header['max-scripts']),
      ...numbered('storageBytesMax', header['max-storage']),
    },
  })
  return {
    port,
    async prepare(connection) {
      if (header.state === 'logged-in') await logIn(connection)
      fail(header.fail, scripts, authenticator)
    },
    async close() {
      await listener.close({ graceMs: 0 })
      expect(written(scripts), 'scripts left').toBe(header.left ?? before)
    },
  }
}

const numbered = (name: string, value: string | undefined) =>
  value === undefined ? {} : { [name]: Number(value) }

const mechanisms = (names: string) => names.split(' ').flatMap((name) => findMechanism(name) ?? [])

function scriptsOf(names = ''): FakeScripts {
  const scripts = new FakeScripts()
  for (const word of names.split(' ').filter((each) => each !== '')) {
    const name = word.replace('*', '')
    scripts.texts.set(name, { text: Buffer.from('keep;'), version: 1 })
    if (word !== name) scripts.active = name
  }
  return scripts
}

const written = ({ texts, active }: FakeScripts) =>
  [...texts.keys()]
    .sort()
    .map((name) => (name === active ? `${name}*` : name))
    .join(' ')

async function logIn(connection: Connection): Promise<void> {
  while (!(await connection.readLine('greeting')).startsWith('OK')) {}
  const secret = Buffer.from('\0alice@example.test\0secret').toString('base64')
  await connection.write(Buffer.from(`AUTHENTICATE "PLAIN" "${secret}"\r\n`))
  expect(await connection.readLine('login')).toBe('OK "Logged in."')
}

function fail(
  what: string | undefined,
  scripts: FakeScripts,
  authenticator: FakeAuthenticator,
): void {
  const error = new TemporaryFailure('the store does not answer')
  switch (what) {
    case undefined:
      return
    case 'directory':
      scripts.fail = error
      authenticator.fail = error
      return
    case 'gone':
      scripts.isGone = true
      return
    case 'throttled':
      authenticator.throttled = true
      return
    default:
      throw new Error(`fail: ${what}`)
  }
}
