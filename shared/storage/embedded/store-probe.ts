// A process of its own that reads all of a store file, started by store-file.ts: where the file has a hole lmdb ends the process
// by a signal. Exit code 0: everything could be read.

import { open } from 'lmdb'

const [path = ''] = process.argv.slice(2)
const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const
const root = open<Uint8Array, Uint8Array>({
  path,
  noSubdir: true,
  readOnly: true,
  maxDbs: 64,
  ...BINARY,
})
let bytes = 0
// All names first: opening a database ends the reading of another.
for (const key of [...root.getKeys()]) {
  const database = root.openDB<Uint8Array, Uint8Array>({
    name: Buffer.from(key).toString('utf8'),
    ...BINARY,
  })
  for (const entry of database.getRange()) for (const byte of entry.value) bytes += byte
}
// The list of free pages is read by whoever writes next.
root.getStats()
process.exitCode = Number.isNaN(bytes) ? 1 : 0
