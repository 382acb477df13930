// What a command is given: the process it runs in, the options that say where, and what it works with there.

import type { Backend } from '#services/assembly/backend.ts'
import type { QuickNoun } from '#services/assembly/quick-administration.ts'
import type { Administration } from '#shared/administration/administration.ts'
import type { AuditTrail } from '#shared/administration/audit/audit.ts'
import type { Change } from '#shared/administration/changes.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Output } from './output.ts'
import type { Services } from './services.ts'
import type { TerminalPerson } from './terminal.ts'

/** Environment of the process, its terminal and its input. */
export type Process = {
  readonly environment: { readonly [name: string]: string | undefined }
  readonly write: (text: string) => void
  /** The same of bytes, once they are out; undefined: only text is written. */
  readonly writeBytes?: ((bytes: Uint8Array) => Promise<void>) | undefined
  /** Whether a person reads what is written, and nothing keeps it. */
  readonly isTerminal: boolean
  /** Columns of the terminal that is written to; undefined when it is none. */
  readonly columns?: number | undefined
  /** For what is no result: questions, warnings. */
  readonly say: (text: string) => void
  /** Whoever sits at standard input, if anybody does. */
  readonly person?: TerminalPerson | undefined
  /** Goes on as this user, where root runs it; undefined where that is not ours to do. */
  readonly become?: ((user: { readonly uid: number; readonly gid: number }) => void) | undefined
  /** All of standard input; asks first when a person sits there. */
  readonly readStdin: (question: string) => Promise<Uint8Array>
}

export type Common = {
  readonly data?: string
  readonly aws?: string
  readonly server?: string
  readonly config?: string
  readonly set?: readonly string[]
  readonly json?: boolean
}

export type Context = {
  readonly where: 'store' | 'server'
  readonly administration: Administration
  readonly services: Services
  /** For what is no administration: the collector. Of a server a failure, that says that the command cannot. */
  readonly backend: Backend
  /** Undefined: the server keeps the record itself. */
  readonly audit: AuditTrail | undefined
  readonly settings: {
    readonly hostname: string
    readonly traceRetention: number | undefined
    readonly policyRecordLifetime: number | undefined
  }
  /** Of the system, where it is here. */
  readonly log: Log
  /** Who gives the command. */
  readonly by: string
  /** Made so far by this command. */
  readonly changes: readonly Change[]
  readonly output: Output
  readonly process: Process
}

/** Of a command that needs these nouns alone. */
export type QuickContext<N extends QuickNoun> = Omit<
  Context,
  'administration' | 'backend' | 'services'
> & { readonly administration: Pick<Administration, N> }

export type StoreOptions = {
  readonly mayCreate: boolean
  /** Undefined: everything. */
  readonly nouns?: readonly QuickNoun[] | undefined
}
