// Debian's Cyrus as somebody's old IMAP server, on a loopback port, in a folder of its own: unpacked, since it excludes Dovecot.

import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { startDaemon } from './daemon.ts'
import { ImapClient } from './imap-client.ts'
import { must } from './must.ts'
import { isInstalled, runProgram } from './program.ts'
import { freePort } from './server-process.ts'
import { unpackedCyrus } from './unpacked.ts'

export const hasCyrus = (): boolean => unpackedCyrus() !== undefined && isInstalled('saslpasswd2')

export interface Cyrus extends AsyncDisposable {
  readonly port: number
  /** Who may read for all. */
  readonly admin: { readonly name: string; readonly password: string }
}

/** Whom it runs as where root starts it: as root it would not. */
const USER = { name: 'nobody', group: 'nogroup' } as const
const REALM = 'cyrus.test'

export async function startCyrus(
  directory: string,
  users: readonly { readonly name: string; readonly password: string }[],
): Promise<Cyrus> {
  const { bin, libraries } = must(unpackedCyrus())
  const at = (name: string) => join(directory, name)
  const port = await freePort()
  for (const name of ['conf', 'spool', 'run', 'sieve']) await mkdir(at(name), { recursive: true })
  await chmod(directory, 0o755)
  const isRoot = process.getuid?.() === 0
  const user = isRoot ? USER : { name: userInfo().username, group: undefined }
  await writeFile(at('imapd.conf'), imapdConf(at, user))
  await writeFile(
    at('cyrus.conf'),
    `START {\n  recover cmd="${bin}/ctl_cyrusdb -C ${at('imapd.conf')} -r"\n}\nSERVICES {\n  imap cmd="${bin}/imapd -C ${at('imapd.conf')} -U 30" listen="127.0.0.1:${port}" prefork=0 maxchild=50\n}\nEVENTS {\n}\n`,
  )
  const admin = { name: 'cyrus', password: 'adminword' }
  for (const { name, password } of [...users, admin]) {
    const [local = '', realm = REALM] = name.split('@')
    await run('saslpasswd2', ['-p', '-c', '-f', at('sasldb2'), '-u', realm, local], password)
  }
  const master = [join(bin, 'master'), '-C', at('imapd.conf'), '-M', at('cyrus.conf')]
  const words = [`LD_LIBRARY_PATH=${libraries}`, ...master, '-p', at('run/pid'), '-D']
  if (isRoot) await run('chown', ['-R', USER.name, directory])
  const as = isRoot ? ['-u', USER.name, '--', 'env'] : []
  const daemon = await startDaemon(isRoot ? 'runuser' : 'env', [...as, ...words], () =>
    answers(port),
  )
  const client = await ImapClient.connect(port)
  await client.ok(`LOGIN ${admin.name} ${admin.password}`)
  for (const { name } of users) await client.ok(`CREATE user/${name}`)
  client.close()
  return { port, admin, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() }
}

function imapdConf(
  at: (name: string) => string,
  { name, group }: { readonly name: string; readonly group: string | undefined },
): string {
  const lines = [
    `cyrus_user: ${name}`,
    ...(group === undefined ? [] : [`cyrus_group: ${group}`]),
    `configdirectory: ${at('conf')}`,
    `partition-default: ${at('spool')}`,
    'defaultpartition: default',
    `servername: ${REALM}`,
    `proc_path: ${at('run/proc')}`,
    `mboxname_lockpath: ${at('run/lock')}`,
    ...['lmtp', 'idle', 'notify'].map((name) => `${name}socket: ${at(`run/${name}`)}`),
    `sievedir: ${at('sieve')}`,
    'virtdomains: userid',
    'unixhierarchysep: yes',
    'altnamespace: yes',
    'admins: cyrus',
    'proxyservers: cyrus',
    'allowplaintext: yes',
    'sasl_mech_list: PLAIN LOGIN',
    'sasl_pwcheck_method: auxprop',
    'sasl_auxprop_plugin: sasldb',
    `sasl_sasldb_path: ${at('sasldb2')}`,
  ]
  return `${lines.join('\n')}\n`
}

async function run(program: string, words: readonly string[], input = ''): Promise<void> {
  const { code, stderr } = await runProgram(program, words, { input })
  if (code !== 0) throw new Error(`${program}: ${stderr}`)
}

/** With a greeting: whoever only listens is not ready. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
  })
}
