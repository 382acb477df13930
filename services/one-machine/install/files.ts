// What an installation consists of: folders and files with their owners and modes, each with its text. Nothing is done here.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export type Wanted =
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number; readonly owner: Owner }
  | {
      readonly kind: 'file'
      readonly path: string
      readonly mode: number
      readonly owner: Owner
      readonly text: string
      /** The administrator's from then on. */
      readonly once?: true
    }
  | { readonly kind: 'link'; readonly path: string; readonly to: string }

export type Owner = 'root' | 'service' | 'root:service'

export const SERVICE_USER = 'postwolke'
export const DATA = '/var/lib/postwolke'
const CONFIGURATION = '/etc/postwolke'
const LOGS = '/var/log/postwolke'
/** What the templates name. */
const TEMPLATE_PROGRAM = '/opt/postwolke'

export async function wantedFiles(options: {
  /** Folder of the program. */
  readonly program: string
  readonly hostname: string
}): Promise<readonly Wanted[]> {
  const { program, hostname } = options
  const template = async (name: string) => {
    const text = await readFile(join(program, 'services/one-machine', name), 'utf8')
    return text.replaceAll(TEMPLATE_PROGRAM, program)
  }
  const file = (path: string, text: string, mode = 0o644): Wanted => ({
    kind: 'file',
    path,
    mode,
    owner: 'root',
    text,
  })
  return [
    { kind: 'folder', path: DATA, mode: 0o711, owner: 'service' },
    { kind: 'folder', path: CONFIGURATION, mode: 0o750, owner: 'root:service' },
    { kind: 'folder', path: `${CONFIGURATION}/tls`, mode: 0o750, owner: 'root:service' },
    { kind: 'folder', path: LOGS, mode: 0o750, owner: 'service' },
    {
      kind: 'file',
      path: `${CONFIGURATION}/postwolke.toml`,
      mode: 0o640,
      owner: 'root:service',
      text: configuration(hostname),
      once: true,
    },
    file('/etc/systemd/system/postwolke.service', await template('postwolke.service')),
    file('/etc/systemd/system/postwolke.socket', await template('postwolke.socket')),
    file('/etc/tmpfiles.d/postwolke.conf', tmpfiles),
    file('/etc/logrotate.d/postwolke', logrotate),
    {
      kind: 'link',
      path: '/usr/local/bin/postwolke',
      to: join(program, 'services/cli/postwolke.mjs'),
    },
  ]
}

const configuration = (
  hostname: string,
) => `# Settings of Postwolke; 'postwolke config show' prints all of them, docs/settings.md explains them.
hostname = ${JSON.stringify(hostname)}
mynetworks = []

# A certificate of your own, or one that the server gets and renews by itself:
# acmeDirectory = "https://acme-v02.api.letsencrypt.org/directory"
# [tls]
# certificateFile = "/etc/postwolke/tls/fullchain.pem"
# keyFile = "/etc/postwolke/tls/privkey.pem"

[listeners]
smtp = { port = 25, address = "*" }
submission = { port = 587, address = "*" }
submissions = { port = 465, address = "*" }
imap = { port = 143, address = "*" }
imaps = { port = 993, address = "*" }
pop3 = { port = 110, address = "*" }
pop3s = { port = 995, address = "*" }
managesieve = { port = 4190, address = "*" }
http = { port = 80, address = "*" }
https = { port = 443, address = "*" }
`

/** systemd makes the folder of the data itself; others have to get through it to the maildrop. */
const tmpfiles = `# Type Path Mode User Group
d ${DATA} 0711 ${SERVICE_USER} ${SERVICE_USER} -
d ${LOGS} 0750 ${SERVICE_USER} ${SERVICE_USER} -
`

/** Where log.file is below it; the server opens its file again when it is told to reload. */
const logrotate = `${LOGS}/*.log {
    weekly
    rotate 8
    compress
    delaycompress
    missingok
    notifempty
    su ${SERVICE_USER} ${SERVICE_USER}
    postrotate
        systemctl kill --signal=HUP --kill-whom=main postwolke.service 2>/dev/null || true
    endscript
}
`
