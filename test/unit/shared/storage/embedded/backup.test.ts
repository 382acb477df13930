import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { verifyBackup } from '#shared/storage/embedded/restore.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

it('a backup goes neither into the data folder nor around it', async () => {
  const { store, directory, close } = await openEmbedded()
  try {
    for (const to of [directory, join(directory, 'backup'), dirname(directory)]) {
      await expect(store.backUp({ to }), to).rejects.toThrow('in the data folder, nor around it')
    }
  } finally {
    await close()
  }
})

it('a backup of which one byte is another is none', async () => {
  await using to = await temporaryFolder()
  const { store, close } = await openEmbedded()
  try {
    const { manifest } = await store.backUp({ to: to.path })
    expect((await verifyBackup(to.path)).id).toBe(manifest.id)
    const path = join(to.path, manifest.storeFile.name)
    const bytes = await readFile(path)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    await writeFile(path, bytes)
    await expect(verifyBackup(to.path)).rejects.toThrow('is not what was written')
  } finally {
    await close()
  }
})
