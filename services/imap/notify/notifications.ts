// NOTIFY as a session and its commands know it (RFC 5465): what is to be told, and when the moment has come. What does it: notifier.ts.

import type { SelectedFolder } from '../selected-folder.ts'
import type { Wire } from '../wire.ts'
import type { Wanted } from './wanted.ts'

export interface Notifications {
  /** NOTIFY SET; `status`: the state now is told first. False when it would be too much to watch: then nothing has changed. */
  set(wanted: Wanted, status: boolean, wire: Wire): Promise<boolean>
  /** NOTIFY NONE. */
  none(wire: Wire): Promise<void>
  /** A folder was selected. */
  attach(selected: SelectedFolder): void
  /** The session changes these names itself, which is no news for its client (RFC 5465 §5). */
  causes(...paths: readonly string[]): void
  /** Whether there may be something to tell between commands. */
  readonly ready: boolean
  /** No command runs: only a client that does not count by sequence numbers is told of expunges (RFC 5465 §6.1). */
  tellBetweenCommands(wire: Wire): Promise<void>
  /** Everything there is to tell now. */
  tell(wire: Wire, options: { readonly expunges: boolean }): Promise<void>
  /** IDLE tells the same (RFC 5465 §4), and may tell expunges. */
  tellUntil(ending: AbortSignal, wire: Wire): Promise<void>
  close(): Promise<void>
}
