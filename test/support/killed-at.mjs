// For `node --import`: the process kills itself before its nth change of the file system through node:fs/promises, n of KILL_AT. What lmdb
// writes by itself is not counted.

import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

let left = Number(process.env.KILL_AT)
for (const name of ['open', 'writeFile', 'mkdir', 'rename', 'rm', 'unlink', 'link', 'cp']) {
  const real = fs[name]
  fs[name] = (...words) => {
    // A folder is opened to be synced, and a file to be read: both change nothing.
    const isChange = name !== 'open' || /[wa+]/.test(String(words[1] ?? 'r'))
    if (isChange && --left <= 0) process.kill(process.pid, 'SIGKILL')
    return real(...words)
  }
}
syncBuiltinESMExports()
