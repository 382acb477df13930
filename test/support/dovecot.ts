// Debian's Dovecot as somebody's old server, on loopback ports, in a folder of its own: IMAP and POP3 with and without TLS, ManageSieve.

import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Daemon, startDaemon } from './daemon.ts'
import { isInstalled, runProgram } from './program.ts'
import { freePort } from './server-process.ts'

/** Its master starts only for root. */
export const hasDovecot = (): boolean =>
  process.getuid?.() === 0 &&
  isInstalled('dovecot') &&
  ['imap', 'pop3', 'managesieve'].every((name) => existsSync(`/usr/lib/dovecot/${name}`))

export type DovecotUser = { readonly name: string; readonly password: string }

export interface Dovecot extends AsyncDisposable {
  readonly ports: {
    readonly imap: number
    readonly imaps: number
    readonly pop3: number
    readonly pop3s: number
    readonly sieve: number
  }
  readonly daemon: Daemon
  /** The folder of maildirs, one for each user. */
  readonly mail: string
  log(): Promise<string>
  /** Puts a message into a folder as the server's own program does. */
  save(user: string, message: string, folder?: string): Promise<void>
  /** As its doveadm prints it. */
  admin(...words: readonly string[]): Promise<string>
  /** In place of those of the start. */
  setUsers(users: readonly DovecotUser[]): Promise<void>
}

const NOBODY = 65_534

export async function startDovecot(
  directory: string,
  users: readonly DovecotUser[],
  {
    master,
    settings = [],
  }: { readonly master?: DovecotUser; readonly settings?: readonly string[] } = {},
): Promise<Dovecot> {
  const [imap, imaps, pop3, pop3s, sieve] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ] as const
  const at = (name: string) => join(directory, name)
  await mkdir(at('run'), { recursive: true })
  await mkdir(at('mail'), { recursive: true })
  await chmod(directory, 0o755)
  await chown(at('mail'), NOBODY, NOBODY)
  await makeCertificate(directory)
  const setUsers = (all: readonly DovecotUser[]) =>
    writeFile(at('users'), passwd(all), { mode: 0o644 })
  await setUsers(users)
  await writeFile(at('masters'), passwd(master === undefined ? [] : [master]), { mode: 0o644 })
  const tls = (port: number) => `{\n    address = 127.0.0.1\n    port = ${port}\n    ssl = yes\n  }`
  const clear = (port: number) => `{\n    address = 127.0.0.1\n    port = ${port}\n  }`
  const lines = [
    `base_dir = ${at('run')}`,
    `log_path = ${at('log')}`,
    'protocols = imap pop3 sieve',
    `mail_location = maildir:${at('mail')}/%u`,
    `mail_uid = ${NOBODY}`,
    `mail_gid = ${NOBODY}`,
    'first_valid_uid = 1',
    'first_valid_gid = 1',
    'ssl = yes',
    `ssl_cert = <${at('cert.pem')}`,
    `ssl_key = <${at('key.pem')}`,
    'auth_mechanisms = plain login',
    'auth_failure_delay = 0',
    'disable_plaintext_auth = yes',
    'default_internal_user = nobody',
    'default_internal_group = nogroup',
    'default_login_user = nobody',
    'auth_master_user_separator = *',
    `passdb {\n  driver = passwd-file\n  args = ${at('masters')}\n  master = yes\n}`,
    `passdb {\n  driver = passwd-file\n  args = username_format=%u ${at('users')}\n}`,
    `userdb {\n  driver = static\n  args = uid=${NOBODY} gid=${NOBODY} home=${at('mail')}/%u\n}`,
    `service imap-login {\n  chroot =\n  inet_listener imap ${clear(imap)}\n  inet_listener imaps ${tls(imaps)}\n}`,
    `service pop3-login {\n  chroot =\n  inet_listener pop3 ${clear(pop3)}\n  inet_listener pop3s ${tls(pop3s)}\n}`,
    `service managesieve-login {\n  chroot =\n  inet_listener sieve ${clear(sieve)}\n}`,
    // All users come from one address.
    'service anvil {\n  chroot =\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}',
    'service stats {\n  chroot =\n}',
    'protocol imap {\n  mail_max_userip_connections = 500\n}',
    ...settings,
  ]
  await writeFile(at('dovecot.conf'), `${lines.join('\n')}\n`)
  const log = () => readFile(at('log'), 'utf8').catch(() => '')
  const isReady = async () => (await canConnect(imaps)) && (await canConnect(sieve))
  const daemon = await startDaemon('dovecot', ['-F', '-c', at('dovecot.conf')], isReady).catch(
    async (error) => {
      throw new Error(`${error}\n${await log()}`)
    },
  )

  async function admin(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await runProgram('doveadm', [
      ...['-c', at('dovecot.conf')],
      ...words,
    ])
    if (code !== 0) throw new Error(`doveadm ${words.join(' ')}: ${stderr}`)
    return stdout
  }

  return {
    ports: { imap, imaps, pop3, pop3s, sieve },
    daemon,
    mail: at('mail'),
    log,
    admin,
    setUsers,
    async save(user, message, folder = 'INBOX') {
      const words = ['-c', at('dovecot.conf'), 'save', '-u', user, '-m', folder]
      const { code, stderr } = await runProgram('doveadm', words, { input: message })
      if (code !== 0) throw new Error(`doveadm save: ${stderr}`)
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  }
}

const passwd = (users: readonly DovecotUser[]) =>
  users.map(({ name, password }) => `${name}:{PLAIN}${password}::::::\n`).join('')

async function makeCertificate(directory: string): Promise<void> {
  const { code, stderr } = await runProgram('openssl', [
    ...[
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=old.example.test',
    ],
    ...['-keyout', join(directory, 'key.pem'), '-out', join(directory, 'cert.pem')],
  ])
  if (code !== 0) throw new Error(`openssl: ${stderr}`)
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
