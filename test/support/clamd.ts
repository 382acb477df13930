// Debian's clamd with a signature database of one virus, on a Unix socket and a port.

import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type Daemon, startDaemon } from './daemon.ts'
import { freePort } from './server-process.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** In any message. */
export const VIRUS_TEXT = 'THIS-TEXT-IS-A-VIRUS-IN-A-TEST'
/** As clamd names it: no official database has it. */
export const VIRUS_NAME = 'Test.Virus.UNOFFICIAL'
export const CLAMD_STREAM_BYTES_MAX = 1024 * 1024

export type Clamd = AsyncDisposable & {
  readonly socket: string
  readonly port: number
  readonly daemon: Daemon
}

export async function startClamd(): Promise<Clamd> {
  const folder = await temporaryFolder()
  const { path } = folder
  const database = join(path, 'database')
  const socket = join(path, 'clamd.sock')
  const port = await freePort()
  await mkdir(database)
  const hex = Buffer.from(VIRUS_TEXT).toString('hex')
  await writeFile(join(database, 'test.ndb'), `Test.Virus:0:*:${hex}\n`)
  const configuration = join(path, 'clamd.conf')
  await writeFile(
    configuration,
    [
      'Foreground yes',
      `DatabaseDirectory ${database}`,
      `TemporaryDirectory ${path}`,
      `LocalSocket ${socket}`,
      'TCPAddr 127.0.0.1',
      `TCPSocket ${port}`,
      `StreamMaxLength ${CLAMD_STREAM_BYTES_MAX}`,
      '',
    ].join('\n'),
  )
  const daemon = await startDaemon('clamd', [`--config-file=${configuration}`], async () => {
    return (await say(port, 'zPING\0')) === 'PONG\0'
  })
  return {
    socket,
    port,
    daemon,
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

async function say(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(command)
  return String(await buffer(socket))
}
