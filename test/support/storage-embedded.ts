// Embedded stores in folders of their own for tests.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type EmbeddedOptions,
  type EmbeddedStore,
  openEmbeddedStore,
} from '#shared/storage/embedded/open.ts'

export type OpenedEmbedded = {
  readonly store: EmbeddedStore
  readonly directory: string
  readonly reopen: () => Promise<EmbeddedStore>
  readonly close: () => Promise<void>
}

export async function openEmbedded(
  options: Omit<EmbeddedOptions, 'directory'> = {},
): Promise<OpenedEmbedded> {
  const directory = await mkdtemp(join(tmpdir(), 'postwolke-store-'))
  let store = await openEmbeddedStore({ ...options, directory })
  const first = store
  return {
    store: first,
    directory,
    reopen: async () => {
      await store[Symbol.asyncDispose]()
      store = await openEmbeddedStore({ ...options, directory })
      return store
    },
    close: async () => {
      await store[Symbol.asyncDispose]()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
