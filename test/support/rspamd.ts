// Debian's rspamd: its normal worker with rules of the test alone, without Redis, without network.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Daemon, startDaemon } from './daemon.ts'
import { freePort } from './server-process.ts'
import { temporaryFolder } from './temporary-folder.ts'

export type Rspamd = AsyncDisposable & { readonly port: number; readonly daemon: Daemon }

/**
 * `X-Test-Score: 7` gives a message that score; actions begin at 4 (greylist), 6 (add header), 8 (rewrite subject) and 15 (reject).
 * `X-Test-Milter` has its changes made.
 */
const RULES = `
rspamd_config:register_symbol{
  name = 'TEST_SCORE',
  score = 1,
  callback = function(task)
    local score = task:get_header('X-Test-Score')
    if score then return true, tonumber(score) end
  end
}
rspamd_config:register_symbol{
  name = 'TEST_MILTER',
  score = 0.01,
  callback = function(task)
    if not task:get_header('X-Test-Milter') then return end
    local sender = task:get_from('smtp')[1].addr
    local user = task:get_user() or 'none'
    task:set_milter_reply{
      add_headers = {
        ['X-Test-Top'] = sender .. ' ' .. user .. ' ' .. task:get_helo() .. ' ' .. task:get_queue_id(),
        ['X-Test-Third'] = { value = 'third', order = 2 },
        ['X-Test-Last'] = { value = 'last', order = -1 },
      },
      remove_headers = { ['X-Test-Milter'] = 0 },
      change_from = 'changed@remote.test',
      add_rcpt = { 'more@example.test' },
      del_rcpt = { 'bob@example.test' },
    }
    return true
  end
}
`

export async function startRspamd(): Promise<Rspamd> {
  const folder = await temporaryFolder()
  const { path } = folder
  const port = await freePort()
  await mkdir(join(path, 'db'))
  await writeFile(join(path, 'rules.lua'), RULES)
  await writeFile(join(path, 'suffixes'), 'com\nnet\ntest\n')
  await writeFile(
    join(path, 'rspamd.conf'),
    `
options {
  pidfile = "${path}/rspamd.pid"; dbdir = "${path}/db"; rundir = "${path}"; tempdir = "${path}";
  control_socket = "${path}/control.sock mode=0600"; cache_file = "${path}/db/symbols.cache";
  filters = ""; url_tld = "${path}/suffixes"; disable_hyperscan = true;
  dns { nameserver = ["127.0.0.1:1"]; timeout = 1s; retransmits = 1; }
}
logging { type = "console"; level = "notice"; }
actions { reject = 15; "rewrite subject" = 8; "add header" = 6; greylist = 4; subject = "[SPAM] %s"; }
worker "normal" { bind_socket = "127.0.0.1:${port}"; count = 1; task_timeout = 5s; }
lua = "${path}/rules.lua";
`,
  )
  const words = ['-c', join(path, 'rspamd.conf'), '-f', '--insecure']
  const daemon = await startDaemon('rspamd', words, async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/ping`)
    return (await answer.text()).startsWith('pong')
  })
  return {
    port,
    daemon,
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}
