// Debian's Postfix on loopback ports, in a folder of its own: never the system's. Its master starts only for root.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isInstalled, runProgram } from './program.ts'

export const hasPostfix = (): boolean => process.getuid?.() === 0 && isInstalled('postfix')

/** It may be given a name server of its own, which listens at port 53. */
export async function hasPostfixWithDns(): Promise<boolean> {
  if (!hasPostfix() || !isInstalled('unshare')) return false
  return (await runProgram('unshare', ['--mount', 'true'])).code === 0
}

export type PostfixService = {
  readonly port: number
  /** In place of what main.cf says. */
  readonly settings: PostfixSettings
}

export type PostfixSettings = { readonly [parameter: string]: string }

export type PostfixOptions = {
  readonly nameServer?: string
  /** For all its programs, as what says which domains are whose must be. */
  readonly settings?: PostfixSettings
  /** Lines of its master.cf besides those that it needs to take mail. */
  readonly programs?: readonly string[]
}

/** Resolves when it listens. Mail to example.test is taken and goes nowhere; clients may say by XCLIENT who they are. */
export async function startPostfix(
  directory: string,
  services: readonly PostfixService[],
  { nameServer, settings = {}, programs = [] }: PostfixOptions = {},
): Promise<AsyncDisposable> {
  const [conf, spool, data] = ['conf', 'spool', 'data'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  for (const folder of [conf, spool, data]) await mkdir(folder, { recursive: true })
  await run('chmod', '755', directory, conf, spool, data)
  await run('chown', 'postfix', data)
  await writeFile(join(conf, 'main.cf'), lastOfEach(mainCf({ directory, spool, data }, settings)))
  await writeFile(join(conf, 'master.cf'), masterCf(services, programs))
  if (nameServer === undefined) await run('postfix', '-c', conf, 'start')
  else await startAskingOnly(nameServer, { conf, directory })
  return { [Symbol.asyncDispose]: () => run('postfix', '-c', conf, 'stop') }
}

/** For Postfix alone: what others of the machine ask stays as it is. */
async function startAskingOnly(
  nameServer: string,
  { conf, directory }: { readonly conf: string; readonly directory: string },
): Promise<void> {
  const resolvers = join(directory, 'resolv.conf')
  await writeFile(resolvers, `nameserver ${nameServer}\noptions timeout:10 attempts:1\n`)
  const start = 'mount --bind "$0" /etc/resolv.conf && exec postfix -c "$1" start'
  await run('unshare', '--mount', 'sh', '-c', start, resolvers, conf)
}

async function run(command: string, ...words: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await runProgram(command, words)
  if (code !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr}${stdout}`)
}

type Paths = Readonly<Record<'directory' | 'spool' | 'data', string>>

/** in_flow_delay: of dialogues that end after RCPT it counts a hundred, and waits a second at each that follows. */
const mainCf = (paths: Paths, settings: PostfixSettings) => `
compatibility_level = 3.6
queue_directory = ${paths.spool}
data_directory = ${paths.data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = ${paths.directory}/log
maillog_file_prefixes = ${paths.directory}
myhostname = mx.example.test
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = all
mynetworks =
recipient_delimiter = +
virtual_mailbox_domains = example.test
virtual_mailbox_maps = static:all/
virtual_transport = discard:
default_transport = discard:
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_relay_restrictions = reject_unauth_destination
smtpd_error_sleep_time = 0
in_flow_delay = 0
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
${Object.entries(settings)
  .map(([parameter, value]) => `${parameter} = ${value}\n`)
  .join('')}`

/**
 * Of several lines for a parameter Postfix takes the last, and warns of it. More than ten warnings before its log is open wait for that, and
 * that for them.
 */
function lastOfEach(lines: string): string {
  const byName = new Map(lines.split('\n').map((line) => [line.split(' =', 1)[0], line]))
  return `${[...byName.values()].join('\n')}\n`
}

const masterCf = (services: readonly PostfixService[], programs: readonly string[]) =>
  `
${services.map(smtpd).join('\n')}
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
proxymap  unix  - - n -     - proxymap
smtp      unix  - - n -     - smtp
discard   unix  - - n -     - discard
anvil     unix  - - n -     1 anvil
postlog   unix-dgram n - n - 1 postlogd
`
    .split('\n')
    .filter((line) => !programs.some((program) => nameOf(program) === nameOf(line)))
    .concat(programs, '')
    .join('\n')

const nameOf = (line: string) => line.split(/\s+/, 1)[0]

const smtpd = ({ port, settings }: PostfixService) =>
  [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    ...Object.entries(settings).map(([parameter, value]) => `  -o { ${parameter} = ${value} }`),
  ].join('\n')
