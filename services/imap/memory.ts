// Memory that all sessions of a process share. What one session holds has limits of its own; these keep many of them together
// from holding that much each.

import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import { UNAUTHENTICATED_COMMAND_BYTES_MAX } from './config.ts'

export type Memory = {
  /** Lines, literals and small messages of commands that have not been carried out, beyond COMMAND_BYTES_FREE of each. */
  readonly commands: ByteBudget
  /** Messages that FETCH reads ahead of those it sends. Nobody waits for it. */
  readonly readAhead: ByteBudget
  /** Headers and contents of messages that are sent now, where they are too large to be held by all at once. */
  readonly contents: ByteBudget
}

export const COMMANDS_MEMORY_BYTES_MAX = 64 * 1024 * 1024
export const READ_AHEAD_MEMORY_BYTES_MAX = 32 * 1024 * 1024
export const CONTENTS_MEMORY_BYTES_MAX = 64 * 1024 * 1024

/**
 * Of a command: held without asking, so that small ones go through however much others hold, and strangers have nothing of what
 * is shared.
 */
export const COMMAND_BYTES_FREE = UNAUTHENTICATED_COMMAND_BYTES_MAX

/** How long a FETCH waits for memory that others hold. */
export const FETCH_MEMORY_WAIT_MS = 60_000

export function createMemory(): Memory {
  return {
    commands: new ByteBudget(COMMANDS_MEMORY_BYTES_MAX),
    readAhead: new ByteBudget(READ_AHEAD_MEMORY_BYTES_MAX),
    contents: new ByteBudget(CONTENTS_MEMORY_BYTES_MAX),
  }
}
