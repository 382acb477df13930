// The log by syslog: RFC 5424 over UDP (RFC 5426). Not /dev/log: that is a datagram socket of the file system, for which Node has no
// call; under systemd standard output is the way into the journal. What does not arrive is nobody's business: the mail goes on.

import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { isIP, isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import type { LogDestination, LogLevel } from './log-writer.ts'

export type SyslogServer = { readonly host: string; readonly port: number }

/** RFC 5426 §3.2 asks receivers for 2,048 and allows more; rsyslog takes 8,192. */
export const SYSLOG_BYTES_MAX = 8_192

// RFC 5424 §6.2.1
const severities = { error: 3, warn: 4, info: 6, debug: 7 } as const satisfies Record<
  LogLevel,
  number
>
const facilities = { user: 1, mail: 2, daemon: 3 } as const
const FACILITY_OF_LOCAL0 = 16

export type Facility = keyof typeof facilities | `local${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7}`

export type Syslog = LogDestination & { readonly kind: 'syslog'; close(): void }

/** The first address of a host name, of either family. */
export type FindAddress = (host: string) => Promise<string>

const findAddress: FindAddress = async (host) => (await lookup(host)).address

/** How long an address is used before the name is asked for again, and how long after no answer. */
const ADDRESS_KEPT_MS = 300_000
const ASK_AGAIN_MS = 10_000
/** Kept until the address is known. Beyond that lines are lost: memory is for mail. */
export const LINES_WAITING_MAX = 1_000

export function openSyslog(
  { host, port }: SyslogServer,
  facility: Facility,
  complain: (text: string) => void,
  find: FindAddress = findAddress,
): Syslog {
  const from = `${hostname()} postwolke ${process.pid} - -`
  const waiting: Buffer[] = []
  let way: Way | undefined = isIP(host) ? openWay(host) : undefined
  let isAsking = false
  let askAtMs = way === undefined ? 0 : Number.POSITIVE_INFINITY
  let isClosed = false
  let isComplaining = false
  return {
    kind: 'syslog',
    isStamped: true,
    write: (line) => send('info', line),
    writeAs: send,
    close() {
      isClosed = true
      way?.close()
    },
  }

  function send(level: LogLevel, line: string): void {
    if (isClosed) return
    // One question at a time, and none for each line: while no name server answers, each takes a thread that files need.
    if (!isAsking && Date.now() >= askAtMs) void ask()
    const head = `<${priority(facility, level)}>1 ${new Date().toISOString()} ${from} `
    const message = Buffer.from(head + oneLine(line)).subarray(0, SYSLOG_BYTES_MAX)
    if (way !== undefined) way.send(message)
    else if (waiting.length < LINES_WAITING_MAX) waiting.push(message)
  }

  async function ask(): Promise<void> {
    isAsking = true
    try {
      const address = await find(host)
      askAtMs = Date.now() + ADDRESS_KEPT_MS
      if (!isClosed && address !== way?.address) {
        way?.close()
        way = openWay(address)
        for (const message of waiting.splice(0)) way.send(message)
      }
    } catch (error) {
      askAtMs = Date.now() + ASK_AGAIN_MS
      told(error)
    }
    isAsking = false
  }

  function openWay(address: string): Way {
    const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4' }).unref()
    socket.on('error', told)
    let sending = 0
    let isEnding = false
    const sent = (error: Error | null) => {
      sending--
      told(error)
      if (isEnding && sending === 0) socket.close()
    }
    return {
      address,
      send(message) {
        sending++
        socket.send(message, port, address, sent)
      },
      // What it was given goes out first.
      close() {
        isEnding = true
        if (sending === 0) socket.close()
      },
    }
  }

  function told(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    if (error !== null && !isComplaining) complain(`cannot write the log to ${host}: ${reason}\n`)
    isComplaining = error !== null
  }
}

type Way = { readonly address: string; send(message: Buffer): void; close(): void }

function priority(facility: Facility, level: LogLevel): number {
  const number = facility.startsWith('local')
    ? FACILITY_OF_LOCAL0 + Number(facility.slice('local'.length))
    : facilities[facility as keyof typeof facilities]
  return number * 8 + severities[level]
}

/** What stands below a line, where an error came from, goes behind it. */
function oneLine(lines: string): string {
  return lines.trimEnd().replaceAll('\n', ' ')
}
