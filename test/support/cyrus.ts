// Debian's Cyrus as somebody's old IMAP server, on a loopback port, in a folder of its own.

import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { startDaemon } from './daemon.ts'
import { ImapClient } from './imap-client.ts'
import { isInstalled, runProgram } from './program.ts'
import { freePort } from './server-process.ts'

/** Its master wants to be started by root for its own user. */
export const hasCyrus = (): boolean =>
  process.getuid?.() === 0 && isInstalled('cyrmaster') && isInstalled('saslpasswd2')

export interface Cyrus extends AsyncDisposable {
  readonly port: number
  /** Who may read for all. */
  readonly admin: { readonly name: string; readonly password: string }
}

const bin = '/usr/lib/cyrus/bin'
const REALM = 'cyrus.test'

export async function startCyrus(
  directory: string,
  users: readonly { readonly name: string; readonly password: string }[],
): Promise<Cyrus> {
  const at = (name: string) => join(directory, name)
  const port = await freePort()
  for (const name of ['conf', 'spool', 'run', 'sieve']) await mkdir(at(name), { recursive: true })
  await chmod(directory, 0o755)
  await writeFile(at('imapd.conf'), imapdConf(at))
  await writeFile(
    at('cyrus.conf'),
    `START {\n  recover cmd="${bin}/ctl_cyrusdb -C ${at('imapd.conf')} -r"\n}\nSERVICES {\n  imap cmd="${bin}/imapd -C ${at('imapd.conf')} -U 30" listen="127.0.0.1:${port}" prefork=0 maxchild=50\n}\nEVENTS {\n}\n`,
  )
  const admin = { name: 'cyrus', password: 'adminword' }
  for (const { name, password } of [...users, admin]) {
    const [local = '', realm = REALM] = name.split('@')
    await run('saslpasswd2', ['-p', '-c', '-f', at('sasldb2'), '-u', realm, local], password)
  }
  await run('chown', ['-R', 'cyrus:mail', directory])
  const words = ['-C', at('imapd.conf'), '-M', at('cyrus.conf'), '-p', at('run/pid'), '-D']
  const daemon = await startDaemon(
    'runuser',
    ['-u', 'cyrus', '--', '/usr/sbin/cyrmaster', ...words],
    () => answers(port),
  )
  const client = await ImapClient.connect(port)
  await client.ok(`LOGIN ${admin.name} ${admin.password}`)
  for (const { name } of users) await client.ok(`CREATE user/${name}`)
  client.close()
  return { port, admin, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() }
}

function imapdConf(at: (name: string) => string): string {
  const lines = [
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
