/** What services log to: one structured line per decision, with `queueId` wherever a message is meant. pino fits it. */
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  child(fields: LogFields): Log
}

export type LogFields = { readonly [name: string]: unknown }

/** Swallows everything; for tests that do not look at the log. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
}
