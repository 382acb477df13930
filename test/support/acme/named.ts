// BIND on loopback (Debian's package `bind9`) with one zone that takes signed updates.

import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '#test/support/server-process.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

export interface Named extends AsyncDisposable {
  readonly address: string
  /** With the key that updates are signed with. */
  readonly keyFile: string
}

const START_PROBES_MAX = 200
const PROBE_PAUSE_MS = 50

export const isNamedInstalled = () => spawnSync('named', ['-v']).error === undefined

/** Every name in the zone leads to 127.0.0.1, unless `lines` of a zone file say otherwise. */
export async function startNamed(zone: string, lines = ''): Promise<Named> {
  const folder = await temporaryFolder()
  const port = await freePort()
  const file = (name: string) => join(folder.path, name)
  const secret = randomBytes(32).toString('base64')
  const key = `key "postwolke" {\n\talgorithm hmac-sha256;\n\tsecret "${secret}";\n};\n`
  await mkdir(file('work'))
  await writeFile(file('update.key'), key)
  await writeFile(
    file('zone'),
    `$TTL 1\n@ SOA ns.${zone}. admin.${zone}. 1 60 60 60 1\n@ NS ns.${zone}.\n@ A 127.0.0.1\n* A 127.0.0.1\n${lines}`,
  )
  await writeFile(
    file('named.conf'),
    `include "${file('update.key')}";
options {
  directory "${file('work')}"; pid-file none; session-keyfile none; lock-file none;
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no; managed-keys-directory "${file('work')}";
};
controls { };
zone "${zone}" { type primary; file "${file('zone')}"; allow-update { key "postwolke"; }; };
`,
  )
  const child = spawn('named', ['-c', file('named.conf'), '-g', '-n', '1'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  let written = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (written += text))
  const named: Named = {
    address: `127.0.0.1:${port}`,
    keyFile: file('update.key'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
      await folder[Symbol.asyncDispose]()
    },
  }
  for (let probes = 0; probes < START_PROBES_MAX && child.exitCode === null; probes++) {
    if (written.includes('all zones loaded')) return named
    await delay(PROBE_PAUSE_MS)
  }
  await named[Symbol.asyncDispose]()
  throw new Error(`named did not start:\n${written}`)
}
