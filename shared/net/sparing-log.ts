// A log whose lines strangers cause: what is told of a client or a message is written as `RepeatedLines` has it, by the client's network
// where the line has one. What names neither, and errors, are written as they come.

import type { Clock } from '#shared/runtime/clock.ts'
import type { Log, LogFields } from '#shared/runtime/log.ts'
import { clientNetwork } from './client-network.ts'
import { RepeatedLines } from './repeated-lines.ts'

export interface SparingLog extends Log {
  /** What was counted is written now, and from now on every line. */
  close(): void
}

export function createSparingLog(log: Log, clock: Clock): SparingLog {
  const lines = {
    info: new RepeatedLines('info', { clock, log }),
    warn: new RepeatedLines('warn', { clock, log }),
  }
  const write = (level: 'info' | 'warn', inner: Log, fields: LogFields, message: string) => {
    const { remoteAddress, queueId } = fields
    if (remoteAddress === undefined && queueId === undefined) inner[level](fields, message)
    else lines[level].write(networkOf(remoteAddress), inner, fields, message)
  }
  const of = (inner: Log): Log => ({
    debug: (fields, message) => inner.debug(fields, message),
    info: (fields, message) => write('info', inner, fields, message),
    warn: (fields, message) => write('warn', inner, fields, message),
    error: (fields, message) => inner.error(fields, message),
    child: (fields) => of(inner.child(fields)),
  })
  return {
    ...of(log),
    close() {
      lines.info.close()
      lines.warn.close()
    },
  }
}

/** Of all clients together where a line does not say which. */
const networkOf = (remoteAddress: unknown) =>
  typeof remoteAddress === 'string' ? clientNetwork(remoteAddress) : 'any'
