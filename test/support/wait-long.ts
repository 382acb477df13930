// What a test waits for may come late on a busy machine: vitest's own limit of a second would time whatever it is.

import { vi } from 'vitest'

const WAIT_MAX_MS = 15_000

const { waitFor } = vi
vi.waitFor = (act, options) =>
  waitFor(act, {
    timeout: WAIT_MAX_MS,
    ...(typeof options === 'number' ? { timeout: options } : options),
  })
