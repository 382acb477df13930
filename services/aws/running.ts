// The backend of an entry by the settings that are in force, and what the entry makes of it: both anew when the settings are other ones.

import { type Backend, createBackend } from '#services/assembly/backend.ts'
import type { SettingsInForce } from './settings-in-force.ts'

/** The same one for as long as no setting changed. */
export type Running = () => Promise<Backend>

export function createRunning(first: Backend, inForce: SettingsInForce): Running {
  let current = first
  return async () => {
    const settings = await inForce.look()
    if (settings === current.settings) return current
    const { store, clock, log, events, loadSettings, wakeJobs, readOidcSecret } = first
    const given = {
      ...{ store, clock, log, events },
      ...(loadSettings && { loadSettings }),
      ...(wakeJobs && { wakeJobs }),
      ...(readOidcSecret && { readOidcSecret }),
    }
    const { mailbox, queue, rates } = first
    // Folders, the queue and what is counted in memory stay the same: who uses them knows of the others.
    current = { ...createBackend({ ...given, settings }), mailbox, queue, rates }
    return current
  }
}

/** What `make` makes of the backend that is in force, kept for as long as it is. One call at a time. */
export function remade<Made>(
  running: Running,
  make: (backend: Backend) => Made | Promise<Made>,
): () => Promise<Made> {
  let last: { readonly backend: Backend; readonly made: Made } | undefined
  return async () => {
    const backend = await running()
    if (last?.backend !== backend) last = { backend, made: await make(backend) }
    return last.made
  }
}
