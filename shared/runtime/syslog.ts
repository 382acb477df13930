// The log by syslog: RFC 5424 over UDP (RFC 5426). Not /dev/log: that is a datagram socket of the file system, for which Node has no
// call; under systemd standard output is the way into the journal. What does not arrive is nobody's business: the mail goes on.

import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import type { LogDestination, LogLevel } from './log-writer.ts'
import type { SyslogServer } from './settings/address-kinds.ts'
import type { Settings } from './settings/table.ts'

/** RFC 5426 §3.2 asks receivers for 2,048 and allows more; rsyslog takes 8,192. */
export const SYSLOG_BYTES_MAX = 8_192

// RFC 5424 §6.2.1
const severities = { error: 3, warn: 4, info: 6, debug: 7 } as const satisfies Record<
  LogLevel,
  number
>
const facilities = { user: 1, mail: 2, daemon: 3 } as const
const FACILITY_OF_LOCAL0 = 16

type Facility = Settings['log']['syslogFacility']

export type Syslog = LogDestination & { readonly kind: 'syslog'; close(): void }

export function openSyslog(
  { host, port }: SyslogServer,
  facility: Facility,
  complain: (text: string) => void,
): Syslog {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' }).unref()
  let isComplaining = false
  const told = (error: Error | null) => {
    if (error && !isComplaining) complain(`cannot write the log to ${host}: ${error.message}\n`)
    isComplaining = error !== null
  }
  socket.on('error', told)
  const from = `${hostname()} postwolke ${process.pid} - -`
  return {
    kind: 'syslog',
    isStamped: true,
    write: (line) => send('info', line),
    writeAs: send,
    close: () => socket.close(),
  }

  function send(level: LogLevel, line: string): void {
    const head = `<${priority(facility, level)}>1 ${new Date().toISOString()} ${from} `
    const message = Buffer.from(head + oneLine(line))
    socket.send(message.subarray(0, SYSLOG_BYTES_MAX), port, host, told)
  }
}

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
