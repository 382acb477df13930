// What a process has used, from /proc (Linux): CPU seconds of all its threads, and peak and present memory.

import { readFileSync } from 'node:fs'

const ticksPerSecond = 100

export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** MiB; `mapped` is the part of `now` that shows files, such as the data of lmdb. */
export function memory(pid: number): {
  readonly peak: number
  readonly now: number
  readonly mapped: number
} {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const of = (name: string) =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024
  return { peak: of('VmHWM'), now: of('VmRSS'), mapped: of('RssFile') }
}
