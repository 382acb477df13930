// Memory that all sessions of a process share for commands that are not whole yet, so that many of them together do not hold a script each.

import { ByteBudget } from '#shared/runtime/byte-budget.ts'
import { UNAUTHENTICATED_COMMAND_BYTES_MAX } from './config.ts'

export const COMMANDS_MEMORY_BYTES_MAX = 32 * 1024 * 1024

/** Of a command: held without asking, so that small ones go through however much others hold, and strangers have nothing of what is shared. */
export const COMMAND_BYTES_FREE = UNAUTHENTICATED_COMMAND_BYTES_MAX

export const createMemory = (): ByteBudget => new ByteBudget(COMMANDS_MEMORY_BYTES_MAX)
