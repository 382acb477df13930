// Where tests keep their folders: in memory, where there is enough of it. Most of what a store on a disk does in a test is wait
// for the disk; whether it asks the disk at all is told by the calls it makes (durable.test.ts), which are the same.

import { readFileSync, statfsSync } from 'node:fs'

const SHARED_MEMORY = '/dev/shm'
/** Several times what all tests of a run have at the same time. */
const ROOM_BYTES_MIN = 4 * 1024 ** 3

/** Undefined where that is not enough, or where no program may be started from it, as in many containers. */
export function memoryFolder(): string | undefined {
  try {
    const { bavail, bsize } = statfsSync(SHARED_MEMORY)
    const hasRoom = Math.min(bavail * bsize, availableBytes()) >= ROOM_BYTES_MIN
    return hasRoom && startsPrograms() ? SHARED_MEMORY : undefined
  } catch {
    return undefined
  }
}

function availableBytes(): number {
  const [, kibibytes = '0'] =
    /^MemAvailable: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? []
  return Number(kibibytes) * 1024
}

function startsPrograms(): boolean {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
  const [options = 'noexec'] = mounts
    .map((line) => line.split(' '))
    .filter(([, place]) => place === SHARED_MEMORY)
    .map(([, , , words]) => words)
    .reverse()
  return !options.split(',').includes('noexec')
}
