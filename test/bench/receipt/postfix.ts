// Debian's Postfix as it comes, on loopback ports, delivering into a Maildir. Needs root: its master starts only so.

import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '#shared/runtime/clock.ts'
import { freePort } from '#test/support/server-process.ts'
import { ALIAS, CATCH_ALL_DOMAIN, DOMAIN, HOST, USER } from './cases.ts'
import type { Mailer } from './receipt.ts'

export const hasPostfix = (): boolean =>
  process.getuid?.() === 0 && spawnSync('/usr/sbin/postconf', ['mail_version']).status === 0

export async function startPostfix(directory: string): Promise<Mailer> {
  const [conf, spool, data, mail] = ['conf', 'spool', 'data', 'mail'].map((name) =>
    join(directory, name),
  ) as [string, string, string, string]
  for (const folder of [conf, spool, data, mail]) await mkdir(folder, { recursive: true })
  run('chown', 'postfix', data)
  run('chown', 'nobody', mail)
  const port = await freePort()
  await writeFile(join(conf, 'main.cf'), mainCf({ directory, spool, data, mail }))
  await writeFile(join(conf, 'master.cf'), masterCf(port))
  await copyFile('/etc/postfix/dynamicmaps.cf', join(conf, 'dynamicmaps.cf')).catch(() => {})
  run('/usr/sbin/postfix', '-c', conf, 'start')

  const inbox = join(mail, 'user', 'new')
  return {
    port,
    async take() {
      await empty(spool)
      const names = await readdir(inbox).catch(() => [])
      const messages: string[] = []
      for (const name of names.sort()) {
        const text = await readFile(join(inbox, name), 'latin1')
        messages.push(text.replaceAll('\n', '\r\n'))
        await rm(join(inbox, name))
      }
      return { messages, left: [] }
    },
    async stop() {
      run('/usr/sbin/postfix', '-c', conf, 'stop')
    },
  }
}

/** Waits until nothing is queued: delivered, bounced or thrown away. */
async function empty(spool: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const counts = await Promise.all(
      ['incoming', 'active', 'deferred', 'maildrop', 'hold'].map(async (name) => {
        const names = await readdir(join(spool, name), { recursive: true }).catch(() => [])
        return names.filter((path) => (path.split('/').pop() ?? '').length > 1).length
      }),
    )
    if (counts.every((count) => count === 0)) return
    await systemClock.sleep(20)
  }
  throw new Error('Postfix keeps a message in its queue')
}

function run(command: string, ...words: readonly string[]): void {
  const { status, stderr, stdout } = spawnSync(command, words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr}${stdout}`)
}

const mainCf = (paths: Readonly<Record<'directory' | 'spool' | 'data' | 'mail', string>>) => `
compatibility_level = 3.6
queue_directory = ${paths.spool}
data_directory = ${paths.data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = ${paths.directory}/log
maillog_file_prefixes = ${paths.directory}
myhostname = ${HOST}
mydomain = ${DOMAIN}
mydestination = $myhostname
local_recipient_maps = inline:{nobody-here=x}
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.1/32
recipient_delimiter = +
virtual_mailbox_domains = ${DOMAIN}, ${CATCH_ALL_DOMAIN}
virtual_mailbox_base = ${paths.mail}
virtual_mailbox_maps = inline:{ {${USER} = user/} }
virtual_alias_maps = inline:{ {postmaster@${HOST} = ${USER}}, {postmaster@${DOMAIN} = ${USER}}, {abuse@${DOMAIN} = ${USER}}, {${ALIAS} = ${USER}}, {@${CATCH_ALL_DOMAIN} = ${USER}} }
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_peername_lookup = no
default_transport = error:no outside delivery
relay_transport = error:no outside delivery
`

const masterCf = (port: number) => `
127.0.0.1:${port} inet n - n - - smtpd
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
verify    unix  - - n -     1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -     - proxymap
showq     unix  n - n -     - showq
error     unix  - - n -     - error
retry     unix  - - n -     - error
local     unix  - n n -     - local
virtual   unix  - n n -     - virtual
anvil     unix  - - n -     1 anvil
scache    unix  - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
`
